import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { F } from '../../lib/flow/fields.ts'
import type { FlowStream } from '../../lib/flow/source.ts'
import { newRandom } from '../../lib/testing/workload.ts'
import { flowsOf } from './flows-of.ts'
import { LogThreads } from './log-threads.ts'
import { openInput } from './open-input.ts'
import { SharedLog } from './shared-log.ts'

let folder = ''
/** To be closed, also those that were not read to their end. */
const opened: FlowStream[] = []
const threads = new LogThreads(2)
threads.only = [F.octetDeltaCount, F.sourceAddress]
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-shared-'))
})
test.after(async () => {
  for (const stream of opened) stream.close()
  rmSync(folder, { recursive: true })
  await threads.close()
})

interface Read {
  readonly rows: string[]
  readonly rejected: number
}

/** Rows as text: what they count, and where from. */
async function readAll(stream: FlowStream): Promise<Read> {
  const rows: string[] = []
  for (let block = await stream.next(); block !== null; block = await stream.next()) {
    const octets = block.read(F.octetDeltaCount, stream.problems)?.column
    const sources = block.readCodes(F.sourceAddress, stream.problems)
    const words = block.addresses.words()
    for (let row = 0; row < block.info.rows; row++) {
      const count = octets?.shape === 'fixed' && octets.present[row] === 1 ? octets.wide[row] : '-'
      const source = sources?.present[row] === 1 ? words[sources.codes[row]! * 4 + 3] : '-'
      rows.push(`${count} ${source}`)
    }
  }
  assert.equal(stream.problems, [])
  return { rows, rejected: stream.rejected }
}

async function fromFront(path: string): Promise<FlowStream> {
  const stream = (await flowsOf(await openInput(path, { log: SILENT }))) as FlowStream
  opened.push(stream)
  return stream
}

async function readFromFront(path: string): Promise<Read> {
  return readAll(await fromFront(path))
}

test('several threads read the rows of a log in their order, and refuse what one refuses', async () => {
  const random = newRandom(31)
  for (let round = 0; round < 12; round++) {
    const first = round % 2 === 0 ? 'type' : 'bytes'
    const lines: string[] = []
    for (let i = 0; i < 400; i++) {
      const address = `"src_addr":"10.0.${random(9)}.${i % 256}"`
      const own = first === 'type' ? `"type":"IPFIX","bytes":${i}` : `"bytes":${i},"type":"IPFIX"`
      let line = `{${own},${address},"note":"${'x'.repeat(i === 0 ? 0 : random(random(30) === 0 ? 5000 : 100))}"}`
      const kind = random(12)
      if (i > 0 && kind === 0) line = line.slice(0, random(line.length))
      else if (i > 0 && kind === 1) line = 'nothing of the kind'
      lines.push(line + (random(12) === 0 ? '' : random(20) === 0 ? '\r\n\n' : '\n'))
    }
    const path = join(folder, `${round}.log`)
    writeFileSync(path, lines.join(''))
    const shared = SharedLog.of(await fromFront(path), threads, 150 + random(4000))
    assert.ok(shared !== null)
    assert.equal(await readAll(shared), await readFromFront(path), `round ${round}`)
  }
})

test('a log without line feeds is read as it is from front to back', async () => {
  const path = join(folder, 'joined.log')
  const head = '{"type":"IPFIX","bytes":1}\n'
  writeFileSync(
    path,
    head + Array.from({ length: 30_000 }, (_, i) => `{"type":"IPFIX","bytes":${i}}`).join(''),
  )
  const shared = SharedLog.of(await fromFront(path), threads, 40_000)
  assert.ok(shared !== null)
  assert.equal(await readAll(shared), await readFromFront(path))
})

test('short logs, and those that begin with nothing of a log, are not shared', async () => {
  const path = join(folder, 'other.log')
  writeFileSync(path, 'text\n'.repeat(1000))
  assert.is(SharedLog.of(await fromFront(path), threads, 100), null)
  writeFileSync(path, '{"bytes":1}\n'.repeat(1000))
  assert.is(SharedLog.of(await fromFront(path), threads), null)
})

test('a log whose columns depend on neighbouring lines is read from front to back', async () => {
  const path = join(folder, 'tags.log')
  const line = (i: number) =>
    `{"type":"IPFIX","bytes":${i},"src_vlan":7,"vlan_id":${i % 900 === 0 ? 9 : 7}}\n`
  writeFileSync(path, Array.from({ length: 3000 }, (_, i) => line(i)).join(''))
  const tagsOf = async (stream: FlowStream) => {
    const block = (await stream.next())!
    return [...block.read(F.dot1qTci, stream.problems)!.column.present]
  }
  const shared = SharedLog.of(await fromFront(path), new LogThreads(2), 1000)
  assert.ok(shared !== null)
  assert.equal(await tagsOf(shared), await tagsOf(await fromFront(path)))
  shared.close()
})

test.run()
