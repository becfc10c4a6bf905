/** Layers of a flow's key, in the order in which Packetbeat numbers their flags and offsets. */
export const KEY_LAYER = {
  ethernet: 0,
  outerVlan: 1,
  vlan: 2,
  outerIpv4: 3,
  ipv4: 4,
  outerIpv6: 5,
  ipv6: 6,
  icmpv4: 7,
  icmpv6: 8,
  udp: 9,
  tcp: 10,
  connection: 11,
} as const

export const KEY_LAYERS = 12
/** Offset of a layer that a key does not have. */
export const ABSENT = 255
/** Longest key: MACs, two of VLAN, IPv4 and IPv6 each, ports, a connection id. */
export const MOST_KEY_OCTETS = 12 + 2 * (2 + 8 + 32) + 4 + 8

/** Steps of a path, three bits each: what was added to the key, in order. */
const STEP = { ethernet: 1, vlan: 2, ipv4: 3, ipv6: 4, udp: 5, tcp: 6, connection: 7 } as const
/** Layers that fit a path's 30 bits; deeper ones are not looked at. */
export const MOST_STEPS = 10

/** Which way a packet goes: as its key is written, against it, or not to be told because both ends are equal. */
export const DIRECTION = { undecided: 0, forward: 1, reversed: 2 } as const

/**
 * The key of the packet being read: what its flow is known by, the same for both directions. Layers are added from the
 * outside in. The first pair that differs decides the direction; in a reversed packet every pair is written the other
 * way round. `path` says which layers were added, and so where each lies.
 */
export class PacketKey {
  readonly words = new Uint32Array(Math.ceil(MOST_KEY_OCTETS / 4))
  readonly octets = new Uint8Array(this.words.buffer)
  readonly #view = new DataView(this.words.buffer)
  length = 0
  path = 0
  steps = 0
  direction: number = DIRECTION.undecided
  readonly #at = {
    vlan: ABSENT,
    outerVlan: ABSENT,
    ipv4: ABSENT,
    outerIpv4: ABSENT,
    ipv6: ABSENT,
    outerIpv6: ABSENT,
  }

  reset(): void {
    const { words } = this
    for (let i = 0, n = (this.length + 3) >> 2; i < n; i++) words[i] = 0
    this.length = 0
    this.path = 0
    this.steps = 0
    this.direction = DIRECTION.undecided
    const at = this.#at
    at.vlan = at.outerVlan = at.ipv4 = at.outerIpv4 = at.ipv6 = at.outerIpv6 = ABSENT
  }

  /** Destination and source address of an Ethernet header, in this order at `from`. */
  addEthernet(view: DataView, from: number): void {
    this.#step(STEP.ethernet)
    const destinationHigh = view.getUint32(from)
    const destinationLow = view.getUint16(from + 4)
    const sourceHigh = view.getUint32(from + 6)
    const sourceLow = view.getUint16(from + 10)
    this.#compare(sourceHigh, destinationHigh)
    this.#compare(sourceLow, destinationLow)
    const isReversed = this.direction === DIRECTION.reversed
    const to = this.length
    this.#view.setUint32(to, isReversed ? destinationHigh : sourceHigh)
    this.#view.setUint16(to + 4, isReversed ? destinationLow : sourceLow)
    this.#view.setUint32(to + 6, isReversed ? sourceHigh : destinationHigh)
    this.#view.setUint16(to + 10, isReversed ? sourceLow : destinationLow)
    this.length += 12
  }

  addVlan(id: number): void {
    const at = this.#at
    this.#step(STEP.vlan)
    let to = this.length
    if (at.outerVlan !== ABSENT) {
      // A third tag takes the older one's place, and so on.
      to = at.outerVlan
      at.outerVlan = at.vlan
    } else {
      at.outerVlan = at.vlan
      this.length += 2
    }
    at.vlan = to
    this.octets[to] = id & 0xff
    this.octets[to + 1] = id >>> 8
  }

  /** Source and destination address, one behind the other at `from`. */
  addIpv4(view: DataView, from: number): void {
    const at = this.#at
    this.#step(STEP.ipv4)
    let to = this.length
    if (at.outerIpv4 !== ABSENT) {
      to = at.outerIpv4
      at.outerIpv4 = at.ipv4
    } else {
      at.outerIpv4 = at.ipv4
      this.length += 8
    }
    at.ipv4 = to
    this.#putPair(to, view, from, 1)
  }

  addIpv6(view: DataView, from: number): void {
    const at = this.#at
    this.#step(STEP.ipv6)
    let to = this.length
    if (at.outerIpv6 !== ABSENT) {
      to = at.outerIpv6
      at.outerIpv6 = at.ipv6
    } else {
      at.outerIpv6 = at.ipv6
      this.length += 32
    }
    at.ipv6 = to
    this.#putPair(to, view, from, 4)
  }

  /** Ports in network order, one behind the other at `from`; the key has them low octet first, and is compared so. */
  addPorts(isTcp: boolean, view: DataView, from: number): void {
    this.#step(isTcp ? STEP.tcp : STEP.udp)
    // Octets turned round, on both sides of the copy: what is lesser here is so in the order of the key's octets.
    const source = view.getUint16(from, true)
    const destination = view.getUint16(from + 2, true)
    this.#compare(source, destination)
    const isReversed = this.direction === DIRECTION.reversed
    this.#view.setUint16(this.length, isReversed ? destination : source)
    this.#view.setUint16(this.length + 2, isReversed ? source : destination)
    this.length += 4
  }

  #step(step: number): void {
    this.path = this.path * 8 + step
    this.steps++
  }

  /** The first pair that differs decides the direction. */
  #compare(source: number, destination: number): void {
    if (this.direction !== DIRECTION.undecided || source === destination) return
    this.direction = source < destination ? DIRECTION.forward : DIRECTION.reversed
  }

  /** Source and destination of so many words each, one behind the other at `from`. */
  #putPair(to: number, view: DataView, from: number, words: number): void {
    for (let i = 0; i < words; i++) {
      this.#compare(view.getUint32(from + i * 4), view.getUint32(from + (words + i) * 4))
    }
    const key = this.#view
    const shift = this.direction === DIRECTION.reversed ? words : 0
    for (let i = 0; i < words; i++) {
      key.setUint32(to + i * 4, view.getUint32(from + (i + shift) * 4))
      key.setUint32(to + (words + i) * 4, view.getUint32(from + (i + words - shift) * 4))
    }
  }

  /** A number to find the flow by: over the key's words and its path. */
  hash(): number {
    const { words } = this
    let hash = this.path | 0
    for (let i = 0, n = (this.length + 3) >> 2; i < n; i++) {
      hash = Math.imul(hash ^ words[i]!, 0x9e37_79b1)
      hash ^= hash >>> 15
    }
    hash = Math.imul(hash ^ (hash >>> 13), 0x85eb_ca6b)
    return (hash ^ (hash >>> 16)) >>> 0
  }
}

