import type { WrittenPrinter } from '../written-printer.ts'
import type { KeyEntry } from './key-entry.ts'

/** Lines with the same keys in the same order. */
export interface KeyList {
  readonly keys: readonly KeyEntry[]
  readonly forms: Form[]
  /** The one that printed the last line right. */
  current: Form
}

/** One way of writing the values of a key list. */
export interface Form {
  readonly text: Uint8Array
  readonly printer: WrittenPrinter
  /** Where the text lies in the batch that `serial` says. */
  start: number
  serial: number
}

/**
 * Lines of one template whose values are all written as a printer writes them, and are of the same kinds: a form that
 * gives one of them back from its row gives all back.
 */
export class LineClass {
  /** The kinds of the values that may differ, four in each word. */
  readonly kinds: BigUint64Array
  /** How its lines are written, and their keys; null until one of them was printed and compared. */
  form: Form | null = null
  list: KeyList | null = null

  constructor(kinds: BigUint64Array) {
    this.kinds = kinds
  }
}
