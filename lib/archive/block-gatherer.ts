import type { FlowBatch, RecordKind } from '../flow/batch.ts'
import { F } from '../flow/fields.ts'
import type { AddressDictionary } from './address-dictionary.ts'
import { type Gathered, gather, gatherLayouts, growGathered, newGathered, resetGathered } from './gathered.ts'
import type { SchemaWriter } from './schema.ts'

/** A block is closed early when strings and lists of its rows take this much. */
const MOST_EXTRA_OCTETS = 64 * 2 ** 20
const FIRST_CAPACITY = 8192

/** Rows of one record kind that wait for their block. */
export class BlockGatherer {
  readonly kind: RecordKind
  rows = 0
  #extraOctets = 0
  #capacity = FIRST_CAPACITY
  /** By the field's index. */
  readonly columns = new Map<number, Gathered>()
  readonly #schema: SchemaWriter
  readonly #addresses: AddressDictionary
  #numbers = new Uint32Array(16)

  constructor(kind: RecordKind, schema: SchemaWriter, addresses: AddressDictionary) {
    this.kind = kind
    this.#schema = schema
    this.#addresses = addresses
  }

  /** Whether strings and lists alone are reason enough to close the block. */
  get isHeavy(): boolean {
    return this.#extraOctets > MOST_EXTRA_OCTETS
  }

  /** Copies all rows of `batch`. */
  append(batch: FlowBatch): void {
    const { rowCount } = batch
    this.#grow(this.rows + rowCount)
    for (const column of batch.columns()) {
      const { index } = column.field
      let gathered = this.columns.get(index)
      if (gathered === undefined) {
        // Batches keep columns that no row holds any more.
        const held = column.present.indexOf(1)
        if (held < 0 || held >= rowCount) continue
        gathered = newGathered(column.field, this.#schema.columnId(column.field), this.#capacity)
        this.columns.set(index, gathered)
      }
      if (column.field === F.layout) {
        gatherLayouts(gathered, column, rowCount, this.rows, this.#layoutNumbers(batch))
      } else {
        this.#extraOctets += gather(gathered, column, rowCount, this.rows, this.#addresses)
      }
    }
    this.rows += rowCount
  }

  /** Forgets the rows, and the columns that none of them held. */
  reset(): void {
    for (const [index, gathered] of this.columns) {
      if (gathered.presentRows === 0) this.columns.delete(index)
      else resetGathered(gathered, this.rows)
    }
    this.rows = 0
    this.#extraOctets = 0
  }

  #layoutNumbers(batch: FlowBatch): Uint32Array {
    const { layouts } = batch
    if (layouts.length >= this.#numbers.length) this.#numbers = new Uint32Array(layouts.length * 2)
    for (const [i, layout] of layouts.entries()) this.#numbers[i + 1] = this.#schema.layoutNumber(layout)
    return this.#numbers
  }

  #grow(rows: number): void {
    if (rows <= this.#capacity) return
    while (this.#capacity < rows) this.#capacity *= 2
    for (const gathered of this.columns.values()) growGathered(gathered, this.#capacity)
  }
}
