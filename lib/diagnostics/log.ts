export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Facts beside a log message, printed as `key=value` or JSON members. */
export type LogAttributes = Readonly<Record<string, string | number | boolean>>

/** Where library code reports what an operator should see. Never throws, never blocks for long. */
export interface Log {
  debug(message: string, attributes?: LogAttributes): void
  info(message: string, attributes?: LogAttributes): void
  warn(message: string, attributes?: LogAttributes): void
  error(message: string, attributes?: LogAttributes): void
  /**
   * As `warn`, but at most a few lines per interval for each `key`; what is left out is counted and the count is
   * logged when the interval ends. For everything that the network can cause.
   */
  limited(key: string, message: string, attributes?: LogAttributes): void
}

/** A log that drops everything, for tests and benches. */
export const SILENT: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  limited() {},
}
