import { FlowError } from '../diagnostics/flow-error.ts'
import type { MetricFamily } from '../diagnostics/metrics.ts'
import type { PacketFilter } from './bpf.ts'
import { type Libc, openLibc } from './ffi.ts'
import { writeTime } from './nanoseconds.ts'
import { findInterface, type InterfaceFacts, unsupported } from './network-interface.ts'

// The packet interface of Linux (packet(7), linux/if_packet.h).
const AF_PACKET = 17
const SOCK_RAW_CLOEXEC = 3 | 0o2000000
const SOL_SOCKET = 1
const SO_ERROR = 4
const SO_ATTACH_FILTER = 26
const SOL_PACKET = 263
const PACKET_ADD_MEMBERSHIP = 1
const PACKET_RX_RING = 5
const PACKET_STATISTICS = 6
const PACKET_VERSION = 10
const PACKET_RESERVE = 12
const TPACKET_V3 = 2
const PACKET_MR_PROMISC = 1
const PACKET_OUTGOING = 4
const ETH_P_ALL = 3
const STATUS_USER = 1
const STATUS_VLAN_VALID = 1 << 4
const STATUS_VLAN_TPID_VALID = 1 << 6
const ETHER_TYPE_VLAN = 0x8100
const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const MAP_FAILED = 2n ** 64n - 1n
const POLLIN = 1
const POLLERR = 8

// struct tpacket_block_desc: version, offset, then tpacket_hdr_v1.
const BLOCK_STATUS = 8
const BLOCK_PACKETS = 12
const BLOCK_FIRST = 16
// struct tpacket3_hdr, with struct sockaddr_ll behind it.
const NEXT = 0
const SECONDS = 4
const NANOSECONDS = 8
const SNAP_OCTETS = 12
const WIRE_OCTETS = 16
const STATUS = 20
const MAC_AT = 24
const VLAN_TCI = 32
const VLAN_TPID = 36
const ADDRESS = 48
const ADDRESS_TYPE = ADDRESS + 10

const BLOCK_OCTETS = 1 << 20
/** A block that is not full is handed over after this. */
const RETIRE_MS = 50
const WAIT_MS = 100
/** Room before each packet into which its VLAN tag is put back. */
const TAG_OCTETS = 4

const EPERM = 1
const EACCES = 13
const ENETDOWN = 100
const ENODEV = 19

const LINK_ETHERNET = 1

export interface PacketSocketOptions {
  /** Memory of the ring: what comes while nobody reads waits there. */
  readonly ringOctets: number
  /** Take packets that are not for this machine as well. */
  readonly isPromiscuous: boolean
  readonly filter: PacketFilter | null
}

/** An open packet socket as plain data: another thread may map its ring and read. */
export interface BoundInterface extends InterfaceFacts {
  readonly fd: number
  readonly ringOctets: number
}

/**
 * Opens a packet socket with a ring on an interface; throws INTERFACE_FAILED, naming the capability that is missing.
 * Packets are received from this moment on.
 */
export function openInterface(name: string, options: PacketSocketOptions): BoundInterface {
  const facts = findInterface(name)
  const libc = openLibc()
  if (libc === null) throw unsupported(name)
  const fd = libc.socket(AF_PACKET, SOCK_RAW_CLOEXEC, 0)
  if (fd < 0) throw failure(name, 'open', libc.errno())
  const set = (level: number, option: number, value: Uint8Array, octets: number, what: string) => {
    if (libc.setsockopt(fd, level, option, value, octets) === 0) return
    const error = failure(name, what, libc.errno())
    libc.close(fd)
    throw error
  }
  const blocks = Math.max(2, Math.floor(options.ringOctets / BLOCK_OCTETS))
  set(SOL_PACKET, PACKET_VERSION, words(TPACKET_V3), 4, 'choose the ring of')
  set(SOL_PACKET, PACKET_RESERVE, words(TAG_OCTETS), 4, 'reserve room on')
  if (options.filter !== null) attach(libc, options.filter, set)
  // struct tpacket_req3: block octets and count, frame octets and count, timeout, private octets, features.
  const frameOctets = 2048
  const request = words(
    BLOCK_OCTETS,
    blocks,
    frameOctets,
    (BLOCK_OCTETS / frameOctets) * blocks,
    RETIRE_MS,
    0,
    0,
  )
  set(SOL_PACKET, PACKET_RX_RING, request, 28, 'get memory for')
  const address = words(0, facts.index, 0, 0, 0)
  const view = new DataView(address.buffer)
  view.setUint16(0, AF_PACKET, true)
  view.setUint16(2, ETH_P_ALL)
  if (libc.bind(fd, address, 20) !== 0) {
    const error = failure(name, 'bind to', libc.errno())
    libc.close(fd)
    throw error
  }
  // struct packet_mreq: interface, type, address length, address.
  if (options.isPromiscuous) {
    set(
      SOL_PACKET,
      PACKET_ADD_MEMBERSHIP,
      words(facts.index, PACKET_MR_PROMISC, 0, 0),
      16,
      'make promiscuous',
    )
  }
  return { ...facts, fd, ringOctets: blocks * BLOCK_OCTETS }
}

