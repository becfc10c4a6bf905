import { F, type Field } from '../flow/fields.ts'
import type { AddressDictionary } from './address-dictionary.ts'
import { derivationDepth, derivationOf } from './derived.ts'
import { attributeStream, familyStream, mapStream, type Root, selectStream } from './derived-streams.ts'
import { BLOCK_FIXED_OCTETS, COLUMN_ENTRY_OCTETS, ENCODING } from './encoding.ts'
import type { Gathered } from './gathered.ts'
import {
  fillAbsent,
  fillAbsentWide,
  type Range,
  scan,
  scanWide,
  subtractWide,
  type WideRange,
} from './kernels.ts'
import { findGrid, type RunGrid, valuesOfRuns, wordsOfRuns } from './run-grid.ts'
import { bitsOf, StreamWriter } from './stream-writer.ts'
import { sumWide } from './sums.ts'

export interface EncodedFrame {
  readonly head: Uint8Array
  readonly body: readonly Uint8Array[]
}

/** Codes that a block uses, some of them several times. */
export interface UsedCodes {
  readonly codes: Uint32Array
  readonly count: number
}

const NONE = 0xffffffffffffffffn

interface ColumnEntry {
  readonly id: number
  presence: number
  readonly streams: number[]
  least: bigint
  greatest: bigint
}

/** Writes one block of gathered columns; the columns' absent rows are overwritten. */
export function encodeBlock(
  kindNumber: number,
  columns: ReadonlyMap<number, Gathered>,
  rows: number,
  addresses: AddressDictionary,
  storedCodes: number,
): EncodedFrame & { readonly usedCodes: readonly UsedCodes[] } {
  const encoder = new BlockEncoder(columns, rows, addresses, storedCodes)
  const entries = encoder.encode()
  const { out } = encoder
  const head = Buffer.alloc(BLOCK_FIXED_OCTETS + entries.length * COLUMN_ENTRY_OCTETS)
  head.writeUInt32LE(rows, 0)
  head[4] = kindNumber
  const rangeOf = (field: Field) => {
    const gathered = columns.get(field.index)
    return gathered === undefined || gathered.presentRows === 0
      ? undefined
      : entries.find(({ id }) => id === gathered.id)
  }
  const received = rangeOf(F.timeReceived)
  head.writeBigUInt64LE(received?.least ?? NONE, 8)
  head.writeBigUInt64LE(received?.greatest ?? 0n, 16)
  head.writeBigUInt64LE(rangeOf(F.flowStart)?.least ?? NONE, 24)
  head.writeBigUInt64LE(rangeOf(F.flowEnd)?.greatest ?? 0n, 32)
  for (const [at, sum] of [
    [40, encoder.octetSum],
    [56, encoder.packetSum],
  ] as const) {
    head.writeBigUInt64LE(BigInt.asUintN(64, sum), at)
    head.writeBigUInt64LE(sum >> 64n, at + 8)
  }
  head.writeUInt32LE(entries.length, 72)
  head.writeUInt32LE(out.streamCount, 76)
  head.writeUInt32LE(out.planeCount, 80)
  head.writeUInt32LE(addresses.size, 84)
  entries.forEach((entry, i) => {
    const at = BLOCK_FIXED_OCTETS + i * COLUMN_ENTRY_OCTETS
    head.writeUInt32LE(entry.id, at)
    head.writeUInt32LE(entry.presence, at + 4)
    for (let k = 0; k < 4; k++) head.writeUInt32LE(entry.streams[k] ?? 0, at + 8 + k * 4)
    head.writeBigUInt64LE(entry.least, at + 24)
    head.writeBigUInt64LE(entry.greatest, at + 32)
  })
  return { head: Buffer.concat([head, out.tables()]), body: out.body, usedCodes: encoder.usedCodes }
}

const range: Range = { least: 0, greatest: 0, runs: 0 }
const wide: WideRange = { leastLow: 0, leastHigh: 0, greatestLow: 0, greatestHigh: 0 }

// Streams are written at once, so blocks share the memory that they are made in.
let presenceScratch = new Uint32Array(0)
let differenceScratch = new Uint32Array(0)

