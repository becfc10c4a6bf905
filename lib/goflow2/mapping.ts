import type { Captures, FrameCapture, FrameLayer, PortParser } from '../flow/captures.ts'
import { capturedColumns, columnFor, destinationOf, isRateOfDecoder, lastEntries } from './captured.ts'
import { LINE_FIELD_BY_GO_NAME, LINE_FIELD_BY_NAME, LINE_FIELDS, RENDERERS } from './line-fields.ts'
import { layerKey } from './mapping-layers.ts'
import { type Entry, MappingReader, quote } from './mapping-reader.ts'
import type {
  Mapping,
  MappingEntry,
  MappingField,
  MappingFormatter,
  MappingLayer,
  MappingPort,
} from './mapping-types.ts'

export interface LoadedMapping {
  readonly mapping: Mapping
  /** What the decoder must capture for it. */
  readonly captures: Captures
  /** What goflow2 would ignore or take otherwise, each with file and line. */
  readonly warnings: string[]
}

/**
 * Reads goflow2's mapping.yaml, of whatever version. Throws MAPPING_INVALID, in one line with file and line, where
 * goflow2 would refuse to start.
 */
export function loadMapping(text: string, fileName: string): LoadedMapping {
  const reader = new MappingReader(text, fileName)
  const root = reader.fields(reader.root, 'the file', ['formatter', 'ipfix', 'netflowv9', 'sflow'])
  if (root.size === 0)
    reader.warn(null, 'holds none of formatter, ipfix, netflowv9, sflow: nothing is mapped')
  const sflow = reader.fields(root.get('sflow')?.value, 'sflow', ['mapping', 'ports'])
  const formatterEntries = reader.fields(root.get('formatter')?.value, 'formatter', FORMATTER_KEYS)
  const entryNodes = new Map<MappingEntry | MappingLayer, unknown>()
  const mapping: Mapping = {
    sflowPorts: readPorts(reader, sflow.get('ports')?.value),
    formatter: readFormatter(reader, formatterEntries),
    ipfix: readEntries(reader, root.get('ipfix')?.value, 'ipfix', entryNodes),
    netflowv9: readEntries(reader, root.get('netflowv9')?.value, 'netflowv9', entryNodes),
    sflowMapping: readLayers(reader, sflow.get('mapping')?.value, entryNodes),
  }
  checkFormatter(reader, mapping, formatterEntries)
  checkDestinations(reader, mapping, entryNodes)
  return { mapping, captures: capturesOf(mapping), warnings: reader.warnings() }
}

const FORMATTER_KEYS = ['fields', 'key', 'render', 'rename', 'protobuf']

function readFormatter(reader: MappingReader, entries: ReadonlyMap<string, Entry>): MappingFormatter {
  const strings = (key: string): string[] =>
    reader
      .list(entries.get(key)?.value, `formatter.${key}`)
      .map((item) => reader.string(item, `an item of ${key}`))
  const table = (key: string): Record<string, string> => {
    const found = Object.create(null) as Record<string, string>
    for (const entry of reader.entries(entries.get(key)?.value, `formatter.${key}`)) {
      found[entry.key] = reader.string(entry.value, `${key} of ${quote(entry.key)}`)
    }
    return found
  }
  return {
    fields: strings('fields'),
    key: strings('key'),
    render: table('render'),
    rename: table('rename'),
    protobuf: reader.list(entries.get('protobuf')?.value, 'formatter.protobuf').map((item): MappingField => {
      const field = reader.fields(item, 'formatter.protobuf', ['name', 'index', 'type', 'array'])
      return {
        name: reader.string(field.get('name')?.value, 'name'),
        index: reader.integer(field.get('index')?.value, 'index', -2_147_483_648, 2_147_483_647),
        type: reader.string(field.get('type')?.value, 'type'),
        array: reader.boolean(field.get('array')?.value, 'array'),
      }
    }),
  }
}

function readEntries(
  reader: MappingReader,
  node: unknown,
  section: string,
  nodes: Map<MappingEntry | MappingLayer, unknown>,
): MappingEntry[] {
  const list = reader.fields(node, section, ['mapping']).get('mapping')?.value
  const keys = ['field', 'penprovided', 'pen', 'destination', 'endianness', 'endian']
  return reader.list(list, `${section}.mapping`).map((item) => {
    const entry = reader.fields(item, `${section}.mapping`, keys)
    const read: MappingEntry = {
      field: reader.integer(entry.get('field')?.value, 'field', 0, 65_535),
      penprovided: reader.boolean(entry.get('penprovided')?.value, 'penprovided'),
      pen: reader.integer(entry.get('pen')?.value, 'pen', 0, 4_294_967_295),
      destination: reader.string(entry.get('destination')?.value, 'destination'),
      ...readByteOrder(reader, entry),
    }
    nodes.set(read, item)
    return read
  })
}

