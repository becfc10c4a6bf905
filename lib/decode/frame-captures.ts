import { appendOctets, setOctets } from '../flow/batch.ts'
import type { Captures, FrameCapture, FrameLayer, PortParser } from '../flow/captures.ts'
import { type Frame, PARSER, VIA } from './frame.ts'

const PARSER_OF: Record<FrameLayer, number> = {
  ethernet: PARSER.ethernet,
  dot1q: PARSER.dot1q,
  mpls: PARSER.mpls,
  ipv4: PARSER.ipv4,
  ipv6: PARSER.ipv6,
  'ipv6-route': PARSER.ipv6Routing,
  'ipv6-frag': PARSER.ipv6Fragment,
  tcp: PARSER.tcp,
  udp: PARSER.udp,
  icmp: PARSER.icmp,
  'ipv6-icmp': PARSER.icmpv6,
  gre: PARSER.gre,
  'teredo-dst': PARSER.teredo,
  geneve: PARSER.geneve,
}

/** What users say about the payload of ports. A destination port's parser comes before a source port's. */
export class FramePorts {
  readonly isEmpty: boolean
  readonly #parsers = new Map<number, number>()

  constructor(ports: readonly PortParser[]) {
    this.isEmpty = ports.length === 0
    for (const { transport, direction, port, parser } of ports) {
      const base = transport === 'udp' ? UDP : 0
      if (direction !== 'src') this.#parsers.set(base + port, PARSER_OF[parser])
      if (direction !== 'dst') this.#parsers.set(base + SOURCE + port, PARSER_OF[parser])
    }
  }

  /** The parser for the payload, or none; notes in the frame which port chose it. */
  next(frame: Frame, via: number, source: number, destination: number): number {
    const base = via === VIA.udpPort ? UDP : 0
    let next = this.#parsers.get(base + destination)
    let port = destination
    if (next === undefined) {
      next = this.#parsers.get(base + SOURCE + source)
      port = source
    }
    if (next === undefined) return PARSER.none
    frame.via = via
    frame.viaValue = port
    return next
  }
}

const SOURCE = 65_536
const UDP = 131_072

/** The names that a layer has in a mapping, whatever came before it. */
const KEYS: Record<number, readonly string[]> = {
  [PARSER.ethernet]: ['ethernet', '2'],
  [PARSER.dot1q]: ['dot1q'],
  [PARSER.mpls]: ['mpls'],
  [PARSER.ipv4]: ['ipv4', 'ip', '3'],
  [PARSER.ipv6]: ['ipv6', 'ip', '3'],
  [PARSER.ipv6Routing]: ['ipv6eh_routing', 'ipv6-route', 'ipv6eh'],
  [PARSER.ipv6Fragment]: ['ipv6eh_fragment', 'ipv6-frag', 'ipv6eh'],
  [PARSER.tcp]: ['tcp', '4'],
  [PARSER.udp]: ['udp', '4'],
  [PARSER.icmp]: ['icmp'],
  [PARSER.icmpv6]: ['icmpv6', 'ipv6-icmp'],
  [PARSER.gre]: ['gre'],
  [PARSER.teredo]: ['teredo-dst', 'teredo'],
  [PARSER.geneve]: ['geneve'],
}

/**
 * How deep a layer lies by goflow2's count: a tunnel begins where the next layer is no deeper than the one before,
 * unless it is one of those that never begin one.
 */
const DEPTH = Uint8Array.of(
  ...[100, 20, 25, 25, 30, 30, 35, 35, 40, 40, 70, 70, 40, 40, 40],
  ...[25, 25, 35, 35, 35, 40, 40, 20, 40],
)
const NEVER_BEGINS_TUNNEL: ReadonlySet<number> = new Set([
  PARSER.dot1q,
  PARSER.mpls,
  PARSER.ipv6Fragment,
  PARSER.pppoe,
  PARSER.ppp,
  PARSER.hopByHop,
  PARSER.destinationOptions,
  PARSER.authentication,
])

/** Copies the bits that users ask for out of the layers of a frame. */
export class FrameCaptures {
  readonly isEmpty: boolean
  readonly #byParser: (readonly FrameCapture[])[] = []
  readonly #byVia = new Map<number, FrameCapture[]>()
  readonly #scratch: Uint8Array
  #isEncapsulated = false

