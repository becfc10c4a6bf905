import type { FixedColumn, FlowBatch } from '../../flow/batch.ts'
import { F, PROTOCOL } from '../../flow/fields.ts'
import type { Layout, LayoutField } from '../../flow/layout.ts'
import { icmpName } from '../names.ts'
import { type KeyTarget, OP } from './known-keys.ts'

/** Bits of what is decided when a row's last key is read, because it takes more than one of them. */
export const STATE = {
  type: 1,
  etype: 2,
  vlanId: 4,
  icmpType: 8,
  icmpCode: 16,
  icmpName: 32,
  sourceNetwork: 64,
  destinationNetwork: 128,
  ingress: 256,
  egress: 512,
} as const

/** Address columns, whose bits follow, and an IPv6 element of each. */
const ADDRESSES = [
  [F.sourceAddress, 27],
  [F.destinationAddress, 28],
  [F.nextHopAddress, 62],
  [F.bgpNextHopAddress, 63],
  [F.mplsTopLabelAddress, 140],
  [F.postNatSourceAddress, 281],
  [F.postNatDestinationAddress, 282],
  [F.exporterAddress, 131],
] as const
const FIRST_ADDRESS = 1 << 10
const ADDRESS_MASK = (FIRST_ADDRESS << ADDRESSES.length) - FIRST_ADDRESS
/** The row's IP version is said by ipVersion, not by its addresses. */
const VERSION = FIRST_ADDRESS << ADDRESSES.length

/** The STATE bit of a key, or the bit of its address column; 0 for all others. */
export function stateBit({ op, field }: KeyTarget): number {
  switch (op) {
    case OP.type:
      return STATE.type
    case OP.etype:
      return STATE.etype
    case OP.vlanId:
      return STATE.vlanId
    case OP.icmpType:
      return STATE.icmpType
    case OP.icmpCode:
      return STATE.icmpCode
    case OP.icmpName:
      return STATE.icmpName
    case OP.network:
      return field === F.sourcePrefixLength ? STATE.sourceNetwork : STATE.destinationNetwork
    case OP.interface:
      return field === F.ingressInterface ? STATE.ingress : STATE.egress
  }
  const at = ADDRESSES.findIndex(([column]) => column === field)
  return at < 0 ? 0 : FIRST_ADDRESS << at
}

/** A network as a line has it. */
export class NetworkState {
  readonly words = new Uint32Array(4)
  isMapped = false
  /** -1 for an invalid one, -2 for none. */
  bits = -2
  /** Whether only the prefix length is known. */
  isLength = false
}

const EXPORT_PROTOCOLS = [0, PROTOCOL.sflow5, PROTOCOL.netflow5, PROTOCOL.netflow9, PROTOCOL.ipfix]
const INTERNAL = 0x3fffffff
/** A prefix length that no address has: what goflow2 prints as `invalid Prefix`. */
const NO_LENGTH = 255

/** What `RowEnd` knows of a line. */
export interface RowEndState {
  readonly numbers: readonly number[]
  readonly networks: readonly NetworkState[]
}

function restoreNetwork(network: NetworkState, { words, isMapped, bits, isLength }: NetworkState): void {
  network.words.set(words)
  network.isMapped = isMapped
  network.bits = bits
  network.isLength = isLength
}

/** What the keys of one line say together. Stays from line to line for keys that are the same in both. */
export class RowEnd {
  /** goflow2's FlowType; -1 where the line does not say. */
  type = -1
  etype = -1
  vlanId = -1
  icmpType = -1
  icmpCode = -1
  /** The type that the name has in ICMP and in ICMPv6; -1 for none. */
  icmpNameType = -1
  icmp6NameType = -1
  /** Text of the name: 0 for none, 1 for `unknown`, 2 for an empty one, 3 for one of a type. */
  icmpNameKind = 0
  ingress = -1
  egress = -1
  readonly sourceNetwork = new NetworkState()
  readonly destinationNetwork = new NetworkState()
  /** Bits of address columns whose IPv4 address was written as IPv6. */
  mapped = 0
  readonly #layouts = new Map<number, Layout>()
  #serial = -1
  #batch!: FlowBatch
  #protocol!: FixedColumn
  #source!: FixedColumn
  #destination!: FixedColumn
  /** Serial number of the batch whose rows all have a tag. */
  #tagged = -1

  /** Forgets what keys said that the line does not have; `seen` are the bits of those it has. */
  forget(seen: number): void {
    if ((seen & STATE.type) === 0) this.type = -1
    if ((seen & STATE.etype) === 0) this.etype = -1
    if ((seen & STATE.vlanId) === 0) this.vlanId = -1
    if ((seen & STATE.icmpType) === 0) this.icmpType = -1
    if ((seen & STATE.icmpCode) === 0) this.icmpCode = -1
    if ((seen & STATE.icmpName) === 0) this.icmpNameKind = 0
    if ((seen & STATE.ingress) === 0) this.ingress = -1
    if ((seen & STATE.egress) === 0) this.egress = -1
    if ((seen & STATE.sourceNetwork) === 0) this.sourceNetwork.bits = -2
    if ((seen & STATE.destinationNetwork) === 0) this.destinationNetwork.bits = -2
    this.mapped &= seen
  }

