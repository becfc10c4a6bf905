import { defineField, F, type Field, PROTOCOL } from '../flow/fields.ts'
import { chooseOp, OP, type Source } from './conversions.ts'
import { familyOf } from './elements/columns.ts'
import { elementOf, fieldOf, ownFieldOf } from './elements/registry.ts'

/** A Field Specifier: which element, and octets on the wire (65535: variable). */
export interface Specifier {
  readonly enterprise: number
  readonly element: number
  readonly octets: number
}

export const VARIABLE = 65535

/** Juniper's CPID: the same element several times in a template, told apart by six bits of each value. */
export const JUNIPER = 2636
export const JUNIPER_PROPERTIES = 137
const PADDING = 210

/** Columns for elements that no table knows; they are named by the network, so their number has a bound. */
const MOST_UNKNOWN = 8_192
const unknown = new Map<string, Field>()

function unknownField(enterprise: number, element: number): Field | null {
  const name = `e${enterprise}.id${element}`
  let field = unknown.get(name)
  if (field === undefined) {
    if (unknown.size === MOST_UNKNOWN) return null
    field = defineField(name, 'octets', 'default', enterprise, element)
    unknown.set(name, field)
  }
  return field
}

/**
 * The column of each element of a template, or null where its values are not kept. An element's last occurrence
 * counts (lists keep all). Of several elements that would share a column the last has it and the others get columns
 * of their own names, but elements of the two address families share it record by record.
 */
export function assignColumns(
  protocol: number,
  specifiers: readonly Specifier[],
  keepUnknown: boolean,
): (Field | null)[] {
  const columns = new Array<Field | null>(specifiers.length).fill(null)
  const seen = new Set<string>()
  const families = new Map<Field, number>()
  for (let i = specifiers.length - 1; i >= 0; i--) {
    const { enterprise, element, octets } = specifiers[i]!
    if (octets === 0 || (enterprise === 0 && element === PADDING)) continue
    const known = elementOf(enterprise, element) !== undefined
    const field = known ? targetOf(protocol, enterprise, element) : undefined
    if (field?.kind === 'u32-list') {
      columns[i] = field
      continue
    }
    const key = `${enterprise}.${element}`
    if (seen.has(key)) continue
    seen.add(key)
    if (field === undefined) {
      if (keepUnknown) columns[i] = unknownField(enterprise, element)
      continue
    }
    const family = familyOf(enterprise, element)
    const taken = families.get(field)
    let column: Field = field
    if (taken === undefined) families.set(field, family)
    else if (family !== 0 && taken !== 0 && taken !== family && taken < 10) families.set(field, 10)
    else if (field !== F.icmpTypeCode) column = ownFieldOf(enterprise, element)!
    const canRead =
      octets === VARIABLE || chooseOp(sourceOf(enterprise, element, column), column.kind, octets) !== OP.gap
    if (canRead) columns[i] = column
  }
  return columns
}

/** IPFIX has no uptime in its header: elements 21 and 22 count from element 160 there (RFC 7012) and stay apart. */
function targetOf(protocol: number, enterprise: number, element: number): Field | undefined {
  if (protocol === PROTOCOL.ipfix && enterprise === 0 && (element === 21 || element === 22)) {
    return ownFieldOf(0, element)
  }
  return fieldOf(enterprise, element)
}

/** What the element's values are when they go to `field`. */
export function sourceOf(enterprise: number, element: number, field: Field): Source {
  if (enterprise === 0) {
    if (field === F.flowStart || field === F.flowEnd) {
      if (element === 21 || element === 22) return 'uptime'
      if (element === 158 || element === 159) return 'deltaMicroseconds'
    }
    if (field === F.icmpTypeCode) {
      if (element === 176 || element === 178) return 'icmpType'
      if (element === 177 || element === 179) return 'icmpCode'
    }
  }
  return elementOf(enterprise, element)?.type ?? 'octetArray'
}
