import type { FlowBatch, ListColumn } from '../flow/batch.ts'
import type { Captures } from '../flow/captures.ts'
import { F } from '../flow/fields.ts'
import { FRAME, Frame, FrameColumns, LAYER_OF, PARSER, put, putIpv4, putIpv6, putMac } from './frame.ts'
import { FrameCaptures, FramePorts } from './frame-captures.ts'
import type { Issues } from './issues.ts'
import { parseDot1q, parseEthernet, parseLlc, parseMpls, parsePpp, parsePppoe } from './link-layers.ts'
import {
  parseAuthentication,
  parseIpv4,
  parseIpv6,
  parseIpv6Fragment,
  parseIpv6Routing,
  parseOptionsHeader,
} from './network-layers.ts'
import {
  parseErspan,
  parseGeneve,
  parseGre,
  parseIcmp,
  parseSctp,
  parseTcp,
  parseTeredo,
  parseUdp,
  parseVxlan,
} from './transport-layers.ts'

/** Headers read of one frame; whoever nests deeper is not worth more time. */
const MOST_LAYERS = 32

/** Values of `headerProtocol`: those of sFlow v5 (enum header_protocol) that we read, and LLC for its 802.11 payload. */
export const HEADER_PROTOCOL = {
  ethernet: 1,
  ppp: 7,
  aal5Ip: 10,
  ipv4: 11,
  ipv6: 12,
  mpls: 13,
  packetOverSonet: 14,
  llc: 1000,
} as const

/** Reads sampled packet headers into columns; one reader serves all rows of a decoder. */
export class FrameReader {
  readonly #issues: Issues
  readonly #captures: FrameCaptures
  readonly #ports: FramePorts
  readonly #frame = new Frame()
  readonly #stack = new Uint32Array(MOST_LAYERS)
  readonly #sizes = new Uint32Array(MOST_LAYERS)

  constructor(captures: Captures, issues: Issues) {
    this.#issues = issues
    this.#captures = new FrameCaptures(captures)
    this.#ports = new FramePorts(captures.ports)
  }

