import type { Problem } from '../flow/source.ts'
import type { BlockRows } from './block-rows.ts'
import { egressRows } from './lane-columns.ts'
import type { Query, Selector } from './query.ts'

/** Room for rows grows by so many, so that blocks of nearly the same length share it. */
const STEP = 65_536

/** The rows of a block that a query is about. */
export class RowChoice {
  /** Their numbers, in order; not to be changed. */
  list: Uint32Array = new Uint32Array(0)
  count = 0
  /** Whether all rows of the block are. */
  isAll = true
  /** How many more there would be if flows counted where they leave the router too. */
  egress = 0
  #every = new Uint32Array(0)
  #own = new Uint32Array(0)
  #mask = new Uint8Array(0)

  /** Takes the rows that the filter selects, of `--dedup edge` only those that enter the router. */
  choose(rows: BlockRows, { filter, deduplicate }: Query, problems: Problem[]): void {
    this.list = filter === null ? this.#everyRow(rows.rows) : this.#room(rows.rows)
    this.count = filter === null ? rows.rows : this.#select(rows, filter, problems)
    const egress = deduplicate === 'edge' ? egressRows(rows) : null
    this.egress = egress === null ? 0 : this.leaveOut(egress)
    this.isAll = this.count === rows.rows
  }

  #select({ block, rows }: BlockRows, filter: Selector, problems: Problem[]): number {
    if (filter.list !== undefined) return filter.list(block, this.list, problems)
    if (this.#mask.length < rows) this.#mask = new Uint8Array(rowsOfRoom(rows))
    filter.select(block, this.#mask, problems)
    return listOf(this.#mask, rows, this.list)
  }

  /** Numbers of all rows. */
  #everyRow(rows: number): Uint32Array {
    if (this.#every.length < rows) this.#every = new Uint32Array(rowsOfRoom(rows)).map((_, row) => row)
    return this.#every
  }

  #room(rows: number): Uint32Array {
    if (this.#own.length < rows) this.#own = new Uint32Array(rowsOfRoom(rows))
    return this.#own
  }

  /** Leaves out rows that are marked; returns how many. */
  leaveOut(marks: Uint8Array): number {
    const { list, count } = this
    const kept = this.#room(marks.length)
    let next = 0
    for (let i = 0; i < count; i++) {
      const row = list[i]!
      if (marks[row] === 0) kept[next++] = row
    }
    this.list = kept
    this.count = next
    this.isAll &&= next === count
    return count - next
  }
}

function rowsOfRoom(rows: number): number {
  return Math.ceil(rows / STEP) * STEP
}

/** Numbers of the rows whose mask is 1. */
function listOf(mask: Uint8Array, rows: number, out: Uint32Array): number {
  let count = 0
  for (let row = 0; row < rows; row++) {
    out[count] = row
    count += mask[row]!
  }
  return count
}
