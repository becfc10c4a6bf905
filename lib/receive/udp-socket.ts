import { FlowError } from '../diagnostics/flow-error.ts'
import type { Datagram } from '../flow/datagram.ts'
import { type Libc, openLibc } from './ffi.ts'
import { writeScaled } from './nanoseconds.ts'
import { readSocketAddress, SOCKET_ADDRESS_OCTETS } from './socket-address.ts'
import { type BindOptions, type BoundSocket, bindUdp } from './udp-bind.ts'

const MSG_DONTWAIT = 0x40
const MSG_TRUNC = 0x20
const MSG_WAITFORONE = 0x10000
const SCM_TIMESTAMPNS = 35
const SO_RXQ_OVFL = 40
const SOL_SOCKET = 1
const EINTR = 4
const EAGAIN = 11
const ENOMEM = 12
const ENOBUFS = 105

// struct mmsghdr of 64-bit Linux: a msghdr of 56 octets, then the length received.
const MESSAGE_OCTETS = 64
const NAME_LENGTH = 8
const CONTROL_LENGTH = 40
const FLAGS = 48
const LENGTH = 56
const IOVEC_OCTETS = 16
/** Room for the time (16 + 16 octets) and the drop counter (16 + 4, padded to 8). */
const CONTROL_OCTETS = 64

export interface RingOptions {
  /** Longer datagrams are cut to this. */
  readonly maxDatagramOctets: number
  /** Datagrams taken by one system call. */
  readonly batch: number
}

/**
 * One bound UDP socket read by recvmmsg: a ring of buffers that the kernel fills by the batch. What a datagram
 * describes is good until the next receive. The ring stays reachable as long as the object is, which must therefore
 * outlive every receive.
 */
export class UdpSocket {
  readonly bound: BoundSocket
  readonly localAddress: string
  readonly localPort: number
  readonly receiveBufferOctets: number
  /** Datagrams that the kernel dropped because its buffer was full, as far as it has told. */
  kernelDrops = 0
  /** Datagrams that were longer than the ring's buffers. */
  truncated = 0
  readonly #libc: Libc
  readonly #batch: number
  readonly #stride: number
  readonly #octets: Uint8Array
  readonly #view: DataView
  readonly #control: Uint8Array
  readonly #controlView: DataView
  readonly #controlWords: Uint32Array
  readonly #namesAt: number
  readonly #messagesAt: number
  readonly #times: BigUint64Array
  readonly #timeWords: Uint32Array
  #filled = 0
  #lastDrops = 0
  #isOpen = true

