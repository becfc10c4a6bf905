import { defineField, F, type Field, findField, PROTOCOL } from '../flow/fields.ts'
import type { Layout, LayoutField } from '../flow/layout.ts'
import type { ColumnSlots } from './column-slots.ts'
import type { Definitions } from './definitions.ts'
import { PRINT, SKIP } from './document-program.ts'
import { type ConstantValue, constant, type RowValue, rowValue } from './document-tree.ts'
import { type NetflowElement, netflowElements, type ValueType } from './element-table.ts'

/** Where a row's address comes from. */
export interface AddressSource {
  /** Column of addresses, or -1; column of octets, or -1. */
  readonly slot: number
  readonly octetsSlot: number
  readonly isV6: boolean
  /** Of two elements that share a column, their own columns: where the value that does not count is; else -1. */
  readonly own: number
  readonly other: number
}

/** A small integer of two families that share a column. */
export interface MergedInteger {
  readonly slot: number
  readonly isV6: boolean
  readonly own: number
  readonly other: number
  /** What tells the family: an address or, for ICMP, the protocol. */
  readonly addressSlot: number
  readonly protocolSlot: number
}

/** An element of a layout as its document shows it. */
export interface FieldValue {
  readonly element: NetflowElement
  readonly isScope: boolean
  /** Defined by the user: no ECS field is derived from it. */
  readonly isCustom: boolean
  readonly value: RowValue | ConstantValue
  /** The column that tells whether a row holds it; -1 where all rows do. */
  readonly slot: number
  /** Rows of one layout can differ. */
  readonly isVariable: boolean
  readonly address: AddressSource | null
  readonly merged: MergedInteger | null
  /** Milliseconds of uptime in a column of times: 22 for starts, 21 for ends, else 0. */
  readonly uptime: 0 | 21 | 22
}

/** Stands in for an enterprise number in layouts: scope field types of NetFlow v9 (RFC 3954 §6.1). */
const NETFLOW9_SCOPE = -2
export const VARIABLE = 65535
const PADDING = 210

/** Octets that a type takes on the wire, least and most. */
const WIDTHS: Readonly<Record<ValueType, readonly [number, number]>> = {
  o: [0, VARIABLE],
  s: [0, VARIABLE],
  u8: [1, 1],
  u16: [1, 2],
  u32: [1, 4],
  u64: [1, 8],
  i8: [1, 1],
  i16: [1, 2],
  i32: [1, 4],
  i64: [1, 8],
  f32: [4, 4],
  f64: [8, 8],
  b: [1, 1],
  m: [6, 6],
  ts: [4, 4],
  tm: [8, 8],
  tu: [8, 8],
  tn: [8, 8],
  '4': [4, 4],
  '6': [16, 16],
  a: [12, 12],
}

/** Elements of two families that share a column, and the column that tells which a row is of. */
const PAIRS: readonly (readonly [v4: number, v6: number, Field])[] = [
  [8, 27, F.sourceAddress],
  [12, 28, F.destinationAddress],
  [15, 62, F.nextHopAddress],
  [18, 63, F.bgpNextHopAddress],
  [47, 140, F.mplsTopLabelAddress],
  [225, 281, F.postNatSourceAddress],
  [226, 282, F.postNatDestinationAddress],
  [9, 29, F.sourceAddress],
  [13, 30, F.destinationAddress],
  [32, 139, F.protocolIdentifier],
]

/** What PRINT.ticks turns nanoseconds into. */
export const TICKS = { seconds: 0, milliseconds: 1, ntp: 2 } as const

/** The elements of a layout that documents show, in its order; of equal names the last one counts. */
export function layoutValues(
  layout: Layout,
  slots: ColumnSlots,
  definitions: Definitions | null,
): FieldValue[] {
  const values = new Map<string, FieldValue>()
  layout.fields.forEach((field, index) => {
    const isScope = index < layout.scopeCount
    const value = fieldValue(field, isScope, layout, slots, definitions)
    if (value === null) return
    const key = `${isScope ? 1 : 0}.${value.element.field}`
    values.delete(key)
    values.set(key, value)
  })
  return [...values.values()]
}

