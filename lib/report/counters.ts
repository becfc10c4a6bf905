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
  multiply(values, factors, out)
  const words = new Uint32Array(values.buffer, values.byteOffset, rows * 2)
  let high = 0
  for (let i = 1; i < words.length; i += 2) high |= words[i]!
  // Products of two 32-bit numbers always fit.
  if (high === 0) return out
  for (let row = 0; row < rows; row++) {
    if (words[row * 2 + 1] === 0) continue
    const product = values[row]! * BigInt(factors[row]!)
    if (product <= MOST) continue
    out[row] = MOST
    saturated[row] = 1
  }
  return out
}

/** Modulo 2^64. */
function multiply(values: BigUint64Array, factors: Uint32Array, out: BigUint64Array): void {
  for (let row = 0; row < out.length; row++)
    out[row] = BigInt.asUintN(64, values[row]! * BigInt(factors[row]!))
}
