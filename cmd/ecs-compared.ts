import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { newDecoder } from '../lib/decode/decoder.ts'
import { DEFAULT_LIMITS } from '../lib/decode/settings.ts'
import { type Payload, payloadsOf } from '../lib/decode/testing/payloads.ts'
import { SILENT } from '../lib/diagnostics/log.ts'
import { type Definitions, readDefinitions } from '../lib/ecs/definitions.ts'
import { type NetflowDocumentOptions, newNetflowDocuments } from '../lib/ecs/netflow-documents.ts'
import type { FlowBatch } from '../lib/flow/batch.ts'
import { BatchWriter } from '../lib/flow/batch-writer.ts'
import { clearPage, type DocumentPage, newDocumentPage } from '../lib/flow/documents.ts'
import { elasticLocality } from '../lib/flow/locality.ts'
import { received } from '../lib/testing/datagrams.ts'
import { shapeFault } from '../lib/testing/document-shapes.ts'

// Test code only: documents made of datagrams, and those of Elastic beside them.

export type Document = Readonly<Record<string, unknown>>

export const STRICT: NetflowDocumentOptions = {
  form: 'final',
  locality: elasticLocality(['private']),
  geo: null,
  tags: [],
  fields: {},
  definitions: null,
  steps: [],
  isStrict: true,
}

/** The documents of a page, as objects. */
export function documentsOf(page: DocumentPage): Document[] {
  const text = new TextDecoder('utf-8', { fatal: true })
  return Array.from({ length: page.count }, (_, i) =>
    JSON.parse(text.decode(page.octets.subarray(page.starts[i]!, page.ends[i]!))),
  )
}

/** The documents that payloads become, as objects, without the time at which they were made. */
export function netflowDocuments(
  payloads: readonly Payload[],
  options: Partial<NetflowDocumentOptions> = {},
): Document[] {
  const taker = newTaker({ ...STRICT, ...options })
  decode(payloads, options.definitions ?? null, (batch) => taker.take(batch))
  return taker.documents
}

/** Gathers the documents of batches. */
export function newTaker(options: NetflowDocumentOptions): {
  readonly documents: Document[]
  take(batch: FlowBatch): void
} {
  const documents: Document[] = []
  const writer = newNetflowDocuments(options)
  const page = newDocumentPage(0, undefined, true)
  return {
    documents,
    take(batch) {
      for (let at = 0; at < batch.rowCount; ) {
        at = writer.write(batch, at, batch.rowCount, page)
        documents.push(...documentsOf(page).map(withoutCreated))
        const fault = shapeFault(page)
        if (fault !== null) throw new Error(fault)
        clearPage(page)
      }
    },
  }
}

/** Decodes payloads; `take` must not keep the batches. */
export function decode(
  payloads: readonly Payload[],
  definitions: Definitions | null,
  take: (batch: FlowBatch) => void,
): void {
  const pass = (batch: FlowBatch) => {
    take(batch)
    batch.reset()
    return batch
  }
  const writers = { flow: new BatchWriter('flow', pass), options: new BatchWriter('options', pass) }
  const decoder = newDecoder({
    writers,
    captures: { elements: definitions?.captures ?? [], frames: [], ports: [] },
    keepUnknown: false,
    sampling: { overrides: [], default: 0 },
    limits: DEFAULT_LIMITS,
    log: SILENT,
  })
  for (const { octets, address, port, receivedNs } of payloads) {
    decoder.decode(received(octets, { address, port, receivedNs }), 'netflow')
  }
  writers.options.flush()
  writers.flow.flush()
}

export function withoutCreated(document: Document): Document {
  const { created: _, ...event } = (document['event'] ?? {}) as Record<string, unknown>
  return { ...document, event }
}

/** Documents as text, in an order that does not depend on how they came. */
export function sorted(documents: readonly Document[]): string[] {
  return documents.map((document) => JSON.stringify(inOrder(document))).sort()
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] => [name, inOrder(inner)])
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** A group of vendors' datagrams that one decoder of Filebeat read, and the definitions it was given. */
export interface FilebeatCase {
  readonly name: string
  readonly payloads: readonly Payload[]
  readonly definitions: Definitions | null
}

/** The groups of Filebeat's own tests; `top` is the folder of conformance data. */
export function filebeatCases(top: string): FilebeatCase[] {
  const folder = join(top, 'elastic/filebeat-netflow')
  const { tests } = parse(readFileSync(join(folder, 'dat_tests.yaml'), 'utf8')) as {
    tests: Record<string, { files: string[]; custom_fields?: string[] }>
  }
  const custom = join(folder, 'netflow9_cisco_asa_custom.yaml')
  const value = parse(readFileSync(custom, 'utf8'))
  return Object.entries(tests).map(([name, { files, custom_fields }]) => ({
    name,
    payloads: files.flatMap((file) => payloadsOfFile(join(top, 'dat', file))),
    definitions: custom_fields === undefined ? null : readDefinitions([{ path: custom, value }]),
  }))
}

/** The datagrams of a file, from the port that Filebeat's tests say; those of NetFlow v5 stand back to back in it. */
export function payloadsOfFile(path: string): Payload[] {
  const [whole] = payloadsOf(path)
  const payloads: Payload[] = []
  const octets = whole!.octets
  for (let at = 0; at < octets.length; ) {
    const isVersion5 = octets[at] === 0 && octets[at + 1] === 5
    const end = isVersion5 ? at + 24 + (octets[at + 2]! * 256 + octets[at + 3]!) * 48 : octets.length
    payloads.push({ ...whole!, octets: octets.slice(at, end), port: 4444 })
    at = end
  }
  return payloads
}

/** Name of the file of a folder that belongs to a case: spelt with other punctuation. */
export function fileOf(folder: string, name: string): string | undefined {
  const plain = (text: string) => text.replace(/[^a-z0-9]/gi, '')
  return readdirSync(folder).find((file) => plain(file.replace(/(\.golden)?\.json$/, '')) === plain(name))
}

/** Times with exactly three digits of milliseconds, as shipped documents have them. */
export function inMilliseconds(value: unknown): unknown {
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value)) {
    const [seconds, fraction = ''] = value.slice(0, -1).split('.')
    return `${seconds}.${`${fraction}000`.slice(0, 3)}Z`
  }
  return mapped(value, inMilliseconds)
}

/** Arrays of octets as base64, which is how Filebeat's goldens show them. */
export function inBase64(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.every((each) => typeof each === 'number') ? Buffer.from(value).toString('base64') : value
  }
  return mapped(value, inBase64)
}

function mapped(value: unknown, change: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, change(inner)]))
}
