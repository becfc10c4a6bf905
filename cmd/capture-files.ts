import type { CollectRun } from './collect-run.ts'
import { EXIT, type ExitStatus } from './exit.ts'

/** How often the engine is looked after. */
const LOOK_MS = 100

/** Thrown through a capture's reader when somebody wants us to end. */
class Stopped extends Error {}

export interface CaptureFilesOptions<Statistics> {
  readonly files: readonly string[]
  readonly run: Pick<CollectRun, 'control' | 'log'>
  /** Reads one file; calls `look` now and then. */
  readonly readOne: (path: string) => Promise<Statistics>
  /** Says what a file held; returns whether some of it was bad or missing. */
  readonly tell: (path: string, statistics: Statistics) => boolean
  /** Looks after the engine, at a steady time. */
  readonly poll: (nowMs: number) => void
}

/** Reads capture files one after the other, heeds signals meanwhile, and sees how it went. */
export class CaptureFiles<Statistics> {
  readonly #options: CaptureFilesOptions<Statistics>
  readonly #stop = Promise.withResolvers<never>()
  #lookedMs = 0

  constructor(options: CaptureFilesOptions<Statistics>) {
    this.#options = options
  }

  /** Ends behind the last file or when it is told to; throws where a filter is wrong, and so would be for every file. */
  async read(): Promise<ExitStatus> {
    const { files, run, readOne, tell } = this.#options
    let unreadable = 0
    let isBad = false
    // A pipe may say nothing for long: what it gave before is written, and a signal is heeded.
    this.#stop.promise.catch(() => {})
    const looking = setInterval(() => this.#lookWhileWaiting(), LOOK_MS)
    try {
      for (const path of files) {
        try {
          isBad = tell(path, await Promise.race([readOne(path), this.#stop.promise])) || isBad
        } catch (error) {
          if (error instanceof Stopped) break
          const { name, code, message } = error as Error & { code?: string }
          if (name !== 'FlowError' || code === 'FILTER_INVALID') throw error
          run.log.error('capture skipped', { error: message })
          unreadable++
        }
      }
    } finally {
      clearInterval(looking)
    }
    if (unreadable === files.length) return EXIT.failed
    return unreadable > 0 || isBad ? EXIT.badInput : EXIT.done
  }

  /** Looks after the engine if it is time; throws when reading must end. */
  look(): void {
    const nowMs = performance.now()
    if (nowMs - this.#lookedMs < LOOK_MS) return
    this.#lookedMs = nowMs
    const { poll, run } = this.#options
    poll(nowMs)
    run.log.tick()
    if (run.control.isStopping || run.control.isBroken) throw new Stopped()
  }

  #lookWhileWaiting(): void {
    try {
      this.look()
    } catch (error) {
      this.#stop.reject(error)
    }
  }
}
