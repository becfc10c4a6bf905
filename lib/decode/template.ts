import type { Captures } from '../flow/captures.ts'
import { type Field, PROTOCOL } from '../flow/fields.ts'
import type { Layout, LayoutField } from '../flow/layout.ts'
import { assignColumns, type Specifier } from './assign.ts'
import { SCOPE_ENTERPRISE } from './elements/registry.ts'
import type { Issues } from './issues.ts'
import { Shape, Shelf } from './shape.ts'

/** A template of one exporter; small, because there can be a million. */
export class Template {
  readonly id: number
  readonly shape: Shape

  constructor(id: number, shape: Shape) {
    this.id = id
    this.shape = shape
  }

  get layout(): Layout {
    return this.shape.layout
  }

  /** Octets of the smallest record, at least 1. */
  get minimumOctets(): number {
    return this.shape.minimumOctets
  }

  get isVariable(): boolean {
    return this.shape.isVariable
  }

  get scopeCount(): number {
    return this.shape.scopeCount
  }
}

/** Octets of different templates remembered for sharing; the oldest goes, and lives on where a session has it. */
const MOST_SHAPE_OCTETS = 4 * 1024 * 1024
const MOST_SHARED_FIELDS = 65_536

/** Turns Template Records into templates; equal ones share everything but the object itself. */
export class TemplateCompiler {
  readonly #shelf: Shelf
  readonly #keepUnknown: boolean
  readonly #shapes = new Map<string, Shape>()
  readonly #fields = new Map<string, LayoutField>()
  #shapeOctets = 0

  constructor(captures: Captures, keepUnknown: boolean) {
    this.#keepUnknown = keepUnknown
    this.#shelf = new Shelf(captures, ({ protocol, scopeCount, specifiers }) =>
      this.#layout(protocol, scopeCount, specifiersOf(protocol, scopeCount, specifiers)),
    )
  }

  /**
   * The template that the Field Specifiers describe, or null, noted in `issues`, where it could hold no record.
   * `scopeCount` counts fields, in NetFlow v9 too.
   */
  compile(
    protocol: number,
    id: number,
    scopeCount: number,
    specifiers: string,
    issues: Issues,
    maxFields: number,
  ): Template | null {
    const key = `${protocol} ${scopeCount} ${specifiers}`
    let shape = this.#shapes.get(key)
    if (shape === undefined) {
      const parsed = parseSpecifiers(protocol, scopeCount, specifiers, maxFields)
      if (typeof parsed === 'string') {
        issues.note(parsed)
        return null
      }
      if (parsed.every(({ octets }) => octets === 0)) {
        issues.note('templateZeroLength')
        return null
      }
      shape = new Shape(this.#layout(protocol, scopeCount, parsed), specifiers, this.#shelf)
      this.#remember(key, shape)
    } else if (shape.fieldCount > maxFields) {
      issues.note('templateTooManyFields')
      return null
    }
    return new Template(id, shape)
  }

  #remember(key: string, shape: Shape): void {
    this.#shapes.set(key, shape)
    this.#shapeOctets += key.length
    for (const [oldest] of this.#shapes) {
      if (this.#shapeOctets <= MOST_SHAPE_OCTETS) break
      this.#shapes.delete(oldest)
      this.#shapeOctets -= oldest.length
    }
  }

  #layout(protocol: number, scopeCount: number, specifiers: readonly Specifier[]): Layout {
    const columns = assignColumns(protocol, specifiers, this.#keepUnknown)
    const fields = specifiers.map((specifier, i) => this.#field(specifier, columns[i]!))
    return { protocol, scopeCount, fields }
  }

  /** Exporters' templates are made of the same few hundred specifiers. */
  #field({ enterprise, element, octets }: Specifier, field: Field | null): LayoutField {
    const key = `${enterprise} ${element} ${octets} ${field?.index}`
    let shared = this.#fields.get(key)
    if (shared === undefined) {
      shared = { enterprise, element, octets, field }
      if (this.#fields.size >= MOST_SHARED_FIELDS) this.#fields.clear()
      this.#fields.set(key, shared)
    }
    return shared
  }
}

/** The fields of specifiers that were found good before. */
function specifiersOf(protocol: number, scopeCount: number, text: string): Specifier[] {
  const parsed = parseSpecifiers(protocol, scopeCount, text, Number.POSITIVE_INFINITY)
  if (typeof parsed === 'string') throw new Error('specifiers of a compiled template are bad')
  return parsed
}

type Fault = 'templateEmpty' | 'templateTruncated' | 'templateTooManyFields'

function parseSpecifiers(
  protocol: number,
  scopeCount: number,
  text: string,
  maxFields: number,
): Specifier[] | Fault {
  const fields: Specifier[] = []
  const u16 = (at: number) => (text.charCodeAt(at) << 8) | text.charCodeAt(at + 1)
  let at = 0
  while (at < text.length) {
    if (fields.length === maxFields) return 'templateTooManyFields'
    if (at + 4 > text.length) return 'templateTruncated'
    let element = u16(at)
    const octets = u16(at + 2)
    at += 4
    let enterprise = 0
    if (protocol === PROTOCOL.ipfix && element & 0x8000) {
      // RFC 7011 §3.2: the enterprise bit.
      if (at + 4 > text.length) return 'templateTruncated'
      element &= 0x7fff
      enterprise = u16(at) * 65536 + u16(at + 2)
      at += 4
    } else if (protocol !== PROTOCOL.ipfix && fields.length < scopeCount) {
      // RFC 3954 §6.1: scope field types have numbers of their own.
      enterprise = SCOPE_ENTERPRISE
    }
    fields.push({ enterprise, element, octets })
  }
  return fields.length === 0 ? 'templateEmpty' : fields
}
