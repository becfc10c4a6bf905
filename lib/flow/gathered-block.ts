import { AddressNumbers } from './address-numbers.ts'
import { type Column, type FixedColumn, FlowBatch, type RecordKind } from './batch.ts'
import { BatchWriter } from './batch-writer.ts'
import { BlockMemory } from './block-memory.ts'
import { F, type Field } from './fields.ts'
import { joinColumns } from './join-columns.ts'
import type { Layout } from './layout.ts'
import type { AddressCodes, BlockColumnFacts, BlockFacts, FlowBlock, ReadColumn } from './source.ts'

/** Rows after which a block is passed on; a batch more may be in it. */
const BLOCK_ROWS = 65_536
/** Addresses after which the next block begins to number them anew. */
const MOST_ADDRESSES = 2_000_000
/** Columns that a batch may carry on. */
const MOST_COLUMNS = 256
const UNKNOWN_GREATEST = 2n ** 64n - 1n

/** Gathers batches of one stream of records to blocks. Memory: two blocks of batches, and the addresses. */
export class BlockGathering {
  /** Where the flows are written to. */
  readonly writer: BatchWriter
  rows = 0
  readonly #kind: RecordKind
  readonly #memory = new BlockMemory()
  #addresses = new AddressNumbers()
  #filled: FlowBatch[] = []
  #taken: FlowBatch[] = []
  readonly #free: FlowBatch[] = []
  /** Batches that others have made. */
  readonly #lent = new Set<FlowBatch>()

  constructor(kind: RecordKind = 'flow') {
    this.#kind = kind
    this.writer = new BatchWriter(kind, (full) => {
      this.#filled.push(full)
      this.rows += full.rowCount
      return this.#free.pop() ?? new FlowBatch()
    })
  }

  /** Adds the rows of a batch of another one, who has it back when the block is no longer good. */
  add(batch: FlowBatch): void {
    this.writer.flush()
    this.#filled.push(batch)
    this.#lent.add(batch)
    this.rows += batch.rowCount
  }

  get isFull(): boolean {
    return this.rows >= BLOCK_ROWS
  }