function readLayers(
  reader: MappingReader,
  node: unknown,
  nodes: Map<MappingEntry | MappingLayer, unknown>,
): MappingLayer[] {
  const keys = ['layer', 'encap', 'offset', 'length', 'destination', 'endianness', 'endian']
  return reader.list(node, 'sflow.mapping').map((item) => {
    const entry = reader.fields(item, 'sflow.mapping', keys)
    const read: MappingLayer = {
      layer: reader.string(entry.get('layer')?.value, 'layer'),
      encap: reader.boolean(entry.get('encap')?.value, 'encap'),
      offset: reader.integer(entry.get('offset')?.value, 'offset', 0, MOST_BITS),
      length: reader.integer(entry.get('length')?.value, 'length', 0, MOST_BITS),
      destination: reader.string(entry.get('destination')?.value, 'destination'),
      ...readByteOrder(reader, entry),
    }
    nodes.set(read, item)
    return read
  })
}

/** A frame has at most 64 KiB. */
const MOST_BITS = 65_536 * 8

type ByteOrder = Pick<MappingEntry, 'endianness' | 'endian'>

/** `endianness`, or `endian` as the sample that goflow2 ships has it. */
function readByteOrder(reader: MappingReader, entry: ReadonlyMap<string, Entry>): ByteOrder {
  const order = (key: 'endianness' | 'endian'): 'big' | 'little' | undefined => {
    const held = entry.get(key)
    const text = reader.string(held?.value, key)
    if (text === '') return undefined
    if (text !== 'big' && text !== 'little') {
      reader.warn(
        held!.keyNode,
        `${key} ${quote(text)} is neither big nor little; taken as big, as by goflow2`,
      )
    }
    return text === 'little' ? 'little' : 'big'
  }
  const endianness = order('endianness')
  const endian = order('endian')
  if (endian !== undefined) {
    const rest = endianness === undefined ? '' : ', and so does weir beside endianness'
    reader.warn(entry.get('endian')!.keyNode, `goflow2 ignores the key "endian"${rest}; it means endianness`)
  }
  return endianness === undefined && endian !== undefined
    ? { endianness: 'big', endian }
    : { endianness: endianness ?? 'big' }
}

const PARSERS: readonly FrameLayer[] = [
  'ethernet',
  'dot1q',
  'mpls',
  'ipv4',
  'ipv6',
  'ipv6-route',
  'ipv6-frag',
  'tcp',
  'udp',
  'icmp',
  'ipv6-icmp',
  'gre',
  'teredo-dst',
  'geneve',
]

function readPorts(reader: MappingReader, node: unknown): MappingPort[] {
  return reader.list(node, 'sflow.ports').map((item) => {
    const entry = reader.fields(item, 'sflow.ports', ['proto', 'dir', 'port', 'parser'])
    const port: MappingPort = {
      proto: reader.string(entry.get('proto')?.value, 'proto'),
      dir: reader.string(entry.get('dir')?.value, 'dir'),
      port: reader.integer(entry.get('port')?.value, 'port', 0, 65_535),
      parser: reader.string(entry.get('parser')?.value, 'parser'),
    }
    if (!PARSERS.includes(port.parser as FrameLayer)) {
      reader.fail(item, `parser ${quote(port.parser)} does not exist; give one of ${PARSERS.join(', ')}`)
    }
    if (!['src', 'dst', 'both'].includes(port.dir)) {
      reader.fail(item, `dir ${quote(port.dir)} does not exist; give src, dst or both`)
    }
    if (port.proto !== 'udp' && port.proto !== 'tcp') {
      reader.warn(item, `proto ${quote(port.proto)} is neither udp nor tcp: goflow2 never meets it`)
    }
    return port
  })
}

/** Where goflow2's formatter refuses to start, and what it silently does not do. */
function checkFormatter(
  reader: MappingReader,
  { formatter }: Mapping,
  entries: ReadonlyMap<string, Entry>,
): void {
  const declared = new Set(formatter.protobuf.map((field) => field.name))
  const names = [...LINE_FIELD_BY_NAME.keys(), ...declared]
  const isField = (name: string): boolean => LINE_FIELD_BY_NAME.has(name) || declared.has(name)
  const hint = (name: string): string => {
    const nearest = reader.nearest(name, [...names, 'icmp_name'])
    return nearest === undefined
      ? 'declare it under formatter.protobuf or leave it out'
      : `did you mean ${nearest}?`
  }
  const renderers = reader.entries(entries.get('render')?.value, 'formatter.render')
  for (const { key, keyNode } of renderers) {
    const renderer = formatter.render[key]!
    if (!RENDERERS.includes(renderer)) {
      reader.fail(keyNode, `renderer ${quote(renderer)} does not exist; give one of ${RENDERERS.join(', ')}`)
    }
    if (!isField(key) && !LINE_FIELD_BY_GO_NAME.has(key) && !formatter.fields.includes(key)) {
      reader.warn(keyNode, `render names ${quote(key)}, which is no field; ${hint(key)}`)
    }
  }
  reader.list(entries.get('key')?.value, 'formatter.key').forEach((item, i) => {
    const name = formatter.key[i]!
    if (!isField(name)) reader.fail(item, `key field ${quote(name)} does not exist; ${hint(name)}`)
  })
  reader.list(entries.get('fields')?.value, 'formatter.fields').forEach((item, i) => {
    const name = formatter.fields[i]!
    if (isField(name) || name === 'icmp_name' || formatter.render[name] !== undefined) return
    reader.fail(item, `field ${quote(name)} does not exist; ${hint(name)}`)
  })
  for (const { key, keyNode } of reader.entries(entries.get('rename')?.value, 'formatter.rename')) {
    if (isField(key) || formatter.fields.includes(key)) continue
    reader.warn(keyNode, `rename names ${quote(key)}, which is no field; ${hint(key)}`)
  }
  const numbers = new Map(LINE_FIELDS.map((field) => [field.number, field.name]))
  reader.list(entries.get('protobuf')?.value, 'formatter.protobuf').forEach((item, i) => {
    const { name, index } = formatter.protobuf[i]!
    const other = numbers.get(index)
    if (index <= 0) reader.warn(item, `${quote(name)} has no index: goflow2 never prints it`)
    else if (other !== undefined)
      reader.warn(item, `index ${index} of ${quote(name)} is that of ${other} already`)
    else if (index > 536_870_911) reader.warn(item, `index ${index} is beyond what protobuf allows`)
    numbers.set(index, name)
  })
}