function attach(
  libc: Libc,
  filter: PacketFilter,
  set: (level: number, option: number, value: Uint8Array, octets: number, what: string) => void,
): void {
  // Both must lie still while the kernel reads them.
  const program = new Uint8Array(Math.max(4096, filter.octets.length))
  program.set(filter.octets)
  const header = new Uint8Array(4096)
  const view = new DataView(header.buffer)
  view.setUint16(0, filter.octets.length >> 3, true)
  view.setBigUint64(8, libc.addressOf(program), true)
  set(SOL_SOCKET, SO_ATTACH_FILTER, header, 16, 'attach the filter to')
}

/** A buffer with these 32-bit words at its start, large enough to lie still. */
function words(...values: number[]): Uint8Array {
  const octets = new Uint8Array(4096)
  const view = new DataView(octets.buffer)
  for (const [i, value] of values.entries()) view.setUint32(i * 4, value, true)
  return octets
}

function failure(name: string, what: string, errno: number): FlowError {
  if (errno === EPERM || errno === EACCES) {
    return new FlowError(
      'INTERFACE_FAILED',
      `cannot ${what} ${name}: capturing needs the capability CAP_NET_RAW; grant it with setcap cap_net_raw+ep on the executable, or with AmbientCapabilities=CAP_NET_RAW in the service's unit`,
    )
  }
  const why =
    errno === ENETDOWN ? 'it is down; see ip link' : errno === ENODEV ? 'it is gone' : `error ${errno}`
  return new FlowError('INTERFACE_FAILED', `cannot ${what} ${name}: ${why}`)
}

/** Takes one packet, whose octets are the ring's and good until it returns. */
export type OnPacket = (
  octets: Uint8Array,
  view: DataView,
  link: number,
  from: number,
  to: number,
  wireOctets: number,
  timeNs: BigUint64Array,
  timeWords: Uint32Array,
) => void

/** Reads packets out of an open socket's ring; one thread alone may do so. */
export class PacketRing {
  /** Packets that passed the kernel's filter, and those of them that found no room in the ring. */
  packets = 0
  drops = 0
  /** Times that the interface went down. */
  downs = 0
  readonly #bound: BoundInterface
  readonly #libc: Libc
  readonly #mapped: bigint
  readonly #octets: Uint8Array
  readonly #view: DataView
  readonly #status: Int32Array
  readonly #blocks: number
  readonly #polled = new Uint8Array(128)
  readonly #polledView = new DataView(this.#polled.buffer)
  readonly #timeNs = new BigUint64Array(1)
  readonly #timeWords = new Uint32Array(this.#timeNs.buffer)
  #next = 0
  #isOpen = true

