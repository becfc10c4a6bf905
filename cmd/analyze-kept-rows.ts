import { FlowError } from '../lib/diagnostics/flow-error.ts'
import type { ExportColumn } from '../lib/export/columns.ts'
import { F, type Field } from '../lib/flow/fields.ts'
import { protocolName } from '../lib/flow/protocol-names.ts'
import type { FlowBlock, Problem } from '../lib/flow/source.ts'
import { cellOf, unitOfField } from '../lib/report/cell-of.ts'
import type { Cell } from '../lib/report/query.ts'
import type { ReportColumn, Section } from '../lib/report/report.ts'
import { titleOf } from '../lib/report/section.ts'
import { compareOrders, type RowOrder } from './analyze-sorted-lines.ts'
import { formatTime } from './times.ts'

/** Octets that a kept cell takes with all that formats make of it, measured for tables: the most. */
const CELL_OCTETS = 112

interface Kept {
  readonly cells: readonly Cell[]
  readonly order: Cell
  /** Ties stay as they came. */
  readonly place: number
}

/** Rows of a listing that are kept until all are known, of an order with a limit only the first ones. */
export class KeptRows {
  readonly #columns: readonly ExportColumn[]
  readonly #order: RowOrder | null
  readonly #most: number
  #rows: Kept[] = []
  #seen = 0
  /** What a row must come before to be among the first; undefined until there are enough. */
  #bound: Cell | undefined

  constructor(columns: readonly ExportColumn[], order: RowOrder | null, memoryOctets: number) {
    this.#columns = columns
    this.#order = order
    this.#most = Math.max(1000, Math.floor(memoryOctets / (CELL_OCTETS * (columns.length + 2))))
  }

  get count(): number {
    return this.#rows.length
  }

  /** Takes rows of a block; throws QUERY_INVALID where they are more than memory holds. */
  take(block: FlowBlock, rows: Uint32Array | null, problems: Problem[]): void {
    const columns = this.#columns.map(({ field }) => block.read(field, problems)?.column ?? null)
    const order = this.#order === null ? null : (block.read(this.#order.field, problems)?.column ?? null)
    const count = rows === null ? block.info.rows : rows.length
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i]!
      const value = order === null ? null : cellOf(order, row)
      this.#seen++
      if (this.#bound !== undefined && this.#compare(value, this.#bound) >= 0) continue
      const cells = columns.map((column) => (column === null ? null : cellOf(column, row)))
      this.#rows.push({ cells, order: value, place: this.#seen })
      if (this.#rows.length >= this.#most) this.#trim()
    }
    const limit = this.#order?.limit ?? null
    if (limit !== null && this.#rows.length > limit * 2 + 1000) this.#trim()
  }

  #trim(): void {
    const limit = this.#order?.limit ?? null
    if (limit !== null) {
      this.#sort()
      this.#rows.length = Math.min(this.#rows.length, limit)
      if (this.#rows.length === limit && limit > 0) this.#bound = this.#rows.at(-1)!.order
    }
    if (this.#rows.length < this.#most) return
    throw new FlowError(
      'QUERY_INVALID',
      `list: more than ${this.#most} rows to keep: ask for the first ones with --top, give more --memory, or take csv, tsv or ndjson`,
    )
  }

  #sort(): void {
    this.#rows.sort((a, b) => this.#compare(a.order, b.order) || a.place - b.place)
  }

  #compare(a: Cell, b: Cell): number {
    return compareOrders(a, b, this.#order!.isAscending)
  }

  /** The rows as a section. For people protocols and flags are words. */
  section(isForPeople: boolean): Section {
    if (this.#order !== null) {
      this.#sort()
      const { limit } = this.#order
      if (limit !== null) this.#rows.length = Math.min(this.#rows.length, limit)
    }
    const words = this.#columns.map(({ field }) => (isForPeople ? wordOf(field) : plainOf(field)))
    const columns: ReportColumn[] = this.#columns.map(({ name, field }, i) => ({
      name,
      title: titleOf(name),
      role: isKey(field) ? 'key' : 'measure',
      unit: isForPeople && words[i] !== null ? 'text' : unitOfField(field),
      rank: isKey(field) ? 0 : COUNTERS.has(field) ? 1 : i + 2,
      mayBeCut: false,
    }))
    return {
      name: 'list',
      title: null,
      columns,
      rows: this.#rows.map(({ cells }) =>
        cells.map((cell, i) => (cell === null || words[i] === null ? cell : words[i]!(cell))),
      ),
      others: [],
      totals: null,
      groups: this.#rows.length,
      look: 'table',
      outer: [],
    }
  }
}

/** Numbers that are names, not amounts. */
function isKey(field: Field): boolean {
  return field.semantics !== 'deltaCounter' && field.semantics !== 'totalCounter' && KEYS.has(field)
}

const KEYS: ReadonlySet<Field> = new Set([
  F.flowStart,
  F.protocolIdentifier,
  F.sourceAddress,
  F.destinationAddress,
  F.sourceTransportPort,
  F.destinationTransportPort,
])
const COUNTERS: ReadonlySet<Field> = new Set([F.packetDeltaCount, F.octetDeltaCount])

const FLAG_LETTERS = 'FSRPAUEC'

function wordOf(field: Field): ((cell: Cell) => string) | null {
  if (field === F.protocolIdentifier) return (cell) => protocolName(Number(cell))
  if (field !== F.tcpControlBits) return null
  return (cell) =>
    [...FLAG_LETTERS]
      .map((letter, bit) => ((Number(cell) >> bit) & 1 ? letter : '.'))
      .reverse()
      .join('')
}

/** Times with nine digits, as where rows are not kept. */
function plainOf({ semantics, kind }: Field): ((cell: Cell) => string) | null {
  if (semantics !== 'timestamp' || kind !== 'u64') return null
  return (cell) => {
    const text = formatTime(cell as bigint).slice(0, -1)
    const [seconds = text, fraction = ''] = text.split('.')
    return `${seconds}.${fraction.padEnd(9, '0')}Z`
  }
}
