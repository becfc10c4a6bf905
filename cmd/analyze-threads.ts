import { type ErrorCode, FlowError } from '../lib/diagnostics/flow-error.ts'
import { BlockDealer } from '../lib/report/block-dealer.ts'
import type { PassPart } from '../lib/report/pass.ts'
import type { Helpers } from '../lib/report/query.ts'
import type { Question } from '../lib/report/question.ts'
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
  readonly memoryOctets: number
  readonly temporaryDirectory: string
}

/** What it says once, at its end. */
export type AnalyzeThreadEnd =
  | { readonly kind: 'part'; readonly part: PassPart }
  /** The files are not those that the other threads see: it took nothing. */
  | { readonly kind: 'unfit' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }

/** Threads that help to answer; to be closed when the answer is made, for they hold files that parts lie in. */
export interface AnalyzeThreads extends Helpers {
  close(): void
}

export function startThreads(count: number, start: Omit<AnalyzeThreadStart, 'dealer'>): AnalyzeThreads {
  const dealer = new BlockDealer()
  const workers = Array.from({ length: count }, () =>
    startWorker('analyze-worker', { ...start, dealer: dealer.memory } satisfies AnalyzeThreadStart),
  )
  const ends = workers.map(
    (worker) =>
      new Promise<PassPart | null>((resolve, reject) => {
        worker.once('message', (end: AnalyzeThreadEnd) => {
          if (end.kind === 'failed') reject(new FlowError(end.code, end.message))
          else resolve(end.kind === 'part' ? end.part : null)
        })
        worker.once('error', reject)
      }),
  )
  // Who waits comes later.
  for (const end of ends) end.catch(() => {})
  return {
    dealer,
    async parts() {
      return (await Promise.all(ends)).filter((part) => part !== null)
    },
    close() {
      for (const worker of workers) void worker.terminate()
    },
  }
}
