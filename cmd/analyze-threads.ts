import type { Worker } from 'node:worker_threads'
import { type ErrorCode, FlowError } from '../lib/diagnostics/flow-error.ts'
import type { ExporterNamesState } from '../lib/enrich/exporter-names.ts'
import { BlockDealer } from '../lib/report/block-dealer.ts'
import type { PassPart } from '../lib/report/pass.ts'
import type { Helpers } from '../lib/report/query.ts'
import type { Expected } from '../lib/report/query-run.ts'
import type { Question } from '../lib/report/question.ts'
import type { RollupRecords } from '../lib/report/rollup-rows.ts'
import { WorkPace } from '../lib/report/work-pace.ts'
import type { SettingOptions } from './analyze-setting.ts'
import type { ArchiveFacts } from './flow-inputs.ts'
import { startWorker } from './runtime.ts'

// Archive files can be read by several threads at once: each opens them by their paths, takes blocks that nobody has
// taken yet, and asks the same questions of them; what they have is added up in the end.

/** What a thread is given. */
export interface AnalyzeThreadStart {
  readonly asking: readonly { readonly options: SettingOptions; readonly question: Question }[]
  readonly archives: readonly ArchiveFacts[]
  readonly dealer: SharedArrayBuffer
  readonly nowMs: number
  /** What exporters call things; null where nobody asks. */
  readonly said?: ExporterNamesState | null
  readonly memoryOctets: number
  readonly temporaryDirectory: string
  /** Of rollups that stand for records; null where the archives are records. */
  readonly rollups?: AnalyzeThreadRollups | null
}

/** What rollups do not say themselves: how they are asked (`RollupAnswer`), what else there is. */
export interface AnalyzeThreadRollups {
  readonly names: readonly string[]
  readonly knowsAs: boolean
  /** By archive. */
  readonly records: readonly RollupRecords[]
  readonly expected: Expected
}

/** What it says at the end of each work. */
export type AnalyzeThreadEnd =
  | { readonly kind: 'part'; readonly part: PassPart }
  /** The files are not those that the other threads see: it took nothing. */
  | { readonly kind: 'unfit' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }

/** The rest of a work from which on another thread pays for its start. */
const LEAST_REST_MS = 250
/** As that, of rollups: there are many, and each thread opens all of them. */
const LEAST_ROLLUPS_REST_MS = 600

/** Threads without work, who keep their compiled code for the next question of this process. */
const idle: Worker[] = []

/** Threads that help to answer; to be closed when the answer is made, for they hold files that parts lie in. */
export interface AnalyzeThreads extends Helpers {
  close(): void
}

/** Up to `count` threads: they start at once if it `isLong`, else when the first blocks have told that it will be. */
export function helpingThreads(
  count: number,
  isLong: boolean,
  start: Omit<AnalyzeThreadStart, 'dealer'>,
): AnalyzeThreads {
  const dealer = new BlockDealer()
  const workers: Worker[] = []
  const ends: Promise<PassPart | null>[] = []
  const startAll = () => {
    while (workers.length < count) {
      const data: AnalyzeThreadStart = { ...start, dealer: dealer.memory }
      const worker = idle.pop() ?? startWorker('analyze-worker', null)
      worker.ref()
      worker.postMessage(data)
      workers.push(worker)
      const end = endOf(worker)
      // Who waits comes later.
      end.catch(() => {})
      ends.push(end)
    }
  }
  if (isLong) startAll()
  const pace = new WorkPace(() => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1000
  })
  const leastRestMs = start.rollups == null ? LEAST_REST_MS : LEAST_ROLLUPS_REST_MS
  let areDone = false
  return {
    dealer,
    onPiece(left) {
      if (workers.length === 0 && pace.restMs(left) >= leastRestMs) startAll()
    },
    async parts() {
      const parts = await Promise.all(ends)
      areDone = true
      return parts.filter((part) => part !== null)
    },
    close() {
      for (const worker of workers) {
        worker.unref()
        if (areDone) idle.push(worker)
        else void worker.terminate()
      }
    },
  }
}

/** What the thread has at its end; null where it took nothing. */
function endOf(worker: Worker): Promise<PassPart | null> {
  return new Promise((resolve, reject) => {
    worker.removeAllListeners('message').removeAllListeners('error')
    worker.once('message', (end: AnalyzeThreadEnd) => {
      if (end.kind === 'failed') reject(new FlowError(end.code, end.message))
      else resolve(end.kind === 'part' ? end.part : null)
    })
    worker.once('error', reject)
  })
}
