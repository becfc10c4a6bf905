import type { FixedColumn, FlowBatch } from '../flow/batch.ts'
import type { Field } from '../flow/fields.ts'
import { highWord, lowWord, type Run } from './run.ts'

// Every kernel sees one class of typed array, so that its stores compile to plain machine stores. The caller has
// proven that all records lie inside the datagram; where the values are narrower than the column, DataView and
// typed arrays do the rest.

export function copyUint8(run: Run, out: Uint8Array): void {
  const { octets, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) out[row] = octets[at]!
}

export function copyUint8To16(run: Run, out: Uint16Array): void {
  const { octets, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) out[row] = octets[at]!
}

export function copyUint8To32(run: Run, out: Uint32Array): void {
  const { octets, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) out[row] = octets[at]!
}

export function copyUint16(run: Run, out: Uint16Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) out[row] = view.getUint16(at)
}

export function copyUint16To32(run: Run, out: Uint32Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) out[row] = view.getUint16(at)
}

export function copyUint24To32(run: Run, out: Uint32Array): void {
  const { view, octets, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    out[row] = octets[at]! * 65536 + view.getUint16(at + 1)
  }
}

export function copyUint32(run: Run, out: Uint32Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) out[row] = view.getUint32(at)
}

/** `out` holds the column as words, low word first. */
export function copyUint32To64(run: Run, out: Uint32Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    out[row * 2] = view.getUint32(at)
    out[row * 2 + 1] = 0
  }
}

export function copyUint64(run: Run, out: Uint32Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    out[row * 2] = view.getUint32(at + 4)
    out[row * 2 + 1] = view.getUint32(at)
  }
}

export function copyUnsigned(run: Run, octets: number, out: Uint32Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    out[row * 2] = lowWord(view, at, octets)
    out[row * 2 + 1] = highWord(view, at, octets)
  }
}

export function copySigned(run: Run, octets: number, out: Uint32Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    let low = lowWord(view, at, octets)
    let high = highWord(view, at, octets)
    if (octets < 8 && view.getInt8(at) < 0) {
      const bits = (octets & 3) * 8
      const above = bits === 0 ? 0 : (-1 << bits) >>> 0
      if (octets < 4) low |= above
      high = octets <= 4 ? -1 : high | above
    }
    out[row * 2] = low
    out[row * 2 + 1] = high
  }
}

export function copyFloat32(run: Run, out: Float64Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) out[row] = view.getFloat32(at)
}

export function copyFloat64(run: Run, out: Float64Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) out[row] = view.getFloat64(at)
}

/** IPv4 into the mapped form (RFC 4291 §2.5.5.2). */
export function copyIpv4(run: Run, out: Uint32Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    const word = row * 4
    out[word] = 0
    out[word + 1] = 0
    out[word + 2] = 0xffff
    out[word + 3] = view.getUint32(at)
  }
}

export function copyIpv6(run: Run, out: Uint32Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    const word = row * 4
    out[word] = view.getUint32(at)
    out[word + 1] = view.getUint32(at + 4)
    out[word + 2] = view.getUint32(at + 8)
    out[word + 3] = view.getUint32(at + 12)
  }
}

export function copyMac(run: Run, out: Uint32Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    out[row * 2] = view.getUint16(at)
    out[row * 2 + 1] = view.getUint32(at + 2)
  }
}

/** The upper octet of type * 256 + code; the other element may have written the lower one. */
export function copyIcmpType(run: Run, out: Uint16Array): void {
  const { octets, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) out[row]! |= octets[at]! << 8
}

export function copyIcmpCode(run: Run, out: Uint16Array): void {
  const { octets, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) out[row]! |= octets[at]!
}

/**
 * Juniper's CPID (enterprise 2636, element 137): a type in the upper six bits; type 2 is the forwarding exception
 * code in the other ten, 0 for a packet that was forwarded. Becomes RFC 7270 §4.12's forwarded or dropped, reason
 * unknown.
 */
export function copyJuniperException(run: Run, out: Uint32Array, present: Uint8Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    const value = view.getUint16(at)
    if (value >> 10 !== 2) continue
    out[row] = (value & 0x3ff) === 0 ? 64 : 128
    present[row] = 1
  }
}

/** Where elements of both families share a column: whose value counts. */
export interface Choice {
  readonly family: 4 | 6
  /** The record's ipVersion where that decides. */
  readonly version: FixedColumn | null
  /** Where a value goes that does not count and is not zero: this element's, or the other's. */
  readonly batch: FlowBatch
  readonly own: Field
  readonly other: Field
}

function isChosen(choice: Choice, row: number, isZero: boolean): boolean {
  const version = choice.version === null ? 0 : choice.version.values[row]!
  return version === 4 || version === 6 ? version === choice.family : !isZero
}

/** An address over one of the other family that is already there. */
export function mergeAddress(run: Run, octets: number, choice: Choice, out: Uint32Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    const isV4 = octets === 4
    const a = isV4 ? 0 : view.getUint32(at)
    const b = isV4 ? 0 : view.getUint32(at + 4)
    const c = isV4 ? 0 : view.getUint32(at + 8)
    const d = view.getUint32(at + octets - 4)
    const isZero = (a | b | c | d) === 0
    const word = row * 4
    if (!isChosen(choice, row, isZero)) {
      if (!isZero) keepAddress(choice.batch, choice.own, row, a, b, isV4 ? 0xffff : c, d)
      continue
    }
    const third = out[word + 2]!
    if ((out[word]! | out[word + 1]! | out[word + 3]!) !== 0 || third > (isV4 ? 0 : 0xffff)) {
      keepAddress(choice.batch, choice.other, row, out[word]!, out[word + 1]!, third, out[word + 3]!)
    }
    out[word] = a
    out[word + 1] = b
    out[word + 2] = isV4 ? 0xffff : c
    out[word + 3] = d
  }
}

function keepAddress(
  batch: FlowBatch,
  field: Field,
  row: number,
  a: number,
  b: number,
  c: number,
  d: number,
): void {
  const { words, present } = batch.fixed(field)
  const word = row * 4
  words[word] = a
  words[word + 1] = b
  words[word + 2] = c
  words[word + 3] = d
  present[row] = 1
}

/** A small integer (prefix length, ICMP type and code) over one of the other family that is already there. */
export function mergeInteger(run: Run, octets: number, choice: Choice, out: Uint8Array | Uint16Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    const value = lowWord(view, at, octets)
    const wins = isChosen(choice, row, value === 0)
    const loser = wins ? out[row]! : value
    if (loser !== 0) {
      const kept = choice.batch.fixed(wins ? choice.other : choice.own)
      kept.values[row] = loser
      kept.present[row] = 1
    }
    if (wins) out[row] = value
  }
}