  /** Throws INTERFACE_FAILED where the ring cannot be mapped. */
  constructor(bound: BoundInterface) {
    this.#bound = bound
    this.#libc = openLibc()!
    const mapped = this.#libc.mmap(null, BigInt(bound.ringOctets), PROT_READ_WRITE, MAP_SHARED, bound.fd, 0n)
    if (mapped === MAP_FAILED) throw failure(bound.name, 'map the ring of', this.#libc.errno())
    this.#mapped = mapped
    const memory = this.#libc.memoryAt(mapped, bound.ringOctets)
    this.#octets = new Uint8Array(memory)
    this.#view = new DataView(memory)
    this.#status = new Int32Array(memory)
    this.#blocks = bound.ringOctets / BLOCK_OCTETS
    this.#polledView.setInt32(0, bound.fd, true)
    this.#polledView.setInt16(4, POLLIN | POLLERR, true)
  }

  /**
   * Hands on the packets of all blocks that are ready, waiting at most 100 ms for one; returns how many. An interface that
   * goes down is waited for; throws INTERFACE_FAILED where it is gone.
   */
  read(onPacket: OnPacket): number {
    const count = this.readReady(onPacket)
    if (count > 0) return count
    this.#polledView.setInt16(6, 0, true)
    this.#libc.poll(this.#polled, 1, WAIT_MS)
    if ((this.#polledView.getInt16(6, true) & POLLERR) !== 0) this.#heedError()
    return this.readReady(onPacket)
  }

  /** The interface went down, or away; asking for the error takes it from the socket. */
  #heedError(): void {
    this.#libc.getsockopt(this.#bound.fd, SOL_SOCKET, SO_ERROR, new Uint8Array(4096), words(4))
    const { name, index } = this.#bound
    let now: number
    try {
      now = findInterface(name).index
    } catch {
      now = 0
    }
    if (now !== index) throw failure(name, 'go on capturing on', ENODEV)
    this.downs++
  }

  /** Hands on what is there, without waiting. */
  readReady(onPacket: OnPacket): number {
    let count = 0
    for (let turns = 0; turns < this.#blocks; turns++) {
      const block = this.#next * BLOCK_OCTETS
      // The kernel writes here: an atomic load keeps what follows behind it.
      if ((Atomics.load(this.#status, (block + BLOCK_STATUS) >> 2) & STATUS_USER) === 0) return count
      count += this.#readBlock(block, onPacket)
      Atomics.store(this.#status, (block + BLOCK_STATUS) >> 2, 0)
      this.#next = (this.#next + 1) % this.#blocks
    }
    return count
  }

  #readBlock(block: number, onPacket: OnPacket): number {
    const view = this.#view
    const { link, isLoopback } = this.#bound
    const packets = view.getUint32(block + BLOCK_PACKETS, true)
    let at = block + view.getUint32(block + BLOCK_FIRST, true)
    for (let i = 0; i < packets; i++) {
      // What goes out of the loopback interface comes in again.
      const isTwice = isLoopback && view.getUint8(at + ADDRESS_TYPE) === PACKET_OUTGOING
      if (!isTwice) {
        let from = at + view.getUint16(at + MAC_AT, true)
        const to = from + view.getUint32(at + SNAP_OCTETS, true)
        let wireOctets = view.getUint32(at + WIRE_OCTETS, true)
        const status = view.getUint32(at + STATUS, true)
        if ((status & STATUS_VLAN_VALID) !== 0 && link === LINK_ETHERNET) {
          from = this.#putTagBack(at, from, status)
          wireOctets += TAG_OCTETS
        }
        const seconds = view.getUint32(at + SECONDS, true)
        writeTime(this.#timeWords, 0, seconds, view.getUint32(at + NANOSECONDS, true))
        onPacket(this.#octets, view, link, from, to, wireOctets, this.#timeNs, this.#timeWords)
      }
      at += view.getUint32(at + NEXT, true)
    }
    return packets
  }

  /** The network card took the VLAN tag off: the addresses move down, and the tag stands behind them again. */
  #putTagBack(at: number, from: number, status: number): number {
    const view = this.#view
    const tagged = from - TAG_OCTETS
    this.#octets.copyWithin(tagged, from, from + 12)
    const type =
      (status & STATUS_VLAN_TPID_VALID) !== 0 ? view.getUint16(at + VLAN_TPID, true) : ETHER_TYPE_VLAN
    view.setUint16(tagged + 12, type)
    view.setUint16(tagged + 14, view.getUint32(at + VLAN_TCI, true) & 0xffff)
    return tagged
  }

  /** Adds what the kernel has counted since the last call to `packets` and `drops`. */
  count(): void {
    // struct tpacket_stats_v3: packets (drops among them), drops, freezes; reading sets them to zero.
    const values = new Uint8Array(4096)
    const octets = words(12)
    if (this.#libc.getsockopt(this.#bound.fd, SOL_PACKET, PACKET_STATISTICS, values, octets) !== 0) return
    const view = new DataView(values.buffer)
    const drops = view.getUint32(4, true)
    this.packets += view.getUint32(0, true) - drops
    this.drops += drops
  }

  /** What the kernel and the ring counted. */
  metrics(): MetricFamily[] {
    this.count()
    const one = (name: string, help: string, value: number): MetricFamily => ({
      name: `weir_capture_${name}`,
      help,
      type: 'counter',
      samples: [{ labels: { interface: this.#bound.name }, value }],
    })
    return [
      one('packets_total', 'Packets that the kernel put into the ring.', this.packets),
      one('dropped_packets_total', 'Packets that found no room in the ring.', this.drops),
      one('interface_down_total', 'Times that the interface went down.', this.downs),
    ]
  }

  /** Gives the ring and the socket back; nothing of the ring may be touched afterwards. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.count()
    this.#libc.munmap(this.#mapped, BigInt(this.#bound.ringOctets))
    this.#libc.close(this.#bound.fd)
  }
}
