import type { MetricFamily } from '../diagnostics/metrics.ts'
import { type Datagram, newDatagram, type Scheme } from '../flow/datagram.ts'
import type { DgramSocket } from './dgram-socket.ts'
import { type Libc, openLibc } from './ffi.ts'
import { type ReceiverSocket, receiveFamilies, type SocketCounts } from './receive-metrics.ts'
import { Traffic } from './traffic.ts'
import { RECEIVE_WAIT_MS } from './udp-bind.ts'
import { UdpSocket } from './udp-socket.ts'

const POLLIN = 1
const POLL_OCTETS = 8
/** How long a receiver that was told to stop goes on taking what the kernel holds. */
const DRAIN_MS = 2000
/**
 * After so few datagrams the receiver lets more of them gather, so that a system call brings many: the price of one
 * is that of several datagrams. What comes meanwhile must fit the socket's buffer, so that small ones are not used so.
 */
const FEW_DATAGRAMS = 16
const GATHER_MS = 1
const GATHER_FROM_OCTETS = 4 * 1024 * 1024

/** What a receiver calls. Everything runs in its thread. */
export interface ReceiverHooks {
  /** Takes one datagram, whose octets are good until it returns. */
  onDatagram(datagram: Datagram, scheme: Scheme): void
  /** Called after each batch; while its promise is pending nothing is received, and the kernel's buffer fills. */
  afterBatch?(): void | Promise<void>
  /** Called when nothing came for about 100 ms. */
  onIdle?(): void | Promise<void>
  /** Asked between batches. */
  shouldStop(): boolean
  /** How often at most the event loop waits for the receiver, in milliseconds; 50 unless told. */
  readonly yieldEveryMs?: number
}

/** Receives from all sockets of one thread; made by `openReceiver`. */
export class Receiver {
  readonly #sockets: readonly ReceiverSocket[]
  readonly #counts: SocketCounts[]
  readonly #traffic = new Traffic()
  readonly #datagram = newDatagram()
  /** struct pollfd of each socket, where there are several of the recvmmsg kind. */
  readonly #polled: Uint8Array
  readonly #libc: Libc | null
  readonly #gathers: boolean
  /** Nobody ever wakes a waiter on it. */
  readonly #pause = new Int32Array(new SharedArrayBuffer(4))

  constructor(sockets: readonly ReceiverSocket[]) {
    this.#sockets = sockets
    this.#counts = sockets.map(({ socket, scheme }) => {
      const { localAddress, localPort } = socket
      return { datagrams: 0, octets: 0, place: this.#traffic.addPlace(localAddress, localPort, scheme) }
    })
    this.#libc = openLibc()
    this.#gathers = sockets.every(
      ({ socket }) => socket instanceof UdpSocket && socket.receiveBufferOctets >= GATHER_FROM_OCTETS,
    )
    this.#polled = new Uint8Array(Math.max(sockets.length * POLL_OCTETS, 128))
    const view = new DataView(this.#polled.buffer)
    for (const [i, { socket }] of sockets.entries()) {
      if (!(socket instanceof UdpSocket)) continue
      view.setInt32(i * POLL_OCTETS, socket.bound.fd, true)
      view.setInt16(i * POLL_OCTETS + 4, POLLIN, true)
    }
  }

  /** Receives until told to stop, then takes what the kernel still holds. The caller closes the receiver. */
  async run(hooks: ReceiverHooks): Promise<void> {
    const yieldEveryMs = hooks.yieldEveryMs ?? 50
    let yielded = performance.now()
    while (!hooks.shouldStop()) {
      const turn = this.#turn(hooks)
      const count = typeof turn === 'number' ? turn : await turn
      const promise = count > 0 ? hooks.afterBatch?.() : hooks.onIdle?.()
      if (promise !== undefined) await promise
      if (this.#gathers && count > 0 && count < FEW_DATAGRAMS) Atomics.wait(this.#pause, 0, 0, GATHER_MS)
      const now = performance.now()
      if (count > 0 && now - yielded < yieldEveryMs) continue
      await new Promise((resolve) => setImmediate(resolve))
      yielded = now
    }
    const end = performance.now() + DRAIN_MS
    while (this.#receiveAll(hooks) > 0) {
      const promise = hooks.afterBatch?.()
      if (promise !== undefined) await promise
      if (performance.now() > end) break
    }
  }

  /** Where the sockets are bound, in the order they were given. */
  places(): { localAddress: string; localPort: number; receiveBufferOctets: number }[] {
    return this.#sockets.map(({ socket: { localAddress, localPort, receiveBufferOctets } }) => ({
      localAddress,
      localPort,
      receiveBufferOctets,
    }))
  }

  /** What was received so far. */
  families(): MetricFamily[] {
    return [...this.#traffic.families(), ...receiveFamilies(this.#sockets, this.#counts)]
  }

  close(): void {
    for (const { socket } of this.#sockets) socket.close()
  }

  /** Receives one batch of each socket that has something, and waits for a while if none has. */
  #turn(hooks: ReceiverHooks): number | Promise<number> {
    const first = this.#sockets[0]!.socket
    if (this.#sockets.length === 1 && first instanceof UdpSocket) return this.#take(hooks, 0, first.receive())
    const count = this.#receiveAll(hooks)
    if (count > 0) return count
    if (first instanceof UdpSocket) {
      this.#libc!.poll(this.#polled, this.#sockets.length, RECEIVE_WAIT_MS)
      return this.#receiveAll(hooks)
    }
    return this.#waitForEvents(hooks)
  }

  async #waitForEvents(hooks: ReceiverHooks): Promise<number> {
    const sockets = this.#sockets.map(({ socket }) => socket as DgramSocket)
    await Promise.race(sockets.map((socket) => socket.wait(RECEIVE_WAIT_MS)))
    return this.#receiveAll(hooks)
  }

  #receiveAll(hooks: ReceiverHooks): number {
    let count = 0
    for (let i = 0; i < this.#sockets.length; i++) {
      count += this.#take(hooks, i, this.#sockets[i]!.socket.receiveNow())
    }
    return count
  }

  /** Hands on the `count` datagrams that the socket has received. */
  #take(hooks: ReceiverHooks, number: number, count: number): number {
    const { socket, scheme } = this.#sockets[number]!
    const counts = this.#counts[number]!
    const datagram = this.#datagram
    for (let i = 0; i < count; i++) {
      socket.datagram(i, datagram)
      counts.datagrams++
      counts.octets += datagram.to - datagram.from
      // An empty datagram is a port scan or a probe, as goflow2 had it too.
      if (datagram.to === datagram.from) continue
      this.#traffic.note(counts.place, datagram)
      hooks.onDatagram(datagram, scheme)
    }
    return count
  }
}
