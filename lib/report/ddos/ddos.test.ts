import { tmpdir } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { F } from '../../flow/fields.ts'
import { attackWorld } from '../../testing/attack-world.ts'
import { setCell } from '../../testing/nat-world.ts'
import { SCAN_START_MS, writeFlow } from '../../testing/scan-world.ts'
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
  assert.is(robust([], 0), 0)
  assert.is(robust([5, 5, 5, 500], 0), 5)
  assert.is(robust([5, 5, 5, 500], 2 ** 40), 0)
  assert.ok(Math.abs(robust([1, 2, 3, 4, 5], 0) - (3 + 3 * 1.4826)) < 1e-9)
  assert.ok(Math.abs(robust([3, 4, 5], 2) - (3 + 3 * 1.4826 * 2)) < 1e-9)
})

test('what is usual at an hour of the day is no attack on the next day', async () => {
  const from = (day: number) => SCAN_START_MS + day * 86_400_000 + 20 * 3_600_000
  const input = blockStream((writer) => {
    for (let day = 0; day < 3; day++) {
      // A broadcast each evening, and the same volume at another hour of the last day.
      for (const startMs of day < 2 ? [from(day)] : [from(day), from(day) - 6 * 3_600_000])
        for (let i = 0; i < 1800; i++) {
          const [fromIp, to] = [0x2e000000 + (i % 300), 0x0a000501]
          writeFlow(writer, {
            ms: startMs + i * 2000,
            from: [0, 0, 0xffff, fromIp],
            to: [0, 0, 0xffff, to],
            fromPort: 40_000,
            toPort: 5004,
            protocol: 17,
            packets: 6000,
            octets: 6000 * 1200,
            flags: 0,
            icmp: 0,
          })
        }
    }
  })
  const { attacks } = await findAttacks([input], SETTINGS, RUN)
  const hours = attacks.map(({ time }) => (time.firstBin * BIN_MS - SCAN_START_MS) / 3_600_000)
  // The first evening has nothing before it to be compared with.
  assert.equal(
    hours.sort((a, b) => a - b),
    [20, 62],
  )
})

test('flows of impossible times cost no time', async () => {
  const input = blockStream((writer) => {
    for (const [start, end] of [
      [1n, 2n ** 64n - 1n],
      [2n ** 64n - 1n, 0n],
      [0n, 0n],
      [2n ** 63n, 2n ** 63n + 1n],
    ] as const) {
      const batch = writer.reserve(1)
      const row = batch.rowCount
      setCell(batch, row, F.flowStart, start)
      setCell(batch, row, F.flowEnd, end)
      setCell(batch, row, F.octetDeltaCount, 2n ** 64n - 1n)
      setCell(batch, row, F.packetDeltaCount, 2n ** 64n - 1n)
      setCell(batch, row, F.samplingRate, 0xffffffff)
      setCell(batch, row, F.sourceAddress, [0, 0, 0xffff, 1])
      setCell(batch, row, F.destinationAddress, [0, 0, 0xffff, 2])
      setCell(batch, row, F.protocolIdentifier, 255)
      batch.rowCount++
    }
  })
  const started = performance.now()
  const { attacks } = await findAttacks([input], SETTINGS, RUN)
  assert.ok(attacks.length <= 3)
  assert.ok(performance.now() - started < 2000)
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