const TYPES = ['varint', 'string', 'bytes']

/** What mappings lead to. */
function checkDestinations(
  reader: MappingReader,
  mapping: Mapping,
  nodes: ReadonlyMap<MappingEntry | MappingLayer, unknown>,
): void {
  const known = [...LINE_FIELD_BY_GO_NAME.keys(), ...mapping.formatter.protobuf.map((field) => field.name)]
  for (const [entry, node] of nodes) {
    const name = entry.destination
    const destination = destinationOf(mapping, name)
    if (destination === undefined) {
      const nearest = reader.nearest(name, [...known, ...LINE_FIELD_BY_NAME.keys()])
      const hint = nearest === undefined ? 'declare it under formatter.protobuf' : `did you mean ${nearest}?`
      reader.warn(node, `destination ${quote(name)} leads nowhere; ${hint}`)
      continue
    }
    const { custom, builtin } = destination
    if (custom !== null && !TYPES.includes(custom.type)) {
      reader.fail(
        node,
        `type ${quote(custom.type)} of ${quote(name)} does not exist; give ${TYPES.join(', ')}`,
      )
    }
    if (!('layer' in entry) && isRateOfDecoder(entry, destination)) {
      reader.warn(
        node,
        `the sampling rate of element ${entry.field} is read without mapping; goflow2 prints 0`,
      )
    } else if (!destination.isKnownToGoflow2) {
      reader.warn(node, `goflow2 ignores destination ${name}; it calls the field ${builtin!.goName}`)
    }
    if ('layer' in entry) checkLayer(reader, entry, node)
  }
  for (const [section, entries] of Object.entries({ ipfix: mapping.ipfix, netflowv9: mapping.netflowv9 })) {
    const last = new Set(lastEntries(entries))
    for (const entry of entries) {
      const node = nodes.get(entry)
      if (!last.has(entry)) {
        reader.warn(node, `field ${entry.field} is mapped again below, and only the last one counts`)
      }
      if (section === 'netflowv9' && (entry.penprovided || entry.pen !== 0)) {
        reader.warn(node, 'NetFlow v9 has no enterprise fields: this never matches')
      } else if (!entry.penprovided && entry.pen !== 0) {
        reader.warn(node, `goflow2 ignores pen ${entry.pen} without penprovided: true; weir takes it so`)
      }
    }
  }
}

function checkLayer(reader: MappingReader, { layer }: MappingLayer, node: unknown): void {
  const key = layerKey(layer)
  if (key === undefined)
    reader.warn(node, `layer ${quote(layer)} is never met; use udp, tcp, ipv4, etype0x0800 …`)
  else if (key !== layer) reader.warn(node, `goflow2 2.2 ignores layer ${quote(layer)}; it means ${key}`)
}

/** The columns that the decoder fills for the mapping. */
function capturesOf(mapping: Mapping): Captures {
  const columns = capturedColumns(mapping)
  const frames: FrameCapture[] = []
  for (const entry of mapping.sflowMapping) {
    const destination = destinationOf(mapping, entry.destination)
    const layer = layerKey(entry.layer)
    if (destination === undefined || layer === undefined) continue
    const { field } = columnFor(columns, destination, entry)!
    frames.push({
      layer,
      encapsulated: entry.encap,
      offsetBits: entry.offset,
      lengthBits: entry.length,
      field,
    })
  }
  return {
    elements: columns.flatMap(({ field, elements }) => elements.map((element) => ({ ...element, field }))),
    frames,
    ports: mapping.sflowPorts
      .filter(({ proto }) => proto === 'udp' || proto === 'tcp')
      .map(
        ({ proto, dir, port, parser }): PortParser => ({
          transport: proto as 'udp' | 'tcp',
          direction: dir as 'src' | 'dst' | 'both',
          port,
          parser: parser as FrameLayer,
        }),
      ),
  }
}
