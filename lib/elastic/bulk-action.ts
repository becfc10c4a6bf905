import { DOCUMENT_ID_OCTETS, type DocumentIds } from './document-id.ts'

/** The action line of documents for one index: always of the same length, so that room for it can be left. */
export class BulkAction {
  /** Octets of the line, with its line feed. */
  readonly length: number
  readonly #line: Uint8Array
  readonly #idAt: number

  /**
   * `create` in `index`; `pipeline` is named in the action, `null` leaves the index its own. Blanks make the line at least
   * `length` octets long.
   */
  constructor(index: string, pipeline: string | null, length = 0) {
    const head = `{"create":{"_index":${JSON.stringify(index)}${
      pipeline === null ? '' : `,"pipeline":${JSON.stringify(pipeline)}`
    },"_id":"`
    const line = `${head}${' '.repeat(DOCUMENT_ID_OCTETS)}"}}`
    this.#line = Buffer.from(`${line}${' '.repeat(Math.max(0, length - Buffer.byteLength(line) - 1))}\n`)
    this.length = this.#line.length
    this.#idAt = Buffer.byteLength(head)
  }

  /** Writes the line of the document at `position` of its source so that it ends where the document begins. */
  put(octets: Uint8Array, documentAt: number, ids: DocumentIds, position: number): void {
    const at = documentAt - this.length
    octets.set(this.#line, at)
    ids.put(octets, at + this.#idAt, position)
  }
}
