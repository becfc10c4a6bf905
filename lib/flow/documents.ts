import type { FlowBatch } from './batch.ts'
import { type DocumentValues, newDocumentValues } from './document-values.ts'

/**
 * Finished documents as UTF-8 JSON, one after the other in one reused buffer. Document `i` is `octets[starts[i], ends[i])`,
 * a line feed stands behind it, and `gap` octets before it are free: for a bulk action in place, for instance.
 */
export interface DocumentPage {
  /** Replaced where a document is longer than all of it. */
  octets: Uint8Array
  view: DataView
  readonly gap: number
  /** Documents that it holds. */
  readonly most: number
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** What each was made of: a row of the batch, or where its line begins in the octets that were given. */
  readonly sources: Uint32Array
  /** Where their values stand; null where nobody asks. */
  readonly values: DocumentValues | null
  count: number
  /** Octets in use. */
  used: number
}

/** Most documents of a page, unless told. */
export const PAGE_DOCUMENTS = 4096
/** A page is full when this many octets are in use. */
const PAGE_OCTETS = 4 << 20
/** Memory that a page keeps at most when it is cleared. */
const MOST_KEPT = 8 << 20

/** An empty page for up to `most` documents that leaves `gap` octets free before each; `hasValues`: and tells their values. */
export function newDocumentPage(gap = 0, most = PAGE_DOCUMENTS, hasValues = false): DocumentPage {
  const octets = new Uint8Array(PAGE_OCTETS + (64 << 10))
  return {
    octets,
    view: new DataView(octets.buffer),
    gap,
    most,
    starts: new Uint32Array(most),
    ends: new Uint32Array(most),
    sources: new Uint32Array(most),
    values: hasValues ? newDocumentValues(most) : null,
    count: 0,
    used: 0,
  }
}

/** Empties a page for reuse; memory that one long document took is given back. */
export function clearPage(page: DocumentPage): void {
  if (page.octets.length > MOST_KEPT) {
    page.octets = new Uint8Array(PAGE_OCTETS + (64 << 10))
    page.view = new DataView(page.octets.buffer)
  }
  if (page.values !== null) {
    page.values.shapes.fill(0, 0, page.count)
    page.values.used = 0
  }
  page.count = 0
  page.used = 0
}

/** Whether a document of at most `room` octets may be added; an empty page makes room for any. */
export function hasRoom(page: DocumentPage, room: number): boolean {
  if (page.count === page.most) return false
  const end = page.used + page.gap + room
  if (page.count > 0 && page.used >= PAGE_OCTETS) return false
  if (end <= page.octets.length) return true
  if (page.count > 0) return false
  page.octets = new Uint8Array(end + 1024)
  page.view = new DataView(page.octets.buffer)
  return true
}

/** Makes documents of rows. */
export interface DocumentWriter {
  /**
   * Adds the documents of rows `[from, to)` to the page until it is full, and returns the row to go on from. Not every row
   * is a document: the reverse half of a biflow is part of the forward one's.
   */
  write(batch: FlowBatch, from: number, to: number, page: DocumentPage): number
}

/** Makes documents of lines. */
export interface LineDocumentWriter {
  /** As DocumentWriter.write, for the whole lines in `octets[from, to)`; returns where to go on. */
  writeLines(octets: Uint8Array, from: number, to: number, page: DocumentPage): number
}
