import { type AddressScope, NO_ADDRESSES } from './address-scope.ts'
import type { AggregationPart } from './aggregation-part.ts'
import type { BlockRows } from './block-rows.ts'
import type { KeySource } from './compiled-key.ts'
import { type BestOf, DenseGroups, storesOf } from './dense-groups.ts'
import { GroupTable, newVector, type Vector } from './group-table.ts'
import { VECTOR_ROWS } from './kernels.ts'
import { KeyPacker } from './key-packer.ts'
import { type LaneValues, sumOf } from './lane-kernels.ts'
import { PARTITIONS, RecordLog } from './record-log.ts'
import type { Sums } from './sums.ts'
import {
  hasOutgrown,
  hasUncommon,
  type InputLayout,
  inputLayout,
  layoutName,
  numberedSource,
  packMeanings,
  type TableShape,
  unpackMeanings,
} from './table-shape.ts'
import { choose, keysOf, outgrows, vectorsOf, widened } from './vectors.ts'

/** Groups that a table holds before rows are dealt into partitions, which then fit the processor's cache. */
const MOST_GROUPS_AT_ONCE = 2 ** 16
const WIDE = 2n ** 64n

/** Groups with their sums; complete for the heads in it. */
export interface GroupStore {
  readonly count: number
  /** Groups that it stands for: others than those in it are none of the best. */
  readonly among: number
  /** Packed keys. */
  readonly keys: Uint32Array
  readonly words: number
  readonly headWords: number
  /** Lanes of each group; where `isWide`, two each: 32 low bits summed, and what is above them. */
  readonly sums: Sums
  readonly isWide: boolean
  /** Null where keys are packed meanings. */
  readonly input: { readonly layout: InputLayout; readonly scope: AddressScope } | null
}

export interface AggregationOptions {
  readonly memoryOctets: number
  readonly temporaryDirectory: string
  /** Rows to come at most, as far as known. */
  readonly expectedRows: number
  /** Bits of bin numbers. */
  readonly timeBits: number
}

/**
 * One table of groups. Within an input, keys are packed from address codes and small numbers, and grouped in one of
 * three ways: the key is the group's number; a hash table; partitions of rows that become hash tables at the end. When
 * another input begins whose codes are others, groups move, with the meaning of their keys, to partitions that all inputs
 * share.
 */
export class Aggregation {
  readonly shape: TableShape
  /** Sums of all lanes over all rows; exact. */
  readonly totals: bigint[]
  readonly #options: AggregationOptions
  /** Whether `totals` are all there is to know. */
  readonly #isTotal: boolean
  #timeBits: number
  #input: { layout: InputLayout; scope: AddressScope } | null = null
  /** What was added since the input began. */
  #inputTotals: bigint[]
  #sources: readonly KeySource[] = []
  #packer: KeyPacker | null = null
  #dense: DenseGroups | null = null
  #table: GroupTable | null = null
  #log: RecordLog | null = null
  #shared: RecordLog | null = null
  readonly #meanings: readonly Uint32Array[]
  /** Whether keys are packed alike in all inputs: none is of an address. */
  readonly #isOfNumbers: boolean
  /** Whether keys have so few bits as common numbers need, and are groups by themselves then. */
  #isCommon: boolean
  /** For `addMeanings`. */
  #meant: Vector | null = null
  #spilledOctets = 0

  constructor(shape: TableShape, options: AggregationOptions) {
    this.shape = shape
    this.totals = shape.operations.map(() => 0n)
    this.#inputTotals = shape.operations.map(() => 0n)
    this.#options = options
    this.#timeBits = options.timeBits
    this.#isTotal =
      shape.keys.length === 0 &&
      !shape.hasTime &&
      shape.operations.length > 0 &&
      shape.operations.every((operation) => operation === 'sum')
    this.#isOfNumbers = shape.keys.every(({ parts }) => parts.every((part) => 'bits' in part))
    this.#isCommon = !shape.isNumbered
    this.#meanings = shape.columnBits.map(() => new Uint32Array(VECTOR_ROWS))
  }

