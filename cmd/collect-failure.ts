import { type ErrorCode, FlowError } from '../lib/diagnostics/flow-error.ts'

/** An error, as it crosses threads. */
export interface LaneFailure {
  /** Null for what nobody expected. */
  readonly code: string | null
  readonly message: string
}

/** The error that a thread told of. */
export function errorOf({ code, message }: LaneFailure): Error {
  return code === null ? new Error(message) : new FlowError(code as ErrorCode, message)
}

/** An error as it can be told to another thread. */
export function describeFailure(error: unknown): LaneFailure {
  const { name, code, message, stack } = error as NodeJS.ErrnoException
  const isExpected = name === 'FlowError'
  return { code: isExpected ? (code ?? null) : null, message: isExpected ? message : (stack ?? message) }
}
