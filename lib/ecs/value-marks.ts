import { MARK } from '../flow/document-values.ts'
import type { DocumentPage } from '../flow/documents.ts'
import { type DocumentProgram, STEP } from './document-program.ts'

const NO_MARKS = new Int32Array(0)
/** Values of a list that are marked one by one; documents with more have no shape. */
export const MOST_LISTED = 16

/** Tells a page where the values of the document stand that is being printed, if somebody asks. */
export class ValueMarks {
  /** Whether this document's values are marked. */
  isOn = false
  #marks: Int32Array = NO_MARKS
  #first = 0
  #used = 0

  /** Begins a document; `isTold`: its values may be marked. */
  begin({ values }: DocumentPage, { steps }: DocumentProgram, isTold: boolean): void {
    this.isOn = false
    if (values === null || !isTold) return
    this.#first = values.used
    this.#used = values.used
    this.#marks = values.marks
    this.isOn = values.used + (steps.length / STEP + MOST_LISTED) * MARK <= values.marks.length
  }

  /** Marks a value that has the same text as what stands at `twin` in its document, 0 for nowhere. */
  add(from: number, to: number, twin: number): void {
    const marks = this.#marks
    const at = this.#used
    marks[at] = from
    marks[at + 1] = to
    marks[at + 2] = twin
    this.#used = at + MARK
  }

  /** Ends the page's next document, whose shape is told by its program's conditions, a bit each. */
  finish({ values, count }: DocumentPage, { shapes }: DocumentProgram, conditions: number): void {
    if (values === null || !this.isOn) return
    values.shapes[count] = shapes.shapeOf(conditions, this.#used - this.#first)
    values.firsts[count] = this.#first
    values.firsts[count + 1] = this.#used
    values.used = this.#used
  }
}
