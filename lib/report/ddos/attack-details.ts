import { protocolName } from '../../flow/protocol-names.ts'
import type { FlowRows } from '../flow-rows.ts'
import type { AttackTime } from './attack-times.ts'
import { BIN_MS } from './volume-search.ts'

/** Services whose answers are far longer than the questions, by UDP source port. */
const AMPLIFIERS: Readonly<Record<number, string>> = {
  17: 'QOTD',
  19: 'CHARGEN',
  53: 'DNS',
  69: 'TFTP',
  111: 'portmap',
  123: 'NTP',
  137: 'NetBIOS',
  161: 'SNMP',
  177: 'XDMCP',
  389: 'CLDAP',
  427: 'SLP',
  500: 'IKE',
  520: 'RIP',
  1194: 'OpenVPN',
  1434: 'MSSQL',
  1645: 'RADIUS',
  1900: 'SSDP',
  3283: 'ARD',
  3389: 'RDP',
  3478: 'STUN',
  3702: 'WS-Discovery',
  5093: 'Sentinel',
  5353: 'mDNS',
  5683: 'CoAP',
  6881: 'BitTorrent',
  10001: 'Ubiquiti',
  11211: 'memcached',
  27960: 'Quake',
  32414: 'Plex',
  37810: 'DHDiscover',
}
const [TCP, UDP, ICMP, ICMPV6] = [6, 17, 1, 58]
const [SYN, ACK] = [0x02, 0x10]
/** Octets of a packet that carries next to nothing. */
const SMALL_PACKET = 100

/** How an attack is done, in words and as a flow specification matches it (RFC 8955 §4.2). */
export interface Vector {
  readonly name: string
  readonly protocol: number | null
  readonly sourcePort: number | null
  readonly destinationPort: number | null
  readonly isSyn: boolean
}

/** What flows of an attack have in common, counted over its time. */
export class AttackDetails {
  readonly attack: AttackTime
  /** Packets by source's number. */
  readonly sources = new Map<number, number>()
  /** Addresses hit, by packets: several for a prefix. */
  readonly hosts = new Map<number, number>()
  readonly interfaces = new Map<number, number>()
  readonly #sourcePorts = new Map<number, number>()
  readonly #destinationPorts = new Map<number, number>()
  readonly #protocols = new Map<number, number>()
  octets = 0
  packets = 0
  flows = 0
  synPackets = 0
  smallPackets = 0
  #udpOctets = 0
  readonly #ampOctets = new Map<number, number>()

  constructor(attack: AttackTime) {
    this.attack = attack
  }

  /** Whether a flow overlaps the attack's time. */
  holds(startMs: number, endMs: number): boolean {
    return startMs < (this.attack.lastBin + 1) * BIN_MS && endMs >= this.attack.firstBin * BIN_MS
  }

  add(rows: FlowRows, row: number, rate: number): void {
    const octets = rows.octets[row]! * rate
    const packets = rows.packets[row]! * rate
    const protocol = rows.protocols[row]!
    this.octets += octets
    this.packets += packets
    this.flows++
    count(this.sources, rows.sources[row]!, packets)
    count(this.hosts, rows.destinations[row]!, packets)
    count(this.interfaces, rows.ingress[row]!, packets)
    count(this.#protocols, protocol, packets)
    const flags = rows.flags[row]! & (SYN | ACK)
    if (protocol === TCP && flags === SYN) this.synPackets += packets
    if (octets < packets * SMALL_PACKET) this.smallPackets += packets
    if (protocol !== TCP && protocol !== UDP) return
    count(this.#destinationPorts, rows.destinationPorts[row]!, packets)
    if (protocol !== UDP) return
    const port = rows.sourcePorts[row]!
    count(this.#sourcePorts, port, packets)
    this.#udpOctets += octets
    if (AMPLIFIERS[port] !== undefined) count(this.#ampOctets, port, octets)
  }

  /** Bits per packet's source: 0 where all come from one. */
  entropy(): number {
    let bits = 0
    for (const packets of this.sources.values()) {
      const part = packets / this.packets
      if (part > 0) bits -= part * Math.log2(part)
    }
    return bits
  }

  /** How the attack is done; null where the traffic looks like people who want something. */
  vector(): Vector | null {
    const { packets } = this
    const [protocol, protocolPackets] = most(this.#protocols)
    const [destinationPort, ofPort] = most(this.#destinationPorts)
    const port = ofPort >= packets * 0.8 ? destinationPort : null
    const [amplifier, ampOctets] = most(this.#ampOctets)
    const vector = (name: string, more: Partial<Vector> = {}): Vector => {
      return { name, protocol, sourcePort: null, destinationPort: port, isSyn: false, ...more }
    }
    const meanOctets = this.octets / packets
    if (ampOctets >= this.octets * 0.6 && this.sources.size >= 5 && meanOctets >= 150) {
      const name = `${AMPLIFIERS[amplifier]} amp udp/${amplifier}`
      return vector(name, { protocol: UDP, sourcePort: amplifier, destinationPort: null })
    }
    const isManyAmplifiers =
      [...this.#ampOctets.values()].reduce((sum, each) => sum + each, 0) >= this.octets * 0.7
    if (isManyAmplifiers && this.sources.size >= 20 && meanOctets >= 150)
      return vector('several amp udp', { protocol: UDP, destinationPort: null })
    if (this.synPackets >= packets * 0.6)
      return vector(`SYN flood${port === null ? '' : ` tcp/${port}`}`, { protocol: TCP, isSyn: true })
    if (protocolPackets < packets * 0.6)
      return this.sources.size >= 50 ? vector('mixed flood', { protocol: null }) : null
    if (protocol === ICMP || protocol === ICMPV6) return vector('ICMP flood', { destinationPort: null })
    if (protocol === UDP) {
      if (this.sources.size < 5 && this.attack.peak.packets < 20_000) return null
      const [sourcePort, ofSource] = most(this.#sourcePorts)
      if (sourcePort === 0 && port === 0 && ofSource >= packets * 0.6)
        return vector('UDP fragments', { destinationPort: null })
      return vector(`UDP flood${port === null ? '' : ` udp/${port}`}`)
    }
    if (protocol === TCP) {
      const isSmall = this.smallPackets >= packets * 0.8
      if (isSmall && this.sources.size >= 50) return vector(`TCP flood${port === null ? '' : ` tcp/${port}`}`)
      return null
    }
    return vector(`${protocolName(protocol).toUpperCase()} flood`, { destinationPort: null })
  }

  /** Whether the vector alone says that it is one, whatever is usual. */
  isPlain(vector: Vector): boolean {
    if (vector.sourcePort !== null) return vector.sourcePort !== 53 && this.sources.size >= 20
    return vector.isSyn && this.sources.size >= 50 && this.synPackets >= this.packets * 0.8
  }
}

function count(counts: Map<number, number>, key: number, amount: number): void {
  counts.set(key, (counts.get(key) ?? 0) + amount)
}

/** The key with the greatest amount, and that. */
export function most(counts: ReadonlyMap<number, number>): [key: number, amount: number] {
  let best: [number, number] = [0, 0]
  for (const [key, amount] of counts) if (amount > best[1]) best = [key, amount]
  return best
}
