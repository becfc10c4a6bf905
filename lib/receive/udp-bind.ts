import { lookup } from 'node:dns/promises'
import { getSystemErrorName } from 'node:util'
import { FlowError } from '../diagnostics/flow-error.ts'
import { type Libc, openLibc } from './ffi.ts'
import {
  AF_INET6,
  formatSocketAddress,
  SOCKET_ADDRESS_OCTETS,
  type SocketAddress,
  socketAddress,
} from './socket-address.ts'
import { steeringProgram } from './steering.ts'

const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000
const SOL_SOCKET = 1
const SO_RCVBUF = 8
const SO_REUSEPORT = 15
const SO_RCVTIMEO = 20
const SO_RCVBUFFORCE = 33
const SO_TIMESTAMPNS = 35
const SO_RXQ_OVFL = 40
const SO_ATTACH_REUSEPORT_CBPF = 51
const IPPROTO_IPV6 = 41
const IPV6_V6ONLY = 26

const EACCES = 13
const EADDRINUSE = 98
const EADDRNOTAVAIL = 99
const EAFNOSUPPORT = 97
const EMFILE = 24

/** How long a receive waits for a first datagram. */
export const RECEIVE_WAIT_MS = 100

export interface BindOptions {
  /** Address to listen on; empty or unspecified = every address of both families, as Go's net package has it. */
  readonly host: string
  readonly port: number
  /** Whether other sockets may be bound to the same place with the same option. */
  readonly reusePort: boolean
  /** The socket buffer wished for; the kernel may give less. */
  readonly receiveBufferOctets: number
}

/** A bound socket as plain data: a file descriptor belongs to the process, so another thread may read from it. */
export interface BoundSocket {
  readonly how: 'recvmmsg'
  readonly fd: number
  /** Which of the sockets that share the port, from 0. */
  readonly number: number
  readonly localAddress: string
  readonly localPort: number
  /** What the kernel reserved, its own overhead counted: twice what was asked for where it gave all of it. */
  readonly receiveBufferOctets: number
}

/** Whether the host stands for every address of the machine. */
export function isEveryAddress(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}

/** The literal address of a host name; the host itself if it is a literal, empty, or not to be found. */
export async function resolveHost(host: string): Promise<string> {
  if (host === '' || socketAddress(host, 0) !== null) return host
  try {
    // Go prefers IPv4 where a name has both.
    return (await lookup(host, { order: 'ipv4first' })).address
  } catch (error) {
    throw new FlowError(
      'LISTEN_FAILED',
      `cannot listen on ${host}: the name has no address; give an address of this machine`,
      { cause: error },
    )
  }
}

/** Binds one socket whose address is a literal; throws LISTEN_FAILED. The caller closes it. */
export function bindUdp(libc: Libc, options: BindOptions): BoundSocket {
  const { host, port } = options
  // Go listens on both families when told an unspecified address of either (net.ListenPacket), and so did goflow2.
  if (isEveryAddress(host)) {
    const both = bindTo(libc, socketAddress('::', port)!, options)
    if (typeof both !== 'number') return both
    // Where IPv6 is off, the kernel refuses the family or the address.
    if (both !== EAFNOSUPPORT && both !== EADDRNOTAVAIL) throw listenFailed(options, both)
  }
  const address = socketAddress(isEveryAddress(host) ? '0.0.0.0' : host, port)
  if (address === null) throw listenFailed(options, EADDRNOTAVAIL)
  const bound = bindTo(libc, address, options)
  if (typeof bound === 'number') throw listenFailed(options, bound)
  return bound
}

/**
 * Binds `count` sockets to one place and makes the kernel choose among them by source address; only one where it
 * refuses to, because an exporter's datagrams must stay in order. Throws LISTEN_FAILED, also where someone else
 * already shares the port; the caller closes the sockets.
 */
export function bindUdpGroup(libc: Libc, options: BindOptions, count: number): BoundSocket[] {
  if (count === 1) return [bindUdp(libc, options)]
  // A port shared with a stranger would cost us a part of the datagrams without a word.
  const alone = bindUdp(libc, { ...options, reusePort: false, receiveBufferOctets: 0 })
  libc.close(alone.fd)
  const sockets: BoundSocket[] = []
  try {
    // All must have the port that the first one got, if the kernel chose it.
    let port = options.port
    for (let i = 0; i < count; i++) {
      const socket = bindUdp(libc, { ...options, port, reusePort: true })
      sockets.push({ ...socket, number: i })
      port = socket.localPort
    }
  } catch (error) {
    for (const socket of sockets) libc.close(socket.fd)
    throw error
  }
  if (steer(libc, sockets)) return sockets
  for (const socket of sockets.splice(1)) libc.close(socket.fd)
  return sockets
}

