import type { Captures } from '../flow/captures.ts'
import type { Layout } from '../flow/layout.ts'
import { VARIABLE } from './assign.ts'
import { compilePlan, type Plan } from './plan.ts'

/**
 * What equal templates of all exporters share. Its layout and copy steps weigh up to a hundred times as much as the
 * Field Specifiers that they are made of: the shelf takes them back from shapes that are not in use.
 */
export class Shape {
  readonly protocol: number
  readonly scopeCount: number
  readonly specifiers: string
  readonly minimumOctets: number
  readonly isVariable: boolean
  readonly fieldCount: number
  readonly #shelf: Shelf
  #layout: Layout | null
  #plan: Plan | null = null
  /** Used again after it was made: what is used once only gives way first. */
  #isInUse = false

  constructor(layout: Layout, specifiers: string, shelf: Shelf) {
    const { protocol, scopeCount, fields } = layout
    this.protocol = protocol
    this.scopeCount = scopeCount
    this.specifiers = specifiers
    this.fieldCount = fields.length
    let minimum = 0
    let isVariable = false
    for (const { octets } of fields) {
      if (octets === VARIABLE) isVariable = true
      // RFC 7011 §7: the length octet of an empty value.
      minimum += octets === VARIABLE ? 1 : octets
    }
    this.minimumOctets = minimum
    this.isVariable = isVariable
    this.#layout = layout
    this.#shelf = shelf
    shelf.add(this)
  }

  /** The fields, read from the specifiers again where the shelf has taken them back. */
  get layout(): Layout {
    if (this.#layout !== null) return this.#layout
    const layout = this.#shelf.layoutOf(this)
    this.#layout = layout
    this.#shelf.add(this)
    return layout
  }

  /** The copy steps, compiled when data arrive: many templates never have any. */
  plan(): Plan {
    if (this.#plan === null) this.#plan = compilePlan(this.layout, this.#shelf.captures)
    else this.#isInUse = true
    return this.#plan
  }

  /** Forgets layout and steps, unless they were used since the last call; returns whether it did. */
  dropIdle(): boolean {
    if (this.#isInUse) {
      this.#isInUse = false
      return false
    }
    this.#layout = null
    this.#plan = null
    return true
  }
}

/**
 * Fields of all layouts kept, each of some hundred octets with its copy step. Exporters in use have far fewer, for
 * most of them share their layouts.
 */
const MOST_FIELDS = 262_144
/** What a shape of no fields would weigh, in fields. */
const OVERHEAD = 16

/** The shapes whose layouts are in memory; when those grow too many, some not in use give theirs back (clock). */
export class Shelf {
  readonly captures: Captures
  readonly layoutOf: (shape: Shape) => Layout
  /** Fields of the shapes here. */
  fields = 0
  readonly #shapes: Shape[] = []
  #hand = 0

  /** `layoutOf` makes the layout of a shape again, just as it was. */
  constructor(captures: Captures, layoutOf: (shape: Shape) => Layout) {
    this.captures = captures
    this.layoutOf = layoutOf
  }

  add(shape: Shape): void {
    const shapes = this.#shapes
    this.fields += shape.fieldCount + OVERHEAD
    while (this.fields > MOST_FIELDS && shapes.length > 0) {
      if (this.#hand >= shapes.length) this.#hand = 0
      const other = shapes[this.#hand]!
      if (!other.dropIdle()) {
        this.#hand++
        continue
      }
      this.fields -= other.fieldCount + OVERHEAD
      const moved = shapes.pop()!
      if (moved !== other) shapes[this.#hand] = moved
    }
    shapes.push(shape)
  }
}
