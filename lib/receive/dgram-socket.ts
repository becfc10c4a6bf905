import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { parseAddress } from '../bytes/address.ts'
import type { FlowError } from '../diagnostics/flow-error.ts'
import type { Datagram } from '../flow/datagram.ts'
import { writeScaled } from './nanoseconds.ts'
import { type BindOptions, isEveryAddress, listenFailed } from './udp-bind.ts'

const EAFNOSUPPORT = 97
const EADDRNOTAVAIL = 99
/** Octets that may wait, whatever their number. */
const MOST_QUEUED_OCTETS = 64 << 20
/** Exporters whose drops are counted by themselves. */
const MOST_DROPPED = 1024

export interface DgramOptions extends BindOptions {
  /** Longer datagrams are cut to this. */
  readonly maxDatagramOctets: number
  /** Datagrams taken at a time. */
  readonly batch: number
  /** Datagrams that may wait while nobody takes them; further ones are dropped and counted. */
  readonly queueSize: number
}

interface Drops {
  datagrams: number
  octets: number
}

interface Waiting {
  readonly octets: Buffer
  readonly from: RemoteInfo
  readonly receivedMs: number
}

/**
 * A UDP socket of node:dgram in the shape of the recvmmsg one, for where that cannot be had: a few times slower,
 * without the kernel's time and drop counter. Datagrams come from the event loop and wait in a bounded queue.
 */
export class DgramSocket {
  readonly localAddress: string
  readonly localPort: number
  readonly receiveBufferOctets: number
  /** Not to be known here. */
  readonly kernelDrops = 0
  truncated = 0
  /** What found the queue full, by exporter address; `other` stands for those beyond a bound. */
  readonly drops = new Map<string, Drops>()
  readonly #socket: Socket
  readonly #options: DgramOptions
  #queue: Waiting[] = []
  /** Those before it have been taken. */
  #head = 0
  #queuedOctets = 0
  #taken: Waiting[] = []
  #wake: () => void = () => {}
  readonly #timeNs = new BigUint64Array(1)
  readonly #timeWords = new Uint32Array(this.#timeNs.buffer)

  constructor(socket: Socket, options: DgramOptions) {
    const { address, port } = socket.address()
    this.localAddress = address
    this.localPort = port
    this.receiveBufferOctets = socket.getRecvBufferSize()
    this.#socket = socket
    this.#options = options
    socket.on('message', (octets, from) => this.#enqueue(octets, from))
    // A socket that failed gives nothing more; that of UDP does not fail once it is bound.
    socket.on('error', () => {})
  }

  /** Takes what waits; returns how many datagrams there are. */
  receiveNow(): number {
    const end = Math.min(this.#head + this.#options.batch, this.#queue.length)
    this.#taken = this.#queue.slice(this.#head, end)
    this.#head = end
    // Now and then, so that each datagram is moved at most once or twice.
    if (end === this.#queue.length || (end > 4096 && end * 2 > this.#queue.length)) {
      this.#queue = this.#queue.slice(end)
      this.#head = 0
    }
    for (const { octets } of this.#taken) this.#queuedOctets -= octets.length
    return this.#taken.length
  }

  /** Resolves when a datagram waits, or after the time. */
  async wait(withinMs: number): Promise<void> {
    if (this.#queue.length > this.#head) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = () => {}
  }

  /** Describes datagram `i` of the last receive. */
  datagram(i: number, into: Datagram): void {
    const { octets, from, receivedMs } = this.#taken[i]!
    into.octets = octets
    into.view = new DataView(octets.buffer, octets.byteOffset, octets.length)
    into.from = 0
    into.to = Math.min(octets.length, this.#options.maxDatagramOctets)
    parseAddress(from.address.split('%', 1)[0]!, into.address)
    into.port = from.port
    into.localAddress = this.localAddress
    into.localPort = this.localPort
    writeScaled(this.#timeWords, 0, Math.floor(receivedMs / 2 ** 32), receivedMs >>> 0, 1_000_000, 0)
    into.receivedNs[0] = this.#timeNs[0]!
  }

  /** Datagrams that found the queue full. */
  queueDrops(): number {
    let count = 0
    for (const { datagrams } of this.drops.values()) count += datagrams
    return count
  }

  close(): void {
    this.#socket.close()
  }

  #drop(octets: number, address: string): void {
    const remote = address.replace(/^::ffff:/, '')
    const key = this.drops.has(remote) || this.drops.size < MOST_DROPPED ? remote : 'other'
    let drops = this.drops.get(key)
    if (drops === undefined) {
      drops = { datagrams: 0, octets: 0 }
      this.drops.set(key, drops)
    }
    drops.datagrams++
    drops.octets += octets
  }

  #enqueue(octets: Buffer, from: RemoteInfo): void {
    if (octets.length > this.#options.maxDatagramOctets) this.truncated++
    if (
      // One batch always finds room, as it would where there is no queue.
      this.#queue.length - this.#head >= Math.max(this.#options.queueSize, this.#options.batch) ||
      this.#queuedOctets + octets.length > MOST_QUEUED_OCTETS
    ) {
      this.#drop(octets.length, from.address)
      return
    }
    this.#queue.push({ octets, from, receivedMs: Date.now() })
    this.#queuedOctets += octets.length
    this.#wake()
  }
}

/** Binds a socket of node:dgram whose address is a literal; rejects with LISTEN_FAILED. */
export async function openDgramSocket(options: DgramOptions): Promise<DgramSocket> {
  const { host, port } = options
  if (isEveryAddress(host)) {
    const both = await bind('udp6', '::', options)
    if (typeof both !== 'number') return new DgramSocket(both, options)
    // As in bindUdp: where IPv6 is off, IPv4 alone is listened on.
    if (both !== EAFNOSUPPORT && both !== EADDRNOTAVAIL) throw failed(options, both)
  }
  const type = host.includes(':') && !isEveryAddress(host) ? 'udp6' : 'udp4'
  const bound = await bind(type, isEveryAddress(host) ? '0.0.0.0' : host, { ...options, port })
  if (typeof bound === 'number') throw failed(options, bound)
  return new DgramSocket(bound, options)
}

function failed(options: DgramOptions, errno: number): FlowError {
  return listenFailed(options, errno)
}

function bind(type: 'udp4' | 'udp6', address: string, options: DgramOptions): Promise<Socket | number> {
  return new Promise((resolve) => {
    const { receiveBufferOctets, reusePort } = options
    const socket = createSocket({
      type,
      reusePort,
      ...(receiveBufferOctets > 0 ? { recvBufferSize: Math.min(receiveBufferOctets, 2 ** 30 - 1) } : {}),
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close()
      resolve(error.errno === undefined ? EADDRNOTAVAIL : -error.errno)
    })
    socket.bind({ address, port: options.port, exclusive: true }, () => {
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}