/** Closes a socket that no thread reads from any more. */
export function closeBound(socket: BoundSocket): void {
  openLibc()?.close(socket.fd)
}

/** Whether the kernel took the program; without it, it spreads datagrams by address and port. */
function steer(libc: Libc, sockets: readonly BoundSocket[]): boolean {
  const program = steeringProgram(sockets.length)
  // struct sock_fprog with the program right behind it: one buffer, which the call keeps reachable.
  const value = new Uint8Array(16 + program.length)
  const view = new DataView(value.buffer)
  view.setUint16(0, program.length / 8, true)
  view.setBigUint64(8, libc.addressOf(value) + 16n, true)
  value.set(program, 16)
  return libc.setsockopt(sockets[0]!.fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, value, 16) === 0
}

/** The bound socket, or the errno of what failed. */
function bindTo(libc: Libc, address: SocketAddress, options: BindOptions): BoundSocket | number {
  const fd = libc.socket(address.family, SOCK_DGRAM_CLOEXEC, 0)
  if (fd < 0) return libc.errno()
  if (address.family === AF_INET6) libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, integer(0), 4)
  if (options.reusePort) libc.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, integer(1), 4)
  if (libc.bind(fd, address.octets, address.length) !== 0) {
    const errno = libc.errno()
    libc.close(fd)
    return errno
  }
  setReceiveBuffer(libc, fd, options.receiveBufferOctets)
  libc.setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, integer(1), 4)
  libc.setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, integer(1), 4)
  const wait = new Uint8Array(16)
  new DataView(wait.buffer).setBigInt64(8, BigInt(RECEIVE_WAIT_MS * 1000), true)
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, wait, 16)

  const name = new Uint8Array(SOCKET_ADDRESS_OCTETS)
  libc.getsockname(fd, name, integer(SOCKET_ADDRESS_OCTETS))
  const view = new DataView(name.buffer)
  const size = integer(0)
  libc.getsockopt(fd, SOL_SOCKET, SO_RCVBUF, size, integer(4))
  return {
    how: 'recvmmsg',
    fd,
    number: 0,
    localAddress: formatSocketAddress(view, 0),
    localPort: view.getUint16(2),
    receiveBufferOctets: new DataView(size.buffer).getInt32(0, true),
  }
}

/**
 * Asks for the whole buffer as root may have it, then as much as anyone may have: SO_RCVBUF gives what
 * net.core.rmem_max allows and never fails. The kernel doubles the number, so half of 2^31 is the most there is.
 */
function setReceiveBuffer(libc: Libc, fd: number, octets: number): void {
  if (octets <= 0) return
  const wish = integer(Math.min(octets, 2 ** 30 - 1))
  if (libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, wish, 4) !== 0) {
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, wish, 4)
  }
}

/** One sentence for a failed bind: what, where, and what to do. */
export function listenFailed(options: { host: string; port: number }, errno: number): FlowError {
  const { host, port } = options
  const where = `udp ${host.includes(':') ? `[${host}]` : host}:${port}`
  let why: string
  switch (errno) {
    case EADDRINUSE:
      why = `the port is in use; stop the program that has it (ss -ulpn 'sport = :${port}' names it) or choose another port`
      break
    case EACCES:
      why = 'ports below 1024 need root or CAP_NET_BIND_SERVICE; choose a higher port or grant it'
      break
    case EADDRNOTAVAIL:
      why = 'this machine has no such address; give one of its own (ip address lists them), or none for all'
      break
    case EAFNOSUPPORT:
      why = 'IPv6 is off on this machine; give an IPv4 address'
      break
    case EMFILE:
      why = 'too many open files; raise the limit (ulimit -n) or lower count'
      break
    default:
      why = `the kernel says ${getSystemErrorName(-errno)}`
  }
  return new FlowError('LISTEN_FAILED', `cannot listen on ${where}: ${why}`)
}

function integer(value: number): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(4)
  new DataView(octets.buffer).setInt32(0, value, true)
  return octets
}
