import {
  LINE_FIELD_BY_GO_NAME,
  LINE_FIELD_BY_NAME,
  LINE_FIELDS,
  LINE_FIELDS_2_1,
  type LineField,
  type Renderer,
} from './line-fields.ts'
import type { Mapping, MappingField } from './mapping-types.ts'

/** One printed field of a line. */
export interface LineItem {
  /** Printed name. */
  readonly key: string
  /** Its name in goflow2, which tells where the value comes from. */
  readonly name: string
  readonly field: LineField | null
  readonly custom: MappingField | null
  readonly renderer: Renderer
  /** Whether the line is printed without it where the record has no value. */
  readonly isOptional: boolean
  /** Text printed where a custom field is missing; null leaves the key out. */
  readonly missing: string | null
}

/** Keys beyond goflow2's, printed only where the record has them and no mapping chooses the fields. */
const NAT_FIELDS: readonly LineField[] = [
  { name: 'src_addr_nat', goName: '', kind: 'bytes', number: 0, renderer: 'ip' },
  { name: 'dst_addr_nat', goName: '', kind: 'bytes', number: 0, renderer: 'ip' },
  { name: 'src_port_nat', goName: '', kind: 'u32', number: 0, renderer: 'none' },
  { name: 'dst_port_nat', goName: '', kind: 'u32', number: 0, renderer: 'none' },
]

/** The item that prints goflow2's field, or one of NAT, by name, with a renderer other than its own if given. */
export function plainItem(name: string, renderer: Renderer | null): LineItem | undefined {
  const field = LINE_FIELD_BY_NAME.get(name) ?? NAT_FIELDS.find((nat) => nat.name === name)
  if (field === undefined && name !== 'icmp_name') return undefined
  return {
    key: name,
    name,
    field: field ?? null,
    custom: null,
    renderer: renderer ?? field?.renderer ?? 'none',
    isOptional: false,
    missing: null,
  }
}

/** What a line prints, in order. */
export function lineItems(compat: '2.2' | '2.1', mapping: Mapping | null): LineItem[] {
  const chosen = mapping?.formatter.fields ?? []
  if (chosen.length > 0) return chosen.flatMap((name) => itemOf(name, mapping) ?? [])
  const fields = compat === '2.1' ? LINE_FIELDS.slice(0, LINE_FIELDS_2_1) : LINE_FIELDS
  const items = fields.flatMap((field) => itemOf(field.name, mapping) ?? [])
  if (compat === '2.1') return items
  return [...items, ...NAT_FIELDS.map((field) => builtinItem(field.name, field, null, true))]
}

function itemOf(name: string, mapping: Mapping | null): LineItem | undefined {
  const custom = mapping?.formatter.protobuf.findLast((field) => field.name === name)
  // A declared field hides the built-in one of that printed name; one with a Go name is the built-in one.
  const field = custom === undefined ? LINE_FIELD_BY_NAME.get(name) : LINE_FIELD_BY_GO_NAME.get(name)
  if (field !== undefined) return builtinItem(name, field, mapping, false)
  const renderer = mapping?.formatter.render[name] as Renderer | undefined
  const key = printedName(name, mapping)
  if (custom !== undefined) {
    const missing = missingText(renderer, custom.array)
    const isOptional = missing === null
    return { key, name, field: null, custom, renderer: renderer ?? 'none', isOptional, missing }
  }
  // Virtual fields: icmp_name, and any name with a renderer that makes something of nothing.
  if (name === 'icmp_name' && renderer === undefined) {
    return { key, name, field: null, custom: null, renderer: 'none', isOptional: false, missing: null }
  }
  const missing = missingText(renderer, false)
  if (missing === null) return undefined
  return { key, name: '', field: null, custom: null, renderer: 'none', isOptional: false, missing }
}

function builtinItem(name: string, field: LineField, mapping: Mapping | null, isOptional: boolean): LineItem {
  const render = mapping?.formatter.render
  const renderer = (render?.[field.name] ?? render?.[field.goName] ?? field.renderer) as Renderer
  return {
    key: printedName(name, mapping),
    name: field.name,
    field,
    custom: null,
    renderer,
    isOptional,
    missing: null,
  }
}

function printedName(name: string, mapping: Mapping | null): string {
  return mapping?.formatter.rename[name] || name
}

function missingText(renderer: Renderer | undefined, isArray: boolean): string | null {
  if (renderer === undefined) return null
  if (isArray) return '[]'
  return renderer === 'etype' || renderer === 'proto' ? 'unknown' : null
}
