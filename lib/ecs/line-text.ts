import { LINE_KEYS } from './line-values.ts'

const NAMES = LINE_KEYS.map((name) => new TextEncoder().encode(`${JSON.stringify(name)}:`))

/** Prints the name of a key of goflow2's line, with quotes and colon. */
export function putKey(out: Uint8Array, position: number, key: number): number {
  const name = NAMES[key]!
  for (let i = 0; i < name.length; i++) out[position + i] = name[i]!
  return position + name.length
}

/** Puts ASCII letters in lower case where they stand. */
export function lowerCase(octets: Uint8Array, from: number, to: number): void {
  for (let i = from; i < to; i++) if (octets[i]! >= 0x41 && octets[i]! <= 0x5a) octets[i]! |= 0x20
}
