import { defineField, type Field, findField, type Kind, type Semantics } from '../../flow/fields.ts'
import { sharedColumn } from './columns.ts'
import { IANA } from './iana.ts'
import { VENDORS } from './vendors.ts'

/** Abstract data types of RFC 7012 §3.1 and RFC 6313 §4.5; unsigned256 of RFC 9740. */
export type ElementType =
  | 'octetArray'
  | 'unsigned8'
  | 'unsigned16'
  | 'unsigned32'
  | 'unsigned64'
  | 'unsigned256'
  | 'signed8'
  | 'signed16'
  | 'signed32'
  | 'signed64'
  | 'float32'
  | 'float64'
  | 'boolean'
  | 'macAddress'
  | 'string'
  | 'dateTimeSeconds'
  | 'dateTimeMilliseconds'
  | 'dateTimeMicroseconds'
  | 'dateTimeNanoseconds'
  | 'ipv4Address'
  | 'ipv6Address'
  | 'basicList'
  | 'subTemplateList'
  | 'subTemplateMultiList'

/** What the registry says of an Information Element. */
export interface Element {
  readonly name: string
  readonly type: ElementType
  readonly semantics: Semantics
}

/** RFC 5103 §6.1: an element under this enterprise number is the IANA element seen in the other direction. */
export const REVERSE_ENTERPRISE = 29305

/** Stands in for an enterprise number: scope field types of NetFlow v9, which are not elements (RFC 3954 §6.1). */
export const SCOPE_ENTERPRISE = -2

const SCOPES = `
1 scopeSystem octetArray
2 scopeInterface unsigned32 identifier
3 scopeLineCard unsigned32 identifier
4 scopeCache octetArray
5 scopeTemplate octetArray
`

const KINDS: Readonly<Record<ElementType, Kind>> = {
  octetArray: 'octets',
  unsigned8: 'u8',
  unsigned16: 'u16',
  unsigned32: 'u32',
  unsigned64: 'u64',
  unsigned256: 'octets',
  signed8: 'i64',
  signed16: 'i64',
  signed32: 'i64',
  signed64: 'i64',
  float32: 'f64',
  float64: 'f64',
  boolean: 'u8',
  macAddress: 'mac',
  string: 'text',
  dateTimeSeconds: 'u64',
  dateTimeMilliseconds: 'u64',
  dateTimeMicroseconds: 'u64',
  dateTimeNanoseconds: 'u64',
  ipv4Address: 'address',
  ipv6Address: 'address',
  basicList: 'octets',
  subTemplateList: 'octets',
  subTemplateMultiList: 'octets',
}

/** Tables parsed so far; most processes meet two or three enterprises. */
const tables = new Map<number, Map<number, Element>>()

/** The registry's entry, or undefined where no table knows the element. */
export function elementOf(enterprise: number, element: number): Element | undefined {
  let table = tables.get(enterprise)
  if (table === undefined) {
    table = enterprise === REVERSE_ENTERPRISE ? reverseTable() : parseTable(packedTable(enterprise))
    // Enterprise numbers come from the network: those without a table are not worth remembering.
    if (table.size > 0) tables.set(enterprise, table)
  }
  return table.get(element)
}

/** The column that holds the element's values, made on first call; undefined where no table knows the element. */
export function fieldOf(enterprise: number, element: number): Field | undefined {
  return sharedColumn(enterprise, element) ?? ownFieldOf(enterprise, element)
}

/** The column of the element's own name, for elements whose shared column another element of the template has. */
export function ownFieldOf(enterprise: number, element: number): Field | undefined {
  const known = elementOf(enterprise, element)
  if (known === undefined) return undefined
  const isPlain = enterprise <= 0 || enterprise === REVERSE_ENTERPRISE
  let name = isPlain ? (TAKEN[known.name] ?? known.name) : `e${enterprise}.${known.name}`
  const rival = findField(name)
  if (rival !== undefined && (rival.enterprise !== enterprise || rival.element !== element)) {
    name += `_${element}`
  }
  const isTime = known.type.startsWith('dateTime')
  const kind = enterprise === 0 && element === SAMPLER_ID ? 'u32' : KINDS[known.type]
  return defineField(name, kind, isTime ? 'timestamp' : known.semantics, enterprise, element)
}

/** samplerId has one octet in the registry and up to four on the wire (NetFlow v9, Cisco IOS XR). */
const SAMPLER_ID = 48

/** The datagram's own columns have these names; inside a record the elements talk of something else. */
const TAKEN: Readonly<Record<string, string>> = {
  templateId: 'recordTemplateId',
  observationDomainId: 'recordObservationDomainId',
}

function packedTable(enterprise: number): string {
  if (enterprise === 0) return IANA
  if (enterprise === SCOPE_ENTERPRISE) return SCOPES
  return VENDORS[enterprise] ?? ''
}

function parseTable(packed: string): Map<number, Element> {
  const table = new Map<number, Element>()
  for (const line of packed.split('\n')) {
    if (line === '') continue
    const [id, name, type, semantics] = line.split(' ')
    table.set(Number(id), {
      name: name!,
      type: type as ElementType,
      semantics: (semantics ?? 'default') as Semantics,
    })
  }
  return table
}

function reverseTable(): Map<number, Element> {
  const table = new Map<number, Element>()
  elementOf(0, 1)
  for (const [id, forward] of tables.get(0)!) {
    const name = `reverse${forward.name[0]!.toUpperCase()}${forward.name.slice(1)}`
    table.set(id, { ...forward, name })
  }
  return table
}
