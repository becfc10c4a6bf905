import { type Libc, openLibc } from './ffi.ts'
import { socketAddress } from './socket-address.ts'

const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000
const SOL_SOCKET = 1
const SO_SNDBUF = 7
const SOL_UDP = 17
const UDP_SEGMENT = 103
const EADDRNOTAVAIL = 99

const MESSAGE_OCTETS = 64
const IOVEC_OCTETS = 16
/** The kernel cuts one buffer into at most 128 datagrams (UDP_MAX_SEGMENTS), 64 before Linux 6.9. */
const MOST_SEGMENTS = 64

export interface SenderOptions {
  /** Literal address and port to send to. */
  readonly host: string
  readonly port: number
  /** Literal address to send from, and port; the kernel's choice unless told. */
  readonly source?: string
  readonly sourcePort?: number
}

/**
 * Sends loaded datagrams again and again by sendmmsg, as fast as the socket takes them: for benches, tests and
 * replay. The caller sets the pace.
 */
export class UdpSender {
  readonly #libc: Libc
  readonly #fd: number
  /** Message headers, then the octets they point at: what the kernel reads must stay reachable. */
  #held: readonly [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)]
  #buffers = 0
  #datagrams = 0
  #isOpen = true

  constructor(libc: Libc, fd: number) {
    this.#libc = libc
    this.#fd = fd
  }

  /** Copies the datagrams that `send` shall send. */
  load(payloads: readonly Uint8Array[]): void {
    const segment = new Uint8Array(4)
    this.#libc.setsockopt(this.#fd, SOL_UDP, UDP_SEGMENT, segment, 4)
    this.#datagrams = payloads.length
    this.#lay(payloads)
  }

  /**
   * As `load`, of `count` equal datagrams that the kernel cuts from few buffers (UDP_SEGMENT): several times faster.
   * False where the kernel cannot; nothing is loaded then.
   */
  loadSegmented(payload: Uint8Array, count: number): boolean {
    const segment = new Uint8Array(4)
    new DataView(segment.buffer).setInt32(0, payload.length, true)
    if (this.#libc.setsockopt(this.#fd, SOL_UDP, UDP_SEGMENT, segment, 4) !== 0) return false
    const perBuffer = Math.max(1, Math.min(MOST_SEGMENTS, Math.floor(65_000 / payload.length)))
    const buffers: Uint8Array[] = []
    for (let left = count; left > 0; left -= perBuffer) {
      const segments = Math.min(left, perBuffer)
      const buffer = new Uint8Array(segments * payload.length)
      for (let i = 0; i < segments; i++) buffer.set(payload, i * payload.length)
      buffers.push(buffer)
    }
    this.#datagrams = count
    this.#lay(buffers)
    return true
  }

  /** Sends what was loaded, once; returns how many datagrams the kernel took, or -errno. */
  send(): number {
    const sent = this.#libc.sendmmsg(this.#fd, this.#held[0], this.#buffers, 0)
    if (sent < 0) return -this.#libc.errno()
    if (sent === this.#buffers) return this.#datagrams
    return Math.floor((sent * this.#datagrams) / this.#buffers)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#libc.close(this.#fd)
  }

  #lay(buffers: readonly Uint8Array[]): void {
    const total = buffers.reduce((sum, buffer) => sum + buffer.length, 0)
    // At least 4 KiB each, so that V8 keeps neither on its moving heap.
    const octets = new Uint8Array(Math.max(total, 4096))
    const messages = new Uint8Array(Math.max(buffers.length * (MESSAGE_OCTETS + IOVEC_OCTETS), 4096))
    const view = new DataView(messages.buffer)
    const base = this.#libc.addressOf(messages)
    const dataBase = this.#libc.addressOf(octets)
    let used = 0
    for (const [i, buffer] of buffers.entries()) {
      const iovec = buffers.length * MESSAGE_OCTETS + i * IOVEC_OCTETS
      octets.set(buffer, used)
      view.setBigUint64(i * MESSAGE_OCTETS + 16, base + BigInt(iovec), true)
      view.setBigUint64(i * MESSAGE_OCTETS + 24, 1n, true)
      view.setBigUint64(iovec, dataBase + BigInt(used), true)
      view.setBigUint64(iovec + 8, BigInt(buffer.length), true)
      used += buffer.length
    }
    this.#buffers = buffers.length
    this.#held = [messages, octets]
  }
}

/** A sender, or null where sendmmsg cannot be had; throws where an address is bad. The caller closes it. */
export function openUdpSender(options: SenderOptions): UdpSender | null {
  const libc = openLibc()
  if (libc === null) return null
  const to = socketAddress(options.host, options.port)
  if (to === null) throw new Error(`${options.host} is no address`)
  const fd = libc.socket(to.family, SOCK_DGRAM_CLOEXEC, 0)
  if (fd < 0) throw new Error(`no socket: error ${libc.errno()}`)
  const size = new Uint8Array(4)
  new DataView(size.buffer).setInt32(0, 4 << 20, true)
  libc.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, size, 4)
  let errno = 0
  if (options.source !== undefined || options.sourcePort !== undefined) {
    const any = to.length === 16 ? '0.0.0.0' : '::'
    const from = socketAddress(options.source ?? any, options.sourcePort ?? 0)
    if (from === null) errno = EADDRNOTAVAIL
    else if (libc.bind(fd, from.octets, from.length) !== 0) errno = libc.errno()
  }
  if (errno === 0 && libc.connect(fd, to.octets, to.length) !== 0) errno = libc.errno()
  if (errno !== 0) {
    libc.close(fd)
    throw new Error(`cannot send from ${options.source ?? 'any address'} to ${options.host}: error ${errno}`)
  }
  return new UdpSender(libc, fd)
}
