import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './bulk-store.ts'

/** What a server does wrong with one bulk request. A number is the status of a request that it does not look at. */
export type Mood =
  | number
  /** The connection is reset: before the body is read, with nothing stored, with all stored. */
  | 'reset early'
  | 'reset'
  | 'swallow'
  /** Everything is stored; the answer ends in the middle, never comes, comes an octet at a time, or is too short or long. */
  | 'half'
  | 'silent'
  | 'slow'
  | 'short length'
  | 'long length'
  /** Everything is stored; the answer is a page of a proxy, no JSON, no object, or has a status that is not 200. */
  | 'html'
  | 'no json'
  | 'no object'
  | 'created'
  | 'accepted'
  /** Everything is stored; the answer lacks an item in its middle, its last ones, or has too many. */
  | 'one missing'
  | 'last missing'
  | 'too many'
  /** Too busy, and how long to wait: seconds, a date, nonsense. */
  | 'rest a second'
  | 'rest until'
  | 'rest nonsense'

export const MOODS: readonly Mood[] = [
  400,
  404,
  408,
  429,
  500,
  502,
  503,
  504,
  'reset early',
  'reset',
  'swallow',
  'half',
  'silent',
  'slow',
  'short length',
  'long length',
  'html',
  'no json',
  'no object',
  'created',
  'accepted',
  'one missing',
  'last missing',
  'too many',
  'rest until',
  'rest nonsense',
]

const HEADERS = { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' }
const DRIP_MS = 5

/** Answers a request as the mood says; `take` stores its items and gives the right answer. */
export function misbehave(
  mood: Mood | null,
  request: IncomingMessage,
  response: ServerResponse,
  take: () => Answer,
): void {
  if (typeof mood === 'number') {
    response.writeHead(mood, HEADERS).end('{"error":{"reason":"as told"}}')
    return
  }
  if (typeof mood === 'string' && mood.startsWith('rest ')) {
    const seconds = { 'rest a second': '1', 'rest until': new Date().toUTCString() }[mood as string] ?? 'soon'
    response.writeHead(429, { ...HEADERS, 'retry-after': seconds }).end('{}')
    return
  }
  if (mood === 'reset') {
    request.socket.resetAndDestroy()
    return
  }
  const { status, body } = take()
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  if (mood === null) response.writeHead(status, HEADERS).end(text)
  else if (mood === 'created' || mood === 'accepted')
    response.writeHead(mood === 'created' ? 201 : 202, HEADERS).end(text)
  else if (mood === 'html')
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in to go on</html>')
  else if (mood === 'no json') response.writeHead(200, HEADERS).end(text.slice(0, text.length >> 1))
  else if (mood === 'no object') response.writeHead(200, HEADERS).end('[]')
  else if (mood.endsWith('missing') || mood === 'too many')
    response.writeHead(200, HEADERS).end(JSON.stringify(miscounted(body, mood)))
  else breakOff(mood, request, response, text)
}

/** A reply whose items are not those of the request. */
function miscounted(body: unknown, mood: Mood): unknown {
  const { items = [], ...rest } = body as { items?: unknown[] }
  const middle = items.length >> 1
  if (mood === 'one missing') return { ...rest, items: items.toSpliced(middle, 1) }
  if (mood === 'last missing') return { ...rest, items: items.slice(0, middle) }
  return { ...rest, items: [...items, ...items.slice(0, 1)] }
}

/** What happens to the connection while the answer is under way. */
function breakOff(mood: Mood, request: IncomingMessage, response: ServerResponse, text: string): void {
  const octets = Buffer.from(text)
  const { socket } = request
  if (mood === 'swallow') socket.resetAndDestroy()
  else if (mood === 'silent') return
  else if (mood === 'half') {
    response.writeHead(200, { ...HEADERS, 'content-length': octets.length })
    response.write(octets.subarray(0, octets.length >> 1), () => socket.destroy())
  } else if (mood === 'slow') drip(response.writeHead(200, HEADERS), octets)
  else {
    const length = octets.length + (mood === 'short length' ? -10 : 10)
    socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`)
    socket.write(octets, () => {
      // Of a length that is too long the rest never comes.
      if (mood === 'short length') socket.end()
    })
  }
}

/** An octet at a time, for as long as somebody listens. */
function drip(response: ServerResponse, octets: Buffer): void {
  let at = 0
  const timer = setInterval(() => {
    if (response.destroyed || at === octets.length) {
      clearInterval(timer)
      response.end()
    } else response.write(octets.subarray(at, ++at))
  }, DRIP_MS).unref()
}
