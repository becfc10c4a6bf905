import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { OctetWindow } from '../bytes/octet-window.ts'
import { SILENT } from '../diagnostics/log.ts'
import { FlowBatch } from '../flow/batch.ts'
import { FlowGenerator } from '../testing/flow-generator.ts'
import { passBlock } from './block-batches.ts'
import { StreamIn } from './stream-in.ts'
import { StreamOut } from './stream-out.ts'
import { type PlainRow, plainRows } from './testing/files.ts'

/** Octets that come in pieces of at most `piece`. */
class Pieces implements OctetWindow {
  octets = new Uint8Array(0)
  from = 0
  position = 0
  readonly damage = undefined
  readonly #all: Uint8Array
  readonly #piece: number

  constructor(all: Uint8Array, piece: number) {
    this.#all = all
    this.#piece = piece
  }

  get to(): number {
    return this.octets.length
  }

  async more(count: number): Promise<boolean> {
    const begin = this.position + this.from
    this.position = begin
    let end = begin + (this.octets.length - this.from)
    while (end - begin < count && end < this.#all.length) end = Math.min(end + this.#piece, this.#all.length)
    this.octets = this.#all.slice(begin, end)
    this.from = 0
    return end - begin >= count
  }

  async close(): Promise<void> {}
}

/** A stream of flows and what they are; it begins anew where addresses are many. */
function written(batches: number, mostAddresses: number): { octets: Buffer; rows: PlainRow[] } {
  const pieces: Uint8Array[] = []
  const out = new StreamOut({
    stream: 'test',
    write: (octets, from, to) => void pieces.push(octets.slice(from, to)),
    log: SILENT,
    blockRows: 400,
    mostAddresses,
  })
  out.lineShape = '{"format":"json"}'
  const generator = new FlowGenerator(3)
  const batch = new FlowBatch()
  const rows: PlainRow[] = []
  for (let i = 0; i < batches; i++) {
    batch.reset()
    generator.fill(batch)
    batch.rowCount = 300
    rows.push(...plainRows(batch))
    out.write(batch)
  }
  out.close()
  return { octets: Buffer.concat(pieces), rows }
}

async function read(octets: Uint8Array, piece = 100_000) {
  const stream = new StreamIn('pipe', new Pieces(octets, piece))
  const rows: PlainRow[] = []
  for (let block = await stream.next(); block !== null; block = await stream.next()) {
    assert.is(stream.lineShape, '{"format":"json"}')
    passBlock(block, stream.schema, stream.problems, (batch) => rows.push(...plainRows(batch)))
  }
  return { rows, problems: stream.problems.map(({ what }) => what) }
}

const few = written(4, 1_000_000)
const anew = written(4, 50)

test('what was written to a pipe is read again, in whatever pieces it comes', async () => {
  for (const piece of [1000, 100_003]) {
    const { rows, problems } = await read(few.octets, piece)
    assert.equal(problems, [])
    assert.is(rows.length, few.rows.length)
    assert.equal(rows, few.rows)
  }
})

test('a stream that begins anew, and streams one after the other, are read on', async () => {
  const { rows, problems } = await read(Buffer.concat([anew.octets, few.octets]))
  assert.equal(problems, [])
  assert.is(rows.length, anew.rows.length + few.rows.length)
  assert.equal(rows.slice(0, anew.rows.length), anew.rows)
})

test('streams of several writers may come mixed, frame by frame', async () => {
  const frames = [few, anew].map(({ octets }) => {
    const list: Buffer[] = []
    for (let at = 0; at < octets.length; ) {
      const head = Math.ceil(octets.readUInt32LE(at + 8) / 8) * 8
      const end = at + 32 + head + octets.readUInt32LE(at + 12)
      list.push(octets.subarray(at, end))
      at = end
    }
    return list
  })
  const mixed: Buffer[] = []
  for (let i = 0; i < 100; i++) for (const list of frames) if (i < list.length) mixed.push(list[i]!)
  const { rows, problems } = await read(Buffer.concat(mixed))
  assert.equal(problems, [])
  assert.is(rows.length, few.rows.length + anew.rows.length)
})

test('a stream that is cut anywhere gives its whole blocks and says so', async () => {
  for (let i = 1; i < 12; i++) {
    const end = Math.floor((few.octets.length * i) / 12)
    const { rows, problems } = await read(few.octets.subarray(0, end))
    assert.is(problems.length, 1, String(problems))
    assert.equal(rows, few.rows.slice(0, rows.length))
  }
})

test('behind damage a stream is read on, and no wrong row is given', async () => {
  const known = new Set(few.rows.map((row) => JSON.stringify(row, (_, value) => `${value}`)))
  let whole = 0
  for (let i = 0; i < 40; i++) {
    const octets = Buffer.from(few.octets)
    const at = Math.floor((octets.length * i) / 40)
    octets[at] = octets[at]! ^ (1 << (i % 8))
    const { rows, problems } = await read(octets)
    if (problems.length === 0) whole++
    for (let row = 0; row < rows.length; row += 31) {
      assert.ok(known.has(JSON.stringify(rows[row], (_, value) => `${value}`)))
    }
  }
  // Octets between a frame's parts that no checksum covers: there are none, but flags of a header may be free.
  assert.is(whole, 0)
  const { rows, problems } = await read(Buffer.concat([Buffer.from('no stream at all'), few.octets]))
  assert.is(problems.length, 1)
  assert.is(rows.length, few.rows.length)
})

test.run()
