import type { Column, ListColumn, OctetsColumn, OctetsListColumn } from '../flow/batch.ts'
import type { Field } from '../flow/fields.ts'
import type { FlowBlock, Problem } from '../flow/source.ts'

/** How times are written. */
export type TimeForm = 'rfc3339' | 'epoch-ns' | 'epoch-ms'

/** How a cell is printed; the labels of `switch`es repeat these numbers, because V8 makes a jump table of literals. */
export const CELL = {
  absent: 0,
  u8: 1,
  u16: 2,
  u32: 3,
  u64: 4,
  i64: 5,
  f64: 6,
  time: 7,
  milliseconds: 8,
  address: 9,
  mac: 10,
  octets: 11,
  text: 12,
  u32List: 13,
  addressList: 14,
  octetsList: 15,
} as const

/** Octets that a cell takes at most; of columns of variable size for each octet or element, and once. */
const ROOM = { fixed: 48, item: 48, octet: 2, once: 4 } as const

const NO_OCTETS = new Uint8Array(0)
const NO_SHORTS = new Uint16Array(0)
const NO_WORDS = new Uint32Array(0)
const NO_FLOATS = new Float64Array(0)

/** Columns of one block by their place in an output, split by the width of values so that loads stay monomorphic. */
export class Cells {
  readonly kinds: Uint8Array
  readonly present: Uint8Array[]
  readonly u8: Uint8Array[]
  readonly u16: Uint16Array[]
  readonly words: Uint32Array[]
  readonly floats: Float64Array[]
  readonly columns: (Column | null)[]
  /** Places of columns of variable size. */
  variable: number[] = []
  readonly #fields: readonly Field[]
  readonly #times: TimeForm

  constructor(fields: readonly Field[], times: TimeForm) {
    const places = fields.length
    this.#fields = fields
    this.#times = times
    this.kinds = new Uint8Array(places)
    this.present = new Array(places).fill(NO_OCTETS)
    this.u8 = new Array(places).fill(NO_OCTETS)
    this.u16 = new Array(places).fill(NO_SHORTS)
    this.words = new Array(places).fill(NO_WORDS)
    this.floats = new Array(places).fill(NO_FLOATS)
    this.columns = new Array(places).fill(null)
  }

  /** Reads the columns of `block`; a column that is not there, or cannot be read, has absent cells. */
  read(block: FlowBlock, problems: Problem[]): void {
    this.variable = []
    this.#fields.forEach((field, place) => {
      const column = block.read(field, problems)?.column ?? null
      this.columns[place] = column
      this.kinds[place] = column === null ? CELL.absent : this.#kindOf(field)
      this.present[place] = column?.present ?? NO_OCTETS
      if (column === null) return
      if (column.shape !== 'fixed') {
        this.variable.push(place)
        return
      }
      const { values } = column
      if (values instanceof Uint8Array) this.u8[place] = values
      else if (values instanceof Uint16Array) this.u16[place] = values
      else if (values instanceof Uint32Array) this.words[place] = values
      else this.floats[place] = values
    })
  }

  /** Octets that the cells of `row` take at most, separators included. */
  room(row: number): number {
    let room = this.kinds.length * ROOM.fixed
    for (let i = 0; i < this.variable.length; i++) {
      const place = this.variable[i]!
      const column = this.columns[place] as OctetsColumn | ListColumn | OctetsListColumn
      const length = column.lengths[row]!
      if (column.shape === 'octets') room += length * ROOM.octet + ROOM.once
      else if (column.shape === 'list') room += length * ROOM.item
      else {
        const start = column.starts[row]!
        for (let item = start; item < start + length; item++)
          room += column.itemLengths[item]! * ROOM.octet + ROOM.once
      }
    }
    return room
  }

  #kindOf(field: Field): number {
    switch (field.kind) {
      case 'u64':
        if (field.semantics !== 'timestamp' || this.#times === 'epoch-ns') return CELL.u64
        return this.#times === 'epoch-ms' ? CELL.milliseconds : CELL.time
      case 'u32-list':
        return CELL.u32List
      case 'address-list':
        return CELL.addressList
      case 'octets-list':
        return CELL.octetsList
      default:
        return CELL[field.kind]
    }
  }
}