  constructor(libc: Libc, bound: BoundSocket, options: RingOptions) {
    this.#libc = libc
    this.bound = bound
    this.localAddress = bound.localAddress
    this.localPort = bound.localPort
    this.receiveBufferOctets = bound.receiveBufferOctets
    const batch = options.batch
    this.#batch = batch
    this.#stride = (options.maxDatagramOctets + 63) & ~63
    // At least 4 KiB each, so that V8 keeps neither on its moving heap.
    const data = new ArrayBuffer(Math.max(batch * this.#stride, 4096))
    this.#octets = new Uint8Array(data)
    this.#view = new DataView(data)
    const iovecsAt = batch * MESSAGE_OCTETS
    this.#namesAt = iovecsAt + batch * IOVEC_OCTETS
    this.#messagesAt = this.#namesAt + batch * SOCKET_ADDRESS_OCTETS
    const control = new ArrayBuffer(Math.max(this.#messagesAt + batch * CONTROL_OCTETS, 4096))
    this.#control = new Uint8Array(control)
    this.#controlView = new DataView(control)
    this.#controlWords = new Uint32Array(control)
    this.#times = new BigUint64Array(batch)
    this.#timeWords = new Uint32Array(this.#times.buffer)

    const view = this.#controlView
    const dataBase = libc.addressOf(this.#octets)
    const base = libc.addressOf(this.#control)
    for (let i = 0; i < batch; i++) {
      const message = i * MESSAGE_OCTETS
      const iovec = iovecsAt + i * IOVEC_OCTETS
      view.setBigUint64(message, base + BigInt(this.#namesAt + i * SOCKET_ADDRESS_OCTETS), true)
      view.setBigUint64(message + 16, base + BigInt(iovec), true)
      view.setBigUint64(message + 24, 1n, true)
      view.setBigUint64(message + 32, base + BigInt(this.#messagesAt + i * CONTROL_OCTETS), true)
      view.setBigUint64(iovec, dataBase + BigInt(i * this.#stride), true)
      view.setBigUint64(iovec + 8, BigInt(options.maxDatagramOctets), true)
    }
    this.#filled = batch
  }

  /** Waits at most 100 ms for a datagram, then takes what is there; returns how many datagrams there are. */
  receive(): number {
    return this.#receive(MSG_WAITFORONE)
  }

  /** Takes what is there without waiting. */
  receiveNow(): number {
    return this.#receive(MSG_DONTWAIT)
  }

  /** Describes datagram `i` of the last receive; its octets are the ring's. */
  datagram(i: number, into: Datagram): void {
    const words = this.#controlWords
    const from = i * this.#stride
    into.octets = this.#octets
    into.view = this.#view
    into.from = from
    into.to = from + words[(i * MESSAGE_OCTETS + LENGTH) >> 2]!
    into.port = readSocketAddress(this.#controlView, this.#namesAt + i * SOCKET_ADDRESS_OCTETS, into.address)
    into.localAddress = this.localAddress
    into.localPort = this.localPort
    into.receivedNs[0] = this.#times[i]!
  }

  /** Closes the socket; the ring is free to go after it. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#libc.close(this.bound.fd)
  }

  #receive(flags: number): number {
    const words = this.#controlWords
    // The kernel wrote how much it used; it has to be told again how much there is.
    for (let i = 0; i < this.#filled; i++) {
      const message = (i * MESSAGE_OCTETS) >> 2
      words[message + (NAME_LENGTH >> 2)] = SOCKET_ADDRESS_OCTETS
      words[message + (CONTROL_LENGTH >> 2)] = CONTROL_OCTETS
    }
    this.#filled = 0
    const count = this.#libc.recvmmsg(this.bound.fd, this.#control, this.#batch, flags, null)
    if (count <= 0) {
      // A call that failed may have written the first header's lengths.
      this.#filled = 1
      if (count < 0) this.#check(this.#libc.errno())
      return 0
    }
    this.#filled = count
    for (let i = 0; i < count; i++) {
      if ((words[(i * MESSAGE_OCTETS + FLAGS) >> 2]! & MSG_TRUNC) !== 0) this.truncated++
      this.#readControl(i)
    }
    return count
  }

  /** Reads what the kernel tells beside the datagram: when it came, and how many it has dropped so far. */
  #readControl(i: number): void {
    const words = this.#controlWords
    let at = (this.#messagesAt + i * CONTROL_OCTETS) >> 2
    const end = at + (words[(i * MESSAGE_OCTETS + CONTROL_LENGTH) >> 2]! >> 2)
    let isTimed = false
    // struct cmsghdr: 8 octets of length, level, type, then the data; padded to 8 octets.
    while (at + 4 < end) {
      const length = words[at]!
      if (length < 16) break
      if (words[at + 2] === SOL_SOCKET) {
        const type = words[at + 3]
        if (type === SCM_TIMESTAMPNS) {
          writeScaled(this.#timeWords, i * 2, words[at + 5]!, words[at + 4]!, 1_000_000_000, words[at + 6]!)
          isTimed = true
        } else if (type === SO_RXQ_OVFL) {
          // A 32-bit counter of the socket's whole life, which wraps.
          const drops = words[at + 4]!
          this.kernelDrops += (drops - this.#lastDrops) >>> 0
          this.#lastDrops = drops
        }
      }
      at += ((length + 7) & ~7) >> 2
    }
    if (!isTimed) {
      const now = Date.now()
      writeScaled(this.#timeWords, i * 2, Math.floor(now / 2 ** 32), now >>> 0, 1_000_000, 0)
    }
  }

  #check(errno: number): void {
    if (errno === EAGAIN || errno === EINTR || errno === ENOMEM || errno === ENOBUFS) return
    const { localAddress, localPort } = this
    throw new FlowError(
      'LISTEN_FAILED',
      `lost the socket on udp ${localAddress} port ${localPort}: recvmmsg failed with error ${errno}`,
    )
  }
}

/**
 * Binds a socket and makes its ring; throws LISTEN_FAILED, or returns null where recvmmsg cannot be had, for which
 * there is the dgram socket.
 */
export function openUdpSocket(options: BindOptions & RingOptions): UdpSocket | null {
  const libc = openLibc()
  return libc === null ? null : new UdpSocket(libc, bindUdp(libc, options), options)
}
