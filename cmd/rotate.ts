import { rotateLogs } from '../lib/rotate/rotate.ts'
import { newStderrLog } from './collect-log.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import type { GivenFlags } from './flags.ts'
import { print } from './print.ts'
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
  const counts = await rotateLogs({
    ...options,
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
