import type { AddressFact } from '../flow/address-fact.ts'
import { columnFacts } from '../flow/column-facts.ts'
import { F, type Field } from '../flow/fields.ts'
import { ROLLUP } from '../flow/rollup-fields.ts'
import type { BlockFacts, FlowFile } from '../flow/source.ts'
import { BlockRows, BY_ENDS, type CodeColumn, type NumberColumn } from './block-rows.ts'
import { type CounterName, narrowCounter } from './counters.ts'
import type { LaneValues } from './lane-kernels.ts'
import type { Side } from './query.ts'
import { greater, lesser } from './window.ts'

// Rows of rollups are sums of flows over a bin of time. Their columns stand in for those of flows: the source is the
// local end, the destination the remote one.

const NOT_KNOWN = 2n ** 64n - 1n

/** What is known of the records that a rollup was made from: when their flows were, and from when to when received. */
export interface RollupRecords {
  readonly leastNs: bigint
  readonly greatestNs: bigint
  readonly receivedFrom: bigint
  readonly receivedTo: bigint
}

/** A rollup, to be read instead of the records that it was made from. */
export interface RollupFile extends FlowFile {
  readonly records: RollupRecords
}

/** What the blocks of records say, or of a file of records that is gone (none) those of its rollup. */
export function recordsOf(file: FlowFile, records: readonly BlockFacts[]): RollupRecords {
  const known = records.length > 0 ? records : file.blocks
  const least = (values: readonly bigint[]) => values.reduce(lesser, 2n ** 64n - 1n)
  const greatest = (values: readonly bigint[]) => values.reduce(greater, 0n)
  const starts = known.map(({ leastStart }) => leastStart)
  const ends = known.map(({ greatestEnd, greatestReceived }) => greatestEnd || greatestReceived)
  const receptions = records.map(({ leastReceived }) => leastReceived)
  return {
    leastNs: least([...starts, ...receptions]),
    greatestNs: greatest(ends),
    receivedFrom: least(records.length > 0 ? receptions : starts),
    receivedTo: greatest(records.length > 0 ? records.map((facts) => facts.greatestReceived) : ends),
  }
}

/** A rollup's file as an input. */
export function asRollup(file: FlowFile, records: RollupRecords): RollupFile {
  return {
    path: file.path,
    stamp: null,
    addresses: file.addresses,
    problems: file.problems,
    blocks: file.blocks.map((facts) => ({ ...facts, kind: facts.kind === 'rollup' ? 'flow' : null })),
    records,
    block: (index, memory) => file.block(index, memory),
    addressDirectory: () => null,
    close: () => file.close(),
  }
}

export function isRollup(file: FlowFile): file is RollupFile {
  return 'records' in file
}

/** The columns of one block of a rollup, as queries that `rollupFor` found it fit for see them. */
export class RollupRows extends BlockRows {
  override directions(): Uint8Array {
    return this.once(null, 'rollup direction', () => {
      const ends = this.numbers(ROLLUP.localDirection)
      const out = this.octets(this.rows)
      for (let row = 0; row < out.length; row++) out[row] = BY_ENDS[(ends?.values[row] ?? 0) & 3]!
      return out
    })
  }

  override sideCodes(side: Side, _local: AddressFact | null): CodeColumn | null {
    if (side === 'source' || side === 'local')
      return this.codes(ROLLUP.localAddress) ?? this.codes(ROLLUP.localPrefix)
    return this.codes(ROLLUP.remoteAddress)
  }

  override sideNumbers(side: Side, fields: readonly [Field, Field]): NumberColumn | null {
    const isRemote = side === 'destination' || side === 'remote'
    return isRemote && fields[0] === F.bgpSourceAsNumber ? this.numbers(ROLLUP.remoteAsNumber) : null
  }

  override servicePorts(): Uint16Array {
    return (this.numbers(ROLLUP.servicePort)?.values as Uint16Array | undefined) ?? new Uint16Array(this.rows)
  }

  override scaledBefore(name: CounterName): LaneValues {
    const field = name === 'octets' ? ROLLUP.scaledOctetCount : ROLLUP.scaledPacketCount
    return this.#counts(field) ?? new Uint32Array(this.rows)
  }

  /** Flows begin in one bin; those that began before the window count in its first one. */
  override flowCounts(fromNs: bigint | null): LaneValues {
    return this.once(null, `flows ${fromNs}`, () => {
      const { least, greatest } = this.#rangeOf(F.flowStart)
      const isFirst = fromNs !== null && fromNs >= least && fromNs <= greatest
      if (!isFirst) return this.#counts(ROLLUP.flowCount) ?? new Uint32Array(this.rows)
      const begun = this.fixed(ROLLUP.flowCount)
      const out = new BigUint64Array(this.rows)
      if (begun !== null) out.set(begun.wide.subarray(0, this.rows))
      const continued = this.fixed(ROLLUP.continuedFlowCount)?.wide
      const starts = this.fixed(F.flowStart)?.words
      if (continued === undefined || starts === undefined) return out
      const [low, high] = [Number(fromNs & 0xffffffffn), Number(fromNs >> 32n)]
      for (let row = 0; row < out.length; row++)
        if (starts[row * 2] === low && starts[row * 2 + 1] === high) out[row]! += continued[row]!
      return out
    })
  }

  /** Marks rows whose bins lie outside the window, which has no border within a bin; null where none does. */
  outside(fromNs: bigint | null, toNs: bigint | null): Uint8Array | null {
    const { least, greatest } = this.#rangeOf(F.flowStart)
    if ((fromNs === null || fromNs <= least) && (toNs === null || greatest < toNs)) return null
    const marks = this.octets(this.rows).fill(0)
    const starts = this.fixed(F.flowStart)?.words
    if (starts === undefined) return marks.fill(1)
    markOutside(starts, fromNs ?? 0n, toNs ?? NOT_KNOWN, marks)
    return marks
  }

  #counts(field: Field): LaneValues | null {
    return this.once(null, field.name, () => narrowCounter(this, field) ?? this.fixed(field)?.wide ?? null)
  }

  #rangeOf(field: Field): { least: bigint; greatest: bigint } {
    return this.block.columns.find((column) => column.field === field) ?? { least: 0n, greatest: NOT_KNOWN }
  }

  /** Flows of some rows whose sampling rate nobody knew. */
  unknownRates(selection: Uint32Array, count: number): number {
    if (columnFacts(this.block, ROLLUP.unknownRateFlowCount)?.greatest === 0n) return 0
    const flows = this.fixed(ROLLUP.unknownRateFlowCount)?.words ?? null
    let sum = 0
    for (let i = 0; flows !== null && i < count; i++) sum += flows[selection[i]! * 2]!
    return sum
  }
}

function markOutside(starts: Uint32Array, from: bigint, to: bigint, marks: Uint8Array): void {
  const [fromLow, fromHigh] = [Number(from & 0xffffffffn), Number(from >> 32n)]
  const [toLow, toHigh] = [Number(to & 0xffffffffn), Number(to >> 32n)]
  for (let row = 0; row < marks.length; row++) {
    const low = starts[row * 2]!
    const high = starts[row * 2 + 1]!
    const isBefore = high < fromHigh || (high === fromHigh && low < fromLow)
    if (isBefore || high > toHigh || (high === toHigh && low >= toLow)) marks[row] = 1
  }
}
