import type { AddressFact } from '../flow/address-fact.ts'
import type { Field } from '../flow/fields.ts'
import type { ApplicationName, InterfaceName } from '../flow/said-texts.ts'
import type { AddressCodes, FlowBlock, Problem } from '../flow/source.ts'
import { compiledOf } from './compiled.ts'
import type { Condition } from './condition.ts'
import { explained } from './explained.ts'
import { conditionOf } from './parser.ts'
import { loadEngine, patternOf } from './pattern.ts'

/** What a filter's words may refer to; all of it optional. */
export interface FilterNames {
  /** Local networks: number 0 is not local. */
  readonly local?: AddressFact
  /** AS numbers of addresses, the numbers being AS numbers; for `as @name` and where the record has no AS. */
  readonly as?: { readonly source: AddressFact; readonly destination: AddressFact } | AddressFact
  /** Country, customer, site, the user's labels. */
  readonly facts?: ReadonlyMap<string, AddressFact>
  /** What exporters call applications; asked when rows are tested. */
  readonly applicationName?: ApplicationName
  /** What exporters call interfaces; asked when rows are tested. */
  readonly interfaceName?: InterfaceName
  /** For `ip in file.txt` and `@include`; throws FlowError FILE_UNREADABLE. */
  readonly readFile?: (path: string) => string
  /** The column of an element that no file has defined yet. */
  readonly field?: (name: string) => Field | undefined
  /** For times of day and times without a zone; UTC by default. */
  readonly timeZone?: string
  readonly nowMs?: number
  /** Whether counters are what the exporter counted, or that times the sampling rate: the default. */
  readonly counters?: 'scaled' | 'raw'
}

/** A filter that can be run over blocks. */
export interface CompiledFilter {
  /** Columns that it reads. */
  readonly fields: readonly Field[]
  /** Whether any row of the block can match, by what the block says of its columns; true where that is not known. */
  mayMatch(block: FlowBlock): boolean
  /** By address code, 1 for those of which a matching row holds at least one; null: rows may match without any. */
  codes?(addresses: AddressCodes): Uint8Array | null
  /** Sets `selection[row]` to 1 or 0 for all rows; returns how many are 1. Reads only the columns it needs. */
  select(block: FlowBlock, selection: Uint8Array, problems: Problem[]): number
  /** Writes the numbers of the rows that match to `rows`, in order; returns how many. As `select`, and quicker. */
  list?(block: FlowBlock, rows: Uint32Array, problems: Problem[]): number
}

/** A filter that has been understood. */
export interface Filter {
  readonly text: string
  readonly condition: Condition
}

/**
 * Reads a filter. Throws FlowError FILTER_INVALID with the place and what would have been right; patterns (`~`) need
 * `loadPatterns` before.
 */
export function parseFilter(text: string, names: FilterNames = {}): Filter {
  return { text, condition: conditionOf(text, names, patternOf) }
}

/** Loads the engine of regular expressions; to be awaited before a filter that may have patterns is parsed. */
export async function loadPatterns(): Promise<void> {
  await loadEngine()
}

/** Makes a filter that can be run; not for two threads at once. */
export function compileFilter(filter: Filter): CompiledFilter {
  return compiledOf(filter.condition)
}

/** Canonical text of the filter, on one line: parsed again it means the same. */
export function explain(filter: Filter): string {
  return explained(filter.condition)
}
