// Mutated datagrams of every protocol through the decoder.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { newDecoder } from '../../lib/decode/decoder.ts'
import { DEFAULT_LIMITS } from '../../lib/decode/settings.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { BATCH_ROWS } from '../../lib/flow/batch.ts'
import { BatchWriter } from '../../lib/flow/batch-writer.ts'
import { NO_CAPTURES } from '../../lib/flow/captures.ts'
import { newDatagram } from '../../lib/flow/datagram.ts'
import { makeWorkload, WORKLOAD_KINDS } from '../../lib/testing/workload.ts'
import { mutate } from './mutate.mjs'

const root = join(import.meta.dirname, '../..')
/** Datagrams after which both decoders start anew, so that a failure can be told from its history. */
const LIFE = 5000
/** Limits small enough to be met while fuzzing. */
const LIMITS = {
  ...DEFAULT_LIMITS,
  sessions: 50,
  templatesPerSession: 200,
  templates: 1000,
  heldOctets: 200_000,
  heldOctetsPerTemplate: 20_000,
}

export function fuzzCorpus() {
  const corpus = []
  for (const kind of WORKLOAD_KINDS) {
    const { templates, datagrams } = makeWorkload(kind, 20, 7)
    corpus.push(...templates, ...templates, ...datagrams)
  }
  // Other implementations' datagrams, where they lie beside the checkout, know more elements than ours.
  for (const folder of ['dat', 'goflow2/datagrams', 'goflow2/probes']) {
    const path = join(root, '../shared/conformance', folder)
    if (!existsSync(path)) continue
    for (const name of readdirSync(path)) {
      if (/\.(dat|bin)$/.test(name)) corpus.push(new Uint8Array(readFileSync(join(path, name))))
    }
  }
  return corpus.filter((octets) => octets.length > 0 && octets.length < 65_508)
}

/** A decoder with all four writers, a checker of its batches, and a running digest of its rows. */
function newSubject(keepUnknown) {
  const state = { rows: 0, digest: 0 }
  const pass = (batch) => {
    checkBatch(batch)
    state.rows += batch.rowCount
    state.digest = digestBatch(batch, state.digest)
    batch.reset()
    checkClean(batch)
    return batch
  }
  const writers = {
    flow: new BatchWriter('flow', pass),
    options: new BatchWriter('options', pass),
    counters: new BatchWriter('counters', pass),
    discard: new BatchWriter('discard', pass),
  }
  const decoder = newDecoder({
    writers,
    captures: NO_CAPTURES,
    keepUnknown,
    sampling: { overrides: [], default: 0 },
    limits: LIMITS,
    log: SILENT,
  })
  const flush = () => {
    for (const writer of Object.values(writers)) writer.flush()
  }
  const waiting = () => Object.values(writers).reduce((sum, writer) => sum + writer.pending, 0)
  return { decoder, flush, state, total: () => state.rows + waiting() }
}

/** Throws unless presence is 0 or 1, zero beyond the rows, and every offset lies in its buffer. */
export function checkBatch(batch) {
  if (batch.rowCount > BATCH_ROWS) throw new Error(`${batch.rowCount} rows in a batch`)
  for (const column of batch.columns()) {
    const { name } = column.field
    const { present } = column
    for (let row = 0; row < BATCH_ROWS; row++) {
      if (present[row] > 1) throw new Error(`${name}: present is ${present[row]}`)
      if (row >= batch.rowCount && present[row] !== 0) throw new Error(`${name}: present beyond the rows`)
    }
    if (column.shape === 'fixed') continue
    const limit = column.shape === 'octets-list' ? column.items : column.used
    for (let row = 0; row < batch.rowCount; row++) {
      const end = column.starts[row] + column.lengths[row]
      if (end > limit) throw new Error(`${name}: row ${row} ends at ${end} of ${limit}`)
    }
  }
  const layout = batch.columns().find((column) => column.field.name === 'layout')
  if (layout === undefined) return
  for (let row = 0; row < batch.rowCount; row++) {
    if (layout.values[row] > batch.layouts.length)
      throw new Error(`layout ${layout.values[row]} is not there`)
  }
}

/** As large as the largest fixed column. */
const ZEROS = Buffer.alloc(BATCH_ROWS * 16)

function checkClean(batch) {
  for (const column of batch.columns()) {
    if (
      column.shape === 'fixed' &&
      Buffer.from(column.values.buffer).compare(ZEROS, 0, column.values.byteLength) !== 0
    ) {
      throw new Error(`${column.field.name}: not zero after reset`)
    }
  }
}

function digestBatch(batch, digest) {
  let hash = (digest * 31 + batch.rowCount) | 0
  for (const column of batch.columns()) {
    if (column.shape !== 'fixed') continue
    const { values } = column
    const end = batch.rowCount * column.stride
    for (let i = 0; i < end; i++) hash = (Math.imul(hash, 31) + values[i]) | 0
  }
  return hash
}

export function newTarget(random) {
  const corpus = fuzzCorpus()
  let age = LIFE
  let first
  let second
  const datagram = newDatagram()
  datagram.localAddress = '127.0.0.1'
  datagram.localPort = 2055
  datagram.address.set([0, 0, 0xffff, 0xc0000201])
  let nowMs = 1_767_225_600_000
  return {
    next: () => (random(10) === 0 ? corpus[random(corpus.length)] : mutate(corpus, random)),
    run(octets) {
      if (age++ >= LIFE) {
        const keepUnknown = random(2) === 0
        first = newSubject(keepUnknown)
        second = newSubject(keepUnknown)
        age = 0
      }
      datagram.address[3] = 0xc0000200 + random(4)
      datagram.port = 50_000 + random(3)
      datagram.octets = octets
      datagram.view = new DataView(octets.buffer, octets.byteOffset, octets.length)
      datagram.from = 0
      datagram.to = octets.length
      nowMs += random(50)
      datagram.receivedNs[0] = BigInt(nowMs) * 1_000_000n
      const before = first.total()
      const heldBefore = first.decoder.heldReplayed
      first.decoder.decode(datagram, 'flow')
      const added = first.total() - before
      // A template may release sets that waited for it, so those datagrams' octets count as well.
      if (added > octets.length && first.decoder.heldReplayed === heldBefore) {
        throw new Error(`${added} rows out of ${octets.length} octets`)
      }
      second.decoder.decode(datagram, 'flow')
      if (age % 400 === 0) {
        first.decoder.tick(nowMs)
        second.decoder.tick(nowMs)
        first.flush()
        second.flush()
        if (first.state.rows !== second.state.rows || first.state.digest !== second.state.digest) {
          throw new Error('the same datagrams decoded twice differ')
        }
      }
    },
  }
}
