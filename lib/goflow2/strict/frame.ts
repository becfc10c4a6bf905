import { FlowError } from '../../diagnostics/flow-error.ts'
import type { Mapping, MappingField } from '../mapping-types.ts'
import { takeBits } from './bits.ts'
import { type Destination, destinationOf, putOctets } from './destination.ts'
import { Fault } from './fault.ts'
import { ETHERNET, type FrameParser, PARSERS, type ParsedLayer, type PortParsers } from './frame-layers.ts'
import type { FlowMessage } from './message.ts'

interface LayerMapping extends Destination {
  readonly isEncapsulated: boolean
  readonly offset: number
  readonly length: number
}

const NO_PORTS: PortParsers = new Map()

/** Parses sampled frames into messages, with the layers and ports of a mapping. */
export class FrameReader {
  readonly #layers = new Map<string, LayerMapping[]>()
  readonly #ports: PortParsers = NO_PORTS

  /** `declared` are the mapping's extra fields by name. Throws where goflow2 would not start. */
  constructor(mapping: Mapping | null, declared: ReadonlyMap<string, MappingField>) {
    if (mapping === null) return
    this.#ports = portParsers(mapping.sflowPorts)
    for (const entry of mapping.sflowMapping) {
      const destination = destinationOf(entry, declared)
      const { layer, encap, offset, length } = entry
      const known = this.#layers.get(layer)
      const item = { ...destination, isEncapsulated: encap, offset, length }
      if (known === undefined) this.#layers.set(layer, [item])
      else known.push(item)
    }
  }

  /** Parses a frame that begins with an Ethernet header. The message keeps references to its octets. */
  read(message: FlowMessage, frame: Uint8Array): Fault | null {
    let parser: FrameParser | null = ETHERNET
    let offset = 0
    let isEncapsulated = false
    let extraKeys: readonly string[] = []
    while (parser !== null && offset <= frame.length) {
      const layer: ParsedLayer = parser.parse(message, frame.subarray(offset), isEncapsulated, this.#ports)
      if (this.#layers.size > 0) {
        for (const keys of [parser.keys, extraKeys]) {
          for (const key of keys) {
            const fault = this.#map(message, frame, offset, key, isEncapsulated)
            if (fault !== null) return fault
          }
        }
      }
      message.layerSize.push(layer.octets)
      const next: FrameParser | null = layer.next
      // A layer at or below the one that carries it is inside a tunnel; tags and fragment headers decide nothing.
      if (next !== null && !next.isTransparent && next.rank <= parser.rank) isEncapsulated = true
      parser = next
      extraKeys = layer.keys
      offset += layer.octets
    }
    return null
  }

  #map(
    message: FlowMessage,
    frame: Uint8Array,
    at: number,
    key: string,
    isEncapsulated: boolean,
  ): Fault | null {
    for (const item of this.#layers.get(key) ?? []) {
      if (item.isEncapsulated !== isEncapsulated) continue
      const octets = takeBits(frame, at * 8 + item.offset, item.length)
      if (octets === null) return new Fault('panic', '')
      const fault = putOctets(message, octets, item)
      if (fault !== null) return fault
    }
    return null
  }
}

function portParsers(ports: Mapping['sflowPorts']): PortParsers {
  const parsers = new Map<string, FrameParser>()
  for (const { proto, dir, port, parser: name } of ports) {
    const parser = PARSERS.get(name)
    if (parser === undefined) throw new FlowError('MAPPING_INVALID', `parser ${name} not found`)
    if (dir !== 'src' && dir !== 'dst' && dir !== 'both') {
      throw new FlowError('MAPPING_INVALID', `unknown direction ${dir}`)
    }
    if (dir !== 'dst') parsers.set(`${proto}-src-${port}`, parser)
    if (dir !== 'src') parsers.set(`${proto}-dst-${port}`, parser)
  }
  return parsers
}
