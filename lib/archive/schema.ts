import { decode, encode } from '@msgpack/msgpack'
import { defineField, type Field, findField, type Kind, type Semantics } from '../flow/fields.ts'
import type { Layout, LayoutField } from '../flow/layout.ts'
import { FORMAT_VERSION } from './frame.ts'

const KINDS: readonly string[] = [
  'u8',
  'u16',
  'u32',
  'u64',
  'i64',
  'f64',
  'address',
  'mac',
  'octets',
  'text',
  'u32-list',
  'address-list',
  'octets-list',
]

/** A column of a file. */
export interface SchemaColumn {
  readonly id: number
  readonly name: string
  readonly kind: string
  /** Null where the kind is unknown to us. */
  readonly field: Field | null
}

/** What all S frames of a file said. */
export interface Schema {
  fileId: number
  createdNs: bigint
  writer: string
  stream: string
  /** By id. */
  readonly columns: SchemaColumn[]
  /** By number, from 1; place 0 is empty. */
  readonly layouts: (Layout | undefined)[]
}

export function newSchema(): Schema {
  return { fileId: 0, createdNs: 0n, writer: '', stream: '', columns: [], layouts: [undefined] }
}

/** Adds what one S frame says; false if its head is not a schema of our format version. */
export function addSchemaFrame(schema: Schema, head: Uint8Array): boolean {
  let facts: unknown
  try {
    facts = decode(head)
  } catch {
    return false
  }
  if (!isList(facts) || facts[0] !== FORMAT_VERSION) return false
  if (facts[1] !== null) schema.fileId = whole(facts[1]) >>> 0
  if (typeof facts[3] === 'string') schema.writer = facts[3]
  if (typeof facts[4] === 'string') schema.stream = facts[4]
  const created = facts[2]
  if (isList(created))
    schema.createdNs = BigInt(whole(created[0])) * 1_000_000_000n + BigInt(whole(created[1]))
  for (const item of isList(facts[5]) ? facts[5] : []) if (!addColumn(schema, item)) return false
  for (const item of isList(facts[6]) ? facts[6] : []) if (!addLayout(schema, item)) return false
  return true
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

function whole(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0
}

function addColumn(schema: Schema, item: unknown): boolean {
  if (!isList(item)) return false
  const [id, name, kind, semantics, enterprise, element] = item
  if (id !== schema.columns.length || typeof name !== 'string' || typeof kind !== 'string') return false
  const field = KINDS.includes(kind)
    ? fieldOf(name, kind as Kind, String(semantics) as Semantics, whole(enterprise), whole(element))
    : null
  schema.columns.push({ id, name, kind, field })
  return true
}

/** This process may know the name with another kind, from a user's definition say: then the kind goes into the name. */
function fieldOf(name: string, kind: Kind, semantics: Semantics, enterprise: number, element: number): Field {
  const known = findField(name)
  const free = known === undefined || known.kind === kind ? name : `${name}~${kind}`
  return defineField(free, kind, semantics, enterprise, element)
}

function addLayout(schema: Schema, item: unknown): boolean {
  if (!isList(item)) return false
  const [number, protocol, scopeCount, list] = item
  if (number !== schema.layouts.length || !isList(list)) return false
  const fields: LayoutField[] = []
  for (const entry of list) {
    if (!isList(entry)) return false
    const [enterprise, element, octets, column] = entry.map(whole)
    const field = schema.columns[column!]?.field ?? null
    fields.push({ enterprise: enterprise!, element: element!, octets: octets!, field })
  }
  schema.layouts.push({ protocol: whole(protocol), scopeCount: whole(scopeCount), fields })
  return true
}

/** Gives columns and layouts of one file their ids and numbers, and writes the S frames' heads. */
export class SchemaWriter {
  readonly #ids = new Map<Field, number>()
  readonly #byIdentity = new Map<Layout, number>()
  readonly #byContent = new Map<string, number>()
  #newColumns: unknown[] = []
  #newLayouts: unknown[] = []
  #layouts = 0

  columnId(field: Field): number {
    let id = this.#ids.get(field)
    if (id === undefined) {
      id = this.#ids.size
      this.#ids.set(field, id)
      const { name, kind, semantics, enterprise, element } = field
      this.#newColumns.push([id, name, kind, semantics, enterprise, element])
    }
    return id
  }

  /** Equal layouts have one number, whichever objects they are. */
  layoutNumber(layout: Layout): number {
    let number = this.#byIdentity.get(layout)
    if (number !== undefined) return number
    const fields = layout.fields.map(({ enterprise, element, octets, field }) => [
      enterprise,
      element,
      octets,
      field === null ? -1 : this.columnId(field),
    ])
    const key = JSON.stringify([layout.protocol, layout.scopeCount, fields])
    number = this.#byContent.get(key)
    if (number === undefined) {
      number = ++this.#layouts
      this.#byContent.set(key, number)
      this.#newLayouts.push([number, layout.protocol, layout.scopeCount, fields])
    }
    // Objects of templates that went are not to be kept alive for ever.
    if (this.#byIdentity.size > 65_536) this.#byIdentity.clear()
    this.#byIdentity.set(layout, number)
    return number
  }

  get columnCount(): number {
    return this.#ids.size
  }

  get layoutCount(): number {
    return this.#layouts
  }

  firstHead(facts: { fileId: number; createdNs: bigint; writer: string; stream: string }): Uint8Array {
    const created = [Number(facts.createdNs / 1_000_000_000n), Number(facts.createdNs % 1_000_000_000n)]
    return encode([FORMAT_VERSION, facts.fileId, created, facts.writer, facts.stream])
  }

  /** The head of an S frame with what is new since the last call, or null. */
  nextHead(): Uint8Array | null {
    if (this.#newColumns.length === 0 && this.#newLayouts.length === 0) return null
    const head = encode([FORMAT_VERSION, null, null, null, null, this.#newColumns, this.#newLayouts])
    this.#newColumns = []
    this.#newLayouts = []
    return head
  }
}
