import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

/** What a server says to one bulk request before it looks at its items; null to take it. */
export type Mood = (request: number) => number | 'reset' | 'swallow' | null

/** A server that stores what bulk requests create, and knows each id once, as a data stream does. */
export interface BulkServer {
  readonly url: string
  /** Documents by index and id. */
  readonly documents: Map<string, string>
  requests: number
  duplicates: number
  readonly authorizations: (string | undefined)[]
  /** The request's first line, headers and inflated body of the last request. */
  last: { url: string; headers: IncomingMessage['headers']; body: string }
  mood: Mood
  /** Status and error of a document that is refused; null for none. */
  refuses: (document: string) => { status: number; error: unknown } | null
  /** Lets the process end while it listens. */
  unref(): void
  close(): Promise<void>
}

/** Starts a server on a free port of the loopback interface. */
export async function startBulkServer(port = 0): Promise<BulkServer> {
  const server: Server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => answer(own, request, response, Buffer.concat(pieces)))
    request.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const own: BulkServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    documents: new Map(),
    requests: 0,
    duplicates: 0,
    authorizations: [],
    last: { url: '', headers: {}, body: '' },
    mood: () => null,
    refuses: () => null,
    unref: () => server.unref(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return own
}

function answer(
  server: BulkServer,
  request: IncomingMessage,
  response: ServerResponse,
  packed: Buffer,
): void {
  const mood = server.mood(server.requests++)
  server.authorizations.push(request.headers.authorization)
  if (mood === 'reset') {
    request.socket.destroy()
    return
  }
  if (typeof mood === 'number') {
    response.writeHead(mood, { 'content-type': 'application/json' }).end('{"error":{"reason":"as told"}}')
    return
  }
  const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(packed) : packed
  const text = body.toString()
  server.last = { url: request.url ?? '', headers: request.headers, body: text }
  const lines = text.split('\n')
  const items: unknown[] = []
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const { create } = JSON.parse(lines[i]!) as { create: { _index: string; _id: string } }
    const document = lines[i + 1]!
    const refusal = server.refuses(document)
    const key = `${create._index} ${create._id}`
    if (refusal !== null) items.push({ create: refusal })
    else if (server.documents.has(key)) {
      server.duplicates++
      items.push({ create: { status: 409, error: { type: 'version_conflict_engine_exception' } } })
    } else {
      server.documents.set(key, document)
      items.push({ create: { status: 201 } })
    }
  }
  // It was stored, but nobody learns of it.
  if (mood === 'swallow') {
    request.socket.destroy()
    return
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ errors: true, items }))
}
