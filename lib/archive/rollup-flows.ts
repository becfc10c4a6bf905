import type { NumberValues } from '../flow/batch.ts'
import { F, type Field } from '../flow/fields.ts'
import { ROLLUP } from '../flow/rollup-fields.ts'
import type { Problem } from '../flow/source.ts'
import type { Block } from './block-reader.ts'
import { Damage } from './damage.ts'
import { type KeyColumn, RATE } from './rollup-groups.ts'
import type { TimedFlows } from './rollup-shares.ts'

/** What is known of the addresses of one file, by code. */
export interface CodeFacts {
  /** Not 0 for local addresses. */
  readonly local: Uint32Array
  /** Number of an autonomous system, 0 where none is known. */
  readonly as: Uint32Array
  /** Which prefix a local address lies in. */
  readonly prefixes: Uint32Array
}

const NS_PER_DAY = 86_400_000_000_000n
/** Protocols with ports (as the key `service` of reports has them). */
const WITH_PORTS = [6, 17, 33, 132, 136]
const NOT_KNOWN = 2n ** 64n - 1n
/** Bits of a direction. */
const SOURCE_LOCAL = 1
const DESTINATION_LOCAL = 2

/** Why rollups cannot tell the flows of a file exactly. */
export class Untellable extends Error {}

/** The flows of one block, its columns as rollups want them. Throws Untellable, and Damage. */
export class RollupFlows implements TimedFlows {
  readonly rows: number
  readonly baseNs: bigint
  readonly starts: Float64Array
  readonly ends: Float64Array
  readonly counters: BigUint64Array
  readonly rates: Uint8Array
  /** Flows that say no time; their starts are NaN. */
  readonly untimed: number
  /** Flows that lack one of both addresses. */
  readonly unaddressed: number
  readonly #block: Block
  readonly #facts: CodeFacts
  readonly #problems: Problem[] = []
  readonly #columns = new Map<Field, KeyColumn>()

  constructor(block: Block, facts: CodeFacts) {
    this.#block = block
    this.#facts = facts
    const { info } = block
    this.rows = info.rows
    const near = info.leastReceived === NOT_KNOWN ? info.leastStart : info.leastReceived
    this.baseNs = near === NOT_KNOWN ? 0n : near - (near % NS_PER_DAY)
    const start = this.#times(F.flowStart)
    const end = this.#times(F.flowEnd)
    const received = this.#times(F.timeReceived)
    let untimed = 0
    for (let row = 0; row < this.rows; row++) {
      if (Number.isNaN(end[row]!)) end[row] = Number.isNaN(start[row]!) ? received[row]! : start[row]!
      if (Number.isNaN(start[row]!)) start[row] = end[row]!
      if (Number.isNaN(start[row]!)) untimed++
      if (end[row]! < start[row]!) end[row] = start[row]!
    }
    this.untimed = untimed
    this.starts = start
    this.ends = end
    this.rates = new Uint8Array(this.rows)
    this.counters = this.#counters()
    this.unaddressed = this.#unaddressed()
  }

