import type { MetricFamily, MetricSample } from '../diagnostics/metrics.ts'
import type { Scheme } from '../flow/datagram.ts'
import { DgramSocket } from './dgram-socket.ts'
import type { UdpSocket } from './udp-socket.ts'

/** One socket of a receiver, and what is counted of it. */
export interface ReceiverSocket {
  readonly socket: UdpSocket | DgramSocket
  readonly scheme: Scheme
  /** Which of the sockets that share the port, from 0. */
  readonly number: number
}

/** Counts of one socket. */
export interface SocketCounts {
  datagrams: number
  octets: number
  /** Its number in the traffic counts. */
  readonly place: number
}

/** The families of what sockets counted, one sample for each socket. */
export function receiveFamilies(
  sockets: readonly ReceiverSocket[],
  counts: readonly SocketCounts[],
): MetricFamily[] {
  const samples = (value: (socket: ReceiverSocket, counts: SocketCounts) => number): MetricSample[] =>
    sockets.map((entry, i) => {
      const { localAddress, localPort } = entry.socket
      const labels = {
        local_ip: localAddress,
        local_port: String(localPort),
        socket: String(entry.number),
      }
      return { labels, value: value(entry, counts[i]!) }
    })
  return [
    ...dropFamilies(sockets),
    {
      name: 'weir_receive_datagrams_total',
      help: 'Datagrams received by a socket, empty ones too.',
      type: 'counter',
      samples: samples((_, { datagrams }) => datagrams),
    },
    {
      name: 'weir_receive_octets_total',
      help: 'Payload octets received by a socket.',
      type: 'counter',
      samples: samples((_, { octets }) => octets),
    },
    {
      name: 'weir_receive_kernel_drops_total',
      help: 'Datagrams that the kernel dropped because the receive buffer of a socket was full.',
      type: 'counter',
      samples: samples(({ socket }) => socket.kernelDrops),
    },
    {
      name: 'weir_receive_truncated_total',
      help: 'Datagrams longer than the longest that is received whole.',
      type: 'counter',
      samples: samples(({ socket }) => socket.truncated),
    },
    {
      name: 'weir_receive_queue_drops_total',
      help: 'Datagrams dropped because the queue behind a socket was full.',
      type: 'counter',
      samples: samples(({ socket }) => (socket instanceof DgramSocket ? socket.queueDrops() : 0)),
    },
    {
      name: 'weir_receive_buffer_octets',
      help: 'Receive buffer of a socket as the kernel counts it, its own overhead included.',
      type: 'gauge',
      samples: samples(({ socket }) => socket.receiveBufferOctets),
    },
  ]
}

/** What found the queue full, by exporter, under goflow2's names. */
function dropFamilies(sockets: readonly ReceiverSocket[]): MetricFamily[] {
  const packets: MetricSample[] = []
  const octets: MetricSample[] = []
  for (const { socket } of sockets) {
    if (!(socket instanceof DgramSocket)) continue
    for (const [remote, drops] of socket.drops) {
      const labels = {
        local_ip: socket.localAddress,
        local_port: String(socket.localPort),
        remote_ip: remote,
      }
      packets.push({ labels, value: drops.datagrams })
      octets.push({ labels, value: drops.octets })
    }
  }
  const help = 'dropped before processing.'
  return [
    {
      name: 'goflow2_flow_dropped_packets_total',
      help: `Packets ${help}`,
      type: 'counter',
      samples: packets,
    },
    { name: 'goflow2_flow_dropped_bytes_total', help: `Bytes ${help}`, type: 'counter', samples: octets },
  ]
}
