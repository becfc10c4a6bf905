import { defineField, type Field, findField, type Kind } from '../flow/fields.ts'

/** Columns for what no known column can hold: a key's integers, its text, and all else as JSON. */
export interface ExtraFields {
  readonly number: Field
  readonly text: Field
  readonly json: Field
}

/** The columns that keep values of `key` as they were written; one name has one kind in every process. */
export function extraFields(key: string): ExtraFields {
  const { number, text, json } = extraNames(key)
  return { number: fieldOf(number, 'u64'), text: fieldOf(text, 'text'), json: fieldOf(json, 'text') }
}

/** A strange archive may have brought a column of this name and another kind. */
function fieldOf(name: string, kind: Kind): Field {
  const known = findField(name)
  return defineField(known === undefined || known.kind === kind ? name : `${name}~${kind}`, kind)
}

/** What these columns are called, whether they exist or not. */
export function extraNames(key: string): { number: string; text: string; json: string } {
  // A key may end as the names of other columns do.
  const number = /\.(text|json|number)$/.test(key) ? `line.${key}.number` : `line.${key}`
  return { number, text: `line.${key}.text`, json: `line.${key}.json` }
}