  /**
   * Parses the header in `[from, to)` into the columns of `row`; `headerProtocol` is sFlow's header_protocol. Columns
   * of the outermost packet are the normal ones, those of the innermost the `inner…` ones.
   */
  read(
    octets: Uint8Array,
    view: DataView,
    from: number,
    to: number,
    headerProtocol: number,
    batch: FlowBatch,
    row: number,
  ): void {
    const frame = this.#frame
    const captures = this.#captures
    frame.reset(octets, view, from, to, batch, row)
    // A batch that was trimmed has new columns.
    if (frame.columns === undefined || batch.find(F.layerStack) !== frame.columns.layerStack) {
      frame.columns = new FrameColumns(batch)
    }
    if (!captures.isEmpty) captures.start()
    let layers = 0
    let sizes = 0
    let parser = this.#first(headerProtocol)
    while (parser !== PARSER.none && frame.at <= frame.to && sizes < MOST_LAYERS) {
      const { via, viaValue } = frame
      frame.isCut = false
      const next = this.#parse(parser)
      if (!captures.isEmpty) {
        captures.take(frame, parser, via, viaValue, to)
        captures.step(parser, next)
      }
      const layer = LAYER_OF[parser]!
      if (frame.isCut) {
        // Nothing left where a header should begin is what truncation to a fixed length gives; less than it is odd.
        if (frame.at < frame.to) this.#issues.note('frameTruncated')
        // goflow2 prints a size for the header that it could not read.
        if (layer >= 0) this.#sizes[sizes++] = 0
      } else if (layer >= 0) {
        this.#stack[layers++] = layer
        this.#sizes[sizes++] = frame.size
      }
      frame.at += frame.size
      parser = next
    }
    storeWords(frame.columns.layerStack, row, this.#stack, layers)
    storeWords(frame.columns.layerSize, row, this.#sizes, sizes)
    if (frame.packets > 1 || frame.ethernets > 1) storeInner(frame)
  }

  #first(headerProtocol: number): number {
    switch (headerProtocol) {
      case HEADER_PROTOCOL.ethernet:
        return PARSER.ethernet
      case HEADER_PROTOCOL.ipv4:
        return this.#afterLink(PARSER.ipv4, 0x0800)
      case HEADER_PROTOCOL.ipv6:
        return this.#afterLink(PARSER.ipv6, 0x86dd)
      case HEADER_PROTOCOL.mpls:
        return this.#afterLink(PARSER.mpls, 0x8847)
      case HEADER_PROTOCOL.ppp:
      case HEADER_PROTOCOL.packetOverSonet:
        return PARSER.ppp
      case HEADER_PROTOCOL.aal5Ip: {
        const { octets, at, to } = this.#frame
        const version = at < to ? octets[at]! >> 4 : 0
        if (version === 4) return this.#afterLink(PARSER.ipv4, 0x0800)
        return version === 6 ? this.#afterLink(PARSER.ipv6, 0x86dd) : PARSER.none
      }
      case HEADER_PROTOCOL.llc:
        return PARSER.llc
    }
    return PARSER.none
  }

  /** The header protocol stands for the EtherType that an Ethernet header would have had. */
  #afterLink(parser: number, etherType: number): number {
    put(this.#frame.columns.ethernetType, this.#frame.row, etherType)
    return parser
  }

  #parse(parser: number): number {
    const frame = this.#frame
    switch (parser) {
      case PARSER.ethernet:
        return parseEthernet(frame)
      case PARSER.ipv4:
        return parseIpv4(frame)
      case PARSER.ipv6:
        return parseIpv6(frame)
      case PARSER.tcp:
        return parseTcp(frame, this.#ports)
      case PARSER.udp:
        return parseUdp(frame, this.#ports)
      case PARSER.dot1q:
        return parseDot1q(frame)
      case PARSER.icmp:
      case PARSER.icmpv6:
        return parseIcmp(frame)
      case PARSER.mpls:
        return parseMpls(frame)
      case PARSER.ipv6Routing:
        return parseIpv6Routing(frame)
      case PARSER.ipv6Fragment:
        return parseIpv6Fragment(frame)
      case PARSER.hopByHop:
      case PARSER.destinationOptions:
        return parseOptionsHeader(frame)
      case PARSER.authentication:
        return parseAuthentication(frame)
      case PARSER.gre:
        return parseGre(frame)
      case PARSER.vxlan:
        return parseVxlan(frame)
      case PARSER.geneve:
        return parseGeneve(frame)
      case PARSER.teredo:
        return parseTeredo(frame)
      case PARSER.sctp:
        return parseSctp(frame)
      case PARSER.pppoe:
        return parsePppoe(frame)
      case PARSER.ppp:
        return parsePpp(frame)
      case PARSER.llc:
        return parseLlc(frame)
      case PARSER.erspan:
        return parseErspan(frame)
    }
    return PARSER.none
  }
}

/** Makes `words[0, count)` the list of `row`, in place of what it may have had. */
function storeWords(column: ListColumn, row: number, words: Uint32Array, count: number): void {
  const end = column.used + count
  if (end > column.data.length) {
    const bigger = new Uint32Array(Math.max(end, column.data.length * 2, 1024))
    bigger.set(column.data)
    column.data = bigger
  }
  const { data, used } = column
  for (let i = 0; i < count; i++) data[used + i] = words[i]!
  column.starts[row] = used
  column.lengths[row] = count
  column.used = end
  column.present[row] = 1
}

/** Stores what was kept of the innermost headers. */
function storeInner(frame: Frame): void {
  const { batch, row, view, innerAt } = frame
  if (frame.ethernets > 1) {
    const { innerSourceMacHigh, innerSourceMacLow } = frame
    putMac(batch.fixed(FRAME.innerSourceMacAddress), row, innerSourceMacHigh, innerSourceMacLow)
    const { innerDestinationMacHigh, innerDestinationMacLow } = frame
    putMac(
      batch.fixed(FRAME.innerDestinationMacAddress),
      row,
      innerDestinationMacHigh,
      innerDestinationMacLow,
    )
    if (frame.innerVlanId >= 0) put(batch.fixed(F.innerVlanId), row, frame.innerVlanId)
  }
  if (frame.packets < 2) return
  const source = batch.fixed(F.innerSourceAddress)
  const destination = batch.fixed(F.innerDestinationAddress)
  const first = view.getUint32(innerAt)
  if (frame.innerVersion === 4) {
    putIpv4(source, row, view.getUint32(innerAt + 12))
    putIpv4(destination, row, view.getUint32(innerAt + 16))
    put(batch.fixed(F.innerIpClassOfService), row, (first >>> 16) & 255)
    put(batch.fixed(F.innerIpTotalLength), row, first & 0xffff)
    put(batch.fixed(FRAME.innerIpTTL), row, view.getUint8(innerAt + 8))
  } else {
    putIpv6(source, row, view, innerAt + 8)
    putIpv6(destination, row, view, innerAt + 24)
    put(batch.fixed(F.innerIpClassOfService), row, (first >>> 20) & 255)
    put(batch.fixed(F.innerIpTotalLength), row, view.getUint16(innerAt + 4) + 40)
    put(batch.fixed(FRAME.innerIpTTL), row, view.getUint8(innerAt + 7))
    put(batch.fixed(FRAME.innerFlowLabelIPv6), row, first & 0xfffff)
  }
  put(batch.fixed(F.innerProtocolIdentifier), row, frame.innerProtocol)
  if (frame.innerSourcePort >= 0) {
    put(batch.fixed(F.innerSourceTransportPort), row, frame.innerSourcePort)
    put(batch.fixed(F.innerDestinationTransportPort), row, frame.innerDestinationPort)
  }
  if (frame.innerTcpControlBits >= 0) {
    put(batch.fixed(F.innerTcpControlBits), row, frame.innerTcpControlBits)
  }
  if (frame.innerIcmpTypeCode >= 0) put(batch.fixed(FRAME.innerIcmpTypeCode), row, frame.innerIcmpTypeCode)
  if (frame.innerFragmentIdentification >= 0) {
    put(batch.fixed(FRAME.innerFragmentIdentification), row, frame.innerFragmentIdentification)
  }
}
