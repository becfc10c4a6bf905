import { type Field, findField } from '../../flow/fields.ts'
import { elementOf, fieldOf, REVERSE_ENTERPRISE } from './registry.ts'

/** Element numbers have 15 bits; NetFlow v9 uses all 16. */
const ELEMENTS = 65_536

/** Numbers by name, of the enterprises asked for so far. */
const tables = new Map<number, ReadonlyMap<string, number>>()

/**
 * The column that holds the element of that name, made on first call: IANA's names, those with `reverse` in front, and
 * `e<enterprise>.<name>` for vendors'. Elements of one meaning give the column that they share. Undefined for names that
 * no table knows.
 */
export function fieldNamed(name: string): Field | undefined {
  const vendor = /^e(\d{1,10})\.(.+)$/.exec(name)
  const field =
    vendor !== null
      ? fieldIn(Number(vendor[1]), vendor[2]!)
      : (fieldIn(0, name) ?? (name.startsWith('reverse') ? fieldIn(REVERSE_ENTERPRISE, name) : undefined))
  // A column of an element's own name may exist beside the one that it shares: where a record had both families.
  return field ?? findField(name)
}

function fieldIn(enterprise: number, name: string): Field | undefined {
  let table = tables.get(enterprise)
  if (table === undefined) {
    table = namesOf(enterprise)
    // As in the registry: those without a table are not worth remembering.
    if (table.size > 0) tables.set(enterprise, table)
  }
  const element = table.get(name)
  return element === undefined ? undefined : fieldOf(enterprise, element)
}

function namesOf(enterprise: number): ReadonlyMap<string, number> {
  const names = new Map<string, number>()
  for (let number = 0; number < ELEMENTS; number++) {
    const element = elementOf(enterprise, number)
    if (element !== undefined && !names.has(element.name)) names.set(element.name, number)
  }
  return names
}
