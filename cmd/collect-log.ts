import { writeSync } from 'node:fs'
import { formatLogLine } from '../lib/diagnostics/log-line.ts'
import { type LimitedLog, newLog } from '../lib/diagnostics/log-writer.ts'
import type { CollectOptions } from './collect-flags.ts'

type LogOptions = Pick<CollectOptions, 'logLevel' | 'logFormat' | 'errorCount' | 'errorIntervalMs'>

/** The main thread's log: lines on stderr, whole and at once. */
export function newStderrLog(options: LogOptions): LimitedLog {
  return newLog({
    level: options.logLevel,
    limits: { count: options.errorCount, intervalMs: options.errorIntervalMs },
    now: () => performance.now(),
    write(level, message, attributes) {
      try {
        writeSync(2, `${formatLogLine(options.logFormat, new Date(), level, message, attributes)}\n`)
      } catch {
        // Nobody reads stderr, or it is full: collecting matters more.
      }
    },
  })
}
