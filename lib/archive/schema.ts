import { decode, encode } from '@msgpack/msgpack'
import { defineField, type Field, findField, type Kind, type Semantics } from '../flow/fields.ts'
import type { Layout, LayoutField } from '../flow/layout.ts'
import { type FilePart, partsPlace, readParts } from './file-parts.ts'
import { FORMAT_VERSION } from './frame.ts'
import { isList, nanoseconds, pairOf, whole } from './schema-values.ts'

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

/** Characters of a line shape. */
const MOST_SHAPE = 1 << 20

/** A column of a file. */
export interface SchemaColumn {
  readonly id: number
  readonly name: string
  readonly kind: string
  /** Null where the kind is unknown to us. */
  readonly field: Field | null
}

/** What tells a file from all others, whatever its name: random number and time of its beginning. */
export interface FileIdentity {
  readonly fileId: number
  readonly createdNs: bigint
}

/** What the rows of a rollup are (ROLLUPS.md). */
export interface RollupFacts {
  readonly name: string
  /** Length of a bin; a row's `binStart` is a multiple of it. */
  readonly binNs: bigint
  /** Names of columns. */
  readonly keys: readonly string[]
  readonly measures: readonly string[]
  /** The file that it was made from, and those that this one had replaced by then. */
  readonly covers: readonly FileIdentity[]
  /** Which knowledge of addresses the keys come from; rollups of another basis answer other questions. */
  readonly basis: string
  /** Flows of no time, which are in no bin. */
  readonly untimed: number
  /** Flows that lack one of both addresses; null where nobody wrote that down. */
  readonly unaddressed: number | null
}

/** What all S frames of a file said. */
export interface Schema {
  fileId: number
  createdNs: bigint
  writer: string
  stream: string
  /** Files whose rows are all in this one: where both are there, they do not count. */
  replaces: readonly FileIdentity[]
  /** Where the rows of a joined file were first written, in order; empty where it is not known to be joined. */
  parts: readonly FilePart[]
  /** Null where the file holds records and no rollup. */
  rollup: RollupFacts | null
  /** By id. */
  readonly columns: SchemaColumn[]
  /** By number, from 1; place 0 is empty. */
  readonly layouts: (Layout | undefined)[]
  /** How the lines looked from which the next blocks were read (FORMAT.md 3); empty: they are of no lines. */
  lineShape: string
}

export function newSchema(): Schema {
  return {
    fileId: 0,
    createdNs: 0n,
    writer: '',
    stream: '',
    replaces: [],
    parts: [],
    rollup: null,
    columns: [],
    layouts: [undefined],
    lineShape: '',
  }
}

/** Equal for one file, different for two. */
export function identityText({ fileId, createdNs }: FileIdentity): string {
  return `${fileId.toString(16).padStart(8, '0')}-${createdNs}`
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
  if (isList(facts[2])) schema.createdNs = nanoseconds(facts[2])
  for (const item of isList(facts[5]) ? facts[5] : []) if (!addColumn(schema, item)) return false
  for (const item of isList(facts[6]) ? facts[6] : []) if (!addLayout(schema, item)) return false
  if (typeof facts[7] === 'string') schema.lineShape = facts[7]
  if (isList(facts[8])) schema.replaces = identities(facts[8])
  if (isList(facts[9])) schema.rollup = rollupFacts(facts[9])
  if (isList(facts[10])) schema.parts = readParts(facts[10])
  return true
}

function identities(list: unknown): FileIdentity[] {
  return (isList(list) ? list : []).filter(isList).map(([fileId, ...created]) => ({
    fileId: whole(fileId) >>> 0,
    createdNs: nanoseconds(created),
  }))
}

function triples(files: readonly FileIdentity[]): [number, number, number][] {
  return files.map(({ fileId, createdNs }) => [fileId, ...pairOf(createdNs)])
}

function rollupFacts(place: readonly unknown[]): RollupFacts {
  const [name, bin, keys, measures, covers, basis, untimed, unaddressed] = place
  const names = (list: unknown) => (isList(list) ? list : []).map(String)
  return {
    name: String(name),
    binNs: isList(bin) ? nanoseconds(bin) : 0n,
    keys: names(keys),
    measures: names(measures),
    covers: identities(covers),
    basis: typeof basis === 'string' ? basis : '',
    untimed: whole(untimed),
    unaddressed: typeof unaddressed === 'number' ? whole(unaddressed) : null,
  }
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

function rollupPlace(rollup: RollupFacts): unknown[] {
  const { name, binNs, keys, measures, covers, basis, untimed, unaddressed } = rollup
  return [name, pairOf(binNs), keys, measures, triples(covers), basis, untimed, unaddressed]
}

/** What the first S frame says of the whole file. */
export interface FirstFacts extends FileIdentity {
  readonly writer: string
  readonly stream: string
  readonly rollup: RollupFacts | null
}

/** Gives columns and layouts of one file their ids and numbers, and writes the S frames' heads. */
export class SchemaWriter {
  readonly #ids = new Map<Field, number>()
  readonly #byIdentity = new Map<Layout, number>()
  readonly #byContent = new Map<string, number>()
  #newColumns: unknown[] = []
  #newLayouts: unknown[] = []
  #layouts = 0
  #lineShape = ''
  #newLineShape: string | null = null

  /** How the lines look from which the rows of later blocks were read; one that is too long to be kept is none. */
  get lineShape(): string {
    return this.#lineShape
  }

  set lineShape(text: string) {
    this.#lineShape = text.length > MOST_SHAPE ? '' : text
    this.#newLineShape = this.#lineShape
  }

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

  firstHead(facts: FirstFacts): Uint8Array {
    const { fileId, createdNs, writer, stream, rollup } = facts
    const places: unknown[] = [FORMAT_VERSION, fileId, pairOf(createdNs), writer, stream]
    if (rollup !== null) places.push(null, null, null, null, rollupPlace(rollup))
    return encode(places)
  }

  /** The head of an S frame that says what the file replaces and joins, and of a rollup what is known at its end. */
  lastHead(
    replaces: readonly FileIdentity[],
    parts: readonly FilePart[],
    rollup: RollupFacts | null,
  ): Uint8Array {
    const places: unknown[] = [FORMAT_VERSION, null, null, null, null, null, null, null, triples(replaces)]
    if (rollup !== null || parts.length > 0) places.push(rollup === null ? null : rollupPlace(rollup))
    if (parts.length > 0) places.push(partsPlace(parts))
    return encode(places)
  }

  /** The head of an S frame with what is new since the last call, or null. */
  nextHead(): Uint8Array | null {
    const isNew = this.#newColumns.length > 0 || this.#newLayouts.length > 0
    if (!isNew && this.#newLineShape === null) return null
    const head: unknown[] = [FORMAT_VERSION, null, null, null, null, this.#newColumns, this.#newLayouts]
    if (this.#newLineShape !== null) head.push(this.#newLineShape)
    this.#newColumns = []
    this.#newLayouts = []
    this.#newLineShape = null
    return encode(head)
  }
}
