import { tmpdir } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { F, type Field } from '../flow/fields.ts'
import { newRandom } from '../testing/workload.ts'
import { EMPTY_QUERY, type Measure, type ResultTable } from './query.ts'
import { runQueries } from './run.ts'
import { memoryFile } from './testing/memory-source.ts'
import { naiveAnswer } from './testing/naive-answer.ts'
import type { PlainFlow } from './testing/plain-flows.ts'

const OPTIONS = { memoryOctets: 2 ** 28, temporaryDirectory: tmpdir() }
const HOUR = 3_600_000_000_000n
const DAY = 24n * HOUR
const START = 1_735_689_600_000_000_000n // 2025-01-01T00:00:00Z

const MEASURES: readonly Measure[] = [
  { kind: 'counter', name: 'bytes', counter: 'octets' },
  { kind: 'counter', name: 'packets', counter: 'packets' },
  { kind: 'counter', name: 'flows', counter: 'flows' },
]

/** A few flows a day over three years, as one block holds them where traffic is little; some clocks are wrong. */
function rareFlows(seed: number): PlainFlow[] {
  const random = newRandom(seed)
  return Array.from({ length: 3000 }, (_, i) => {
    const isWrong = random(100) === 0
    const end = isWrong ? BigInt(random(4_000_000)) * 1_000_000_000_000n : START + BigInt(i) * 9n * HOUR
    const flow = new Map<Field, bigint>([
      [F.timeReceived, START + BigInt(i) * 9n * HOUR + 1_000_000_000n],
      [F.flowEnd, end],
      [F.octetDeltaCount, BigInt(1 + random(1_000_000))],
      [F.packetDeltaCount, BigInt(1 + random(1000))],
    ])
    if (random(5) > 0) flow.set(F.flowStart, end - ((end / (1n + BigInt(random(100)))) % (20n * HOUR)))
    if (random(9) === 0) flow.delete(F.flowEnd)
    return flow
  })
}

async function ask(
  flows: readonly PlainFlow[],
  more: { binMs?: number; fromNs?: bigint; toNs?: bigint },
): Promise<ResultTable> {
  const keys = more.binMs === undefined ? [] : [{ kind: 'time' as const, name: 'time' }]
  const query = { ...EMPTY_QUERY, keys, measures: MEASURES, ...more }
  const [table] = await runQueries([query], [memoryFile(flows, 1000)], OPTIONS)
  return table!
}

for (const days of [1n, 30n, 365n]) {
  test(`flows of years in one block lie in their bins of ${days} days`, async () => {
    const flows = rareFlows(Number(days))
    const table = await ask(flows, {
      binMs: Number(days) * 86_400_000,
      fromNs: START,
      toNs: START + 1200n * DAY,
    })
    const wanted = naiveAnswer(flows, {
      keys: () => [],
      from: START,
      to: START + 1200n * DAY,
      binNs: days * DAY,
    })
    const found = new Map(
      table.rows
        .filter(([, , , count]) => count !== null && count !== 0n)
        .map(([time, octets, packets, count]) => [`@${time}`, [octets, packets, count]]),
    )
    const groups = [...wanted].filter(([, { flows: count }]) => count > 0n)
    assert.is(found.size, groups.length)
    for (const [name, { octets, packets, flows: count }] of groups)
      assert.equal(found.get(name), [octets, packets, count], name)
  })
}

test('a window far from the first flow of a block holds what was then', async () => {
  const flows = rareFlows(5)
  for (const [from, to] of [
    [400n, 401n],
    [900n, 931n],
    [0n, 1200n],
  ] as const) {
    const window = { from: START + from * DAY, to: START + to * DAY }
    const table = await ask(flows, { fromNs: window.from, toNs: window.to })
    const { octets, packets, flows: count } = naiveAnswer(flows, { keys: () => [], ...window }).get('')!
    assert.equal(table.rows, [[octets, packets, count]])
  }
})

test.run()
