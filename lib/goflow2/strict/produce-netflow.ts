import type { MappingEntry, MappingField } from '../mapping-types.ts'
import { type Destination, destinationOf, putOctets } from './destination.ts'
import { CUT_SHORT, Fault } from './fault.ts'
import type { FrameReader } from './frame.ts'
import { FlowMessage, type WideKey, type WordKey } from './message.ts'
import { type DataField, DataSet, type IpfixPacket, type Netflow9Packet, OptionsSet } from './netflow.ts'
import type { Netflow5Packet, Netflow5Record } from './netflow5.ts'
import { oddWidth, toUint32, toUint64 } from './numbers.ts'

const ETYPE_IPV4 = 0x0800
const ETYPE_IPV6 = 0x86dd

/** Sampling rates learnt from options data: one for each exporter and domain. */
export interface SamplingRates {
  get(version: number, domain: number): number
  set(version: number, domain: number, rate: number): void
}

/** Destinations of a mapping's elements, by `elementKey`. */
export type ElementMap = ReadonlyMap<string, Destination>

/** Compiles `ipfix.mapping` or `netflowv9.mapping`: of several for an element, the last holds. */
export function elementMap(
  entries: readonly MappingEntry[],
  declared: ReadonlyMap<string, MappingField>,
): ElementMap {
  return new Map(
    entries.map((entry) => [
      elementKey(entry.penprovided, entry.pen, entry.field),
      destinationOf(entry, declared),
    ]),
  )
}

function elementKey(hasEnterprise: boolean, enterprise: number, element: number): string {
  return `${hasEnterprise}-${enterprise}-${element}`
}

/** One message for each record; the sampling rate is that of the header. */
export function produceNetflow5(packet: Netflow5Packet): FlowMessage[] {
  const baseNs = BigInt(packet['unix-secs']) * 1_000_000_000n + BigInt(packet['unix-nsecs'])
  const rate = BigInt(packet['sampling-interval'] & 0x3fff)
  return packet.records.map((record) => {
    const message = new FlowMessage()
    fillNetflow5(message, record)
    message.timeFlowStartNs = before(baseNs, packet['sys-uptime'], record.first)
    message.timeFlowEndNs = before(baseNs, packet['sys-uptime'], record.last)
    message.sequenceNum = packet['flow-sequence']
    message.samplingRate = rate
    return message
  })
}

/** The difference of uptimes wraps at 32 bits, in milliseconds. */
function before(baseNs: bigint, uptime: number, moment: number): bigint {
  return BigInt.asUintN(64, baseNs - BigInt((uptime - moment) >>> 0) * 1_000_000n)
}

function fillNetflow5(message: FlowMessage, record: Netflow5Record): void {
  message.type = 2
  message.nextHop = record['next-hop'].octets
  message.srcAddr = record['src-addr'].octets
  message.dstAddr = record['dst-addr'].octets
  message.etype = ETYPE_IPV4
  message.srcAs = record['src-as']
  message.dstAs = record['dst-as']
  message.srcNet = record['src-mask']
  message.dstNet = record['dst-mask']
  message.proto = record.proto
  message.tcpFlags = record['tcp-flags']
  message.ipTos = record.tos
  message.inIf = record.input
  message.outIf = record.output
  message.srcPort = record['src-port']
  message.dstPort = record['dst-port']
  message.packets = BigInt(record.dpkts)
  message.bytes = BigInt(record.doctets)
}

/** One message for each Data Record of a NetFlow v9 packet. */
export function produceNetflow9(
  packet: Netflow9Packet,
  elements: ElementMap,
  rates: SamplingRates,
): FlowMessage[] | Fault {
  const reader = new NetflowProducer(9, packet['unix-seconds'], packet['system-uptime'], elements, null)
  return reader.produce(packet, packet['source-id'], rates)
}

/** One message for each Data Record of an IPFIX message; `frames` parses sampled frames in element 315. */
export function produceIpfix(
  packet: IpfixPacket,
  elements: ElementMap,
  frames: FrameReader,
  rates: SamplingRates,
): FlowMessage[] | Fault {
  const reader = new NetflowProducer(10, packet['export-time'], 0, elements, frames)
  return reader.produce(packet, packet['observation-domain-id'], rates)
}

