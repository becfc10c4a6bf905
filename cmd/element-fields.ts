import { elementOf, fieldOf } from '../lib/decode/elements/registry.ts'
import type { Field } from '../lib/flow/fields.ts'

/** IANA's elements have numbers below the enterprise bit (RFC 7011 §3.2). */
const MOST_ELEMENTS = 32_767

/** The column of an IANA element by its name; undefined for none. */
export function elementField(name: string): Field | undefined {
  for (let element = 1; element < MOST_ELEMENTS; element++) {
    if (elementOf(0, element)?.name === name) return fieldOf(0, element)
  }
  return undefined
}
