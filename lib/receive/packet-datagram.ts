import { formatAddress } from '../bytes/address.ts'
import type { Datagram } from '../flow/datagram.ts'
import type { CapturePacket } from './capture-format.ts'
import { type IpPacket, newIpPacket, readExtensions, readIp } from './ip.ts'
import { ETHER_TYPE, newFrame, readLink } from './link.ts'
import { Reassembly } from './reassembly.ts'

const UDP = 17
const UDP_OCTETS = 8

/** Finds UDP datagrams in captured packets, fragmented ones included. */
export class PacketDatagrams {
  readonly reassembly = new Reassembly()
  /** Fragments of UDP datagrams met. */
  fragments = 0
  /** Datagrams that the capture cut: given as far as they go. */
  cut = 0
  readonly #ports: ReadonlySet<number> | undefined
  readonly #frame = newFrame()
  readonly #packet: IpPacket = newIpPacket()
  readonly #local = new Uint32Array(4)
  #localText = ''

  /** `ports` are the destination ports wanted; all where there are none. */
  constructor(ports: ReadonlySet<number> | undefined) {
    this.#ports = ports
  }

  /**
   * Describes the datagram that the packet `[captured.from, captured.to)` of `octets` brings or completes; false if
   * it does neither. Its payload lies in `octets`, or in memory of its own if it came in fragments.
   */
  read(octets: Uint8Array, view: DataView, captured: CapturePacket, into: Datagram): boolean {
    const frame = this.#frame
    const packet = this.#packet
    if (!readLink(captured.link, view, captured.from, captured.to, frame)) return false
    if (frame.etherType !== ETHER_TYPE.ipv4 && frame.etherType !== ETHER_TYPE.ipv6) return false
    if (!readIp(view, frame.at, frame.end, packet)) return false
    if (!packet.isFragment) {
      if (packet.protocol !== UDP) return false
      return this.#readUdp(octets, view, packet.at, packet.end, packet.isCut, view, captured, into)
    }
    if (packet.protocol !== UDP && !isExtension(packet)) return false
    this.fragments++
    const nowS = (captured.timeWords[1]! * 2 ** 32 + captured.timeWords[0]!) / 1e9
    const whole = this.reassembly.add(octets, view, packet, nowS)
    if (whole === null) return false
    packet.at = 0
    packet.end = whole.length
    packet.isFragment = false
    // Extension headers behind that of fragments are in the first of them; one within the other is refused.
    if (isExtension(packet) && !readExtensions(whole.view, packet.protocol, 0, packet)) return false
    if (packet.protocol !== UDP || packet.isFragment) return false
    return this.#readUdp(whole.octets, whole.view, packet.at, packet.end, false, view, captured, into)
  }

  /** RFC 768: the header at `at`, and its payload; addresses are those of the IP header in `addresses`. */
  #readUdp(
    octets: Uint8Array,
    view: DataView,
    at: number,
    end: number,
    isCut: boolean,
    addresses: DataView,
    captured: CapturePacket,
    into: Datagram,
  ): boolean {
    if (at + UDP_OCTETS > end) return false
    const localPort = view.getUint16(at + 2)
    if (this.#ports !== undefined && !this.#ports.has(localPort)) return false
    const length = view.getUint16(at + 4)
    // RFC 2675 §4: a jumbogram says 0.
    if (length !== 0 && length < UDP_OCTETS) return false
    if (isCut || (length !== 0 && at + length > end)) this.cut++
    into.octets = octets
    into.view = view
    into.from = at + UDP_OCTETS
    into.to = length === 0 ? end : Math.min(end, at + length)
    into.port = view.getUint16(at)
    into.localPort = localPort
    const { version, sourceAt, destinationAt } = this.#packet
    readAddress(addresses, sourceAt, version, into.address)
    into.localAddress = this.#localAddress(addresses, destinationAt, version)
    into.receivedNs[0] = captured.timeNs[0]!
    return true
  }

  /** Text of the destination; made only when it is another one than the last. */
  #localAddress(view: DataView, at: number, version: 4 | 6): string {
    const words = this.#local
    const isSame =
      version === 4
        ? words[3] === view.getUint32(at) && words[2] === 0xffff && (words[0]! | words[1]!) === 0
        : words[3] === view.getUint32(at + 12) &&
          words[2] === view.getUint32(at + 8) &&
          words[1] === view.getUint32(at + 4) &&
          words[0] === view.getUint32(at)
    if (!isSame || this.#localText === '') {
      readAddress(view, at, version, words)
      this.#localText = formatAddress(words, 0)
    }
    return this.#localText
  }
}

/** Whether the payload begins with an extension header that UDP may follow (RFC 8200 §4.1). */
function isExtension({ version, protocol }: IpPacket): boolean {
  return version === 6 && (protocol === 60 || protocol === 43 || protocol === 51 || protocol === 0)
}

function readAddress(view: DataView, at: number, version: 4 | 6, words: Uint32Array): void {
  if (version === 4) {
    words[0] = 0
    words[1] = 0
    words[2] = 0xffff
    words[3] = view.getUint32(at)
    return
  }
  words[0] = view.getUint32(at)
  words[1] = view.getUint32(at + 4)
  words[2] = view.getUint32(at + 8)
  words[3] = view.getUint32(at + 12)
}
