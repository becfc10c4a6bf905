import type { KeyEntry } from './key-entry.ts'

const NO_WORDS = new Uint32Array(0)

/** A value that is the same in all lines of the template; where its text stands, and what it left in a row. */
export interface Constant {
  readonly entry: KeyEntry
  readonly from: number
  readonly to: number
  readonly stored: number
  readonly words: Uint32Array
}

/** Writes the values that all lines have. */
export function repeat(constants: readonly Constant[], row: number): void {
  for (let k = 0; k < constants.length; k++) {
    const { entry, stored, words } = constants[k]!
    switch (stored) {
      case 0:
        continue
      case 1: // u8
        entry.u8[row] = words[0]!
        break
      case 2: // u16
        entry.u16[row] = words[0]!
        break
      case 3: // u32
        entry.u32[row] = words[0]!
        break
      case 4: // pair
        entry.u32[row * 2] = words[0]!
        entry.u32[row * 2 + 1] = words[1]!
        break
      default: {
        // address
        const { u32 } = entry
        u32[row * 4] = words[0]!
        u32[row * 4 + 1] = words[1]!
        u32[row * 4 + 2] = words[2]!
        u32[row * 4 + 3] = words[3]!
      }
    }
    entry.present[row] = 1
  }
}

/** What the key left in the row. */
export function wordsLeft(entry: KeyEntry, row: number): Uint32Array {
  switch (entry.stored) {
    case 1:
      return Uint32Array.of(entry.u8[row]!)
    case 2:
      return Uint32Array.of(entry.u16[row]!)
    case 3:
      return Uint32Array.of(entry.u32[row]!)
    case 4:
      return entry.u32.slice(row * 2, row * 2 + 2)
    case 5:
      return entry.u32.slice(row * 4, row * 4 + 4)
    default:
      return NO_WORDS
  }
}