function fieldValue(
  field: LayoutField,
  isScope: boolean,
  layout: Layout,
  slots: ColumnSlots,
  definitions: Definitions | null,
): FieldValue | null {
  const enterprise = field.enterprise === NETFLOW9_SCOPE ? 0 : field.enterprise
  const builtIn = netflowElements(enterprise).get(field.element)
  const defined = definitions?.find(enterprise, field.element)
  if (defined === null) return null
  // What is defined as it was means the same.
  const custom = isSame(defined, builtIn) ? undefined : defined
  const element = custom ?? builtIn
  if (element === undefined || isHidden(field, layout)) return null
  const [least, most] = WIDTHS[element.type]
  if (field.octets !== VARIABLE && (field.octets < least || field.octets > most)) return null
  const isVariable = field.octets === VARIABLE
  const base = {
    element,
    isScope,
    isCustom: custom !== undefined,
    isVariable,
    address: null,
    merged: null,
    uptime: 0,
  } as const
  if (field.octets === 0) {
    return { ...base, value: constant(element.type === 's' ? '' : []), slot: -1 }
  }
  if (enterprise === 0 && field.element === PADDING) {
    // Of formats without templates it only says where nothing is.
    return layout.protocol < PROTOCOL.netflow9 ? null : paddingValue(base, field, slots)
  }
  const column = field.field
  if (column !== null) {
    const pair = enterprise === 0 ? pairOf(field.element, layout) : null
    const found = columnValue(base, field, column, pair, layout, slots)
    if (found !== null) return found
  }
  const captured =
    custom === undefined ? undefined : findField(definitions!.columnName(enterprise, field.element))
  if (captured === undefined) return null
  return octetsValue({ ...base, isVariable: true }, slots.slotOf(captured), element.type)
}

function isSame(defined: NetflowElement | undefined, builtIn: NetflowElement | undefined): boolean {
  return defined !== undefined && defined.name === builtIn?.name && defined.type === builtIn.type
}

/** Elastic's documents lack the prefix lengths of the v8 aggregations that are not by type of service. */
function isHidden({ element }: LayoutField, { protocol, fields }: Layout): boolean {
  if (protocol !== PROTOCOL.netflow8 || (element !== 9 && element !== 13)) return false
  return !fields.some((field) => field.element === F.ipClassOfService.element)
}

type Base = Pick<FieldValue, 'element' | 'isScope' | 'isCustom' | 'isVariable'> & {
  readonly address: null
  readonly merged: null
  readonly uptime: 0
}

/** Zeros, unless the column says otherwise. */
function paddingValue(base: Base, { octets }: LayoutField, slots: ColumnSlots): FieldValue {
  const slot = slots.slotOf(F.paddingOctets)
  if (base.isVariable) return { ...base, value: rowValue(PRINT.octets, slot), slot }
  return { ...base, value: rowValue(PRINT.octets, slot, octets), slot: -1 }
}

/** The two elements of a pair where the layout has both. */
function pairOf(element: number, layout: Layout): (typeof PAIRS)[number] | null {
  const pair = PAIRS.find(([v4, v6]) => v4 === element || v6 === element)
  if (pair === undefined) return null
  const has = (other: number) =>
    layout.fields.some((each) => each.enterprise === 0 && each.element === other && each.field !== null)
  return has(pair[0]) && has(pair[1]) ? pair : null
}

