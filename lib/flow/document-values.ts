/** Numbers of a value in DocumentValues.marks. */
export const MARK = 3

/**
 * Where the values of a page's documents stand, for those who pack them. Documents of one shape differ in their values
 * alone: what stands before, between and behind these is the same, octet for octet.
 */
export interface DocumentValues {
  /** Each document's shape; 0 where its writer tells nothing. */
  readonly shapes: Uint32Array
  /** Where the marks of each document begin, and behind that those of the last one end. */
  readonly firsts: Uint32Array
  /** Of each value: where it begins and ends in the page, and where its document has the same text before; 0 for nowhere. */
  readonly marks: Int32Array
  /** Numbers of `marks` in use. */
  used: number
}

/** Values of a document for which there is memory on average; what does not fit has no shape. */
const VALUES_OF_DOCUMENT = 72
const MOST_NUMBERS = 1 << 20

/** Room for the values of `most` documents. */
export function newDocumentValues(most: number): DocumentValues {
  return {
    shapes: new Uint32Array(most),
    firsts: new Uint32Array(most + 1),
    marks: new Int32Array(Math.min(most * VALUES_OF_DOCUMENT * MARK, MOST_NUMBERS)),
    used: 0,
  }
}

let shapes = 0

/** A number that no other shape has. */
export function newShape(): number {
  return ++shapes
}
