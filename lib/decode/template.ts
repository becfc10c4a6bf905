import type { Captures } from '../flow/captures.ts'
import { type Field, PROTOCOL } from '../flow/fields.ts'
import type { Layout, LayoutField } from '../flow/layout.ts'
import { assignColumns, type Specifier, VARIABLE } from './assign.ts'
import { SCOPE_ENTERPRISE } from './elements/registry.ts'
import type { Issues } from './issues.ts'
import { compilePlan, type Plan } from './plan.ts'

/** What equal templates of all exporters share. */
export class Shape {
  readonly layout: Layout
  readonly minimumOctets: number
  readonly isVariable: boolean
  readonly scopeCount: number
  readonly specifiers: string
  readonly #plans: PlanShelf
  #plan: Plan | null = null
  #isInUse = false

  constructor(layout: Layout, specifiers: string, plans: PlanShelf) {
    this.layout = layout
    this.specifiers = specifiers
    this.scopeCount = layout.scopeCount
    let minimum = 0
    let isVariable = false
    for (const { octets } of layout.fields) {
      if (octets === VARIABLE) isVariable = true
      // RFC 7011 §7: the length octet of an empty value.
      minimum += octets === VARIABLE ? 1 : octets
    }
    this.minimumOctets = minimum
    this.isVariable = isVariable
    this.#plans = plans
  }

  /** The copy steps, compiled when data arrive: many templates never have any. */
  plan(): Plan {
    if (this.#plan !== null) {
      this.#isInUse = true
      return this.#plan
    }
    this.#plan = compilePlan(this.layout, this.#plans.captures)
    this.#plans.add(this)
    return this.#plan
  }

  /** Forgets the plan, to be compiled again, unless it was asked for since the last call. */
  dropIdlePlan(): boolean {
    if (this.#isInUse) {
      this.#isInUse = false
      return false
    }
    this.#plan = null
    return true
  }
}

/** Compiled plans kept: a plan weighs some kilobytes, and exporters in use have far fewer layouts. */
const MOST_PLANS = 4096

/** Which shapes hold a compiled plan; when there are too many, the one not used for longest loses its own (clock). */
export class PlanShelf {
  readonly captures: Captures
  readonly #shapes: Shape[] = []
  #hand = 0

  constructor(captures: Captures) {
    this.captures = captures
  }

  add(shape: Shape): void {
    if (this.#shapes.length < MOST_PLANS) {
      this.#shapes.push(shape)
      return
    }
    while (!this.#shapes[this.#hand]!.dropIdlePlan()) this.#hand = (this.#hand + 1) % MOST_PLANS
    this.#shapes[this.#hand] = shape
    this.#hand = (this.#hand + 1) % MOST_PLANS
  }
}

/** A template of one exporter; small, because there can be a million. */
export interface Template {
  readonly id: number
  readonly layout: Layout
  /** Octets of the smallest record, at least 1. */
  readonly minimumOctets: number
  readonly isVariable: boolean
  readonly scopeCount: number
  /** The Field Specifiers as they came (latin1), to compare and to save. */
  readonly specifiers: string
  readonly shape: Shape
}

/** The template of an exporter with this shape. */
export function newTemplate(id: number, shape: Shape): Template {
  const { layout, minimumOctets, isVariable, scopeCount, specifiers } = shape
  return { id, layout, minimumOctets, isVariable, scopeCount, specifiers, shape }
}

/** Octets of different templates remembered for sharing; the oldest goes, and lives on where a session has it. */
const MOST_SHAPE_OCTETS = 4 * 1024 * 1024
const MOST_SHARED_FIELDS = 65_536

/** Turns Template Records into templates; equal ones share everything but the object itself. */
export class TemplateCompiler {
  readonly #plans: PlanShelf
  readonly #keepUnknown: boolean
  readonly #shapes = new Map<string, Shape>()
  readonly #fields = new Map<string, LayoutField>()
  #shapeOctets = 0

  constructor(captures: Captures, keepUnknown: boolean) {
    this.#plans = new PlanShelf(captures)
    this.#keepUnknown = keepUnknown
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
      shape = new Shape(this.#layout(protocol, scopeCount, parsed), specifiers, this.#plans)
      if (shape.minimumOctets === 0) {
        issues.note('templateZeroLength')
        return null
      }
      this.#remember(key, shape)
    } else if (shape.layout.fields.length > maxFields) {
      issues.note('templateTooManyFields')
      return null
    }
    return newTemplate(id, shape)
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
