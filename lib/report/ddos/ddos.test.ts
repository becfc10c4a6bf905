import { tmpdir } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { attackWorld } from '../../testing/attack-world.ts'
import { SCAN_START_MS } from '../../testing/scan-world.ts'
import { blockStream } from '../testing/block-stream.ts'
import { robust } from './attack-times.ts'
import { findAttacks } from './attacks.ts'
import { CellTable } from './cell-table.ts'
import { mitigationOf } from './mitigation.ts'
import { BIN_MS } from './volume-search.ts'

const RUN = { memoryOctets: 2 ** 28, temporaryDirectory: tmpdir() }
const SETTINGS = {
  bps: 10e6,
  pps: 2000,
  fps: 200,
  factor: 5,
  fromNs: null,
  toNs: null,
  filter: null,
  isRaw: false,
}

test('all planted attacks are found with vector and times, and neither a download nor loud hosts', async () => {
  const world = attackWorld(3)
  const { attacks } = await findAttacks([blockStream(world.write)], SETTINGS, RUN)
  const minute = (bin: number) => bin - SCAN_START_MS / BIN_MS
  const found = attacks.map(({ target, vector, time }) => ({
    target,
    vector: vector.name,
    firstMinute: minute(time.firstBin),
    lastMinute: minute(time.lastBin),
  }))
  const byTarget = (a: { target: string }, b: { target: string }) => (a.target < b.target ? -1 : 1)
  assert.equal(found.sort(byTarget), [...world.attacks].sort(byTarget))
})

test('an attack as long as the window is told by its vector', async () => {
  const world = attackWorld(3)
  const from = BigInt(SCAN_START_MS + 20 * 60_000) * 1_000_000n
  const window = { fromNs: from, toNs: from + 240_000_000_000n }
  const { attacks } = await findAttacks([blockStream(world.write)], { ...SETTINGS, ...window }, RUN)
  assert.equal(
    attacks.map(({ target, vector }) => `${target} ${vector.name}`),
    ['10.0.5.1 NTP amp udp/123'],
  )
})

test('what routers are told matches the vector, and drops only what nobody asked for', async () => {
  const world = attackWorld(3)
  const { attacks } = await findAttacks([blockStream(world.write)], SETTINGS, RUN)
  const of = (target: string) => mitigationOf(attacks.find((attack) => attack.target === target)!)
  assert.is(
    of('10.0.5.1').flowspec,
    'announce flow route { match { destination 10.0.5.1/32; protocol =17; source-port =123; packet-length >=128; } then { discard; } }',
  )
  assert.match(of('10.0.6.1').flowspec, 'destination-port =443; tcp-flags [ =syn ]; } then { rate-limit ')
  assert.is(
    of('2001:db8:0:50::7').blackhole,
    'announce route 2001:db8:0:50::7/128 next-hop 100::1 community [65535:666]',
  )
})

test('what is usual is the median and three deviations', () => {
  assert.is(robust([]), 0)
  assert.is(robust([5, 5, 5, 500]), 5)
  assert.ok(Math.abs(robust([1, 2, 3, 4, 5]) - (3 + 3 * 1.4826)) < 1e-9)
})

test('a full table gives up the smallest cells', () => {
  const table = new CellTable(4096)
  table.add(1, 1, 1e9, 1e6, 1)
  for (let i = 0; i < 10_000; i++) table.add(2 + i, 1, 100, 1 + (i % 7), 1)
  assert.ok(table.size <= 4096)
  assert.ok(table.targets.subarray(0, table.size).includes(1))
  assert.ok(table.forgotten > 0)
})

test.run()
