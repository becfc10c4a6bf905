import type { Field } from './fields.ts'

/** One Field Specifier of a template, and the column that holds its values. */
export interface LayoutField {
  /** 0 for IANA's elements; 29305 for reverse elements of a biflow (RFC 5103). */
  readonly enterprise: number
  readonly element: number
  /** Length on the wire; 65535 for variable length. */
  readonly octets: number
  /** Where the values went; null where they are not kept. */
  readonly field: Field | null
}

/**
 * What a template looked like: which elements a record held, in which order and width, so that an output can name
 * them as the exporter did although columns merge elements of one meaning. Interned: equal templates share one.
 */
export interface Layout {
  readonly protocol: number
  /** Scope fields of an Options Template come first; 0 for data. */
  readonly scopeCount: number
  readonly fields: readonly LayoutField[]
}