function columnValue(
  base: Base,
  { element: id, octets, enterprise }: LayoutField,
  column: Field,
  pair: (typeof PAIRS)[number] | null,
  layout: Layout,
  slots: ColumnSlots,
): FieldValue | null {
  const { type } = base.element
  const slot = slots.slotOf(column)
  const plain = (print: number, b = 0, isQuoted = false): FieldValue => ({
    ...base,
    value: rowValue(print, slot, b, isQuoted),
    slot,
  })
  if (enterprise === 0 && (column === F.flowStart || column === F.flowEnd)) {
    if (id === 21 || id === 22) return { ...plain(PRINT.nothing), uptime: id }
    if (id === 158 || id === 159) return plain(PRINT.beforeExport)
  }
  if (column === F.icmpTypeCode && id >= 176 && id <= 179)
    return plain(PRINT.octetOfU16, id % 2 === 0 ? 8 : 0)
  if (column === F.mplsLabelStack) return type === 'o' ? plain(PRINT.label, labelRank(id, layout)) : null
  if (type === '4' || type === '6') {
    if (column.kind !== 'address') return octetsValue(base, slot, type)
    const isV6 = type === '6'
    const own = pair === null ? -1 : ownSlot(pair[isV6 ? 1 : 0], column, slots)
    const other = pair === null ? -1 : ownSlot(pair[isV6 ? 0 : 1], column, slots)
    const address = { slot, octetsSlot: -1, isV6, own, other }
    return { ...base, value: rowValue(PRINT.address, 0, 0, true), slot, address }
  }
  if (pair !== null && (column.kind === 'u8' || column.kind === 'u16')) {
    const isV6 = pair[1] === id
    const isIcmp = pair[2] === F.protocolIdentifier
    const told = slots.slotOf(pair[2])
    const merged: MergedInteger = {
      slot,
      isV6,
      own: ownSlot(pair[isV6 ? 1 : 0], column, slots),
      other: ownSlot(pair[isV6 ? 0 : 1], column, slots),
      addressSlot: isIcmp ? -1 : told,
      protocolSlot: isIcmp ? told : -1,
    }
    return { ...base, value: rowValue(PRINT.fact), slot, merged }
  }
  switch (column.kind) {
    case 'u8':
      if (type === 'b')
        return {
          ...plain(PRINT.boolean),
          value: rowValue(PRINT.boolean, slot, 0, false, { skip: SKIP.ifNoBoolean, a: slot }),
        }
      return isUnsigned(type) ? plain(PRINT.u8) : wholeOctets(base, slot, octets)
    case 'u16':
      return isUnsigned(type) ? plain(PRINT.u16) : wholeOctets(base, slot, octets)
    case 'u32':
      return isUnsigned(type) ? plain(PRINT.u32) : wholeOctets(base, slot, octets)
    case 'u64':
      if (column.semantics === 'timestamp') return timeValue(plain, type, base.element.name)
      return isUnsigned(type) ? plain(PRINT.u64) : wholeOctets(base, slot, octets)
    case 'i64':
      return type[0] === 'i' ? plain(PRINT.i64) : null
    case 'f64':
      return type[0] === 'f' ? plain(PRINT.f64) : null
    case 'mac':
      return type === 'm' ? plain(PRINT.mac, 0, true) : null
    case 'text':
    case 'octets':
      return octetsValue(base, slot, type)
    default:
      return null
  }
}

/** Which entry of a row's label stack an element has: the list holds them in order of their numbers. */
function labelRank(element: number, { fields }: Layout): number {
  return fields.filter((each) => each.field === F.mplsLabelStack && each.element < element).length
}

function isUnsigned(type: ValueType): boolean {
  return type[0] === 'u'
}

function ownSlot(element: number, shared: Field, slots: ColumnSlots): number {
  const { name } = netflowElements(0).get(element)!
  return slots.slotOf(defineField(name, shared.kind, shared.semantics, 0, element))
}

function timeValue(
  plain: (print: number, b?: number, isQuoted?: boolean) => FieldValue,
  type: ValueType,
  name: string,
): FieldValue | null {
  if (type[0] === 't') return plain(PRINT.time, type === 'tu' || type === 'tn' ? 1 : 0, true)
  if (!isUnsigned(type)) return null
  if (/milliseconds$/i.test(name)) return plain(PRINT.ticks, TICKS.milliseconds)
  return plain(PRINT.ticks, /(micro|nano)seconds$/i.test(name) ? TICKS.ntp : TICKS.seconds)
}

/** An integer where octets are to be shown. */
function wholeOctets(base: Base, slot: number, octets: number): FieldValue | null {
  if (base.element.type !== 'o' || octets > 8) return null
  return { ...base, value: rowValue(PRINT.octetsOfInteger, slot, octets), slot }
}

/** Octets shown as a value of any type; those that do not fit it are left out. */
function octetsValue(base: Base, slot: number, type: ValueType): FieldValue | null {
  const plain = (print: number, b = 0, isQuoted = false, skip: number | null = null): FieldValue => ({
    ...base,
    value: rowValue(print, slot, b, isQuoted, skip === null ? null : { skip, a: slot }),
    slot,
  })
  switch (type) {
    case 's':
      return plain(PRINT.text, 0, true)
    case 'o':
      return plain(PRINT.octets)
    case 'a':
      return plain(PRINT.aclId, 0, true, SKIP.ifNoAcl)
    case '4':
    case '6': {
      const address = { slot: -1, octetsSlot: slot, isV6: type === '6', own: -1, other: -1 }
      return { ...base, value: rowValue(PRINT.address, 0, 0, true), slot, address }
    }
    case 'm':
      return plain(PRINT.macOctets, 0, true, SKIP.ifNoMac)
    case 'f32':
    case 'f64':
      return plain(PRINT.integerOctets, 2, false, SKIP.ifNoInteger)
    case 'b':
    case 'ts':
    case 'tm':
    case 'tu':
    case 'tn':
      return null
    default:
      return plain(PRINT.integerOctets, type[0] === 'i' ? 1 : 0, false, SKIP.ifNoInteger)
  }
}
