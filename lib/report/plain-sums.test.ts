import { tmpdir } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { F } from '../flow/fields.ts'
import { EMPTY_QUERY, type Query, type Selector } from './query.ts'
import { runQueries } from './run.ts'
import { memoryFile, memoryStream } from './testing/memory-source.ts'
import { type PlainFlow, plainFlows } from './testing/plain-flows.ts'

const OPTIONS = { memoryOctets: 2 ** 26, temporaryDirectory: tmpdir() }
const MOST = 2n ** 64n - 1n

/** Every row whose number is a multiple of `step`; as masks, and where it `hasList` as a list too. */
function everyOf(step: number, hasList: boolean): Selector {
  const selector: Selector = {
    fields: [],
    mayMatch: () => true,
    select(block, selection) {
      for (let row = 0; row < block.info.rows; row++) selection[row] = row % step === 0 ? 1 : 0
      return Math.ceil(block.info.rows / step)
    },
  }
  if (!hasList) return selector
  return {
    ...selector,
    list(block, rows) {
      let count = 0
      for (let row = 0; row < block.info.rows; row += step) rows[count++] = row
      return count
    },
  }
}

/** The sums, one flow after the other. */
function summed(
  flows: readonly PlainFlow[],
  step: number,
  blockRows: number,
  { counters, deduplicate }: Query,
): bigint[] {
  let [octets, packets, count] = [0n, 0n, 0n]
  for (const [i, flow] of flows.entries()) {
    if ((i % blockRows) % step !== 0) continue
    if (deduplicate === 'edge' && flow.get(F.flowDirection) === 1n) continue
    const known = counters === 'raw' ? 1n : ((flow.get(F.samplingRate) ?? 1n) as bigint)
    const rate = known === 0n ? 1n : known
    const scaled = (field: typeof F.octetDeltaCount) => {
      const product = ((flow.get(field) ?? 0n) as bigint) * rate
      return product > MOST ? MOST : product
    }
    octets += scaled(F.octetDeltaCount)
    packets += scaled(F.packetDeltaCount)
    count++
  }
  return [octets, packets, count]
}

const measures: Query['measures'] = [
  { kind: 'counter', name: 'bytes', counter: 'octets' },
  { kind: 'counter', name: 'packets', counter: 'packets' },
  { kind: 'counter', name: 'flows', counter: 'flows' },
]

for (const kind of [{}, { gaps: true }, { extreme: true }, { extreme: true, gaps: true }] as const) {
  test(`sums over chosen rows are those of the rows one by one: ${JSON.stringify(kind)}`, async () => {
    const flows = plainFlows(31, 700, kind)
    for (const step of [1, 2, 3, 50]) {
      for (const counters of ['raw', 'scaled'] as const) {
        for (const deduplicate of ['none', 'edge'] as const) {
          for (const hasList of [false, true]) {
            const filter = everyOf(step, hasList)
            const query: Query = { ...EMPTY_QUERY, measures, filter, counters, deduplicate }
            const sources = [memoryFile(flows, 120), memoryStream(flows, 120)]
            const wanted = summed(flows, step, 120, query)
            for (const source of sources) {
              const [table] = await runQueries([query], [source], OPTIONS)
              assert.equal(table!.totals.map(String), wanted.map(String), `${step} ${counters}`)
              assert.is(table!.quality.rowsCounted, Number(wanted[2]))
            }
          }
        }
      }
    }
  })
}

test.run()
