import { newShape } from '../flow/document-values.ts'

/** Conditions that a shape can tell; documents with more have none. */
const MOST_CONDITIONS = 24
/** Shapes remembered of one program, of which rows of an exporter may drive any number. */
const MOST_SHAPES = 256

/** The shapes of one program's documents: which of its conditions held, and how many values came of it. */
export class ProgramShapes {
  readonly #conditions: number
  readonly #shapes = new Map<number, number>()
  #lastKey = -1
  #lastShape = 0

  constructor(conditions: number) {
    this.#conditions = conditions
  }

  /** The shape of a document by its conditions, a bit each, and how many numbers its marks take; 0 for none. */
  shapeOf(conditions: number, numbers: number): number {
    const key = numbers * 2 ** MOST_CONDITIONS + conditions
    if (key === this.#lastKey) return this.#lastShape
    if (this.#conditions > MOST_CONDITIONS) return 0
    let shape = this.#shapes.get(key)
    if (shape === undefined) {
      shape = newShape()
      if (this.#shapes.size >= MOST_SHAPES) this.#shapes.clear()
      this.#shapes.set(key, shape)
    }
    this.#lastKey = key
    this.#lastShape = shape
    return shape
  }
}
