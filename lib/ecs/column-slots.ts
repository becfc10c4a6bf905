import {
  BATCH_ROWS,
  type Column,
  type FlowBatch,
  type ListColumn,
  type OctetsColumn,
  type OctetsListColumn,
} from '../flow/batch.ts'
import type { Field } from '../flow/fields.ts'

const NO_U8 = new Uint8Array(BATCH_ROWS)
const NO_U16 = new Uint16Array(BATCH_ROWS)
const NO_WORDS = new Uint32Array(BATCH_ROWS * 4)
const NO_FLOATS = new Float64Array(BATCH_ROWS)

/** Columns by number: what programs name them by. A batch is bound once, then its values need no look-up. */
export class ColumnSlots {
  readonly u8: Uint8Array[] = []
  readonly u16: Uint16Array[] = []
  /** Columns of 32 bits and more. */
  readonly words: Uint32Array[] = []
  readonly floats: Float64Array[] = []
  readonly present: Uint8Array[] = []
  readonly octets: (OctetsColumn | null)[] = []
  readonly lists: (ListColumn | null)[] = []
  readonly octetsLists: (OctetsListColumn | null)[] = []
  readonly #fields: Field[] = []
  readonly #slots = new Map<Field, number>()
  #batch: FlowBatch | null = null

  /** The number of a column, the same for every batch. */
  slotOf(field: Field): number {
    let slot = this.#slots.get(field)
    if (slot === undefined) {
      slot = this.#fields.length
      this.#slots.set(field, slot)
      this.#fields.push(field)
      this.#bindOne(slot, this.#batch?.find(field))
    }
    return slot
  }

  /** Takes the columns of a batch; those that it does not have hold nothing. */
  bind(batch: FlowBatch): void {
    this.#batch = batch
    for (let slot = 0; slot < this.#fields.length; slot++)
      this.#bindOne(slot, batch.find(this.#fields[slot]!))
  }

  /** Lets the batch go. */
  release(): void {
    this.#batch = null
  }

  #bindOne(slot: number, column: Column | undefined): void {
    const values = column?.shape === 'fixed' ? column.values : null
    this.u8[slot] = values instanceof Uint8Array ? values : NO_U8
    this.u16[slot] = values instanceof Uint16Array ? values : NO_U16
    this.words[slot] = column?.shape === 'fixed' && column.words.length > 0 ? column.words : NO_WORDS
    this.floats[slot] = values instanceof Float64Array ? values : NO_FLOATS
    this.octets[slot] = column?.shape === 'octets' ? column : null
    this.lists[slot] = column?.shape === 'list' ? column : null
    this.octetsLists[slot] = column?.shape === 'octets-list' ? column : null
    this.present[slot] = column?.present ?? NO_U8
  }
}
