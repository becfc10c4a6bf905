import { FlowError } from '../diagnostics/flow-error.ts'
import { openLibc } from './ffi.ts'
import { findInterface } from './network-interface.ts'
import { UdpSender } from './udp-sender.ts'

// packet(7), linux/if_packet.h.
const AF_PACKET = 17
const SOCK_RAW_CLOEXEC = 3 | 0o2000000
const SOL_SOCKET = 1
const SO_SNDBUF = 7
const SOL_PACKET = 263
const PACKET_QDISC_BYPASS = 20

/**
 * A sender of whole frames out of an interface, for tests and benches; its caller loads it with frames. Throws
 * INTERFACE_FAILED where there is no such interface, or no right to send.
 */
export function openFrameSender(name: string): UdpSender {
  const { index } = findInterface(name)
  const libc = openLibc()
  const fd = libc?.socket(AF_PACKET, SOCK_RAW_CLOEXEC, 0) ?? -1
  if (libc === null || fd < 0) throw new FlowError('INTERFACE_FAILED', `cannot send frames out of ${name}`)
  const octets = new Uint8Array(4096)
  const view = new DataView(octets.buffer)
  view.setInt32(0, 4 << 20, true)
  libc.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, octets, 4)
  // Straight to the device; where the kernel will not, through its queue.
  view.setInt32(0, 1, true)
  libc.setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, octets, 4)
  // struct sockaddr_ll: family, protocol, interface.
  octets.fill(0)
  view.setUint16(0, AF_PACKET, true)
  view.setInt32(4, index, true)
  if (libc.bind(fd, octets, 20) !== 0) {
    const errno = libc.errno()
    libc.close(fd)
    throw new FlowError('INTERFACE_FAILED', `cannot send frames out of ${name}: error ${errno}`)
  }
  return new UdpSender(libc, fd)
}
