import { FlowError } from '../diagnostics/flow-error.ts'
import type { Scheme } from '../flow/datagram.ts'

/** What one listen URL asks for, with goflow2's parameters, names and defaults. */
export interface Listener {
  /** The URL as it was given, for messages. */
  readonly url: string
  readonly scheme: Scheme
  /** Literal address or name without brackets; empty = every address. */
  readonly host: string
  readonly port: number
  /** Sockets that share the port. */
  readonly count: number
  /** Decoding threads; goflow2 takes twice the sockets where nothing is said, so `isWorkersSet` tells them apart. */
  readonly workers: number
  readonly isWorkersSet: boolean
  /** Whether a full queue holds up the socket rather than dropping datagrams. */
  readonly isBlocking: boolean
  /** Datagrams that may wait; 0 = none. */
  readonly queueSize: number
}

const SCHEMES: readonly string[] = ['sflow', 'netflow', 'flow'] satisfies Scheme[]
const MOST_SOCKETS = 1024
// strconv.ParseBool of Go.
const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True']
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False']

/** The listeners of a comma list of `scheme://host:port?…`; throws LISTEN_FAILED with the fault in one line. */
export function parseListenUrls(text: string): Listener[] {
  return text.split(',').map((url) => parseListenUrl(url.trim()))
}

function parseListenUrl(url: string): Listener {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)[^?#]*(?:\?([^#]*))?/i.exec(url)
  if (match === null) throw bad(url, 'write it as scheme://host:port, as in netflow://:2055')
  const scheme = match[1]!.toLowerCase()
  if (!SCHEMES.includes(scheme)) {
    throw bad(url, `there is no scheme ${scheme}; choose sflow, netflow or flow (both)`)
  }
  const place = /^(?:\[([^\]]*)\]|([^:]*)):(\d*)$/.exec(match[2]!)
  if (place === null) {
    const hint = match[2]!.includes('::') ? 'put the IPv6 address in brackets and' : 'name'
    throw bad(url, `${hint} the port after a colon, as in ${scheme}://[::1]:2055`)
  }
  const port = place[3] === '' ? Number.NaN : Number(place[3])
  if (Number.isNaN(port)) throw bad(url, `the port is missing, as in ${scheme}://:2055`)
  if (port > 65535) throw bad(url, 'the port must be at most 65535')

  const parameters = new URLSearchParams(match[3] ?? '')
  const count = numberOf(url, parameters, 'count') || 1
  if (count > MOST_SOCKETS) throw bad(url, `count must be at most ${MOST_SOCKETS}`)
  const workers = numberOf(url, parameters, 'workers') ?? 0
  if (workers > MOST_SOCKETS) throw bad(url, `workers must be at most ${MOST_SOCKETS}`)
  const isBlocking = booleanOf(url, parameters, 'blocking')
  return {
    url,
    scheme: scheme as Scheme,
    // Go writes a zone as %25eth0 in a URL.
    host: (place[1] ?? place[2]!).replace(/%25/g, '%'),
    port,
    count,
    workers: workers || count * 2,
    isWorkersSet: workers > 0,
    isBlocking,
    queueSize: numberOf(url, parameters, 'queue_size') ?? (isBlocking ? 0 : 1_000_000),
  }
}

function numberOf(url: string, parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name)
  if (text === null) return undefined
  if (!/^\d{1,15}$/.test(text)) throw bad(url, `${name} must be a whole number, not ${text || 'empty'}`)
  return Number(text)
}

function booleanOf(url: string, parameters: URLSearchParams, name: string): boolean {
  const text = parameters.get(name)
  if (text === null || FALSE.includes(text)) return false
  if (!TRUE.includes(text)) throw bad(url, `${name} must be true or false, not ${text || 'empty'}`)
  return true
}

function bad(url: string, why: string): FlowError {
  return new FlowError('LISTEN_FAILED', `cannot listen on ${url === '' ? 'an empty URL' : url}: ${why}`)
}