  /** The records gathered so far as a block, good until the next call; null if there are none. */
  take(): FlowBlock | null {
    this.writer.flush()
    for (const batch of this.#taken) {
      if (this.#lent.delete(batch)) continue
      if (batch.columns().length > MOST_COLUMNS) batch.trim()
      else batch.reset()
      this.#free.push(batch)
    }
    this.#taken = this.#filled
    this.#filled = []
    const { rows } = this
    this.rows = 0
    if (rows === 0) return null
    if (this.#addresses.codes > MOST_ADDRESSES) this.#addresses = new AddressNumbers()
    this.#memory.reset()
    return new GatheredBlock(this.#taken, { kind: this.#kind, rows }, this.#addresses, this.#memory)
  }
}

class GatheredBlock implements FlowBlock {
  readonly info: BlockFacts
  readonly columns: readonly BlockColumnFacts[]
  readonly addresses: AddressCodes
  readonly #numbers: AddressNumbers
  readonly #batches: readonly FlowBatch[]
  readonly #memory: BlockMemory
  readonly #layouts: Layout[] = []
  readonly #known = new Map<Field, ReadColumn>()
  readonly #codes = new Map<Field, { codes: Uint32Array; present: Uint8Array }>()

  constructor(
    batches: readonly FlowBatch[],
    { kind, rows }: { kind: RecordKind; rows: number },
    addresses: AddressNumbers,
    memory: BlockMemory,
  ) {
    this.#memory = memory
    this.#batches = batches
    this.#numbers = addresses
    this.addresses = addresses
    this.info = { ...factsOf(batches, rows), kind }
    const fields = new Set<Field>()
    for (const batch of batches) {
      for (const { field, present } of batch.columns()) {
        if (!fields.has(field) && isHeld(present, batch.rowCount)) fields.add(field)
      }
    }
    this.columns = [...fields].map((field) => {
      return { field, name: field.name, least: 0n, greatest: UNKNOWN_GREATEST }
    })
  }

  layout(number: number): Layout | null {
    return this.#layouts[number - 1] ?? null
  }

  read(field: Field): ReadColumn | null {
    let known = this.#known.get(field)
    if (known !== undefined) return known
    const column = joinColumns(field, this.#batches, this.info.rows, this.#memory)
    if (column === null) return null
    if (field === F.layout) this.#numberLayouts(column as FixedColumn)
    known = { column, codes: this.readCodes(field)?.codes ?? null }
    this.#known.set(field, known)
    return known
  }

  readCodes(field: Field): { codes: Uint32Array; present: Uint8Array } | null {
    if (field.kind !== 'address') return null
    let known = this.#codes.get(field)
    if (known !== undefined) return known
    const { rows } = this.info
    known = {
      codes: new Uint32Array(this.#memory.buffer(rows * 4), 0, rows),
      present: new Uint8Array(this.#memory.buffer(rows), 0, rows),
    }
    let at = 0
    let isThere = false
    for (const batch of this.#batches) {
      const column = batch.find(field)
      if (column?.shape === 'fixed') {
        isThere ||= isHeld(column.present, batch.rowCount)
        known.present.set(column.present.subarray(0, batch.rowCount), at)
        this.#numbers.encode(column.words, column.present, batch.rowCount, known.codes, at)
      } else {
        known.present.fill(0, at, at + batch.rowCount)
        known.codes.fill(0, at, at + batch.rowCount)
      }
      at += batch.rowCount
    }
    if (!isThere) return null
    this.#codes.set(field, known)
    return known
  }

  /** Layouts have numbers of their own in each batch. */
  #numberLayouts({ values }: FixedColumn): void {
    const numberOf = new Map<Layout, number>()
    let at = 0
    for (const { rowCount, layouts } of this.#batches) {
      const numbers = layouts.map((layout) => {
        const known = numberOf.get(layout) ?? this.#layouts.push(layout)
        numberOf.set(layout, known)
        return known
      })
      for (let row = at; row < at + rowCount; row++) {
        const number = values[row]!
        values[row] = number === 0 ? 0 : numbers[number - 1]!
      }
      at += rowCount
    }
  }
}

function isHeld(present: Uint8Array, rows: number): boolean {
  const first = present.indexOf(1)
  return first >= 0 && first < rows
}

function factsOf(batches: readonly FlowBatch[], rows: number): Omit<BlockFacts, 'kind'> {
  const column = (field: Field) => batches.map((batch) => [batch.find(field), batch.rowCount] as const)
  const received = rangeOf(column(F.timeReceived))
  return {
    rows,
    leastReceived: received.least,
    greatestReceived: received.greatest,
    leastStart: rangeOf(column(F.flowStart)).least,
    greatestEnd: rangeOf(column(F.flowEnd)).greatest,
    octets: sumOf(column(F.octetDeltaCount)),
    packets: sumOf(column(F.packetDeltaCount)),
  }
}

type Columns = readonly (readonly [Column | undefined, number])[]

/** Least and greatest of 64-bit columns, compared by their halves. */
function rangeOf(columns: Columns): { least: bigint; greatest: bigint } {
  let leastHigh = 0xffffffff
  let leastLow = 0xffffffff
  let greatestHigh = 0
  let greatestLow = 0
  for (const [column, rows] of columns) {
    if (column?.shape !== 'fixed') continue
    const { words, present } = column
    for (let row = 0; row < rows; row++) {
      if (present[row] !== 1) continue
      const low = words[row * 2]!
      const high = words[row * 2 + 1]!
      if (high < leastHigh || (high === leastHigh && low < leastLow)) {
        leastHigh = high
        leastLow = low
      }
      if (high > greatestHigh || (high === greatestHigh && low > greatestLow)) {
        greatestHigh = high
        greatestLow = low
      }
    }
  }
  const joined = (high: number, low: number) => (BigInt(high) << 32n) | BigInt(low)
  return { least: joined(leastHigh, leastLow), greatest: joined(greatestHigh, greatestLow) }
}

function sumOf(columns: Columns): bigint {
  // A block has fewer than 2^21 rows: sums of 32-bit halves are exact.
  let low = 0
  let high = 0
  for (const [column, rows] of columns) {
    if (column?.shape !== 'fixed') continue
    const { words } = column
    for (let row = 0; row < rows; row++) {
      low += words[row * 2]!
      high += words[row * 2 + 1]!
    }
  }
  return (BigInt(high) << 32n) + BigInt(low)
}