  #unaddressed(): number {
    const [a, b] = [this.column(F.sourceAddress), this.column(F.destinationAddress)]
    let count = 0
    for (let row = 0; row < this.rows; row++) count += 1 - (a.present![row]! & b.present![row]!)
    return count
  }

  /** Times after the base; NaN where there is none. */
  #times(field: Field): Float64Array {
    const out = new Float64Array(this.rows).fill(Number.NaN)
    const column = this.#fixed(field)
    if (column === null) return out
    const { words, present } = column
    const high = Number(this.baseNs >> 32n)
    const low = Number(this.baseNs & 0xffffffffn)
    for (let row = 0; row < this.rows; row++) {
      if (present[row] === 0) continue
      const distance = (words[row * 2 + 1]! - high) * 4294967296 + (words[row * 2]! - low)
      // Beyond it not every nanosecond is a number, before the epoch there are no bins.
      if (Math.abs(distance) > 2 ** 52)
        throw new Untellable('flows far from the time when they were received')
      out[row] = distance
    }
    return out
  }

  #counters(): BigUint64Array {
    const { rows, rates } = this
    const out = new BigUint64Array(rows * 4)
    const words = new Uint32Array(out.buffer)
    const octets = this.#fixed(F.octetDeltaCount)?.wide ?? null
    const packets = this.#fixed(F.packetDeltaCount)?.wide ?? null
    const rate = this.#fixed(F.samplingRate)
    for (let row = 0; row < rows; row++) {
      const at = row * 4
      if (octets !== null) out[at] = octets[row]!
      if (packets !== null) out[at + 1] = packets[row]!
      const by = rate === null ? 0 : rate.values[row]!
      rates[row] = by === 0 ? RATE.unknown : by === 1 ? RATE.whole : RATE.sampled
      if (by <= 1) {
        out[at + 2] = out[at]!
        out[at + 3] = out[at + 1]!
        continue
      }
      scale(out, words, at, by)
      scale(out, words, at + 1, by)
    }
    return out
  }

  /** The column of a rollup's key. Addresses are codes, prefixes are numbers of the facts. */
  column(field: Field): KeyColumn {
    let column = this.#columns.get(field)
    if (column === undefined) {
      column = this.#make(field)
      this.#columns.set(field, column)
    }
    return column
  }

  #make(field: Field): KeyColumn {
    switch (field) {
      case ROLLUP.localDirection:
        return { values: this.#directions(), present: null }
      case ROLLUP.localAddress:
        return this.#side(true)
      case ROLLUP.remoteAddress:
        return this.#side(false)
      case ROLLUP.localPrefix: {
        const { values, present } = this.column(ROLLUP.localAddress)
        return { values: values.map((code) => this.#facts.prefixes[code]!), present }
      }
      case ROLLUP.remoteAsNumber:
        return this.#remoteAs()
      case ROLLUP.servicePort:
        return this.#servicePorts()
      default:
        return field.kind === 'address' ? this.#codes(field) : this.#numbers(field)
    }
  }

  #directions(): Uint8Array {
    const { local } = this.#facts
    const [a, b] = [this.column(F.sourceAddress), this.column(F.destinationAddress)]
    const out = new Uint8Array(this.rows)
    for (let row = 0; row < this.rows; row++) {
      const isSource = a.present![row] === 1 && local[a.values[row]!] !== 0
      const isDestination = b.present![row] === 1 && local[b.values[row]!] !== 0
      out[row] = (isSource ? SOURCE_LOCAL : 0) | (isDestination ? DESTINATION_LOCAL : 0)
    }
    return out
  }

  /** The local end (of two the source, of none nothing), or the other (of none the destination). */
  #side(isLocal: boolean): KeyColumn {
    const directions = this.column(ROLLUP.localDirection).values
    const [a, b] = [this.column(F.sourceAddress), this.column(F.destinationAddress)]
    const values = new Uint32Array(this.rows)
    const present = new Uint8Array(this.rows)
    for (let row = 0; row < this.rows; row++) {
      if (isLocal && directions[row] === 0) continue
      const end = (directions[row] === DESTINATION_LOCAL) === isLocal ? b : a
      const other = !isLocal && directions[row] === 0 ? b : end
      values[row] = other.values[row]!
      present[row] = other.present![row]!
    }
    return { values, present }
  }

  /** The exporter's number where it gives one, else the table's; 0 where neither knows. */
  #remoteAs(): KeyColumn {
    const directions = this.column(ROLLUP.localDirection).values
    const remote = this.column(ROLLUP.remoteAddress)
    const [a, b] = [this.column(F.bgpSourceAsNumber), this.column(F.bgpDestinationAsNumber)]
    const values = new Uint32Array(this.rows)
    for (let row = 0; row < this.rows; row++) {
      const told = directions[row] === DESTINATION_LOCAL ? a : b
      const number = told.present![row] === 1 ? told.values[row]! : 0
      values[row] = number !== 0 || remote.present![row] === 0 ? number : this.#facts.as[remote.values[row]!]!
    }
    return { values, present: null }
  }

  #servicePorts(): KeyColumn {
    const protocol = this.column(F.protocolIdentifier)
    const [a, b] = [this.column(F.sourceTransportPort), this.column(F.destinationTransportPort)]
    const hasPorts = new Uint8Array(256)
    for (const number of WITH_PORTS) hasPorts[number] = 1
    const values = new Uint32Array(this.rows)
    for (let row = 0; row < this.rows; row++) {
      if (hasPorts[protocol.values[row]!] === 0) continue
      const [isA, isB] = [a.present![row] === 1, b.present![row] === 1]
      if (isA && isB) values[row] = Math.min(a.values[row]!, b.values[row]!)
      else if (isA || isB) values[row] = isA ? a.values[row]! : b.values[row]!
    }
    return { values, present: protocol.present }
  }

  #codes(field: Field): KeyColumn {
    const read = this.#block.readCodes(field, this.#problems)
    this.#throwProblems()
    if (read === null) return { values: new Uint32Array(this.rows), present: new Uint8Array(this.rows) }
    return { values: read.codes, present: read.present }
  }

  #numbers(field: Field): KeyColumn {
    const column = this.#fixed(field)
    if (column === null) return { values: new Uint32Array(this.rows), present: new Uint8Array(this.rows) }
    return { values: column.values as Exclude<NumberValues, Float64Array>, present: column.present }
  }

  #fixed(field: Field) {
    const column = this.#block.read(field, this.#problems)?.column ?? null
    this.#throwProblems()
    return column?.shape === 'fixed' ? column : null
  }

  #throwProblems(): void {
    if (this.#problems.length > 0) throw new Damage(this.#problems[0]!.what)
  }
}

/** Puts the counter at `at` times the rate two places on; `words` is the same memory. */
function scale(counters: BigUint64Array, words: Uint32Array, at: number, rate: number): void {
  const approximate = (words[at * 2 + 1]! * 4294967296 + words[at * 2]!) * rate
  if (approximate <= Number.MAX_SAFE_INTEGER) {
    words[at * 2 + 4] = approximate % 4294967296
    words[at * 2 + 5] = approximate / 4294967296
    return
  }
  const product = counters[at]! * BigInt(rate)
  if (product >= 2n ** 64n) throw new Untellable('counters that are too great when they are scaled')
  counters[at + 2] = product
}