  constructor(captures: Captures) {
    const { frames } = captures
    this.isEmpty = frames.length === 0
    for (let parser = 0; parser < DEPTH.length; parser++) {
      // In the order of the keys, as the last one wins.
      this.#byParser.push((KEYS[parser] ?? []).flatMap((key) => frames.filter(({ layer }) => layer === key)))
    }
    let longest = 0
    for (const frame of frames) {
      longest = Math.max(longest, Math.ceil(frame.lengthBits / 8))
      const via = viaOf(frame.layer)
      if (via >= 0) this.#byVia.set(via, [...(this.#byVia.get(via) ?? []), frame])
    }
    this.#scratch = new Uint8Array(longest)
  }

  start(): void {
    this.#isEncapsulated = false
  }

  /** Takes what is asked of the layer just parsed; `end` is the frame's, whatever the packets in it say. */
  take(frame: Frame, parser: number, via: number, viaValue: number, end: number): void {
    this.#takeAll(this.#byParser[parser]!, frame, end)
    if (via === VIA.nothing || this.#byVia.size === 0) return
    const more = this.#byVia.get(via * VIA_STEP + viaValue)
    if (more !== undefined) this.#takeAll(more, frame, end)
  }

  /** To be told of each step from a layer to the next. */
  step(parser: number, next: number): void {
    if (!NEVER_BEGINS_TUNNEL.has(next) && DEPTH[next]! <= DEPTH[parser]!) this.#isEncapsulated = true
  }

  #takeAll(captures: readonly FrameCapture[], frame: Frame, end: number): void {
    for (let i = 0; i < captures.length; i++) {
      const capture = captures[i]!
      if (capture.encapsulated !== this.#isEncapsulated) continue
      const offset = (frame.at - frame.from) * 8 + capture.offsetBits
      const scratch = this.#scratch
      const count = extractBits(frame.octets, frame.from, end, offset, capture.lengthBits, scratch)
      if (capture.field.kind === 'octets-list') {
        appendOctets(frame.batch.octetsList(capture.field), frame.row, scratch, 0, count)
      } else {
        setOctets(frame.batch.octets(capture.field), frame.row, scratch, 0, count)
      }
    }
  }
}

const VIA_STEP = 65_536

/** The way of arrival that a key like `etype0x0800`, `proto17` or `udp53` names, as one number, or -1. */
function viaOf(layer: string): number {
  const match = /^(etype0x|etype|proto|tcp|udp)([0-9a-f]+)$/.exec(layer)
  if (match === null) return -1
  const [, kind, digits] = match
  const value = Number.parseInt(digits!, kind === 'etype0x' ? 16 : 10)
  const isCanonical = kind === 'etype0x' ? digits!.length >= 4 : String(value) === digits
  if (!isCanonical || !(value < VIA_STEP)) return -1
  if (kind === 'proto') return VIA.protocol * VIA_STEP + value
  if (kind === 'tcp') return VIA.tcpPort * VIA_STEP + value
  if (kind === 'udp') return VIA.udpPort * VIA_STEP + value
  return VIA.etherType * VIA_STEP + value
}

/**
 * Copies `length` bits from bit `offset` of `octets[from, to)`, most significant first, and returns the octets
 * written to `out`; 0 where the offset lies outside. Bits behind the end read as zero. As in goflow2, of a length that
 * is no multiple of 8 only the last octet is moved to the right: 0xabc comes out as ab 0c.
 */
export function extractBits(
  octets: Uint8Array,
  from: number,
  to: number,
  offset: number,
  length: number,
  out: Uint8Array,
): number {
  if (length <= 0 || offset < 0 || offset > (to - from) * 8) return 0
  const count = Math.ceil(length / 8)
  const shift = offset % 8
  const start = from + Math.floor(offset / 8)
  const end = Math.min(to, from + Math.ceil((offset + length) / 8))
  for (let i = 0, at = start; i < count; i++, at++) {
    const left = at < end ? octets[at]! << shift : 0
    const right = at + 1 < end ? octets[at + 1]! >> (8 - shift) : 0
    out[i] = left | right
  }
  if (length % 8 !== 0) out[count - 1] = out[count - 1]! >> (8 - (length % 8))
  return count
}
