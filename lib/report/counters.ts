import { F } from '../flow/fields.ts'
import type { BlockRows, NumberColumn } from './block-rows.ts'

/** Counters by row as a query counts them, and which rows could not be counted exactly. */
export interface CounterColumns {
  readonly octets: BigUint64Array
  readonly packets: BigUint64Array
  /** Of rows whose product exceeds 64 bits: 1. Null: there is none. */
  readonly saturated: Uint8Array | null
}

const MOST = 2n ** 64n - 1n

/** The counters of a block as the exporters sent them. */
export function rawCounters(rows: BlockRows): CounterColumns {
  return rows.once(null, 'raw counters', () => ({
    octets: rows.fixed(F.octetDeltaCount)?.wide ?? new BigUint64Array(rows.rows),
    packets: rows.fixed(F.packetDeltaCount)?.wide ?? new BigUint64Array(rows.rows),
    saturated: null,
  }))
}

/** The counters of a block times the sampling rate, where 0 and none count as 1; beyond 64 bits they are 2^64 - 1. */
export function scaledCounters(rows: BlockRows): CounterColumns {
  return rows.once(null, 'scaled counters', () => {
    const raw = rawCounters(rows)
    const rates = rows.numbers(F.samplingRate)
    if (rates === null || !hasRate(rates, rows.rows)) return raw
    const factors = factorsOf(rates, rows.rows)
    const saturated = new Uint8Array(rows.rows)
    const octets = scaled(raw.octets, factors, saturated, rows.rows)
    const packets = scaled(raw.packets, factors, saturated, rows.rows)
    return { octets, packets, saturated: saturated.includes(1) ? saturated : null }
  })
}

/** Whether any row has a rate above 1. */
function hasRate(rates: NumberColumn, rows: number): boolean {
  const { values } = rates
  for (let row = 0; row < rows; row++) if (values[row]! > 1) return true
  return false
}

function factorsOf(rates: NumberColumn, rows: number): Uint32Array {
  const factors = new Uint32Array(rows)
  const { values } = rates
  for (let row = 0; row < rows; row++) factors[row] = values[row] === 0 ? 1 : values[row]!
  return factors
}

function scaled(
  values: BigUint64Array,
  factors: Uint32Array,
  saturated: Uint8Array,
  rows: number,
): BigUint64Array {
  const out = new BigUint64Array(rows)
  const words = new Uint32Array(values.buffer, values.byteOffset, rows * 2)
  if (multiply(words, factors, new Uint32Array(out.buffer))) return out
  for (let row = 0; row < rows; row++) {
    if (words[row * 2 + 1] === 0) continue
    const product = values[row]! * BigInt(factors[row]!)
    out[row] = product <= MOST ? product : MOST
    if (product > MOST) saturated[row] = 1
  }
  return out
}

/** Products of numbers below 2^32, low word first; false if there are greater ones, whose products are then wrong. */
function multiply(words: Uint32Array, factors: Uint32Array, out: Uint32Array): boolean {
  let high = 0
  for (let row = 0; row < factors.length; row++) {
    const value = words[row * 2]!
    const factor = factors[row]!
    high |= words[row * 2 + 1]!
    if (factor === 1) {
      out[row * 2] = value
      out[row * 2 + 1] = words[row * 2 + 1]!
      continue
    }
    // Halves of the factor, so that each product is below 2^48 and exact.
    const upper = value * (factor >>> 16)
    const low = value * (factor & 0xffff) + (upper % 65_536) * 65_536
    out[row * 2] = low % 4_294_967_296
    out[row * 2 + 1] = Math.floor(upper / 65_536) + Math.floor(low / 4_294_967_296)
  }
  return high === 0
}
