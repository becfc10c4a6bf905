import { defineField, type Field, findField } from '../flow/fields.ts'
import { LINE_FIELD_BY_GO_NAME, LINE_FIELD_BY_NAME, type LineField } from './line-fields.ts'
import type { Mapping, MappingEntry, MappingField } from './mapping-types.ts'

/** Where a mapping's `destination` leads: a field of goflow2's message or one that the file declares. */
export interface Destination {
  readonly builtin: LineField | null
  readonly custom: MappingField | null
  /** Whether goflow2 finds it too: it takes Go names and declared names, not the printed ones. */
  readonly isKnownToGoflow2: boolean
}

/** A column that a mapping fills, and the elements that fill it. */
export interface CapturedColumn {
  readonly field: Field
  readonly destination: Destination
  readonly isLittleEndian: boolean
  readonly isList: boolean
  readonly elements: CapturedElement[]
}

export interface CapturedElement {
  readonly protocol: 'netflow9' | 'ipfix'
  readonly enterprise: number
  readonly element: number
}

/** Elements whose sampling rate the decoder reads by itself, better than a mapping can. */
const RATE_ELEMENTS = new Set([34, 50, 305])

/** Finds what `name` means as a destination; undefined where it means nothing. */
export function destinationOf(mapping: Mapping, name: string): Destination | undefined {
  const byGoName = LINE_FIELD_BY_GO_NAME.get(name)
  if (byGoName !== undefined) return { builtin: byGoName, custom: null, isKnownToGoflow2: true }
  const custom = mapping.formatter.protobuf.findLast((field) => field.name === name)
  if (custom !== undefined) return { builtin: null, custom, isKnownToGoflow2: true }
  const byName = LINE_FIELD_BY_NAME.get(name)
  if (byName !== undefined) return { builtin: byName, custom: null, isKnownToGoflow2: false }
  return undefined
}

/** Whether the decoder's own sampling rate stands for this entry. */
export function isRateOfDecoder(entry: MappingEntry, destination: Destination): boolean {
  return destination.builtin?.name === 'sampling_rate' && !entry.penprovided && RATE_ELEMENTS.has(entry.field)
}

/** The entries that count: the last of those for one element, as in goflow2. */
export function lastEntries(entries: readonly MappingEntry[]): MappingEntry[] {
  const byElement = new Map<string, MappingEntry>()
  for (const entry of entries) byElement.set(`${entry.penprovided} ${entry.pen} ${entry.field}`, entry)
  return [...byElement.values()]
}

/** The columns that `mapping` fills, in order of first mention. Equal mappings give the same columns. */
export function capturedColumns(mapping: Mapping): CapturedColumn[] {
  const columns = new Map<string, CapturedColumn>()
  const columnOf = (destination: Destination, isLittleEndian: boolean): CapturedColumn => {
    const isList = isListDestination(destination)
    const name = `map.${destination.builtin?.goName ?? destination.custom!.name}${isLittleEndian ? '.little' : ''}`
    let column = columns.get(name)
    if (column === undefined) {
      column = { field: captureField(name, isList), destination, isLittleEndian, isList, elements: [] }
      columns.set(name, column)
    }
    return column
  }
  for (const [protocol, entries] of [
    ['ipfix', mapping.ipfix],
    ['netflow9', mapping.netflowv9],
  ] as const) {
    for (const entry of lastEntries(entries)) {
      const destination = destinationOf(mapping, entry.destination)
      if (destination === undefined || isRateOfDecoder(entry, destination)) continue
      // NetFlow v9 knows no enterprises: what asks for one never matches.
      if (protocol === 'netflow9' && entry.penprovided) continue
      columnOf(destination, isLittle(entry)).elements.push({
        protocol,
        enterprise: entry.pen,
        element: entry.field,
      })
    }
  }
  for (const layer of mapping.sflowMapping) {
    const destination = destinationOf(mapping, layer.destination)
    if (destination !== undefined) columnOf(destination, isLittle(layer))
  }
  return [...columns.values()]
}

/** The column of one frame entry among `columns`. */
export function columnFor(
  columns: readonly CapturedColumn[],
  destination: Destination,
  order: ByteOrder,
): CapturedColumn | undefined {
  return columns.find(
    (column) =>
      column.destination.builtin === destination.builtin &&
      column.destination.custom === destination.custom &&
      column.isLittleEndian === isLittle(order),
  )
}

export function isListDestination(destination: Destination): boolean {
  return destination.builtin?.kind.endsWith('-list') === true || destination.custom?.array === true
}

interface ByteOrder {
  readonly endianness: 'big' | 'little'
  readonly endian?: 'big' | 'little'
}

function isLittle({ endianness, endian }: ByteOrder): boolean {
  return endianness === 'little' || endian === 'little'
}

function captureField(name: string, isList: boolean): Field {
  const kind = isList ? 'octets-list' : 'octets'
  const known = findField(name)
  // Two mappings in one process may disagree about a name.
  return defineField(known === undefined || known.kind === kind ? name : `${name}.${kind}`, kind)
}
