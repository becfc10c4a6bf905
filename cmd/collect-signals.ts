import { compileMapping, readMapping } from './collect-mapping.ts'
import type { CollectRun } from './collect-run.ts'

/** How long the end may take before somebody is told why. */
const PATIENCE_MS = 5000
/** timeout(1) and npm pass a signal on to one who has had it already: that is no second wish. */
const ECHO_MS = 200

/** SIGTERM and SIGINT stop the run, a second one ends the process at once. */
export function stopOnSignals({ control, log }: Pick<CollectRun, 'control' | 'log'>): void {
  const signals = ['SIGTERM', 'SIGINT'] as const
  let firstMs = Number.NEGATIVE_INFINITY
  const stop = (signal: NodeJS.Signals) => {
    const nowMs = performance.now()
    if (nowMs - firstMs < ECHO_MS) return
    if (firstMs >= 0) {
      // process.exit would wait for threads, and one of them may hang in a write to a pipe.
      for (const name of signals) process.removeListener(name, stop)
      process.kill(process.pid, signal)
      return
    }
    firstMs = nowMs
    control.stop()
    const tell = () => log.warn('still writing what was received; a second signal ends at once')
    setTimeout(tell, PATIENCE_MS).unref()
  }
  for (const signal of signals) process.on(signal, stop)
}

/**
 * SIGHUP reopens the files and reads the mapping anew; without a file it does nothing, and it never ends the process.
 * `remap` hands a good mapping to those who use it.
 */
export function reloadOnHangup(run: CollectRun, remap: (mapping: string) => Promise<unknown>): void {
  const { options, control, log } = run
  const hasFile = options.output !== null || options.counters !== null || options.drops !== null
  let { mapping } = run
  process.on('SIGHUP', () => {
    if (hasFile) {
      control.reopen()
      log.debug('reopening files')
    } else {
      log.info(
        `SIGHUP: no file to reopen, the output is ${options.archive === null ? 'stdout' : 'an archive'}`,
      )
    }
    if (options.mapping === null) return
    try {
      const text = readMapping(options.mapping)
      if (text === mapping) return
      for (const warning of compileMapping(text, options).warnings) log.warn(warning)
      mapping = text
      remap(text).then(
        () => log.info('mapping read anew', { path: options.mapping! }),
        (error: Error) => log.error('mapping could not be changed', { error: error.message }),
      )
    } catch (error) {
      log.error('mapping is bad, the old one stays', { error: (error as Error).message })
    }
  })
}
