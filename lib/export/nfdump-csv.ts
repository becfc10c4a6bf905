import { putAddress, putMac } from '../bytes/put-address.ts'
import { BILLIONS, divideByBillion, putU32, putU64 } from '../bytes/put-number.ts'
import type { ListColumn } from '../flow/batch.ts'
import { defineField, F, type Field } from '../flow/fields.ts'
import type { FlowBlock, Problem } from '../flow/source.ts'
import type { BlockSink, WriteOctets } from './block-sink.ts'
import { Cells } from './cells.ts'
import { NFDUMP_PROTOCOLS } from './nfdump-names.ts'
import { OctetBuffer } from './octet-buffer.ts'
import { putTime } from './put-time.ts'

const FIELDS = {
  start: F.flowStart,
  end: F.flowEnd,
  received: F.timeReceived,
  source: F.sourceAddress,
  destination: F.destinationAddress,
  sourcePort: F.sourceTransportPort,
  destinationPort: F.destinationTransportPort,
  icmp: F.icmpTypeCode,
  protocol: F.protocolIdentifier,
  flags: F.tcpControlBits,
  forwarding: F.forwardingStatus,
  tos: F.ipClassOfService,
  packets: F.packetDeltaCount,
  octets: F.octetDeltaCount,
  postPackets: defineField('postPacketDeltaCount', 'u64', 'deltaCounter', 0, 24),
  postOctets: defineField('postOctetDeltaCount', 'u64', 'deltaCounter', 0, 23),
  ingress: F.ingressInterface,
  egress: F.egressInterface,
  sourceAs: F.bgpSourceAsNumber,
  destinationAs: F.bgpDestinationAsNumber,
  sourceLength: F.sourcePrefixLength,
  destinationLength: F.destinationPrefixLength,
  postTos: defineField('postIpClassOfService', 'u8', 'identifier', 0, 55),
  direction: F.flowDirection,
  nextHop: F.nextHopAddress,
  bgpNextHop: F.bgpNextHopAddress,
  vlan: F.vlanId,
  postVlan: F.postVlanId,
  sourceMac: F.sourceMacAddress,
  postDestinationMac: F.postDestinationMacAddress,
  destinationMac: F.destinationMacAddress,
  postSourceMac: F.postSourceMacAddress,
  labels: F.mplsLabelStack,
  exporter: F.exporterAddress,
  engineType: F.engineType,
  engineId: F.engineId,
  domain: F.observationDomainId,
  version: F.exportProtocol,
} as const satisfies Record<string, Field>

type Name = keyof typeof FIELDS

const NAMES = Object.keys(FIELDS) as Name[]
const PLACE = Object.fromEntries(NAMES.map((name, place) => [name, place])) as Record<Name, number>

/** The columns of `nfdump -o csv`, version 1.7.1. */
export const NFDUMP_COLUMNS =
  'ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,das,smk,dmk,dtos,dir,nh,nhb,svln,dvln,' +
  'ismc,odmc,idmc,osmc,mpls1,mpls2,mpls3,mpls4,mpls5,mpls6,mpls7,mpls8,mpls9,mpls10,cl,sl,al,ra,eng,exid,tr'

const LABELS = 10
const ROW_ROOM = 1024
const COMMA = 0x2c
const FLAG_LETTERS = ascii('CEUAPRSF')
/** Latencies of client, server and application, which exporters do not send. */
const LATENCIES = ascii('    0.000,    0.000,    0.000,')
const NO_LABEL = ascii('0-0-0,')
const NO_ADDRESS = ascii('0.0.0.0')
const MOST_EXPORTERS = 65_536

export interface NfdumpCsvOptions {
  readonly header: boolean
  readonly write: WriteOctets
}

/**
 * A sink that writes flows in the columns of nfdump's csv, as nfdump 1.7.1 prints them: times in UTC and whole seconds
 * (`tr` in milliseconds), zeros where a flow has no value. Unlike nfdump it gives the BGP next hop of IPv6 flows, and type and code
 * of ICMP flows whose exporter has them in the destination port only.
 */
export class NfdumpCsv implements BlockSink {
  readonly #cells = new Cells(Object.values(FIELDS), 'rfc3339')
  readonly #buffer: OctetBuffer
  /** nfdump numbers exporters in the order in which it meets them. */
  readonly #exporters = new Map<string, number>()
  #position = 0

  constructor({ header, write }: NfdumpCsvOptions) {
    this.#buffer = new OctetBuffer(write)
    if (!header) return
    this.#octets(ascii(`${NFDUMP_COLUMNS}\n`))
    this.#buffer.used = this.#position
  }

