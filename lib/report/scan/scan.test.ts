import { tmpdir } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAddress } from '../../bytes/address.ts'
import { FlowBatch } from '../../flow/batch.ts'
import { FlowGenerator } from '../../testing/flow-generator.ts'
import { scanWorld } from '../../testing/scan-world.ts'
import { blockStream } from '../testing/block-stream.ts'
import { ProbeTable, SENT } from './probe-table.ts'
import { findScans } from './scan-report.ts'
import { portsText } from './scan-verdict.ts'

const RUN = { memoryOctets: 2 ** 28, temporaryDirectory: tmpdir() }
const SETTINGS = {
  targets: 25,
  ports: 25,
  leastScore: 0.8,
  usesAnswers: true,
  protocol: null,
  fromNs: null,
  toNs: null,
  filter: null,
}
const text = (words: readonly number[]) => formatAddress(Uint32Array.from(words), 0)

test('all planted scans are found, with their kind, and none of the loudest normal hosts', async () => {
  for (const seed of [1, 2]) {
    const world = scanWorld(seed, 800)
    const { scans, addressOf } = await findScans([blockStream(world.write)], SETTINGS, RUN)
    const found = scans.map(
      ({ type, isSlow, sender }) => `${addressOf(sender.source)} ${isSlow ? 'slow ' : ''}${type}`,
    )
    const planted = world.scans.map(
      ({ source, type, isSlow }) => `${text(source)} ${isSlow ? 'slow ' : ''}${type}`,
    )
    assert.equal(found.sort(), planted.sort())
  }
})

test('scans are found where answers are not exported, and servers then too are none', async () => {
  const world = scanWorld(4, 800)
  const { scans, addressOf } = await findScans(
    [blockStream(world.write)],
    { ...SETTINGS, usesAnswers: false },
    RUN,
  )
  const found = new Set(scans.map(({ sender }) => addressOf(sender.source)))
  const normal = Object.values(world.normal).map(text)
  assert.equal(
    normal.filter((address) => found.has(address)),
    [],
  )
  for (const name of ['vertical', 'IPv6 vertical', 'fast horizontal', 'IPv6 horizontal'])
    assert.ok(
      found.has(text(world.scans.find((scan) => scan.name === name)!.source)) || name.includes('horizontal'),
      name,
    )
})

test('traffic of a provider in which nobody scans for long has no scans', async () => {
  const generator = new FlowGenerator(11)
  const input = blockStream((writer) => {
    const batch = new FlowBatch()
    for (let i = 0; i < 6; i++) {
      batch.reset()
      generator.fill(batch)
      const target = writer.reserve(4096)
      for (const column of batch.columns()) {
        if (column.shape !== 'fixed') continue
        const own = target.fixed(column.field)
        own.values.set(column.values as Uint32Array)
        own.present.set(column.present)
      }
      target.rowCount = batch.rowCount
      writer.flush()
    }
  })
  const { scans } = await findScans([input], SETTINGS, RUN)
  assert.is(scans.length, 0)
})

test('ports are written as runs', () => {
  assert.is(portsText([445], 6), '445/tcp')
  assert.is(portsText([22, 23, 80], 6), '22-23,80/tcp')
  assert.is(portsText([1, 3, 5, 7, 9, 11, 13], 17), '1,3,5,7,9,+2/udp')
  assert.is(portsText([0], 1), 'echo')
})

test('a full table gives up sources with few probes, and keeps those with many', () => {
  const table = new ProbeTable(1024)
  for (let i = 0; i < 400; i++) table.mark(1, i, 5, SENT)
  for (let i = 0; i < 5000; i++) table.mark(100 + i, 1, 5, SENT)
  let kept = 0
  for (let entry = 0; entry < table.size; entry++) if (table.sources[entry] === 1) kept++
  assert.is(kept, 400)
  assert.ok(table.forgotten > 0)
})

test.run()