  /** A copy of what is known of the line. */
  state(): RowEndState {
    const { type, etype, vlanId, icmpType, icmpCode, ingress, egress, mapped } = this
    const { icmpNameType, icmp6NameType, icmpNameKind } = this
    const names = [icmpNameType, icmp6NameType, icmpNameKind]
    return {
      numbers: [type, etype, vlanId, icmpType, icmpCode, ingress, egress, mapped, ...names],
      networks: [this.sourceNetwork, this.destinationNetwork].map((network) => ({
        words: network.words.slice(),
        isMapped: network.isMapped,
        bits: network.bits,
        isLength: network.isLength,
      })),
    }
  }

  /** Knows of this line what was known of the one whose `state` this is, but for the STATE bits that are to be kept. */
  restore({ numbers, networks }: RowEndState, kept: number): void {
    if ((kept & STATE.type) === 0) this.type = numbers[0]!
    if ((kept & STATE.etype) === 0) this.etype = numbers[1]!
    if ((kept & STATE.vlanId) === 0) this.vlanId = numbers[2]!
    if ((kept & STATE.icmpType) === 0) this.icmpType = numbers[3]!
    if ((kept & STATE.icmpCode) === 0) this.icmpCode = numbers[4]!
    if ((kept & STATE.ingress) === 0) this.ingress = numbers[5]!
    if ((kept & STATE.egress) === 0) this.egress = numbers[6]!
    this.mapped = (this.mapped & kept) | (numbers[7]! & ~kept)
    if ((kept & STATE.icmpName) === 0) {
      this.icmpNameType = numbers[8]!
      this.icmp6NameType = numbers[9]!
      this.icmpNameKind = numbers[10]!
    }
    if ((kept & STATE.sourceNetwork) === 0) restoreNetwork(this.sourceNetwork, networks[0]!)
    if ((kept & STATE.destinationNetwork) === 0) restoreNetwork(this.destinationNetwork, networks[1]!)
  }

