import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { FlowError } from '../diagnostics/flow-error.ts'
import type { Log } from '../diagnostics/log.ts'
import { reasonOf } from '../diagnostics/reason.ts'

export interface Reply {
  readonly status: number
  readonly type: string
  /** Pieces are joined. */
  readonly body: string | readonly Uint8Array[]
}

/** Makes the reply to a GET of one path; what it throws becomes a 500 and a log line. */
export type Route = () => Reply | Promise<Reply>

export interface HttpSettings {
  /** Empty for every address. */
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  /** By path, without query. */
  readonly routes: ReadonlyMap<string, Route>
  readonly log: Log
}

export interface HttpServer {
  readonly port: number
  /** Ends connections and frees the port. */
  close(): Promise<void>
}

/** Serves the routes; throws HTTP_FAILED when the address cannot be had. */
export async function startHttpServer(settings: HttpSettings): Promise<HttpServer> {
  const { host, port, routes, log } = settings
  const server = createServer((request, response) => {
    void answer(request, response, routes, log)
  })
  // Scrapes are small and quick; who sends slowly must not hold a socket for long.
  server.headersTimeout = 5_000
  server.requestTimeout = 10_000
  server.maxConnections = 256
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)))
    server.listen(host === '' ? { port } : { host, port }, resolve)
  })
  server.on('error', (error) => log.error('HTTP server error', { error: error.message }))
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): FlowError {
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const reason =
    error.code === 'EADDRINUSE'
      ? 'the port is in use; choose another with -addr, or none with -addr ""'
      : `${reasonOf(error)}; choose another address with -addr, or none with -addr ""`
  return new FlowError('HTTP_FAILED', `cannot serve HTTP on ${where}: ${reason}`, { cause: error })
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: ReadonlyMap<string, Route>,
  log: Log,
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0]!
  let reply: Reply
  const route = routes.get(path)
  if (route === undefined) reply = plain(404, '404 page not found\n')
  else if (request.method !== 'GET' && request.method !== 'HEAD') reply = plain(405, 'Method Not Allowed\n')
  else {
    try {
      reply = await route()
    } catch (error) {
      log.limited('http', 'cannot answer', {
        path,
        error: error instanceof Error ? error.message : String(error),
      })
      reply = plain(500, 'Internal Server Error\n')
    }
  }
  const pieces = typeof reply.body === 'string' ? [Buffer.from(reply.body)] : reply.body
  response.writeHead(reply.status, {
    'content-type': reply.type,
    'content-length': pieces.reduce((sum, piece) => sum + piece.length, 0),
    'x-content-type-options': 'nosniff',
  })
  if (request.method !== 'HEAD') for (const piece of pieces) response.write(piece)
  response.end()
}

/** A reply of plain text. */
export function plain(status: number, body: string): Reply {
  return { status, type: 'text/plain; charset=utf-8', body }
}
