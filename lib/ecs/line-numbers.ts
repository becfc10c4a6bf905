import { putU32, putU64 } from '../bytes/put-number.ts'
import { putSeconds } from './put-time.ts'

const WORD = 4_294_967_296
const latin = new TextDecoder('latin1')

/** 2^63 - 1 in two halves: its first ten digits and the nine others. */
const LARGEST_HEAD = 9_223_372_036
const LARGEST_TAIL = 854_775_807

/** Whether `octets[from, to)` are the digits of an integer that is not negative and below 2^63. */
export function isSmallInteger(octets: Uint8Array, from: number, to: number): boolean {
  const length = to - from
  if (length === 0 || length > 19) return false
  for (let i = from; i < to; i++) if (octets[i]! < 0x30 || octets[i]! > 0x39) return false
  if (length < 19) return true
  const head = numberAt(octets, from, from + 10)
  return head < LARGEST_HEAD || (head === LARGEST_HEAD && numberAt(octets, from + 10, to) <= LARGEST_TAIL)
}

/** The digits `[from, to)` as a number; exact to 2^53. */
function numberAt(octets: Uint8Array, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i++) value = value * 10 + octets[i]! - 0x30
  return value
}

/** Prints the nanoseconds whose digits are `octets[from, to)` as a time in milliseconds. */
export function putLineTime(
  view: DataView,
  position: number,
  octets: Uint8Array,
  from: number,
  to: number,
): number {
  const secondsEnd = Math.max(from, to - 9)
  const msEnd = Math.max(from, to - 6)
  return putSeconds(view, position, numberAt(octets, from, secondsEnd), numberAt(octets, secondsEnd, msEnd))
}

/**
 * Prints the product of two numbers of a line: exact for integers, in 32 bits for small ones where Elastic is copied
 * (Painless multiplies two of 32 bits in 32 bits).
 */
export function putProduct(
  out: Uint8Array,
  view: DataView,
  position: number,
  octets: Uint8Array,
  from: number,
  to: number,
  otherFrom: number,
  otherTo: number,
  isStrict: boolean,
): number {
  const isWhole = isDigits(octets, from, to) && isDigits(octets, otherFrom, otherTo)
  if (isWhole && to - from + otherTo - otherFrom <= 15) {
    const first = numberAt(octets, from, to)
    const second = numberAt(octets, otherFrom, otherTo)
    const product = first * second
    if (!isStrict || product < 2 ** 31 || first >= 2 ** 31 || second >= 2 ** 31) {
      return product < WORD
        ? putU32(view, position, product | 0)
        : putU64(view, position, (product % WORD) | 0, Math.floor(product / WORD) | 0)
    }
  }
  const text = rareProduct(textAt(octets, from, to), textAt(octets, otherFrom, otherTo), isStrict)
  for (let i = 0; i < text.length; i++) out[position + i] = text.charCodeAt(i)
  return position + text.length
}

function isDigits(octets: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (octets[i]! < 0x30 || octets[i]! > 0x39) return false
  return to > from
}

function textAt(octets: Uint8Array, from: number, to: number): string {
  return latin.decode(octets.subarray(from, to))
}

function rareProduct(a: string, b: string, isStrict: boolean): string {
  const whole = /^-?\d+$/
  if (!whole.test(a) || !whole.test(b)) {
    const product = Number(a) * Number(b)
    return Number.isFinite(product) ? String(product) : '0'
  }
  const first = BigInt(a)
  const second = BigInt(b)
  const isInt = (value: bigint) => BigInt.asIntN(32, value) === value
  if (!isStrict) return String(first * second)
  const bits = isInt(first) && isInt(second) ? 32 : 64
  return String(BigInt.asIntN(bits, first * second))
}

/** The low 16 bits of digits. */
export function lowPort(octets: Uint8Array, from: number, to: number): number {
  let port = 0
  for (let i = from; i < to; i++) port = port * 10 + octets[i]! - 0x30
  return port & 0xffff
}
