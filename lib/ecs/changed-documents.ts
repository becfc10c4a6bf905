import type { FlowBatch } from '../flow/batch.ts'
import {
  clearPage,
  type DocumentPage,
  type DocumentWriter,
  hasRoom,
  newDocumentPage,
} from '../flow/documents.ts'
import { type DocumentObject, type DocumentValue, emptyObject } from './document-tree.ts'
import type { EventChange } from './event-processors.ts'

/** Documents that are changed at a time. */
const MOST = 256

/**
 * Makes the documents of `writer` and changes each of them, once it is finished, in the order of `changes`: each is read
 * and printed again, which costs several times what making it did.
 */
export function newChangedDocuments(writer: DocumentWriter, changes: readonly EventChange[]): DocumentWriter {
  return changes.length === 0 ? writer : new ChangedDocuments(writer, changes)
}

class ChangedDocuments implements DocumentWriter {
  readonly #writer: DocumentWriter
  readonly #changes: readonly EventChange[]
  readonly #inner: DocumentPage = newDocumentPage(0, MOST)

  constructor(writer: DocumentWriter, changes: readonly EventChange[]) {
    this.#writer = writer
    this.#changes = changes
  }

  write(batch: FlowBatch, from: number, to: number, page: DocumentPage): number {
    const inner = this.#inner
    for (let at = from; at < to; ) {
      clearPage(inner)
      const next = this.#writer.write(batch, at, to, inner)
      for (let i = 0; i < inner.count; i++) {
        const source = inner.sources[i]!
        const octets = this.#changed(inner.octets.subarray(inner.starts[i], inner.ends[i]))
        if (octets === null) continue
        if (!hasRoom(page, octets.length + 1)) return source
        const start = page.used + page.gap
        const end = start + octets.length
        page.octets.set(octets, start)
        page.octets[end] = 0x0a
        page.starts[page.count] = start
        page.ends[page.count] = end
        page.sources[page.count] = source
        page.count++
        page.used = end + 1
      }
      at = next
    }
    return to
  }

  #changed(octets: Uint8Array): Uint8Array | null {
    const root = treeOf(readJson(Buffer.from(octets).toString())) as DocumentObject
    for (const change of this.#changes) if (!change(root)) return null
    return Buffer.from(printed(root))
  }
}

/** A number as it was written: it may not fit a double. */
class Digits {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Reviver = (key: string, value: unknown, context: { readonly source: string }) => unknown

function readJson(text: string): unknown {
  const revive: Reviver = (_, value, { source }) => (typeof value === 'number' ? new Digits(source) : value)
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown)
}

function treeOf(value: unknown): DocumentValue {
  if (value instanceof Digits) return { kind: 'constant', json: value.text, unless: null }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'constant', json: listText(value), unless: null }
  }
  const object = emptyObject()
  for (const [name, inner] of Object.entries(value)) object.entries.set(name, treeOf(inner))
  return object
}

function listText(value: unknown): string {
  if (value instanceof Digits) return value.text
  return Array.isArray(value) ? `[${value.map(listText).join(',')}]` : JSON.stringify(value)
}

function printed(value: DocumentValue): string {
  if (value.kind === 'constant') return value.json
  if (value.kind === 'row') return 'null'
  return `{${[...value.entries].map(([name, inner]) => `${JSON.stringify(name)}:${printed(inner)}`).join(',')}}`
}
