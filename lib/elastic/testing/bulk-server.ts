import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { type Answer, BulkStore, type ItemReply, invalid } from './bulk-store.ts'
import { filtered } from './filter-path.ts'
import { type Mood, misbehave } from './moods.ts'

/** A server in this process that stores what bulk requests create, and misbehaves when told. */
export interface BulkServer {
  readonly url: string
  readonly store: BulkStore
  /** Documents by index and id. */
  readonly documents: Map<string, string>
  requests: number
  readonly duplicates: number
  readonly authorizations: (string | undefined)[]
  /** Path, headers and inflated body of the last bulk request. */
  last: { url: string; headers: IncomingMessage['headers']; body: string }
  /** Inflated octets of a body, at most. */
  mostOctets: number
  /** What the server knows beside bulk requests and templates. */
  readonly abilities: { hasDataStreams: boolean; hasStreamLifecycle: boolean; hasPolicies: boolean }
  /** How the server takes a bulk request; null for as it should. */
  mood: (request: number) => Mood | null
  /** Status and error of a document that is refused; null for none. */
  refuses: (document: string) => { status: number; error: unknown } | null
  /** An answer to an item that is not looked at; null for none. */
  replaces: (request: number, item: number) => ItemReply | null
  close(): Promise<void>
}

/** Elasticsearch's and OpenSearch's default. */
const MOST_OCTETS = 100 << 20

/** Starts a server on a free port of the loopback interface. */
export async function startBulkServer(port = 0): Promise<BulkServer> {
  const http = createServer((request, response) => {
    const pieces: Buffer[] = []
    // Some moods do not wait for the body's end.
    const isBulk = (request.url ?? '').split('?')[0]!.endsWith('/_bulk')
    const mood = isBulk ? own.mood(own.requests++) : null
    if (mood === 'reset early') {
      request.once('data', () => request.socket.resetAndDestroy())
      return
    }
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('error', () => {})
    response.on('error', () => {})
    request.on('end', () => {
      const packed = Buffer.concat(pieces)
      if (isBulk) answerBulk(own, request, response, packed, mood)
      else send(response, answerOther(own, request, packed))
    })
  })
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve))
  const store = new BulkStore()
  const own: BulkServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    store,
    documents: store.documents,
    requests: 0,
    get duplicates() {
      return store.duplicates
    },
    authorizations: [],
    last: { url: '', headers: {}, body: '' },
    mostOctets: MOST_OCTETS,
    abilities: { hasDataStreams: true, hasStreamLifecycle: true, hasPolicies: true },
    mood: () => null,
    refuses: () => null,
    replaces: () => null,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve())
        http.closeAllConnections()
      }),
  }
  return own
}

function answerBulk(
  server: BulkServer,
  request: IncomingMessage,
  response: ServerResponse,
  packed: Buffer,
  mood: Mood | null,
): void {
  const number = server.requests - 1
  server.authorizations.push(request.headers.authorization)
  misbehave(mood, request, response, () => {
    const checked = checkedBody(request, packed, server.mostOctets)
    if (typeof checked !== 'string') return checked
    server.last = { url: request.url ?? '', headers: request.headers, body: checked }
    const answer = server.store.bulk(checked, server.refuses, (item) => server.replaces(number, item))
    return { ...answer, body: filtered(answer.body, filterOf(request)) }
  })
}

/** The text of a body, or why it is not taken. */
function checkedBody(request: IncomingMessage, packed: Buffer, most: number): string | Answer {
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/(vnd\.elasticsearch\+)?(x-nd)?json\b/.test(type)) {
    return { status: 406, body: { error: `Content-Type header [${type}] is not supported`, status: 406 } }
  }
  let body = packed
  if (request.headers['content-encoding'] === 'gzip') {
    try {
      body = gunzipSync(packed)
    } catch {
      return invalid('illegal_argument_exception', 'Not in GZIP format')
    }
  }
  if (body.length > most) return { status: 413, body: '' }
  return body.toString()
}

function filterOf(request: IncomingMessage): string | null {
  return new URL(request.url ?? '', 'http://localhost').searchParams.get('filter_path')
}

function send(response: ServerResponse, { status, body }: Answer): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-elastic-product': 'Elasticsearch',
  })
  response.end(text)
}

/** Everything but bulk requests: what setup asks. */
function answerOther(server: BulkServer, request: IncomingMessage, packed: Buffer): Answer {
  const path = decodeURIComponent((request.url ?? '').split('?')[0]!)
  const { named } = server.store
  const { hasDataStreams, hasStreamLifecycle, hasPolicies } = server.abilities
  const unknown: Answer = {
    status: 400,
    body: { error: `no handler found for uri [${path}] and method [${request.method}]` },
  }
  const body = packed.length === 0 ? null : (JSON.parse(packed.toString()) as Record<string, unknown>)
  if (path === '/')
    return { status: 200, body: { version: { number: '9.2.0' }, tagline: 'You Know, for Search' } }
  if (path.startsWith('/_data_stream/'))
    return hasDataStreams ? invalid('index_not_found_exception', 'no such index', 404) : unknown
  if (path.startsWith('/_resolve/index/')) return { status: 200, body: { indices: [], data_streams: [] } }
  const hasUnknownLifecycle =
    JSON.stringify(body)?.includes('"lifecycle":{"data_retention"') && !hasStreamLifecycle
  if (path === '/_index_template/_simulate') {
    const template = body?.['template'] as Record<string, unknown> | undefined
    if (template?.['lifecycle'] !== undefined && !hasStreamLifecycle) {
      return invalid('x_content_parse_exception', '[1:9] [template] unknown field [lifecycle]')
    }
    return { status: 200, body: { template: {} } }
  }
  const kind = /^\/(_component_template|_index_template|_ilm\/policy)\/(.+)$/.exec(path)
  if (kind === null || (kind[1] === '_ilm/policy' && !hasPolicies)) return unknown
  if (request.method === 'PUT' && body !== null) {
    if (hasUnknownLifecycle)
      return invalid('x_content_parse_exception', '[template] unknown field [lifecycle]')
    named.set(path, body)
    return { status: 200, body: { acknowledged: true } }
  }
  const found = named.get(path)
  if (found === undefined) return invalid('resource_not_found_exception', `[${kind[2]}] not found`, 404)
  if (kind[1] === '_component_template') {
    return { status: 200, body: { component_templates: [{ name: kind[2], component_template: found }] } }
  }
  if (kind[1] === '_index_template') {
    return { status: 200, body: { index_templates: [{ name: kind[2], index_template: found }] } }
  }
  return { status: 200, body: { [kind[2]!]: found } }
}
