import type { Dispatcher } from 'undici'
import { FlowError } from '../diagnostics/flow-error.ts'
import { connectionTrouble } from './connection-trouble.ts'
import { pinnedConnector } from './pinned-connector.ts'
import type { ServerAddress } from './server-address.ts'
import { connectionOptions, type TlsOptions } from './tls.ts'
import type { Reply, Request, Transport } from './transport.ts'

/** Longest reply that is read: 100 octets for each of a hundred thousand items, and errors. */
const MOST_REPLY_OCTETS = 64 << 20

export interface HttpTransportOptions {
  readonly address: ServerAddress
  readonly connections: number
  readonly timeoutMs: number
  readonly idleTimeoutMs: number
  /** Value of the Authorization header; null for none. Never printed. */
  readonly authorization: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly tls: TlsOptions
  /** URL of a proxy, null for none. */
  readonly proxy: string | null
}

/** `Basic` of a name and a password, `ApiKey` of an id and a key (`id:key`, or as it is encoded already). */
export function authorizationOf(
  basic: { readonly username: string; readonly password: string } | null,
  apiKey: string | null,
): string | null {
  if (basic !== null && apiKey !== null) {
    throw new FlowError(
      'CONFIG_INVALID',
      'both an API key and a name with a password are given; leave one out',
    )
  }
  const encode = (text: string) => Buffer.from(text).toString('base64')
  if (apiKey !== null) return `ApiKey ${apiKey.includes(':') ? encode(apiKey) : apiKey}`
  return basic === null ? null : `Basic ${encode(`${basic.username}:${basic.password}`)}`
}

/** A transport over HTTP; loads the HTTP client. Throws CONFIG_INVALID. */
export async function openHttpTransport(options: HttpTransportOptions): Promise<Transport> {
  const http = await import('undici')
  const { address, connections, timeoutMs, idleTimeoutMs, tls, proxy } = options
  const common = {
    connections,
    pipelining: 1,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: idleTimeoutMs,
  }
  const secure = address.isTls ? connectionOptions(tls) : {}
  const isPinned = address.isTls && tls.authorityFingerprint !== null
  let dispatcher: Dispatcher
  if (isPinned) dispatcher = new http.Agent({ ...common, connect: pinnedConnector(options) })
  else if (proxy !== null) dispatcher = new http.ProxyAgent({ ...common, uri: proxy, requestTls: secure })
  else dispatcher = new http.Pool(address.origin, { ...common, connect: { ...secure, timeout: timeoutMs } })
  return new HttpTransport(options, dispatcher)
}

class HttpTransport implements Transport {
  readonly name: string
  readonly #options: HttpTransportOptions
  readonly #dispatcher: Dispatcher
  readonly #headers: Record<string, string>
  #hasAnswered = false

  constructor(options: HttpTransportOptions, dispatcher: Dispatcher) {
    const { address, authorization, headers } = options
    this.name = address.origin + address.path
    this.#options = options
    this.#dispatcher = dispatcher
    this.#headers = {
      accept: 'application/json',
      'user-agent': 'weir',
      ...(authorization === null ? {} : { authorization }),
      ...headers,
    }
  }

  async send({ method, path, headers, body, signal }: Request): Promise<Reply> {
    const { address, timeoutMs } = this.#options
    const limit = AbortSignal.timeout(timeoutMs)
    const reply = await this.#dispatcher
      .request({
        origin: address.origin,
        path: address.path + path,
        method,
        headers: { ...this.#headers, ...headers },
        body: body ?? null,
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      })
      .catch((error: unknown) => {
        throw connectionTrouble(error, address.isTls, this.#hasAnswered)
      })
    this.#hasAnswered = true
    const pieces: Buffer[] = []
    let octets = 0
    for await (const piece of reply.body) {
      octets += (piece as Buffer).length
      if (octets > MOST_REPLY_OCTETS) {
        reply.body.destroy()
        throw new Error(`the reply is longer than ${MOST_REPLY_OCTETS >> 20} MiB`)
      }
      pieces.push(piece as Buffer)
    }
    const flat: Record<string, string | undefined> = {}
    for (const [name, value] of Object.entries(reply.headers)) {
      flat[name] = Array.isArray(value) ? value[0] : value
    }
    return { status: reply.statusCode, headers: flat, body: Buffer.concat(pieces).toString() }
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy()
  }
}
