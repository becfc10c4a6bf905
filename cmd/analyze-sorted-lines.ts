import type { WriteOctets } from '../lib/export/block-sink.ts'
import type { Field } from '../lib/flow/fields.ts'
import type { FlowBlock, Problem } from '../lib/flow/source.ts'
import { cellOf } from '../lib/report/cell-of.ts'
import type { Cell } from '../lib/report/query.ts'
import { type Line, RunFile } from './analyze-run-file.ts'

const LINE_FEED = 0x0a
const QUOTE = 0x22
/** What a line in memory takes beside its octets, measured. */
const LINE_OCTETS = 200
/** Beyond twice the limit so many lines are kept before they are sorted. */
const MORE_LINES = 1000
const LEAST_PAGE = 2 ** 12
const MOST_PAGE = 2 ** 20

/** What rows are sorted by, and how many of them are wanted. */
export interface RowOrder {
  readonly field: Field
  readonly isAscending: boolean
  readonly limit: number | null
}

/** Compares what rows are sorted by; those without a value come last. */
export function compareOrders(a: Cell, b: Cell, isAscending: boolean): number {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  return a < b === isAscending ? -1 : 1
}

/**
 * Printed rows in order, however many: what exceeds the memory goes to disk in sorted runs, which are read together in the
 * end. Rows that are equal stay as they came.
 */
export class SortedLines {
  readonly #order: RowOrder
  readonly #mostOctets: number
  readonly #directory: string
  readonly #hasQuotes: boolean
  readonly #hasHeader: boolean
  #header: Uint8Array | null = null
  /** Printed, not yet told apart. */
  #pieces: Uint8Array[] = []
  #lines: Line[] = []
  #octets = 0
  /** What a row must come before to be wanted; undefined until there are enough. */
  #bound: Cell | undefined
  #file: RunFile | null = null

  constructor(
    order: RowOrder,
    form: { readonly hasQuotes: boolean; readonly hasHeader: boolean },
    memory: { readonly memoryOctets: number; readonly temporaryDirectory: string },
  ) {
    this.#order = order
    this.#hasQuotes = form.hasQuotes
    this.#hasHeader = form.hasHeader
    this.#mostOctets = memory.memoryOctets / 4
    this.#directory = memory.temporaryDirectory
  }

