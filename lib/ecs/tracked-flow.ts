import type { FixedColumn, FlowBatch, OctetsColumn } from '../flow/batch.ts'
import { F, type Field } from '../flow/fields.ts'

/** Layers in the order of their flags and offsets in a flow's id. */
const LAYER = {
  ethernet: 0,
  outerVlan: 1,
  vlan: 2,
  outerIpv4: 3,
  ipv4: 4,
  outerIpv6: 5,
  ipv6: 6,
  udp: 9,
  tcp: 10,
} as const
const LAYERS = 12
/** Octets before the key: flags, an offset for each layer, three counts. */
const HEAD_OCTETS = 2 + LAYERS + 3
const ABSENT = 255

/** Which addresses a flow has, in the order in which documents list them. */
const IP_LAYERS = [
  { layer: LAYER.outerIpv4, octets: 4 },
  { layer: LAYER.ipv4, octets: 4 },
  { layer: LAYER.outerIpv6, octets: 16 },
  { layer: LAYER.ipv6, octets: 16 },
] as const

/** One pair of addresses of a flow: where the source's and the destination's lie in `octets` of the id. */
export interface AddressPair {
  isIpv6: boolean
  isOuter: boolean
  source: number
  destination: number
}

/** What the id of a tracked flow says (Packetbeat's flow.id), with the source's side first. One object is reused. */
export class TrackedFlow {
  octets: Uint8Array = new Uint8Array(0)
  /** The id itself is `octets[from, to)`. */
  from = 0
  to = 0
  hasMac = false
  sourceMac = 0
  destinationMac = 0
  /** -1 where there is none. */
  outerVlan = -1
  vlan = -1
  transport: 'tcp' | 'udp' | null = null
  sourcePort = 0
  destinationPort = 0
  /** Pairs in use are the first `pairCount`. */
  readonly pairs: AddressPair[] = IP_LAYERS.map(() => ({
    isIpv6: false,
    isOuter: false,
    source: 0,
    destination: 0,
  }))
  pairCount = 0
  #isSwapped = false

  /** Reads the id of a row; false where the row has none, or it is none. */
  read(batch: FlowBatch, row: number): boolean {
    const ids = batch.find(F.trackedFlowId) as OctetsColumn | undefined
    if (ids?.present[row] !== 1) return false
    this.octets = ids.data
    this.from = ids.starts[row]!
    this.to = this.from + ids.lengths[row]!
    this.#isSwapped = false
    this.hasMac = false
    this.outerVlan = this.vlan = -1
    this.transport = null
    this.pairCount = 0
    if (this.to - this.from < HEAD_OCTETS) return false
    this.#findDirection(batch, row)
    this.#readMacs()
    this.outerVlan = this.#readVlan(LAYER.outerVlan)
    this.vlan = this.#readVlan(LAYER.vlan)
    for (const { layer, octets } of IP_LAYERS) {
      const at = this.#at(layer, octets * 2)
      if (at < 0) continue
      const pair = this.pairs[this.pairCount++]!
      pair.isIpv6 = octets === 16
      pair.isOuter = layer === LAYER.outerIpv4 || layer === LAYER.outerIpv6
      pair.source = at + (this.#isSwapped ? octets : 0)
      pair.destination = at + (this.#isSwapped ? 0 : octets)
    }
    this.#readPorts()
    return true
  }

  /** Where a layer's part of the key begins, or -1 where the id has none or is cut. */
  #at(layer: number, octets: number): number {
    const offset = this.octets[this.from + 2 + layer]!
    const at = this.from + HEAD_OCTETS + offset
    return offset === ABSENT || at + octets > this.to ? -1 : at
  }

  /** The row says which end is the source: by the first pair that differs its key is written one way or the other. */
  #findDirection(batch: FlowBatch, row: number): void {
    const ethernet = this.#at(LAYER.ethernet, 12)
    if (ethernet >= 0 && !this.#isEqualPair(ethernet, 6)) {
      const mac = fixed(batch, F.sourceMacAddress)
      this.#isSwapped = mac !== null && word(this.octets, ethernet + 2) !== mac.words[row * 2 + 1]
      if (mac !== null && !this.#isSwapped) {
        this.#isSwapped = ((this.octets[ethernet]! << 8) | this.octets[ethernet + 1]!) !== mac.words[row * 2]
      }
      return
    }
    const source = fixed(batch, F.sourceAddress)
    const innerSource = fixed(batch, F.innerSourceAddress)
    for (const { layer, octets } of IP_LAYERS) {
      const at = this.#at(layer, octets * 2)
      if (at < 0 || this.#isEqualPair(at, octets)) continue
      const isFirst =
        this.#isAddress(source, row, at, octets) || this.#isAddress(innerSource, row, at, octets)
      this.#isSwapped = !isFirst
      return
    }
    const ports = this.#portsAt()
    // Of a tunnel's inner packet, they stand apart.
    const inner = fixed(batch, F.innerSourceTransportPort)
    const port = inner?.present[row] === 1 ? inner : fixed(batch, F.sourceTransportPort)
    if (ports < 0 || port === null) return
    this.#isSwapped = (this.octets[ports]! | (this.octets[ports + 1]! << 8)) !== port.values[row]
  }

  #isEqualPair(at: number, size: number): boolean {
    for (let i = 0; i < size; i++) if (this.octets[at + i] !== this.octets[at + size + i]) return false
    return true
  }

  #isAddress(column: FixedColumn | null, row: number, at: number, octets: number): boolean {
    if (column === null) return false
    const words = column.words
    if (octets === 4) return word(this.octets, at) === words[row * 4 + 3]
    for (let i = 0; i < 4; i++) if (word(this.octets, at + i * 4) !== words[row * 4 + i]) return false
    return true
  }

  #readMacs(): void {
    const at = this.#at(LAYER.ethernet, 12)
    if (at < 0) return
    this.hasMac = true
    this.sourceMac = at + (this.#isSwapped ? 6 : 0)
    this.destinationMac = at + (this.#isSwapped ? 0 : 6)
  }

  #readVlan(layer: number): number {
    const at = this.#at(layer, 2)
    return at < 0 ? -1 : this.octets[at]! | (this.octets[at + 1]! << 8)
  }

  #portsAt(): number {
    const tcp = this.#at(LAYER.tcp, 4)
    return tcp >= 0 ? tcp : this.#at(LAYER.udp, 4)
  }

  #readPorts(): void {
    const at = this.#portsAt()
    if (at < 0) return
    this.transport = this.#at(LAYER.tcp, 4) >= 0 ? 'tcp' : 'udp'
    const first = this.octets[at]! | (this.octets[at + 1]! << 8)
    const second = this.octets[at + 2]! | (this.octets[at + 3]! << 8)
    this.sourcePort = this.#isSwapped ? second : first
    this.destinationPort = this.#isSwapped ? first : second
  }
}

function fixed(batch: FlowBatch, field: Field): FixedColumn | null {
  const column = batch.find(field)
  return column?.shape === 'fixed' ? column : null
}

/** Four octets in network order. */
export function word(octets: Uint8Array, at: number): number {
  return ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0
}