/** Elements that are plain numbers of 32 bits, and those of 64 bits. */
const WORDS: Readonly<Record<number, WordKey>> = {
  4: 'proto',
  5: 'ipTos',
  6: 'tcpFlags',
  7: 'srcPort',
  9: 'srcNet',
  10: 'inIf',
  11: 'dstPort',
  13: 'dstNet',
  14: 'outIf',
  16: 'srcAs',
  17: 'dstAs',
  29: 'srcNet',
  30: 'dstNet',
  31: 'ipv6FlowLabel',
  52: 'ipTtl',
  54: 'fragmentId',
  58: 'srcVlan',
  59: 'dstVlan',
  88: 'fragmentOffset',
  89: 'forwardingStatus',
  138: 'observationPointId',
  176: 'icmpType',
  177: 'icmpCode',
  178: 'icmpType',
  179: 'icmpCode',
}

const WIDE: Readonly<Record<number, WideKey>> = {
  1: 'bytes',
  2: 'packets',
  23: 'bytes',
  24: 'packets',
  56: 'srcMac',
  57: 'dstMac',
  80: 'dstMac',
  81: 'srcMac',
}

class NetflowProducer {
  readonly #version: 9 | 10
  readonly #baseNs: bigint
  readonly #uptimeNs: bigint
  readonly #elements: ElementMap
  readonly #frames: FrameReader | null

  constructor(
    version: 9 | 10,
    baseSeconds: number,
    uptime: number,
    elements: ElementMap,
    frames: FrameReader | null,
  ) {
    this.#version = version
    this.#baseNs = BigInt(baseSeconds) * 1_000_000_000n
    this.#uptimeNs = BigInt(uptime) * 1_000_000n
    this.#elements = elements
    this.#frames = frames
  }

  produce(packet: Netflow9Packet | IpfixPacket, domain: number, rates: SamplingRates): FlowMessage[] | Fault {
    const messages: FlowMessage[] = []
    const optionSets: OptionsSet[] = []
    for (const set of packet['flow-sets'] ?? []) {
      if (set instanceof OptionsSet) optionSets.push(set)
      if (!(set instanceof DataSet)) continue
      for (const record of set.records ?? []) {
        const message = new FlowMessage()
        const fault = this.#fill(message, record.values)
        if (fault !== null) return fault
        messages.push(message)
      }
    }
    const learnt = learnRate(optionSets)
    if (learnt instanceof Fault) return learnt
    if (learnt !== null) rates.set(this.#version, domain, learnt)
    const rate = BigInt(learnt ?? rates.get(this.#version, domain))
    for (const message of messages) {
      message.sequenceNum = packet['sequence-number']
      message.samplingRate = rate
      message.observationDomainId = domain
    }
    return messages
  }

  #fill(message: FlowMessage, values: readonly DataField[]): Fault | null {
    message.type = this.#version === 9 ? 3 : 4
    message.timeFlowStartNs = this.#baseNs
    message.timeFlowEndNs = this.#baseNs
    for (const field of values) {
      const { value } = field
      if (value === null) continue
      if (this.#elements.size > 0) {
        const key = elementKey(field['pen-provided'], field.pen, field.type)
        const destination = this.#elements.get(key)
        const fault = destination === undefined ? null : putOctets(message, value, destination)
        if (fault !== null) return fault
      }
      if (field['pen-provided']) continue
      const fault = this.#put(message, field.type, value)
      if (fault !== null) return fault
    }
    return null
  }

  #put(message: FlowMessage, type: number, value: Uint8Array): Fault | null {
    const wordKey = WORDS[type]
    if (wordKey !== undefined) {
      const number = toUint32(value)
      if (number < 0) return oddWidth(value)
      message[wordKey] = number
      if (type === 58) message.vlanId = number
      return null
    }
    const wideKey = WIDE[type]
    if (wideKey !== undefined) {
      const number = toUint64(value)
      if (number < 0n) return oddWidth(value)
      message[wideKey] = number
      return null
    }
    return this.#putAddress(message, type, value) ? null : this.#putSpecial(message, type, value)
  }

  /** Whether the element is one of addresses. */
  #putAddress(message: FlowMessage, type: number, value: Uint8Array): boolean {
    switch (type) {
      case 8:
      case 27:
        if (replaces(message.srcAddr, value)) {
          message.srcAddr = value
          message.etype = type === 27 ? ETYPE_IPV6 : ETYPE_IPV4
        }
        return true
      case 12:
      case 28:
        if (replaces(message.dstAddr, value)) {
          message.dstAddr = value
          message.etype = type === 28 ? ETYPE_IPV6 : ETYPE_IPV4
        }
        return true
      case 15:
      case 62:
        message.nextHop = value
        return true
      case 18:
      case 63:
        message.bgpNextHop = value
        return true
      case 47:
      case 140:
        message.mplsIp.push(value)
        return true
      default:
        return false
    }
  }

