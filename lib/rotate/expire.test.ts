import { mkdirSync, statfsSync, utimesSync, writeFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { KeepRules } from './expire.ts'
import { type Bench, newBench } from './testing/rotation.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.parse('2026-11-21T10:05:00Z')
const ALL: KeepRules = { ageMs: null, octets: null, free: null }

const test = suite<{ bench: Bench }>('old logs')
test.before.each((context) => {
  const bench = newBench()
  context.bench = bench
  writeFileSync(bench.path('flows.log'), 'new\n')
  for (let days = 1; days <= 4; days++) {
    const name = bench.path(`flows_2026111${days}_1000.log${days % 2 === 0 ? '.zst' : ''}`)
    writeFileSync(name, 'x'.repeat(100))
    const seconds = (NOW_MS - (5 - days) * DAY_MS) / 1000
    utimesSync(name, seconds, seconds)
  }
  // Not ours: another log's, and a folder of such a name.
  writeFileSync(bench.path('drops_20261111_1000.log'), 'x')
  utimesSync(bench.path('drops_20261111_1000.log'), 1, 1)
  mkdirSync(bench.path('flows_20001111_1000.log'))
})
test.after.each(({ bench }) => bench.remove())

const left = (bench: Bench): string =>
  bench
    .names()
    .map((name) => /^flows_2026111(\d)/.exec(name)?.[1] ?? '')
    .join('')

test('stay when there is no rule', async ({ bench }) => {
  await bench.rotate()
  assert.is(left(bench), '1234')
})

test('go by their age', async ({ bench }) => {
  const { logged } = await bench.rotate({ keep: { ...ALL, ageMs: 2.5 * DAY_MS } })
  assert.is(left(bench), '34')
  assert.match(logged, /info: removed \{"file":"flows_20261111_1000.log","octets":100,"why":"age"\}/)
  assert.ok(bench.names().includes('drops_20261111_1000.log'))
})

test('go by their size, the oldest first, and the one of this run stays', async ({ bench }) => {
  await bench.rotate({ keep: { ...ALL, octets: 250 } })
  assert.is(left(bench), '34')
  writeFileSync(bench.path('flows.log'), 'y'.repeat(1000))
  await bench.rotate({ keep: { ...ALL, octets: 250 } })
  assert.is(left(bench), '')
  assert.ok(bench.names().includes('flows_20261121_1005.1.log'))
})

test('go until there is room, as far as there are any', async ({ bench }) => {
  const { blocks, bsize } = statfsSync(bench.folder)
  await bench.rotate({ keep: { ...ALL, free: { octets: 1 } } })
  assert.is(left(bench), '1234')
  const { counts } = await bench.rotate({ keep: { ...ALL, free: { octets: blocks * bsize * 2 } } })
  assert.is(left(bench), '')
  assert.equal(counts, { missing: 1 })
})

test('are only named in a dry run', async ({ bench }) => {
  const { said } = await bench.rotate({
    isDryRun: true,
    keep: { ageMs: 3.5 * DAY_MS, octets: 250, free: null },
  })
  assert.equal(said, [
    'would rename flows.log to flows_20261121_1005.log',
    'would tell nobody',
    'would remove flows_20261111_1000.log, 100 octets, because of its age',
    'would remove flows_20261112_1000.log.zst, 100 octets, because of its size',
  ])
  assert.is(left(bench), '1234')
})

test('of which the time is to come stay, for a clock that was set back', async ({ bench }) => {
  utimesSync(bench.path('flows_20261111_1000.log'), NOW_MS / 1000 + 1e6, NOW_MS / 1000 + 1e6)
  await bench.rotate({ keep: { ...ALL, ageMs: 1.5 * DAY_MS } })
  assert.is(left(bench), '14')
})

test.run()
