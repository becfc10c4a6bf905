import { connect, isIP, type Socket } from 'node:net'
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

/** An answer to CONNECT that is longer is none. */
const MOST_ANSWER_OCTETS = 16 << 10

/** The connection to `authority` that a proxy gives (RFC 9110 §9.3.6); rejects where it gives none. */
function tunnel(proxy: string, authority: string, timeoutMs: number): Promise<Socket> {
  const url = new URL(proxy)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isSecure = url.protocol === 'https:'
  const port = Number(url.port || (isSecure ? 443 : 80))
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  const credentials = `Proxy-Authorization: Basic ${Buffer.from(user).toString('base64')}\r\n`
  const asking = `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${user === ':' ? '' : credentials}\r\n`
  return new Promise((resolve, reject) => {
    const socket = isSecure
      ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}) })
      : connect({ host, port })
    let answer = ''
    const fail = (why: string) => {
      socket.destroy()
      reject(new Error(`the proxy gives no way to it: ${why}`))
    }
    const take = (octets: Buffer) => {
      answer += octets.toString('latin1')
      const end = answer.indexOf('\r\n\r\n')
      if (end < 0 && answer.length < MOST_ANSWER_OCTETS) return
      if (end < 0 || !/^HTTP\/1\.\d 2\d\d/.test(answer)) {
        fail(answer.split('\r\n')[0]!.slice(0, 100))
        return
      }
      socket.removeAllListeners()
      socket.setTimeout(0)
      const rest = answer.slice(end + 4)
      socket.pause()
      if (rest !== '') socket.unshift(Buffer.from(rest, 'latin1'))
      resolve(socket)
    }
    socket.on('data', take)
    socket.on('error', (error) => fail(error.message))
    socket.on('end', () => fail('it closed the connection'))
    socket.setTimeout(timeoutMs, () => fail('it does not answer in time'))
    socket.write(asking)
  })
}
