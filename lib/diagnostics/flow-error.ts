/** What a caller can expect to go wrong and tell apart. */
export type ErrorCode =
  | 'LISTEN_FAILED'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'CAPTURE_CORRUPT'
  | 'MAPPING_INVALID'
  | 'CONFIG_INVALID'
  | 'STATE_UNWRITABLE'
  | 'HTTP_FAILED'
  | 'ARCHIVE_CORRUPT'
  | 'ARCHIVE_VERSION'
  | 'ARCHIVE_LOCKED'
  | 'ROTATION_FAILED'
  | 'FILTER_INVALID'
  | 'QUERY_INVALID'
  | 'TABLE_INVALID'
  | 'SERVER_REFUSED'
  | 'SERVER_UNREACHABLE'
  | 'INTERFACE_FAILED'

/** An expected failure, told apart by `code`; its message is one line: what, where, what to do. */
export class FlowError extends Error {
  override name = 'FlowError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