  /** Writes what the whole line tells; returns the STATE bits of keys whose text the columns cannot give back. */
  finish(batch: FlowBatch, serial: number, row: number): number {
    if (serial !== this.#serial) this.#bind(batch, serial)
    const protocol = this.type < 0 ? 0 : EXPORT_PROTOCOLS[this.type]!
    if (this.type >= 0) {
      this.#protocol.values[row] = protocol
      this.#protocol.present[row] = 1
    }
    const isSflow = this.type === 1
    let lost = 0
    let layout = this.mapped & ADDRESS_MASK
    if (isSflow) this.#sflow(row)
    else this.#interfaces(row)
    if (this.etype >= 0) {
      const { etype } = this
      if (etype !== 0) put(batch.fixed(F.ethernetType), row, etype)
      const family = this.#family(row)
      if (family !== 0 && family !== etype && !(isSflow && etype !== 0)) {
        if (etype === 0x0800 || etype === 0x86dd) {
          put(batch.fixed(F.ipVersion), row, etype === 0x0800 ? 4 : 6)
          layout |= VERSION
        } else {
          lost |= STATE.etype
        }
      }
    }
    if (this.vlanId > 0 || (this.vlanId === 0 && !isSflow)) {
      if (!this.#tag(row, isSflow)) lost |= STATE.vlanId
    }
    const { sourceNetwork, destinationNetwork } = this
    if (sourceNetwork.bits !== -2 && !this.#network(row, sourceNetwork, this.#source, 1)) {
      lost |= STATE.sourceNetwork
    }
    if (destinationNetwork.bits !== -2 && !this.#network(row, destinationNetwork, this.#destination, 2)) {
      lost |= STATE.destinationNetwork
    }
    if (this.icmpType > 0 || this.icmpCode > 0) {
      put(batch.fixed(F.icmpTypeCode), row, (Math.max(0, this.icmpType) << 8) | Math.max(0, this.icmpCode))
    }
    if (this.icmpNameKind !== 0 && !this.#icmpName(row)) lost |= STATE.icmpName
    if (layout !== 0) put(batch.fixed(F.layout), row, batch.layoutNumber(this.#layout(layout)))
    return lost
  }

  #bind(batch: FlowBatch, serial: number): void {
    this.#serial = serial
    this.#batch = batch
    this.#protocol = batch.fixed(F.exportProtocol)
    this.#source = batch.fixed(F.sourceAddress)
    this.#destination = batch.fixed(F.destinationAddress)
  }

  #interfaces(row: number): void {
    if (this.ingress >= 0) put(this.#batch.fixed(F.ingressInterface), row, this.ingress)
    if (this.egress >= 0) put(this.#batch.fixed(F.egressInterface), row, this.egress)
  }

  /** goflow2 prints sFlow's agent as sampler, and interfaces with their format bits (sFlow v5, "interface"). */
  #sflow(row: number): void {
    const batch = this.#batch
    if (this.ingress >= 0) {
      put(batch.fixed(F.ingressInterfaceRaw), row, this.ingress)
      put(batch.fixed(F.ingressInterface), row, indexOf(this.ingress))
    }
    if (this.egress >= 0) {
      put(batch.fixed(F.egressInterfaceRaw), row, this.egress)
      put(batch.fixed(F.egressInterface), row, indexOf(this.egress))
    }
    const exporter = batch.fixed(F.exporterAddress)
    if (exporter.present[row] === 0) return
    const agent = batch.fixed(F.agentAddress)
    for (let i = row * 4; i < row * 4 + 4; i++) agent.words[i] = exporter.words[i]!
    agent.present[row] = 1
  }

  #family(row: number): number {
    return familyOf(this.#source, row) || familyOf(this.#destination, row)
  }

  /** Stores the VLAN that goflow2 calls vlan_id; false where it has more bits than a VLAN. */
  #tag(row: number, isSflow: boolean): boolean {
    const batch = this.#batch
    const { vlanId } = this
    if (!isSflow && this.#tagged !== this.#serial) {
      const own = batch.find(F.vlanId) as FixedColumn | undefined
      if ((own?.values[row] ?? 0) === vlanId && batch.find(F.dot1qTci) === undefined) return vlanId < 4096
      this.#tagRows(row)
    }
    // A tag of zero beside a VLAN says that they differ, whatever rows stand around this one.
    const own = batch.find(F.vlanId) as FixedColumn | undefined
    if (vlanId > 0 || (!isSflow && (own?.values[row] ?? 0) !== 0)) put(batch.fixed(F.dot1qTci), row, vlanId)
    return vlanId < 4096
  }

  /** Rows before `row` say their VLAN as tags too, so that one rule prints all of a batch. */
  #tagRows(row: number): void {
    this.#tagged = this.#serial
    const own = this.#batch.find(F.vlanId) as FixedColumn | undefined
    const tags = this.#batch.fixed(F.dot1qTci)
    if (own === undefined) return
    for (let i = 0; i < row; i++) {
      if (own.present[i] !== 0 && this.#protocol.values[i]! < 200) put(tags, i, own.values[i]!)
    }
  }

  /** Stores a prefix length; false where the network is not that of the address. */
  #network(row: number, network: NetworkState, address: FixedColumn, bit: 1 | 2): boolean {
    const { bits } = network
    const isThere = address.present[row] !== 0
    if (bits < 0 && !isThere) return true
    const length = this.#batch.fixed(bit === 1 ? F.sourcePrefixLength : F.destinationPrefixLength)
    if (bits !== 0) put(length, row, bits < 0 ? NO_LENGTH : bits)
    if (bits < 0 || network.isLength) return true
    if (!isThere) return false
    const { words } = address
    const at = row * 4
    const isIpv4 = familyOf(address, row) === 0x0800 && (this.mapped & (FIRST_ADDRESS * bit)) === 0
    const all = isIpv4 ? bits + 96 : bits
    for (let i = 0; i < 4; i++) {
      const kept = all - 32 * i
      const mask = kept <= 0 ? 0 : kept >= 32 ? -1 : -1 << (32 - kept)
      if ((words[at + i]! & mask) >>> 0 !== network.words[i]) return false
    }
    return bits <= (isIpv4 ? 32 : 128)
  }

  /** Takes the ICMP type from its name where nothing else tells it; false where the name cannot be printed again. */
  #icmpName(row: number): boolean {
    const protocols = this.#batch.find(F.protocolIdentifier) as FixedColumn | undefined
    const proto = protocols?.values[row] ?? 0
    if (proto !== 1 && proto !== 58) return this.icmpNameKind === 1
    const named = proto === 1 ? this.icmpNameType : this.icmp6NameType
    if (this.icmpType < 0 && this.icmpNameKind === 3 && named >= 0) {
      if (named > 0) put(this.#batch.fixed(F.icmpTypeCode), row, named << 8)
      return true
    }
    const printed = icmpName(proto, Math.max(0, this.icmpType))
    return this.icmpNameKind === 2 ? printed === '' : printed !== '' && named === Math.max(0, this.icmpType)
  }

  #layout(bits: number): Layout {
    let layout = this.#layouts.get(bits)
    if (layout === undefined) {
      const fields: LayoutField[] = []
      ADDRESSES.forEach(([field, element], i) => {
        if ((bits & (FIRST_ADDRESS << i)) === 0) return
        fields.push({ enterprise: 0, element, octets: 16, field })
      })
      if ((bits & VERSION) !== 0) fields.push({ enterprise: 0, element: 60, octets: 1, field: F.ipVersion })
      layout = { protocol: 0, scopeCount: 0, fields }
      this.#layouts.set(bits, layout)
    }
    return layout
  }
}

function put(column: FixedColumn, row: number, value: number): void {
  column.values[row] = value
  column.present[row] = 1
}

function indexOf(raw: number): number {
  return raw >>> 30 === 0 && raw !== INTERNAL ? raw : 0
}

function familyOf({ words, present }: FixedColumn, row: number): number {
  if (present[row] === 0) return 0
  const at = row * 4
  return (words[at]! | words[at + 1]!) === 0 && words[at + 2] === 0xffff ? 0x0800 : 0x86dd
}