  get spilledOctets(): number {
    return this.#spilledOctets + (this.#log?.spilledOctets ?? 0) + (this.#shared?.spilledOctets ?? 0)
  }

  /** Makes ready for rows of a block. Throws FILE_UNWRITABLE. */
  enterBlock(rows: BlockRows): void {
    const { scope } = rows
    // Reading columns may add addresses to the dictionary: what it needs is known afterwards.
    const sources = this.shape.keys.map((key) => numberedSource(this.shape, key, rows))
    if (this.#isCommon && hasUncommon(this.shape, sources)) {
      this.#leaveInput()
      this.#isCommon = false
    }
    const isFitting =
      this.#input !== null &&
      (this.#input.scope === scope ||
        (this.#isOfNumbers &&
          this.#log === null &&
          (this.#isCommon || this.#input.scope.numbers === scope.numbers))) &&
      !hasOutgrown(this.shape, scope, this.#input.layout)
    if (!isFitting) {
      this.#leaveInput()
      this.#enterInput(scope)
    }
    this.#sources = sources
  }

  #enterInput(scope: AddressScope): void {
    const layout = inputLayout(this.shape, scope, this.#timeBits, this.#isCommon)
    this.#input = { layout, scope }
    this.#packer = new KeyPacker(this.shape, layout, scope)
    this.#inputTotals.fill(0n)
    const { operations } = this.shape
    if (DenseGroups.suit(layout.layout, operations.length, this.#options))
      this.#dense = new DenseGroups(layout.layout, operations)
    else this.#table = new GroupTable(layout.layout.words, operations)
  }

  /**
   * Adds rows of the block entered: `count` of them, from `from` on in `selection`, with their bins at the same places
   * and a column per lane from 0 on (null: each row counts 1).
   */
  add(
    selection: Uint32Array,
    from: number,
    count: number,
    bins: Uint32Array | null,
    lanes: readonly (LaneValues | null)[],
  ): void {
    if (bins !== null && this.shape.hasTime && this.#timeBits < 32 && outgrows(bins, count, this.#timeBits)) {
      // Flows lie outside of what the inputs' facts told.
      const { scope } = this.#input!
      this.#leaveInput()
      this.#timeBits = 32
      this.#enterInput(scope)
    }
    const packer = this.#packer!
    const { vector } = packer
    vector.count = count
    if (!this.#isTotal) packer.pack(this.#sources, { selection, from, count }, bins)
    let overflows = false
    for (let lane = 0; lane < lanes.length; lane++) {
      const values = lanes[lane]!
      vector.lanes[lane] = values
      if (this.shape.operations[lane] !== 'sum') continue
      const sum = sumOf(values, count)
      this.totals[lane]! += sum
      const total = this.#inputTotals[lane]! + sum
      this.#inputTotals[lane] = total
      if (total >= WIDE) overflows = true
    }
    if (this.#isTotal) return
    // Records are added up only at the end, and then with more bits.
    if (overflows) this.#logged().append(vector)
    else if (this.#dense !== null) this.#dense.add(vector)
    else if (this.#table !== null) {
      this.#table.add(vector)
      if (this.#table.count > MOST_GROUPS_AT_ONCE) this.#tableToLog()
    } else this.#logged().append(vector)
  }

  #logged(): RecordLog {
    if (this.#log === null) {
      const { words, headWords } = this.#input!.layout.layout
      const lanes = this.shape.operations.length
      this.#log = new RecordLog(
        { words, headWords, lanes },
        this.#options.memoryOctets / 2,
        this.#options.temporaryDirectory,
      )
    }
    return this.#log
  }

  #tableToLog(): void {
    const table = this.#table!
    const store = { count: table.count, keys: table.keys, sums: table.sums, words: table.words }
    this.#table = null
    const log = this.#logged()
    vectorsOf(store, this.shape.operations.length, (vector) => log.append(vector))
    log.seal()
  }

  /** Moves the groups of the input to where all inputs meet. */
  #leaveInput(): void {
    if (this.#input === null) return
    const isWide = this.#inputTotals.some((total) => total >= WIDE)
    if (isWide) {
      // Unsummed records each fit 64 bits.
      this.#allToLog()
      for (let partition = 0; partition < PARTITIONS; partition++) {
        this.#log?.forEach(partition, (vector) => this.#share(keysOf(vector), vector.count, vector.lanes))
      }
    } else {
      for (const store of this.#inputStores()) {
        vectorsOf(store, this.shape.operations.length, (vector, at) => {
          this.#share(store.keys.subarray(at * store.words), vector.count, vector.lanes)
        })
      }
    }
    this.#dense = null
    this.#table = null
    this.#spilledOctets += this.#log?.spilledOctets ?? 0
    this.#log?.close()
    this.#log = null
    this.#input = null
  }

  #share(keys: Uint32Array, count: number, lanes: readonly (LaneValues | null)[]): void {
    unpackMeanings(this.shape, this.#input, keys, 0, count, this.#meanings)
    this.addMeanings(this.#meanings, count, lanes)
  }

  /** Adds groups by the meaning of their keys; `lanes` as for `add`. Does not count into `totals`. */
  addMeanings(columns: readonly Uint32Array[], count: number, lanes: readonly (LaneValues | null)[]): void {
    this.#meant ??= newVector(this.shape.meaningLayout.words, this.shape.operations.length)
    const vector = this.#meant
    packMeanings(this.shape, columns, count, vector)
    for (const [lane, values] of lanes.entries()) vector.lanes[lane] = values
    this.#sharedLog().append(vector)
  }

  /** Where all inputs meet. */
  #sharedLog(): RecordLog {
    const { words, headWords } = this.shape.meaningLayout
    this.#shared ??= new RecordLog(
      { words, headWords, lanes: this.shape.operations.length },
      this.#options.memoryOctets / 2,
      this.#options.temporaryDirectory,
    )
    return this.#shared
  }

  #allToLog(): void {
    if (this.#dense !== null) {
      const dense = this.#dense
      this.#dense = null
      for (const store of dense.stores())
        vectorsOf(store, this.shape.operations.length, (vector) => this.#logged().append(vector))
    }
    if (this.#table !== null) this.#tableToLog()
  }

  /** Groups of the input that was entered last. */
  *#inputStores(best: BestOf | null = null): Generator<GroupStore> {
    const { layout } = this.#input!
    const { words, headWords } = layout.layout
    const shared = { words, headWords, input: this.#input }
    if (this.#log === null) {
      if (this.#dense !== null)
        for (const store of this.#dense.stores(best)) yield { ...store, ...shared, isWide: false }
      else if (this.#table !== null) {
        const { count, keys, sums } = this.#table
        yield { count, among: count, keys, sums, ...shared, isWide: false }
      }
      return
    }
    this.#allToLog()
    for (const store of this.#merged(
      this.#log,
      shared,
      this.#inputTotals.some((total) => total >= WIDE),
    ))
      yield store
  }

  *#merged(
    log: RecordLog,
    shared: { words: number; headWords: number; input: GroupStore['input'] },
    isWide: boolean,
  ): Generator<GroupStore> {
    const operations = isWide
      ? this.shape.operations.flatMap((operation) => [operation, operation])
      : this.shape.operations
    const { words, headWords } = shared
    let table: GroupTable | null = null
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const records = log.partitionRecords(partition)
      if (records === 0) continue
      const octets = GroupTable.octets(words, operations.length, records) * 2
      let passes = 1
      while (octets / passes > this.#options.memoryOctets / 2 && passes < 2 ** 16) passes *= 2
      for (let pass = 0; pass < passes; pass++) {
        table ??= new GroupTable(words, operations, Math.min(records, MOST_GROUPS_AT_ONCE))
        const own: GroupTable = table
        own.clear()
        const narrowed = passes === 1 ? null : newVector(words, this.shape.operations.length)
        log.forEach(partition, (all) => {
          const vector = narrowed === null ? all : choose(all, headWords, passes, pass, narrowed)
          own.add(isWide ? widened(vector, this.shape.operations) : vector)
        })
        const { count, keys, sums } = own
        if (count > 0) yield { ...shared, count, among: count, keys, sums, isWide }
      }
    }
  }

  /**
   * All groups, or at least the best of them where all are wanted for no more; those of one head come in the same store. A
   * store is good until the next is asked for.
   */
  *stores(best: BestOf | null = null): Generator<GroupStore> {
    if (this.#shared === null) {
      if (this.#input !== null) yield* this.#inputStores(best)
      return
    }
    this.#leaveInput()
    const { words, headWords } = this.shape.meaningLayout
    const isWide = this.totals.some((total) => total >= WIDE)
    yield* this.#merged(this.#shared, { words, headWords, input: null }, isWide)
  }

  /**
   * All that is here, to be added to another table of the same shape; this one is not to be used any more. With
   * `leavesInput` groups are told by what they mean, else by the codes of the input entered last.
   */
  part(leavesInput: boolean): AggregationPart {
    // Common numbers are packed alike everywhere; who has met others does not know who has not.
    if (!this.#isCommon && (leavesInput || !this.shape.isNumbered)) this.#leaveInput()
    const table = this.#table
    return {
      totals: this.totals,
      inputTotals: this.#inputTotals,
      layout: this.#input === null ? null : layoutName(this.#input.layout),
      dense: this.#dense === null ? null : { sums: this.#dense.sums, seen: this.#dense.seen },
      table:
        table === null
          ? null
          : { count: table.count, keys: table.keys, sums: table.sums, words: table.words },
      log: this.#log?.part() ?? null,
      shared: this.#shared?.part() ?? null,
      spilledOctets: this.#spilledOctets,
    }
  }

  /** Adds what another thread has; `scope` is of the input whose codes it uses. Throws FILE_UNWRITABLE. */
  addPart(part: AggregationPart, scope: AddressScope | null): void {
    for (const [lane, total] of part.totals.entries()) this.totals[lane]! += total
    this.#spilledOctets += part.spilledOctets
    if (part.shared !== null) this.#sharedLog().adopt(part.shared)
    if (part.layout === null) return
    if (!this.shape.isNumbered && !this.#isCommon) {
      this.#leaveInput()
      this.#isCommon = true
    }
    if (this.#input === null) this.#enterInput(scope ?? NO_ADDRESSES)
    if (layoutName(this.#input!.layout) !== part.layout)
      throw new Error('parts of one input differ in layout')
    let isWide = false
    for (const [lane, total] of part.inputTotals.entries()) {
      this.#inputTotals[lane]! += total
      if (this.#inputTotals[lane]! >= WIDE) isWide = true
    }
    const lanes = this.shape.operations.length
    const { dense, table, log } = part
    if (dense !== null) {
      if (this.#dense !== null && !isWide) this.#dense.addGroups(dense)
      else
        for (const store of storesOf(this.#input!.layout.layout, dense, lanes, null))
          vectorsOf(store, lanes, (vector) => this.#logged().append(vector))
    }
    if (table !== null) vectorsOf(table, lanes, (vector) => this.#addGroups(vector, isWide))
    if (log !== null && this.#table !== null) this.#tableToLog()
    if (log !== null) this.#logged().adopt(log)
  }

  #addGroups(vector: Vector, isWide: boolean): void {
    if (this.#table === null || isWide) this.#logged().append(vector)
    else {
      this.#table.add(vector)
      if (this.#table.count > MOST_GROUPS_AT_ONCE) this.#tableToLog()
    }
  }

  close(): void {
    this.#log?.close()
    this.#shared?.close()
  }
}
