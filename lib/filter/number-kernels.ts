import type { FixedColumn } from '../flow/batch.ts'
import type { NumberTest } from './condition.ts'
import { clamped, hasNumber, type NumberSet } from './number-set.ts'

/** Sets `out[row]` to 1 where the row's value, or the 0 that stands for none, matches; else to 0. */
export type NumberKernel = (column: FixedColumn, rows: number, out: Uint8Array) => void

/** Tables of 64 KiB that one filter may have. */
export interface TableBudget {
  left: number
}

/** The kernel of a test, for the kind of its column. */
export function numberKernel(test: NumberTest, budget: TableBudget): NumberKernel {
  const { field, shift, mask } = test
  switch (field.kind) {
    case 'u8':
      return byTable8(tableOf(test, 256))
    case 'u16': {
      const set = clamped(test.set, 0xffffn)
      if (shift === 0 && mask === 0 && set.lows.length <= 1) return inRange16(set)
      if (budget.left-- > 0) return byTable16(tableOf(test, 65_536))
      return bySearch(clamped(test.set, 0xffffffffn), shift, mask)
    }
    case 'u32': {
      const set = clamped(test.set, 0xffffffffn)
      return set.lows.length <= 1 && shift === 0 && mask === 0 ? inRange32(set) : bySearch(set, shift, mask)
    }
    case 'mac':
      return byWords(clamped(test.set, 0xffffffffffffn), 0, 0n)
    case 'i64':
      return byWords(test.set, 1, 2n ** 63n)
    default:
      return byWords(clamped(test.set, 2n ** 64n - 1n), 1, 0n)
  }
}

/** Whether a row that holds nothing would match by its 0. */
export function matchesZero(test: NumberTest): boolean {
  return hasNumber(test.set, 0n)
}

function tableOf(test: NumberTest, size: number): Uint8Array {
  const table = new Uint8Array(size)
  const { shift, mask } = test
  const set = clamped(test.set, 0xffffffffn)
  const plain = new Uint8Array(size)
  for (let i = 0; i < set.lows.length; i++) plain.fill(1, Number(set.lows[i]!), Number(set.highs[i]!) + 1)
  if (shift === 0 && mask === 0) return plain
  for (let value = 0; value < size; value++) {
    const part = value >>> shift
    table[value] = plain[mask === 0 ? part : part & mask]!
  }
  return table
}

function byTable8(table: Uint8Array): NumberKernel {
  return (column, rows, out) => {
    const values = column.values as Uint8Array
    for (let row = 0; row < rows; row++) out[row] = table[values[row]!]!
  }
}

function byTable16(table: Uint8Array): NumberKernel {
  return (column, rows, out) => {
    const values = column.values as Uint16Array
    for (let row = 0; row < rows; row++) out[row] = table[values[row]!]!
  }
}

function inRange16(set: NumberSet): NumberKernel {
  if (set.lows.length === 0) return none
  const low = Number(set.lows[0]!)
  const high = Number(set.highs[0]!)
  if (low === high) {
    return (column, rows, out) => {
      const values = column.values as Uint16Array
      for (let row = 0; row < rows; row++) out[row] = values[row] === low ? 1 : 0
    }
  }
  return (column, rows, out) => {
    const values = column.values as Uint16Array
    // Each half is 0 or 1: no branch per row.
    for (let row = 0; row < rows; row++) {
      const value = values[row]!
      out[row] = ((low - 1 - value) >>> 31) & ((value - high - 1) >>> 31)
    }
  }
}

function inRange32(set: NumberSet): NumberKernel {
  if (set.lows.length === 0) return none
  const low = Number(set.lows[0]!)
  const high = Number(set.highs[0]!)
  return (column, rows, out) => {
    const values = column.values as Uint32Array
    for (let row = 0; row < rows; row++) {
      const value = values[row]!
      out[row] = value >= low && value <= high ? 1 : 0
    }
  }
}

const none: NumberKernel = (_column, rows, out) => {
  out.fill(0, 0, rows)
}

/** Many ranges: by halving. */
function bySearch(set: NumberSet, shift: number, mask: number): NumberKernel {
  const lows = Uint32Array.from(set.lows, Number)
  const highs = Uint32Array.from(set.highs, Number)
  const count = lows.length
  return (column, rows, out) => {
    const { values } = column
    for (let row = 0; row < rows; row++) {
      let value = values[row]! >>> shift
      if (mask !== 0) value = (value & mask) >>> 0
      let from = 0
      let to = count
      while (from < to) {
        const middle = (from + to) >>> 1
        if (highs[middle]! < value) from = middle + 1
        else to = middle
      }
      out[row] = from < count && lows[from]! <= value ? 1 : 0
    }
  }
}

interface Halves {
  readonly upper: Uint32Array
  readonly lower: Uint32Array
}

/** The common case of `byWords`: one range. */
function inOneRange(upper: 0 | 1, flip: number, lows: Halves, highs: Halves): NumberKernel {
  const lower = 1 - upper
  const [lowTop, lowRest, highTop, highRest] = [
    lows.upper[0]!,
    lows.lower[0]!,
    highs.upper[0]!,
    highs.lower[0]!,
  ]
  return (column, rows, out) => {
    const words = column.values as Uint32Array
    for (let row = 0; row < rows; row++) {
      const top = (words[row * 2 + upper]! ^ flip) >>> 0
      const rest = words[row * 2 + lower]!
      const isUp = top > lowTop || (top === lowTop && rest >= lowRest)
      out[row] = isUp && (top < highTop || (top === highTop && rest <= highRest)) ? 1 : 0
    }
  }
}

/** Two words a value: `upper` tells which one is the upper. `offset` is added to make signed values unsigned. */
function byWords(set: NumberSet, upper: 0 | 1, offset: bigint): NumberKernel {
  const split = (values: readonly bigint[]) => ({
    upper: Uint32Array.from(values, (value) => Number((value + offset) >> 32n)),
    lower: Uint32Array.from(values, (value) => Number((value + offset) & 0xffffffffn)),
  })
  const most = 2n ** 64n - 1n - offset
  const within = set.lows.map((low, i) => [low, set.highs[i]!] as const).filter(([low]) => low <= most)
  const lows = split(within.map(([low]) => low))
  const highs = split(within.map(([, high]) => (high > most ? most : high)))
  const flip = offset === 0n ? 0 : 0x80000000
  const count = within.length
  const lower = 1 - upper
  if (count === 1) return inOneRange(upper, flip, lows, highs)
  return (column, rows, out) => {
    const words = column.values as Uint32Array
    for (let row = 0; row < rows; row++) {
      const top = (words[row * 2 + upper]! ^ flip) >>> 0
      const low = words[row * 2 + lower]!
      let from = 0
      let to = count
      while (from < to) {
        const middle = (from + to) >>> 1
        const edge = highs.upper[middle]!
        if (edge < top || (edge === top && highs.lower[middle]! < low)) from = middle + 1
        else to = middle
      }
      out[row] =
        from < count && (lows.upper[from]! < top || (lows.upper[from] === top && lows.lower[from]! <= low))
          ? 1
          : 0
    }
  }
}
