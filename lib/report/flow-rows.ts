import { AddressNumbers } from '../flow/address-numbers.ts'
import type { FixedColumn, NumberValues } from '../flow/batch.ts'
import { F, type Field } from '../flow/fields.ts'
import type { AddressCodes, FlowBlock, Problem } from '../flow/source.ts'

/** Flows of a block as detectors look at them; zeros where a record does not say. */
export interface FlowRows {
  readonly count: number
  /** Numbers of addresses that hold for all inputs; 0 where there is none. */
  readonly sources: Uint32Array
  readonly destinations: Uint32Array
  readonly sourcePorts: NumberValues
  readonly destinationPorts: NumberValues
  readonly protocols: NumberValues
  readonly flags: NumberValues
  /** Whether the exporter tells flags at all. */
  readonly hasFlags: boolean
  readonly icmpTypes: NumberValues
  readonly ingress: NumberValues
  /** As exporters sent them, and the sampling rate, at least 1. Rounded beyond 2^53. */
  readonly octets: Float64Array
  readonly packets: Float64Array
  readonly rates: Float64Array
  /** Milliseconds since the epoch. */
  readonly starts: Float64Array
  readonly ends: Float64Array
}

/** The columns that detectors look at. */
export const DETECTED: readonly Field[] = [
  F.sourceAddress,
  F.destinationAddress,
  F.sourceTransportPort,
  F.destinationTransportPort,
  F.protocolIdentifier,
  F.tcpControlBits,
  F.icmpTypeCode,
  F.ingressInterface,
  F.octetDeltaCount,
  F.packetDeltaCount,
  F.samplingRate,
  F.timeReceived,
  F.flowStart,
  F.flowEnd,
]

/** Reads blocks as detectors want them, and numbers addresses over all inputs. */
export class FlowRowsReader {
  readonly addresses = new AddressNumbers()
  #codes: AddressCodes | null = null
  #numbers = new Uint32Array(0)
  #known = 0
  #ones = new Uint8Array(0)

  read(block: FlowBlock, problems: Problem[]): FlowRows {
    const { rows: count } = block.info
    const fixed = (field: Field): FixedColumn | null => {
      const column = block.read(field, problems)?.column
      return column?.shape === 'fixed' ? column : null
    }
    const numbers = (field: Field): NumberValues => fixed(field)?.values ?? new Uint8Array(count)
    const flags = fixed(F.tcpControlBits)
    const received = millisecondsOf(fixed(F.timeReceived), count, null)
    const ends = millisecondsOf(fixed(F.flowEnd), count, received)
    const starts = millisecondsOf(fixed(F.flowStart), count, ends)
    for (let row = 0; row < count; row++) if (ends[row]! < starts[row]!) ends[row] = starts[row]!
    const rates = new Float64Array(count).fill(1)
    const sampling = fixed(F.samplingRate)?.values
    if (sampling !== undefined)
      for (let row = 0; row < count; row++) if (sampling[row]! > 1) rates[row] = sampling[row]!
    const sources = block.readCodes(F.sourceAddress, problems)
    const destinations = block.readCodes(F.destinationAddress, problems)
    // Only now are the addresses of blocks known that number them as they are read.
    const known = this.#numbersOf(block.addresses)
    return {
      count,
      sources: mapped(sources, known, count),
      destinations: mapped(destinations, known, count),
      sourcePorts: numbers(F.sourceTransportPort),
      destinationPorts: numbers(F.destinationTransportPort),
      protocols: numbers(F.protocolIdentifier),
      flags: flags?.values ?? new Uint8Array(count),
      hasFlags: flags !== null,
      icmpTypes: numbers(F.icmpTypeCode),
      ingress: numbers(F.ingressInterface),
      octets: countsOf(fixed(F.octetDeltaCount), count),
      packets: countsOf(fixed(F.packetDeltaCount), count),
      rates,
      starts,
      ends,
    }
  }

  #numbersOf(addresses: AddressCodes): Uint32Array {
    const { codes } = addresses
    if (this.#codes !== addresses) {
      this.#codes = addresses
      this.#known = 0
    }
    if (this.#numbers.length < codes) {
      const numbers = new Uint32Array(Math.max(codes, this.#numbers.length * 2))
      numbers.set(this.#numbers.subarray(0, this.#known))
      this.#numbers = numbers
    }
    const more = codes - this.#known
    if (more > 0) {
      if (this.#ones.length < more) this.#ones = new Uint8Array(more * 2).fill(1)
      const words = addresses.words().subarray(this.#known * 4)
      this.addresses.encode(words, this.#ones, more, this.#numbers, this.#known)
      this.#known = codes
    }
    return this.#numbers
  }
}

function mapped(
  column: { codes: Uint32Array; present: Uint8Array } | null,
  numbers: Uint32Array,
  count: number,
): Uint32Array {
  const out = new Uint32Array(count)
  if (column === null) return out
  const { codes, present } = column
  for (let row = 0; row < count; row++) if (present[row] === 1) out[row] = numbers[codes[row]!]!
  return out
}

function countsOf(column: FixedColumn | null, count: number): Float64Array {
  const out = new Float64Array(count)
  if (column === null) return out
  const { words } = column
  for (let row = 0; row < count; row++) out[row] = words[row * 2 + 1]! * 4294967296 + words[row * 2]!
  return out
}

/** Milliseconds of a column of nanoseconds; where a row has none, what stands in. */
function millisecondsOf(
  column: FixedColumn | null,
  count: number,
  others: Float64Array | null,
): Float64Array {
  const out = new Float64Array(count)
  for (let row = 0; row < count; row++) {
    if (column === null || column.present[row] === 0) out[row] = others === null ? 0 : others[row]!
    else out[row] = (column.words[row * 2 + 1]! * 4294967296 + column.words[row * 2]!) / 1e6
  }
  return out
}
