import type { Log } from '../lib/diagnostics/log.ts'
import type { LogArchiver } from '../lib/rotate/archive-step.ts'
import { rotateLogs } from '../lib/rotate/rotate.ts'
import { newStderrLog } from './collect-log.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import type { GivenFlags } from './flags.ts'
import { print } from './print.ts'
import type { RotateArchive } from './rotate-archiver.ts'
import { type RotateOptions, rotateOptions } from './rotate-flags.ts'
import { UsageError } from './usage-error.ts'

/** What `weir rotate` was asked to do, checked; throws UsageError. */
export function rotate(given: GivenFlags): () => Promise<ExitStatus> {
  const options = rotateOptions(given)
  return () => runRotate(options)
}

/** Rotates, and returns what the exit status says of it; throws FlowError for what concerns every log. */
async function runRotate(options: RotateOptions): Promise<ExitStatus> {
  if (options.logs.length === 0) {
    throw new UsageError('rotate: no log is named; want weir rotate --log FILE --signal-pid-file FILE')
  }
  const log = newStderrLog({ ...options, errorCount: 0, errorIntervalMs: 0 })
  const archiver = options.archive === null ? null : await newArchiver(options.archive, log)
  const counts = await rotateLogs({
    ...options,
    archiver,
    log,
    now: () => new Date(),
    say: (line) => print(`${line}\n`),
  })
  const { rotated, empty, missing, doubtful, failed } = counts
  if (failed > 0) return EXIT.failed
  // Nothing at all could be done: a wrong name is more likely than a log that comes later.
  if (missing > 0 && rotated + empty === 0 && !options.isDryRun) return EXIT.failed
  return missing + doubtful > 0 ? EXIT.badInput : EXIT.done
}

/** Loaded only where it is asked for. */
async function newArchiver(archive: RotateArchive, log: Log): Promise<LogArchiver> {
  const { rotateArchiver } = await import('./rotate-archiver.ts')
  return rotateArchiver(archive, log)
}