  /** The rows that may be wanted: those that are worth to be printed. */
  choose(block: FlowBlock, rows: Uint32Array | null, problems: Problem[]): Uint32Array | null {
    const bound = this.#bound
    if (bound === undefined) return rows
    const column = block.read(this.#order.field, problems)?.column ?? null
    const count = rows === null ? block.info.rows : rows.length
    const chosen = new Uint32Array(count)
    let wanted = 0
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i]!
      const order = column === null ? null : cellOf(column, row)
      if (compareOrders(order, bound, this.#order.isAscending) < 0) chosen[wanted++] = row
    }
    return chosen.subarray(0, wanted)
  }

  /** Takes what a sink prints. */
  readonly write: WriteOctets = (octets, from, to) => {
    this.#pieces.push(new Uint8Array(octets.subarray(from, to)))
  }

  /** Takes what was printed of a block's rows, a line each. Throws FILE_UNWRITABLE. */
  take(block: FlowBlock, rows: Uint32Array | null, problems: Problem[]): void {
    const octets = Buffer.concat(this.#pieces.splice(0))
    const column = block.read(this.#order.field, problems)?.column ?? null
    let from = 0
    let row = 0
    for (const to of endsOfLines(octets, this.#hasQuotes)) {
      const line = octets.subarray(from, to)
      from = to
      if (this.#hasHeader && this.#header === null) {
        this.#header = line
        continue
      }
      const order = column === null ? null : cellOf(column, rows === null ? row : rows[row]!)
      this.#lines.push({ order, octets: line })
      row++
    }
    const count = rows === null ? block.info.rows : rows.length
    this.#octets += octets.length + count * LINE_OCTETS
    const { limit } = this.#order
    if (limit !== null && this.#lines.length > limit * 2 + MORE_LINES) this.#trim(limit)
    if (this.#octets < this.#mostOctets) return
    this.#file ??= new RunFile(this.#directory)
    this.#file.append(this.#sorted())
    this.#lines = []
    this.#octets = 0
  }

  /** Lets go of lines that are not wanted, and of the memory in which they were printed. */
  #trim(limit: number): void {
    this.#lines = this.#sorted().map(({ order, octets }) => ({ order, octets: new Uint8Array(octets) }))
    this.#octets = this.#lines.reduce((sum, { octets }) => sum + octets.length + LINE_OCTETS, 0)
    if (this.#lines.length === limit) this.#bound = this.#lines.at(-1)?.order
  }

  /** Lines in memory that may be wanted, in order. */
  #sorted(): Line[] {
    const { isAscending, limit } = this.#order
    // Sorting keeps the order of equals.
    this.#lines.sort((a, b) => compareOrders(a.order, b.order, isAscending))
    return limit === null ? this.#lines : this.#lines.slice(0, limit)
  }

  /** Writes all lines. Throws FILE_UNWRITABLE. */
  end(write: WriteOctets): void {
    // A header without rows was not taken.
    for (const piece of this.#header === null ? this.#pieces : [this.#header]) write(piece, 0, piece.length)
    let left = this.#order.limit ?? Number.POSITIVE_INFINITY
    let page: Uint8Array = new Uint8Array(MOST_PAGE)
    let used = 0
    for (const { octets } of this.#merged()) {
      if (left-- <= 0) break
      if (used + octets.length > page.length) {
        write(page, 0, used)
        used = 0
        if (octets.length > page.length) page = new Uint8Array(octets.length)
      }
      page.set(octets, used)
      used += octets.length
    }
    if (used > 0) write(page, 0, used)
  }

  *#merged(): Generator<Line> {
    const file = this.#file
    if (file === null) {
      yield* this.#sorted()
      return
    }
    const size = this.#mostOctets / (file.runs.length + 1)
    const page = Math.min(MOST_PAGE, Math.max(LEAST_PAGE, size))
    const runs: Iterator<Line>[] = file.runs.map((run) => file.read(run, Math.floor(page)))
    // What is in memory came last.
    runs.push(this.#sorted().values())
    yield* mergedLines(runs, this.#order.isAscending)
  }

  close(): void {
    this.#file?.close()
    this.#file = null
  }
}

/** Lines of sorted runs in order; of equal ones those of earlier runs first. */
function* mergedLines(runs: readonly Iterator<Line>[], isAscending: boolean): Generator<Line> {
  const heads: { line: Line; readonly run: number }[] = []
  const isBefore = (a: number, b: number) => {
    const [x, y] = [heads[a]!, heads[b]!]
    const difference = compareOrders(x.line.order, y.line.order, isAscending)
    return difference < 0 || (difference === 0 && x.run < y.run)
  }
  const settle = (from: number) => {
    for (let at = from; ; ) {
      let first = at
      for (const child of [at * 2 + 1, at * 2 + 2])
        if (child < heads.length && isBefore(child, first)) first = child
      if (first === at) return
      ;[heads[at], heads[first]] = [heads[first]!, heads[at]!]
      at = first
    }
  }
  for (const [run, lines] of runs.entries()) {
    const next = lines.next()
    if (next.done !== true) heads.push({ line: next.value, run })
  }
  for (let at = heads.length >> 1; at >= 0; at--) settle(at)
  while (heads.length > 0) {
    const head = heads[0]!
    yield head.line
    const next = runs[head.run]!.next()
    if (next.done !== true) head.line = next.value
    else {
      const last = heads.pop()!
      if (heads.length === 0) return
      heads[0] = last
    }
    settle(0)
  }
}

/** Where each line ends; line feeds within quotes end none. */
function endsOfLines(octets: Uint8Array, hasQuotes: boolean): number[] {
  const ends: number[] = []
  let isWithin = false
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at]!
    if (octet === QUOTE && hasQuotes) isWithin = !isWithin
    else if (octet === LINE_FEED && !isWithin) ends.push(at + 1)
  }
  return ends
}
