import type { Field } from '../../flow/fields.ts'
import type { FlowFile, FlowStream } from '../../flow/source.ts'
import type { Picture } from '../html/pictures.ts'
import type { ResultTable, RunOptions } from '../query.ts'
import type { Question, Setting } from '../question.ts'
import type { Laid, Names } from '../report.ts'

/** A flag that only one report has. */
export interface PresetFlag {
  readonly name: string
  readonly help: string
  /** What help calls the value; a flag without one is on or off. */
  readonly value?: string
  readonly default?: string
  readonly defaultHelp?: string
  readonly choices?: readonly string[]
  readonly completes?: 'file'
}

/** What the user asked of a report; null where a flag was not given, so that the report has its own default. */
export interface Asked {
  readonly by: readonly string[] | null
  readonly sum: readonly string[] | null
  readonly binMs: number | null
  readonly top: readonly number[] | null
  readonly isAscending: boolean
  readonly per: readonly string[]
  readonly sort: string | null
  /** What sorts groups within others, if not `sort`. */
  readonly innerSort: string | null
  readonly others: boolean | null
  readonly having: string | null
  /** The least part of the whole that a group must have of what sorts; null: none. */
  readonly leastShare: number | null
  readonly hasShare: boolean
  readonly hasCumulative: boolean
  /** The window, nanoseconds; null where it is open. */
  readonly fromNs: bigint | null
  readonly toNs: bigint | null
  readonly timeZone: string
  /** The filter's text as the user gave it. */
  readonly filter: string | null
  /** The report's own word (`top services`), or null. */
  readonly operand: string | null
  readonly isForPeople: boolean
  /** The value of a flag of the report's own, its default if it has one. */
  flag(name: string): string | null
  isOn(name: string): boolean
}

/** Questions that the engine answers together in one pass, and how their answers are laid out. */
export interface QuestionPlan {
  readonly kind: 'questions'
  readonly questions: readonly Question[]
  /** Gets the answers in the order of the questions. */
  lay(tables: readonly ResultTable[], names: Names): Laid | Promise<Laid>
}

/** A report that reads flows itself. */
export interface ReadingPlan {
  readonly kind: 'reading'
  /** The span of time it reads where that is wider than what was asked about. */
  readonly window?: { readonly fromNs: bigint | null; readonly toNs: bigint | null } | null | undefined
  /** What `--explain` says. */
  readonly explanation: readonly string[]
  /** The columns of inputs that it looks at, but for those of the user's filter; absent: all. Throws QUERY_INVALID. */
  columns?(setting: Setting): readonly Field[]
  read(
    inputs: readonly (FlowFile | FlowStream)[],
    setting: Setting,
    options: RunOptions,
    names: Names,
  ): Promise<Laid & { readonly tables: readonly ResultTable[] }>
}

/** Rows of the inputs themselves. */
export interface RowsPlan {
  readonly kind: 'rows'
  /** Words for columns; null: all that inputs have. */
  readonly columns: readonly string[] | null
  readonly limit: number | null
  /** The column that sorts; null: as they come. */
  readonly sort: string | null
  readonly isAscending: boolean
}

export type Plan = QuestionPlan | ReadingPlan | RowsPlan

/** A report as data: its page in the help, and what it asks. One file beside this for each; `presets.ts` lists them. */
export interface Preset {
  readonly name: string
  /** One line in the list of reports. */
  readonly summary: string
  /** A paragraph of its page: what it shows and how it counts. */
  readonly description: string
  /** A word of its own before the filter: one of `choices`, or any word if it `takes` it. */
  readonly operand: {
    readonly value: string
    readonly choices: readonly string[] | null
    readonly isRequired: boolean
  } | null
  readonly flags: readonly PresetFlag[]
  /** Whether it tells what interfaces are called, or how fast they are. */
  readonly namesInterfaces?: true
  readonly examples: readonly { readonly says: string; readonly line: string }[]
  /** A flag that asks for a drawing of letters: with it `table` is the format wherever it goes. */
  readonly drawnBy?: string
  /** What a page draws beside its tables; absent: traffic over time and who has to do with whom. */
  readonly pictures?: readonly Picture[]
  /** What it asks; throws QUERY_INVALID for flags without sense. Lays out by what it loads itself: start-up is short. */
  plan(asked: Asked): Plan | Promise<Plan>
}
