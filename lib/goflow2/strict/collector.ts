import { formatAddress, isIpv4 } from '../../bytes/address.ts'
import type { Datagram, Scheme } from '../../flow/datagram.ts'
import type { Mapping, MappingField } from '../mapping-types.ts'
import { CUT_SHORT, Fault } from './fault.ts'
import { Formatter } from './formatter.ts'
import { FrameReader } from './frame.ts'
import type { FlowMessage } from './message.ts'
import { Netflow9Packet, NetflowReader } from './netflow.ts'
import { decodeNetflow5, Netflow5Packet } from './netflow5.ts'
import { OctetReader } from './octet-reader.ts'
import { OutputBuffer } from './output-buffer.ts'
import {
  type ElementMap,
  elementMap,
  produceIpfix,
  produceNetflow5,
  produceNetflow9,
} from './produce-netflow.ts'
import { produceSflow } from './produce-sflow.ts'
import { ProtobufWriter } from './protobuf.ts'
import { RateStore } from './rates.ts'
import { type Packet, rawJson, rawText } from './raw.ts'
import { decodeSflow } from './sflow.ts'
import { SflowPacket } from './sflow-tree.ts'
import { type Template, TemplateStore } from './templates.ts'

export interface StrictOptions {
  readonly produce: 'sample' | 'raw'
  readonly format: 'json' | 'text' | 'bin'
  readonly mapping: Mapping | null
  readonly separator: Uint8Array
  /** Takes one whole message with its separator, or several joined; the memory is reused after the call. */
  write(octets: Uint8Array): void
  /** What goflow2 would have logged: a FaultKind, and its words. */
  onError?(kind: string, message: string): void
}

/**
 * goflow2 2.2.6 with all its defects: decodes datagrams, makes messages of them and prints them, byte for byte.
 * One datagram after the other, as with one worker.
 */
export class StrictCollector {
  readonly #options: StrictOptions
  readonly #store = new TemplateStore()
  readonly #netflow = new NetflowReader(this.#store)
  readonly #rates = new RateStore()
  readonly #frames: FrameReader
  readonly #netflow9Elements: ElementMap
  readonly #ipfixElements: ElementMap
  readonly #formatter: Formatter
  readonly #protobuf = new ProtobufWriter()
  readonly #output: OutputBuffer

  /** Throws a FlowError where goflow2 would refuse the mapping. */
  constructor(options: StrictOptions) {
    const { mapping } = options
    const declared = new Map<string, MappingField>(
      mapping?.formatter.protobuf.map((extra) => [extra.name, extra]) ?? [],
    )
    this.#options = options
    this.#frames = new FrameReader(mapping, declared)
    this.#formatter = new Formatter(mapping)
    this.#ipfixElements = elementMap(mapping?.ipfix ?? [], declared)
    this.#netflow9Elements = elementMap(mapping?.netflowv9 ?? [], declared)
    this.#output = new OutputBuffer(options.separator, (octets) => options.write(octets))
  }

  /** Prints what one datagram holds; what it cannot is told to `onError`. */
  datagram(datagram: Datagram, scheme: Scheme): void {
    const address = formatAddress(datagram.address, 0)
    const source = address.includes(':') ? `[${address}]:${datagram.port}` : `${address}:${datagram.port}`
    const fault = this.#process(datagram, scheme, address, source)
    if (fault !== null) this.#options.onError?.(fault.kind, fault.message)
  }

  /** goflow2's map of /templates: exporters, then keys, then templates. */
  templates(): Record<string, Record<string, Template>> {
    return this.#store.toJson()
  }

  /** Writes what waits. */
  flush(): void {
    this.#output.flush()
  }

  #process(datagram: Datagram, scheme: Scheme, address: string, source: string): Fault | null {
    const packet = this.#decode(datagram, scheme, source)
    if (packet instanceof Fault) return packet
    const receivedNs = datagram.receivedNs[0]!
    if (this.#options.produce === 'raw') return this.#writeRaw(packet, source, receivedNs)
    const messages = this.#produce(packet, address)
    if (messages instanceof Fault) return messages.within(`message from ${source} `)
    const sampler = samplerOctets(datagram.address)
    for (const message of messages) {
      message.timeReceivedNs = receivedNs
      if (packet instanceof SflowPacket) {
        message.timeFlowStartNs = receivedNs
        message.timeFlowEndNs = receivedNs
      } else {
        message.samplerAddress = sampler
      }
      const fault = this.#write(message)
      if (fault !== null) return fault
    }
    return null
  }

  #decode(datagram: Datagram, scheme: Scheme, source: string): Packet | Fault {
    const reader = new OctetReader(datagram.octets, datagram.from, datagram.to)
    let isSflow = scheme === 'sflow'
    if (scheme === 'flow') {
      const word = new OctetReader(datagram.octets, datagram.from, datagram.to).u32()
      if (reader.left < 4) return new Fault('decode', `message from ${source} ${CUT_SHORT}`)
      const version = word >>> 16
      isSflow = word === 5
      if (!isSflow && version !== 5 && version !== 9 && version !== 10) {
        return new Fault('decode', `could not identify protocol ${word}`)
      }
    }
    const packet = isSflow ? decodeSflow(reader) : this.#decodeNetflow(reader, source)
    return packet instanceof Fault ? packet.within(`message from ${source} `) : packet
  }

  #decodeNetflow(reader: OctetReader, source: string): Packet | Fault {
    // Before anything is known of the datagram, so that /templates shows every sender.
    const templates = this.#store.of(source)
    const version = reader.u16()
    if (reader.isShort) return new Fault('decode', CUT_SHORT)
    if (version === 5) return decodeNetflow5(reader)
    if (version === 9) return this.#netflow.netflow9(reader, templates)
    if (version === 10) return this.#netflow.ipfix(reader, templates)
    return new Fault('decode', 'not a NetFlow packet')
  }

  #produce(packet: Packet, address: string): FlowMessage[] | Fault {
    if (packet instanceof SflowPacket) return produceSflow(packet, this.#frames)
    if (packet instanceof Netflow5Packet) return produceNetflow5(packet)
    const rates = this.#rates.of(address)
    return packet instanceof Netflow9Packet
      ? produceNetflow9(packet, this.#netflow9Elements, rates)
      : produceIpfix(packet, this.#ipfixElements, this.#frames, rates)
  }

  #write(message: FlowMessage): Fault | null {
    const { format } = this.#options
    if (format === 'bin') {
      this.#output.octets(this.#protobuf.delimited(message))
      return null
    }
    const text = format === 'json' ? this.#formatter.json(message) : this.#formatter.text(message)
    if (text instanceof Fault) return text
    this.#output.text(text)
    return null
  }

  #writeRaw(packet: Packet, source: string, receivedNs: bigint): Fault | null {
    const { format } = this.#options
    if (format === 'bin') return new Fault('format', 'message is not serializable for bin format')
    this.#output.text((format === 'json' ? rawJson : rawText)(packet, source, receivedNs))
    return null
  }
}

/** 4 octets of an IPv4 exporter, else 16. */
function samplerOctets(address: Uint32Array): Uint8Array {
  const octets = new Uint8Array(16)
  const view = new DataView(octets.buffer)
  for (let i = 0; i < 4; i++) view.setUint32(i * 4, address[i]!)
  return isIpv4(address, 0) ? octets.subarray(12) : octets
}
