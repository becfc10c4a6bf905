import type { Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { ServerAddress } from './server-address.ts'
import { checkPinned, connectionOptions, type TlsOptions } from './tls.ts'

export interface PinnedConnectorOptions {
  readonly address: ServerAddress
  readonly tls: TlsOptions
  readonly timeoutMs: number
  /** URL of a proxy that tunnels, or null. */
  readonly proxy: string | null
}

type Callback = (...args: [null, TLSSocket] | [Error, null]) => void

/**
 * What undici calls to connect where a certificate of the server's chain is known by its fingerprint: the chain is checked
 * before a word is said, through a proxy, too.
 */
export function pinnedConnector(options: PinnedConnectorOptions): (request: unknown, done: Callback) => void {
  const { address, tls, timeoutMs, proxy } = options
  const port = Number(new URL(address.origin).port || 443)
  const secure = (way: { socket: Socket } | { host: string; port: number }, done: Callback) => {
    const socket = connectTls({
      ...connectionOptions(tls),
      ...way,
      // An address is no name to ask for (RFC 6066 §3).
      ...(tls.serverName === null && /[a-z]/i.test(address.host) && !address.host.includes(':')
        ? { servername: address.host }
        : {}),
      ALPNProtocols: ['http/1.1'],
      timeout: timeoutMs,
    })
    const fail = (error: Error) => {
      socket.destroy()
      done(error, null)
    }
    socket.once('error', fail)
    socket.once('timeout', () => fail(new Error('connecting takes too long')))
    socket.once('secureConnect', () => {
      socket.off('error', fail)
      socket.setTimeout(0)
      const why = checkPinned(socket, tls, address.host)
      if (why === null) done(null, socket)
      else fail(new Error(`the server's certificate is not trusted: ${why}`))
    })
  }
  return (_request, done) => {
    if (proxy === null) secure({ host: address.host, port }, done)
    else {
      tunnel(proxy, `${new URL(address.origin).hostname}:${port}`, timeoutMs).then(
        (socket) => secure({ socket }, done),
        (error: Error) => done(error, null),
      )
    }
  }
}

/** The connection to `authority` that a proxy gives (RFC 9110 §9.3.6); rejects where it gives none. Loads what few need. */
async function tunnel(proxy: string, authority: string, timeoutMs: number): Promise<Socket> {
  const url = new URL(proxy)
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  const credentials = `Basic ${Buffer.from(user).toString('base64')}`
  const asking = request({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port || (url.protocol === 'https:' ? 443 : 80),
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...(user === ':' ? {} : { 'proxy-authorization': credentials }) },
    agent: false,
    timeout: timeoutMs,
  })
  return new Promise((resolve, reject) => {
    asking.once('timeout', () => asking.destroy(new Error('it does not answer in time')))
    asking.once('error', (error) => reject(new Error(`proxy: ${error.message}`, { cause: error })))
    asking.once('connect', ({ statusCode }, socket) => {
      socket.setTimeout(0)
      if (statusCode === 200) resolve(socket)
      else {
        socket.destroy()
        reject(new Error(`the proxy refuses the way to it (${statusCode})`))
      }
    })
    // An answer without a way: proxies that know no CONNECT.
    asking.once('response', (reply) => {
      reply.destroy()
      reject(new Error(`the proxy refuses the way to it (${reply.statusCode})`))
    })
    asking.end()
  })
}