  #putSpecial(message: FlowMessage, type: number, value: Uint8Array): Fault | null {
    switch (type) {
      case 32:
      case 139: {
        const number = toUint32(value)
        if (number < 0) return oddWidth(value)
        message.icmpType = (number >>> 8) & 0xff
        message.icmpCode = number & 0xff
        return null
      }
      case 60:
        if (value[0] === 4) message.etype = ETYPE_IPV4
        if (value[0] === 6) message.etype = ETYPE_IPV6
        return null
      case 70:
      case 71:
      case 72: {
        const number = toUint32(value)
        if (number < 0) return oddWidth(value)
        while (message.mplsLabel.length < type - 69) message.mplsLabel.push(0)
        message.mplsLabel[type - 70] = number >>> 4
        return null
      }
      case 197: {
        const number = toUint32(value)
        if (number < 0) return oddWidth(value)
        message.ipFlags = number >>> 5
        return null
      }
      default:
        return this.#version === 9
          ? this.#putUptime(message, type, value)
          : this.#putIpfix(message, type, value)
    }
  }

  /** NetFlow v9 tells times by the exporter's uptime; no wrap at 32 bits. */
  #putUptime(message: FlowMessage, type: number, value: Uint8Array): Fault | null {
    if (type !== 21 && type !== 22) return null
    const uptime = toUint32(value)
    if (uptime < 0) return oddWidth(value)
    const ns = BigInt.asUintN(64, this.#baseNs - (this.#uptimeNs - BigInt(uptime) * 1_000_000n))
    if (type === 22) message.timeFlowStartNs = ns
    else message.timeFlowEndNs = ns
    return null
  }

  #putIpfix(message: FlowMessage, type: number, value: Uint8Array): Fault | null {
    if (type >= 150 && type <= 159) {
      const time = toUint64(value)
      if (time < 0n) return oddWidth(value)
      const ns = BigInt.asUintN(64, this.#toNs(type, time))
      if (type % 2 === 0) message.timeFlowStartNs = ns
      else message.timeFlowEndNs = ns
      return null
    }
    if (type === 312) {
      const octets = toUint64(value)
      if (octets < 0n) return oddWidth(value)
      message.bytes = octets
      message.packets = 1n
      return null
    }
    if (type !== 315 || this.#frames === null) return null
    const fault = this.#frames.read(message, value)
    if (fault !== null) return fault
    message.packets = 1n
    if (message.bytes === 0n) message.bytes = BigInt(value.length)
    return null
  }

  #toNs(type: number, time: bigint): bigint {
    if (type <= 151) return time * 1_000_000_000n
    if (type <= 153) return time * 1_000_000n
    if (type <= 157) return fromNtp(time)
    return this.#baseNs - time * 1000n
  }
}

/** NTP time (RFC 5905 §6) to nanoseconds since 1970; the fraction goes through a float, as in goflow2. */
function fromNtp(time: bigint): bigint {
  const fraction = (Number(time & 0xffffffffn) * 1e9) / 2 ** 32
  return ((time >> 32n) - 2_208_988_800n) * 1_000_000_000n + BigInt(Math.trunc(fraction))
}

/** A second address stands only if it is not all zeros. */
function replaces(known: Uint8Array, value: Uint8Array): boolean {
  return value.length > 0 && (known.length === 0 || value.some((octet) => octet !== 0))
}

/** Elements of options data that tell the sampling rate, the first before the others. */
const RATE_ELEMENTS = [305, 50, 34]

/** The first rate in options data; null where none is told. It takes four octets, and fewer lose the datagram. */
function learnRate(sets: readonly OptionsSet[]): number | null | Fault {
  for (const set of sets) {
    for (const record of set.records ?? []) {
      for (const element of RATE_ELEMENTS) {
        const field = record['option-values'].find(({ type }) => type === element)
        if (field === undefined) continue
        if (field.value === null) return 0
        if (field.value.length < 4) return new Fault('produce', CUT_SHORT)
        return toUint32(field.value.subarray(0, 4))
      }
    }
  }
  return null
}