/** What one block's columns share while they are written. */
class BlockEncoder {
  readonly out = new StreamWriter()
  octetSum = 0n
  packetSum = 0n
  readonly #columns: ReadonlyMap<number, Gathered>
  readonly #rows: number
  readonly #addresses: AddressDictionary
  readonly #storedCodes: number
  #grid: RunGrid | null = null
  #gridLengths = 0
  /** Streams of whole columns, which derived ones may refer to. */
  readonly #roots = new Map<Field, Root>()
  readonly #presences: { readonly octets: Uint8Array; readonly stream: number }[] = []

  constructor(
    columns: ReadonlyMap<number, Gathered>,
    rows: number,
    addresses: AddressDictionary,
    storedCodes: number,
  ) {
    this.#columns = columns
    this.#rows = rows
    this.#addresses = addresses
    this.#storedCodes = storedCodes
  }

  encode(): ColumnEntry[] {
    const rows = this.#rows
    const held = [...this.#columns.values()].filter(({ presentRows }) => presentRows > 0)
    for (const gathered of held) {
      if (gathered.field === F.octetDeltaCount) this.octetSum = sumOf(gathered, rows)
      if (gathered.field === F.packetDeltaCount) this.packetSum = sumOf(gathered, rows)
      if (gathered.presentRows === rows) continue
      if (gathered.shape === 'wide') fillAbsentWide(gathered.values, gathered.present, rows)
      else if (gathered.shape === 'narrow' || gathered.shape === 'code')
        fillAbsent(gathered.values, gathered.present, rows)
    }
    this.#grid = findGrid(this.#columns, rows)
    const entries: ColumnEntry[] = []
    // What others derive from comes first, so that streams refer to smaller numbers only.
    for (const depth of [0, 1, 2]) {
      for (const gathered of held) {
        if (derivationDepth(gathered.field) === depth) entries.push(this.#column(gathered))
      }
    }
    return entries
  }

  #column(gathered: Gathered): ColumnEntry {
    const entry: ColumnEntry = { id: gathered.id, presence: 0, streams: [], least: 0n, greatest: NONE }
    if (gathered.presentRows < this.#rows) entry.presence = this.#presence(gathered.present)
    const { out } = this
    switch (gathered.shape) {
      case 'narrow':
      case 'code':
        entry.streams.push(this.#narrow(gathered, entry))
        break
      case 'wide':
        entry.streams.push(this.#wide(gathered, entry))
        break
      case 'list':
        entry.streams.push(this.#numbers(gathered.values))
        entry.streams.push(out.narrow(gathered.items, gathered.itemCount))
        if (gathered.field.kind === 'address-list') this.#markItems(gathered)
        break
      case 'octets':
        entry.streams.push(this.#numbers(gathered.values))
        break
      case 'octets-list':
        entry.streams.push(this.#numbers(gathered.values))
        entry.streams.push(out.narrow(gathered.items, gathered.itemCount))
        break
    }
    if (gathered.strings !== null) {
      entry.streams.push(out.narrow(gathered.strings.lengths(), gathered.strings.count))
      entry.streams.push(out.octets(gathered.strings.data.slice(0, gathered.strings.used)))
    }
    return entry
  }

  #presence(present: Uint8Array): number {
    const rows = this.#rows
    const octets = present.subarray(0, rows)
    for (const known of this.#presences) if (Buffer.compare(known.octets, octets) === 0) return known.stream
    if (presenceScratch.length < rows) presenceScratch = new Uint32Array(rows)
    presenceScratch.set(octets)
    const stream = this.#numbers(presenceScratch)
    if (this.#presences.length < 64) this.#presences.push({ octets, stream })
    return stream
  }

  /** One number a row, nothing known about it. */
  #numbers(values: Uint32Array): number {
    const grid = this.#grid
    const ofRuns = grid === null ? null : valuesOfRuns(grid, values)
    return ofRuns === null
      ? this.out.narrow(values, this.#rows)
      : this.#onGrid(this.out.narrow(ofRuns, grid!.runs))
  }

  #onGrid(a: number): number {
    const grid = this.#grid!
    if (this.#gridLengths === 0) this.#gridLengths = this.out.narrow(grid.lengths, grid.runs)
    return this.out.add({ encoding: ENCODING.runs, count: this.#rows, a, b: this.#gridLengths })
  }

  #narrow(gathered: Gathered, entry: ColumnEntry): number {
    const { values, field } = gathered
    const rows = this.#rows
    const grid = this.#grid
    const ofRuns = grid === null ? null : valuesOfRuns(grid, values)
    if (ofRuns === null) scan(values, rows, range)
    else scan(ofRuns, grid!.runs, range)
    const { least, greatest } = range
    entry.least = BigInt(least)
    entry.greatest = BigInt(greatest)
    if (gathered.shape === 'code') this.#markCodes(ofRuns ?? values, ofRuns === null ? rows : grid!.runs)
    let stream = 0
    if (least === greatest) stream = this.out.narrow(values, rows)
    else if (ofRuns !== null) stream = this.#onGrid(this.out.narrow(ofRuns, grid!.runs))
    else stream = this.#derived(gathered) || this.out.narrow(values, rows, 0n, 0, { ...range })
    this.#roots.set(field, { stream, values })
    return stream
  }

  #wide(gathered: Gathered, entry: ColumnEntry): number {
    const { values, field } = gathered
    const rows = this.#rows
    const grid = this.#grid
    const ofRuns = grid === null ? null : wordsOfRuns(grid, values)
    if (field.kind !== 'f64') {
      const flip = field.kind === 'i64' ? 0x80000000 : 0
      if (ofRuns === null) scanWide(values, rows, flip, wide)
      else scanWide(ofRuns, grid!.runs, flip, wide)
      entry.least = (BigInt(wide.leastHigh) << 32n) | BigInt(wide.leastLow)
      entry.greatest = (BigInt(wide.greatestHigh) << 32n) | BigInt(wide.greatestLow)
    }
    let stream = 0
    if (ofRuns !== null) stream = this.#onGrid(this.out.wide(ofRuns, grid!.runs))
    else stream = this.#derived(gathered) || this.out.wide(values, rows)
    this.#roots.set(field, { stream, values })
    return stream
  }

  /** The column as following from another, or 0. */
  #derived(gathered: Gathered): number {
    const derivation = derivationOf(gathered.field)
    if (derivation === undefined) return 0
    const count = this.#rows
    const rows = {
      values: gathered.values,
      isWide: gathered.shape === 'wide',
      present: gathered.presentRows === count ? null : gathered.present,
      count,
    }
    const root = (field: Field) => this.#roots.get(field)
    switch (derivation.by) {
      case 'sub': {
        const from = root(derivation.from)
        if (from === undefined) return 0
        if (differenceScratch.length < count * 2) differenceScratch = new Uint32Array(count * 2)
        const difference = differenceScratch
        subtractWide(from.values, gathered.values, count, difference)
        if (bitsOf(difference, count) + 1 > bitsOf(gathered.values, count)) return 0
        const b = this.out.wide(difference, count)
        return this.out.add({ encoding: ENCODING.sub, count, a: from.stream, b })
      }
      case 'attribute': {
        const of = root(derivation.of)
        if (of === undefined) return 0
        return attributeStream(this.out, rows, of, derivation.attribute, this.#addresses, this.#storedCodes)
      }
      case 'map': {
        const first = root(derivation.first)
        const second = root(derivation.second)
        return first === undefined || second === undefined ? 0 : mapStream(this.out, rows, first, second)
      }
      case 'select': {
        const like = root(derivation.like)
        return like === undefined ? 0 : selectStream(this.out, rows, like)
      }
      case 'family': {
        const of = root(derivation.of)
        if (of === undefined) return 0
        return familyStream(this.out, rows, of, this.#addresses, derivation.ipv4, derivation.ipv6)
      }
    }
  }

  /** Codes of which the address directory must know that this block uses them. */
  readonly usedCodes: UsedCodes[] = []

  #markCodes(codes: Uint32Array, count: number): void {
    this.usedCodes.push({ codes, count })
  }

  #markItems(gathered: Gathered): void {
    this.#markCodes(gathered.items, gathered.itemCount)
  }
}

function sumOf(gathered: Gathered, rows: number): bigint {
  return sumWide(gathered.values, gathered.presentRows === rows ? null : gathered.present, rows)
}
