/** A server's reply. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

export interface Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Path and query, behind the host's own path. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  readonly signal?: AbortSignal
}

/** Sends requests to one server. */
export interface Transport {
  /** The server as messages name it, without secrets. */
  readonly name: string
  /** Rejects where no whole reply came: connection refused, reset, timeout, or a reply that is too long. */
  send(request: Request): Promise<Reply>
  close(): Promise<void>
}
