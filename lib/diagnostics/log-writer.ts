import type { Log, LogAttributes, LogLevel } from './log.ts'

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 }

/** Most keys of `limited` that are told apart; those that come later share one allowance. */
const MOST_KEYS = 1000

export interface LogLimits {
  /** Lines per interval and key that `limited` lets through; 0 lets all through. */
  readonly count: number
  readonly intervalMs: number
}

/** goflow2's defaults of -err.cnt and -err.int. */
export const DEFAULT_LOG_LIMITS: LogLimits = { count: 10, intervalMs: 10_000 }

export interface LogSettings {
  /** Less important lines are dropped. */
  readonly level: LogLevel
  readonly limits: LogLimits
  /** Where a line ends: formatted on stderr, or sent to the main thread. Must not throw. */
  readonly write: (level: LogLevel, message: string, attributes: LogAttributes) => void
  /** A steady clock in milliseconds. */
  readonly now: () => number
}

/** A Log whose `limited` counts what it left out; somebody must call `tick` now and then so that the count is told. */
export interface LimitedLog extends Log {
  /** Ends intervals whose time is over: logs how many messages were skipped in them. */
  tick(): void
  /** Ends all intervals: to be called last. */
  finish(): void
}

interface Allowance {
  since: number
  count: number
}

/** A log of the given settings; it limits in goflow2's manner, but for each key alone. */
export function newLog(settings: LogSettings): LimitedLog {
  const { limits, now } = settings
  const allowances = new Map<string, Allowance>()
  const lowest = RANK[settings.level]

  function write(level: LogLevel, message: string, attributes: LogAttributes = {}): void {
    if (RANK[level] >= lowest) settings.write(level, message, attributes)
  }

  function limited(key: string, message: string, attributes?: LogAttributes): void {
    if (limits.count <= 0 || limits.intervalMs <= 0) {
      write('warn', message, attributes)
      return
    }
    const name = allowances.has(key) || allowances.size < MOST_KEYS ? key : 'others'
    let allowance = allowances.get(name)
    if (allowance !== undefined && now() - allowance.since >= limits.intervalMs) {
      end(name, allowance)
      allowance = undefined
    }
    if (allowance === undefined) {
      allowance = { since: now(), count: 0 }
      allowances.set(name, allowance)
    }
    allowance.count++
    if (allowance.count <= limits.count) write('warn', message, attributes)
    else if (allowance.count === limits.count + 1)
      write('warn', 'too many receiver messages, muting', { about: name })
  }

  function end(name: string, allowance: Allowance): void {
    allowances.delete(name)
    const skipped = allowance.count - limits.count
    if (skipped > 0) write('warn', 'skipped receiver messages', { count: skipped, about: name })
  }

  return {
    debug: (message, attributes) => write('debug', message, attributes),
    info: (message, attributes) => write('info', message, attributes),
    warn: (message, attributes) => write('warn', message, attributes),
    error: (message, attributes) => write('error', message, attributes),
    limited,
    tick() {
      for (const [name, allowance] of allowances) {
        if (now() - allowance.since >= limits.intervalMs) end(name, allowance)
      }
    },
    finish() {
      for (const [name, allowance] of allowances) end(name, allowance)
    },
  }
}
