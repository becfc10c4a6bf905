import type { Scheme } from '../flow/datagram.ts'
import { openDgramSocket } from './dgram-socket.ts'
import { openLibc } from './ffi.ts'
import type { Listener } from './listen-url.ts'
import type { ReceiverSocket } from './receive-metrics.ts'
import { Receiver } from './receiver.ts'
import { type BoundSocket, bindUdpGroup, closeBound, resolveHost } from './udp-bind.ts'
import { type RingOptions, UdpSocket } from './udp-socket.ts'

export interface ListenOptions {
  /** Sockets to share each listener's port; one for each thread that shall receive from it. */
  readonly sockets: number
  /** The socket buffer wished for; the kernel may give less. */
  readonly receiveBufferOctets: number
  /** `dgram` keeps to node:dgram even where recvmmsg can be had. */
  readonly how?: 'best' | 'dgram'
}

/** A listener that another thread will bind, for want of recvmmsg. */
interface UnboundSocket {
  readonly how: 'dgram'
  readonly host: string
  readonly port: number
  readonly number: 0
  readonly receiveBufferOctets: number
  readonly queueSize: number
}

/** One socket to receive from, as plain data: made by one thread, given to the one that receives. */
export type ListenSocket = (BoundSocket | UnboundSocket) & { readonly scheme: Scheme }

/**
 * Binds a listener's sockets; rejects with LISTEN_FAILED. Datagrams of one exporter address all reach one of them,
 * and there is only one where the kernel cannot see to that. Without recvmmsg there is one as well, which is bound
 * only when a receiver opens it: node:dgram cannot tell exporters apart.
 */
export async function bindListener(listener: Listener, options: ListenOptions): Promise<ListenSocket[]> {
  const { scheme, port, queueSize } = listener
  const { receiveBufferOctets } = options
  const host = await resolveHost(listener.host)
  const libc = options.how === 'dgram' ? null : openLibc()
  if (libc === null) return [{ how: 'dgram', scheme, host, port, number: 0, receiveBufferOctets, queueSize }]
  const wish = { host, port, reusePort: false, receiveBufferOctets }
  return bindUdpGroup(libc, wish, options.sockets).map((socket) => ({ ...socket, scheme }))
}

/** Closes sockets that no receiver has opened. */
export function closeSockets(sockets: readonly ListenSocket[]): void {
  for (const socket of sockets) if (socket.how === 'recvmmsg') closeBound(socket)
}

/** The receiver of a thread's sockets, which it owns from then on; rejects with LISTEN_FAILED. */
export async function openReceiver(
  sockets: readonly ListenSocket[],
  options: RingOptions,
): Promise<Receiver> {
  const opened: ReceiverSocket[] = []
  try {
    for (const bound of sockets) {
      const { scheme, number } = bound
      const socket =
        bound.how === 'recvmmsg'
          ? new UdpSocket(openLibc()!, bound, options)
          : await openDgramSocket({ ...bound, ...options, reusePort: false })
      opened.push({ socket, scheme, number })
    }
  } catch (error) {
    for (const { socket } of opened) socket.close()
    throw error
  }
  return new Receiver(opened)
}