  write(block: FlowBlock, rows: Uint32Array | null, problems: Problem[]): void {
    this.#cells.read(block, problems)
    const count = rows === null ? block.info.rows : rows.length
    const buffer = this.#buffer
    for (let i = 0; i < count; i++) {
      buffer.reserve(ROW_ROOM)
      this.#position = buffer.used
      this.#row(rows === null ? i : rows[i]!)
      buffer.used = this.#position
    }
    buffer.flush()
  }

  close(): void {
    this.#buffer.flush()
  }

  #row(row: number): void {
    this.#times(row)
    this.#address('source', row)
    this.#address('destination', row)
    const protocol = this.#low('protocol', row)
    const isIcmp = protocol === 1 || protocol === 58
    this.#decimal(isIcmp ? 0 : this.#low('sourcePort', row))
    this.#decimal(isIcmp ? this.#icmp(row) : this.#low('destinationPort', row))
    this.#octets(NFDUMP_PROTOCOLS[protocol]!)
    this.#comma()
    this.#flags(this.#low('flags', row))
    for (const name of COUNTERS) this.#number(name, row)
    this.#address('nextHop', row)
    this.#address('bgpNextHop', row)
    this.#number('vlan', row)
    this.#number('postVlan', row)
    for (const name of MACS) this.#mac(name, row)
    this.#labels(row)
    this.#octets(LATENCIES)
    this.#address('exporter', row)
    this.#exporter(row)
    this.#time('received', row, 23)
    this.#buffer.octets[this.#position++] = 0x0a
  }

  #times(row: number): void {
    // A flow that tells one of both times has it for both.
    const first: Name = this.#has('start', row) ? 'start' : this.#has('end', row) ? 'end' : 'received'
    const last: Name = this.#has('end', row) ? 'end' : first
    this.#time(first, row, 19)
    this.#comma()
    this.#time(last, row, 19)
    this.#comma()
    const { view } = this.#buffer
    const duration = Math.max(0, this.#ms(last, row) - this.#ms(first, row))
    const seconds = Math.floor(duration / 1000)
    this.#position = putU64(view, this.#position, seconds | 0, Math.floor(seconds / 4_294_967_296) | 0)
    const rest = duration - seconds * 1000
    view.setUint8(this.#position++, 0x2e)
    view.setUint8(this.#position++, 48 + Math.floor(rest / 100))
    view.setUint8(this.#position++, 48 + (Math.floor(rest / 10) % 10))
    view.setUint8(this.#position++, 48 + (rest % 10))
    this.#comma()
  }

  #ms(name: Name, row: number): number {
    const words = this.#cells.words[PLACE[name]]!
    if (!this.#has(name, row)) return 0
    divideByBillion(words[row * 2]! | 0, words[row * 2 + 1]! | 0)
    return BILLIONS.quotient * 1000 + Math.floor(BILLIONS.remainder / 1e6)
  }

  /** The first `octets` of a time as RFC 3339 has it, with a blank for the T. */
  #time(name: Name, row: number, octets: number): void {
    const { view } = this.#buffer
    const has = this.#has(name, row)
    const words = this.#cells.words[PLACE[name]]!
    putTime(view, this.#position, has ? words[row * 2]! | 0 : 0, has ? words[row * 2 + 1]! | 0 : 0)
    view.setUint8(this.#position + 10, 0x20)
    this.#position += octets
  }

  #address(name: Name, row: number): void {
    if (this.#has(name, row)) {
      const { view } = this.#buffer
      this.#position = putAddress(view, this.#position, this.#cells.words[PLACE[name]]!, row * 4, 0)
    } else {
      this.#octets(NO_ADDRESS)
    }
    this.#comma()
  }

  #number(name: Name, row: number): void {
    const { view } = this.#buffer
    const words = this.#cells.words[PLACE[name]]!
    if (FIELDS[name].kind === 'u64' && this.#has(name, row)) {
      this.#position = putU64(view, this.#position, words[row * 2]! | 0, words[row * 2 + 1]! | 0)
      this.#comma()
    } else {
      this.#decimal(this.#low(name, row))
    }
  }

  #decimal(value: number): void {
    this.#position = putU32(this.#buffer.view, this.#position, value | 0)
    this.#comma()
  }

  /** Type and code of ICMP, which NetFlow up to version 8 has in the destination port. */
  #icmp(row: number): number {
    if (this.#has('icmp', row)) return this.#low('icmp', row)
    return this.#low('version', row) <= 8 ? this.#low('destinationPort', row) : 0
  }

  #mac(name: Name, row: number): void {
    const words = this.#cells.words[PLACE[name]]!
    const has = this.#has(name, row)
    const { view } = this.#buffer
    this.#position = putMac(
      view,
      this.#position,
      has ? words[row * 2]! | 0 : 0,
      has ? words[row * 2 + 1]! | 0 : 0,
    )
    this.#comma()
  }

  #flags(flags: number): void {
    const { octets } = this.#buffer
    for (let i = 0; i < 8; i++) {
      octets[this.#position++] = (flags & (0x80 >> i)) !== 0 ? FLAG_LETTERS[i]! : 0x2e
    }
    this.#comma()
  }

  /** Label, traffic class and bottom bit of ten label stack entries. */
  #labels(row: number): void {
    const column = this.#has('labels', row) ? (this.#cells.columns[PLACE.labels] as ListColumn) : null
    const count = column === null ? 0 : Math.min(LABELS, column.lengths[row]!)
    const { view } = this.#buffer
    for (let i = 0; i < count; i++) {
      const entry = column!.data[column!.starts[row]! + i]!
      this.#position = putU32(view, this.#position, (entry >>> 4) & 0xfffff)
      view.setUint8(this.#position++, 0x2d)
      this.#position = putU32(view, this.#position, (entry >>> 1) & 7)
      view.setUint8(this.#position++, 0x2d)
      this.#position = putU32(view, this.#position, entry & 1)
      this.#comma()
    }
    for (let i = count; i < LABELS; i++) this.#octets(NO_LABEL)
  }

  #lastExporter = { words: [0, 0, 0, 0], domain: -1, number: 0 }

  #exporter(row: number): void {
    const { view } = this.#buffer
    const domain = this.#low('domain', row)
    // NetFlow v5 has an engine; of later protocols nfdump takes it from the domain's low octets.
    const isEngine = this.#has('engineId', row)
    const type = isEngine ? this.#low('engineType', row) : (domain >>> 8) & 255
    const id = isEngine ? this.#low('engineId', row) : domain & 255
    this.#position = putU32(view, this.#position, type)
    view.setUint8(this.#position++, 0x2f)
    this.#position = putU32(view, this.#position, id)
    this.#comma()
    this.#position = putU32(
      view,
      this.#position,
      this.#exporterNumber(row, isEngine ? type * 256 + id : domain),
    )
    this.#comma()
  }

  #exporterNumber(row: number, domain: number): number {
    const last = this.#lastExporter
    const words = this.#cells.words[PLACE.exporter]!
    const at = row * 4
    const has = this.#has('exporter', row)
    let isSame = last.domain === domain
    for (let i = 0; i < 4; i++) isSame &&= last.words[i] === (has ? words[at + i] : 0)
    if (isSame) return last.number
    for (let i = 0; i < 4; i++) last.words[i] = has ? words[at + i]! : 0
    last.domain = domain
    const key = `${last.words.join(' ')} ${domain}`
    let number = this.#exporters.get(key)
    if (number === undefined) {
      number = this.#exporters.size + 1
      if (number <= MOST_EXPORTERS) this.#exporters.set(key, number)
    }
    last.number = number
    return number
  }

  #has(name: Name, row: number): boolean {
    const place = PLACE[name]
    return this.#cells.kinds[place] !== 0 && this.#cells.present[place]![row] === 1
  }

  /** A number of at most 32 bits; 0 where there is none. */
  #low(name: Name, row: number): number {
    if (!this.#has(name, row)) return 0
    const place = PLACE[name]
    const { kind } = FIELDS[name]
    if (kind === 'u8') return this.#cells.u8[place]![row]!
    if (kind === 'u16') return this.#cells.u16[place]![row]!
    return this.#cells.words[place]![row]!
  }

  #octets(octets: Uint8Array): void {
    const { octets: out } = this.#buffer
    for (let i = 0; i < octets.length; i++) out[this.#position++] = octets[i]!
  }

  #comma(): void {
    this.#buffer.octets[this.#position++] = COMMA
  }
}

const COUNTERS = [
  'forwarding',
  'tos',
  'packets',
  'octets',
  'postPackets',
  'postOctets',
  'ingress',
  'egress',
  'sourceAs',
  'destinationAs',
  'sourceLength',
  'destinationLength',
  'postTos',
  'direction',
] as const satisfies readonly Name[]

const MACS = [
  'sourceMac',
  'postDestinationMac',
  'destinationMac',
  'postSourceMac',
] as const satisfies readonly Name[]

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
