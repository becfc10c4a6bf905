import type { Cell, ResultColumn, ResultTable } from './query.ts'
import type { Question } from './question.ts'

/** One of the things that a cell lists, and its part of the whole in 0..1. */
export interface Part {
  /** For machines: `15169`, `443/tcp`. */
  readonly key: string
  /** For people, beside the key or instead of it; may be empty. */
  readonly name: string
  readonly share: number
}

/** A cell of a report: what results have, or a short list. */
export type ReportCell = Cell | readonly Part[]

export type ReportUnit = ResultColumn['unit'] | 'parts' | 'milliseconds'

export interface ReportColumn {
  /** In formats for machines; stable. */
  readonly name: string
  /** Above the column in formats for people. */
  readonly title: string
  readonly role: 'key' | 'measure'
  readonly unit: ReportUnit
  /** Tables leave out columns from the highest rank down until the rest fits; rank 0 always stays. */
  readonly rank: number
  /** Whether tables may cut its texts. Never set for addresses and numbers. */
  readonly mayBeCut: boolean
}

/** A column whose texts no table may cut. */
export function wholeColumn(
  name: string,
  title: string,
  unit: ReportUnit,
  rank: number,
  role: 'key' | 'measure' = 'measure',
): ReportColumn {
  return { name, title, role, unit, rank, mayBeCut: false }
}

export type ReportRow = readonly ReportCell[]

/** A table of a report. */
export interface Section {
  /** Tells it from the report's other sections, also where machines read it. */
  readonly name: string
  /** A line above it for people, if it is not the only one. */
  readonly title: string | null
  readonly columns: readonly ReportColumn[]
  readonly rows: readonly ReportRow[]
  /** What the shown rows leave; key cells are null and the first of them that is no time reads `others`. */
  readonly others: readonly ReportRow[]
  readonly totals: ReportRow | null
  /** Groups there were before the first ones were chosen. */
  readonly groups: number
  /**
   * How people see it: rows below one another; a tree of the first key columns, whose inner sums are `outer`; one line a
   * group with its course in time; names and values for a single row; a matrix, whose columns are keys too.
   * On pages only: a course without its rows, and pairs of keys as ribbons.
   */
  readonly look: 'table' | 'tree' | 'sparkline' | 'facts' | 'matrix' | 'chart' | 'ribbons'
  /** Of a tree: what a key's text is called besides, or null. */
  readonly keyNames?: (column: string, text: string) => string | null
  /** Of a tree: the tables of the outer keys, outermost first. */
  readonly outer: readonly ResultTable[]
}

/** One line of what is to be known of the answer: a word for machines, a value, and the sentence for people. */
export interface Remark {
  readonly name: string
  readonly value: string | number | bigint
  readonly text: string
}

/** An answer laid out. */
export interface Report {
  readonly name: string
  readonly title: string
  readonly sections: readonly Section[]
  /** Sentences that belong to the answer itself, such as a definition. */
  readonly notes: readonly string[]
  /** How good it is. */
  readonly footer: readonly Remark[]
  /** The commands that ask the same without the report's name. */
  readonly queries: readonly string[]
}

/** What a preset makes of answers: a report without what is the same for all of them. */
export type Laid = Pick<Report, 'title' | 'sections' | 'notes'> & {
  /** What only this report knows of how good it is. */
  readonly remarks?: readonly Remark[]
  /** What pages alone show, above the sections. */
  readonly drawings?: readonly Section[]
  /** What pages alone draw: answers over time to these questions, whose bins are as the page has room. */
  readonly courses?: readonly Course[]
}

/** A question whose first key is time, to be drawn. */
export interface Course {
  readonly title: string
  readonly question: Question
}

/** Names for people, from whoever knows them; the empty text where nobody does. */
export interface Names {
  system(number: number): string
  service(protocol: number, port: number): string
  protocol(number: number): string
  /** What its exporter or the user calls an interface; the empty text where nobody does. */
  interfaceName?(exporter: string, index: number): string
  /** Bits per second; 0 unknown. */
  interfaceSpeed?(exporter: string, index: number): number
}
