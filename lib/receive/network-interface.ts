import { FlowError } from '../diagnostics/flow-error.ts'
import { type Libc, openLibc } from './ffi.ts'

const AF_INET = 2
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000

// Questions about interfaces (linux/sockios.h); struct ifreq is a name and what is asked for.
const SIOCGIFHWADDR = 0x8927n
const SIOCGIFINDEX = 0x8933n
const IFREQ_NAME_OCTETS = 16

// Hardware types (linux/if_arp.h) and the link types of captures that their frames have.
const HARDWARE_ETHERNET = 1
const HARDWARE_LOOPBACK = 772
const HARDWARE_NONE = 65534
const LINK_ETHERNET = 1
const LINK_RAW = 101

export interface InterfaceFacts {
  readonly name: string
  readonly index: number
  /** Link type of its packets, as captures number them. */
  readonly link: number
  readonly isLoopback: boolean
}

/** What Linux tells of a network interface; throws INTERFACE_FAILED where there is none, or its frames are unknown. */
export function findInterface(name: string): InterfaceFacts {
  const libc = openLibc()
  if (libc === null) throw unsupported(name)
  const index = ask(libc, name, SIOCGIFINDEX)?.getInt32(IFREQ_NAME_OCTETS, true) ?? 0
  const hardware = ask(libc, name, SIOCGIFHWADDR)?.getUint16(IFREQ_NAME_OCTETS, true) ?? -1
  if (index <= 0) {
    throw new FlowError(
      'INTERFACE_FAILED',
      `cannot capture: there is no network interface ${name}; see ip link`,
    )
  }
  const isLoopback = hardware === HARDWARE_LOOPBACK
  if (hardware === HARDWARE_ETHERNET || isLoopback) return { name, index, link: LINK_ETHERNET, isLoopback }
  if (hardware === HARDWARE_NONE) return { name, index, link: LINK_RAW, isLoopback }
  throw new FlowError(
    'INTERFACE_FAILED',
    `cannot capture on ${name}: its frames are of hardware type ${hardware}; Ethernet, loopback and tun are known`,
  )
}

/** The answer to a question about an interface of this network namespace (netdevice(7)); null where there is none. */
function ask(libc: Libc, name: string, request: bigint): DataView | null {
  const text = Buffer.from(name)
  if (text.length === 0 || text.length >= IFREQ_NAME_OCTETS || text.includes(0)) return null
  const fd = libc.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0)
  if (fd < 0) return null
  const question = new Uint8Array(4096)
  question.set(text)
  const result = libc.ioctl(fd, request, question)
  libc.close(fd)
  return result < 0 ? null : new DataView(question.buffer)
}

/** The error where Linux' calls cannot be had. */
export function unsupported(name: string): FlowError {
  return new FlowError(
    'INTERFACE_FAILED',
    `cannot capture on ${name}: that needs Linux on x64 or arm64 with glibc`,
  )
}
