import type { LimitedLog } from '../lib/diagnostics/log-writer.ts'
import type { Control } from '../lib/pipeline/control.ts'
import type { CollectOptions } from './collect-flags.ts'

/** One run of `weir collect`. */
export interface CollectRun {
  readonly options: CollectOptions
  /** Text of the mapping file, if there is one. */
  readonly mapping: string | null
  readonly control: Control
  readonly log: LimitedLog
}