/** What a path's key looks like: flags and, for each layer, its offset; and how many of each kind were added. */
export interface KeyShape {
  readonly flags: number
  /** By KEY_LAYER; ABSENT where there is none. */
  readonly offsets: Uint8Array
  readonly ethernetCount: number
  readonly vlanCount: number
  readonly ipCount: number
  readonly octets: number
}

/** The shape of keys that were made along `path`. */
export function shapeOf(path: number): KeyShape {
  const offsets = new Uint8Array(KEY_LAYERS).fill(ABSENT)
  const counts = { ethernet: 0, vlan: 0, ip: 0 }
  let octets = 0
  const place = (layer: number, size: number) => {
    offsets[layer] = octets
    octets += size
  }
  const nest = (layer: number, outer: number, size: number) => {
    if (offsets[outer] !== ABSENT) {
      const inner = offsets[layer]!
      offsets[layer] = offsets[outer]!
      offsets[outer] = inner
    } else if (offsets[layer] !== ABSENT) {
      offsets[outer] = offsets[layer]!
      place(layer, size)
    } else place(layer, size)
  }
  for (const step of stepsOf(path)) {
    switch (step) {
      case STEP.ethernet:
        place(KEY_LAYER.ethernet, 12)
        counts.ethernet++
        break
      case STEP.vlan:
        nest(KEY_LAYER.vlan, KEY_LAYER.outerVlan, 2)
        counts.vlan++
        break
      case STEP.ipv4:
        nest(KEY_LAYER.ipv4, KEY_LAYER.outerIpv4, 8)
        counts.ip++
        break
      case STEP.ipv6:
        nest(KEY_LAYER.ipv6, KEY_LAYER.outerIpv6, 32)
        counts.ip++
        break
      case STEP.udp:
        place(KEY_LAYER.udp, 4)
        break
      case STEP.tcp:
        place(KEY_LAYER.tcp, 4)
        break
      default:
        place(KEY_LAYER.connection, 8)
    }
  }
  let flags = 0
  for (const [layer, offset] of offsets.entries()) if (offset !== ABSENT) flags |= 1 << layer
  return {
    flags,
    offsets,
    ethernetCount: counts.ethernet,
    vlanCount: counts.vlan,
    ipCount: counts.ip,
    octets,
  }
}

function stepsOf(path: number): number[] {
  const steps: number[] = []
  for (let rest = path; rest > 0; rest = Math.floor(rest / 8)) steps.unshift(rest % 8)
  return steps
}
