import type { CollectorState } from '../lib/decode/state-file.ts'
import type { Log } from '../lib/diagnostics/log.ts'
import type { MetricFamily } from '../lib/diagnostics/metrics.ts'
import type { Datagram, Scheme } from '../lib/flow/datagram.ts'
import type { Control } from '../lib/pipeline/control.ts'
import { LineFile } from '../lib/pipeline/line-file.ts'
import type { ArchiveTarget } from './collect-archive.ts'
import type { CollectOptions } from './collect-flags.ts'

export type Templates = Record<string, Record<string, unknown>>

export interface EngineSettings {
  readonly options: CollectOptions
  /** Text of the mapping file, if there is one. */
  readonly mapping: string | null
  readonly control: Control
  readonly log: Log
  /** Where records are archived, if they are. */
  readonly archive: ArchiveTarget | null
}

/** What decodes datagrams and writes what comes of them, in one thread. */
export interface Engine {
  /** Decodes one datagram; never throws. */
  take(datagram: Datagram, scheme: Scheme): void
  /** To be called ten times a second: writes what has waited long enough, reopens files, forgets what is stale. */
  poll(steadyMs: number, wallMs: number): void
  /** Writes what is there. */
  flush(): void
  /** Writes what is there and closes the files. */
  close(): void
  metrics(): MetricFamily[]
  templates(): Templates
  /** Null for an engine that keeps nothing over restarts. */
  saveState(): CollectorState | null
  restoreState(state: CollectorState): void
  /** Faults of the input so far, by code. */
  issues(): [string, number][]
  /** Takes another mapping from now on; throws MAPPING_INVALID and keeps the old one. */
  remap(mapping: string): void
}

/** A file of an engine, `''` for stdout; throws FILE_UNWRITABLE. */
export function openOutput(
  settings: EngineSettings,
  path: string,
  separator: string,
  isText: boolean,
): LineFile {
  const { control, log, options } = settings
  const isReopenedByPoll = options.format === 'weir' && path === (options.output ?? '')
  return new LineFile({
    path,
    separator,
    isLines: isText && separator === '\n',
    isReopenedByPoll,
    control,
    log,
  })
}
