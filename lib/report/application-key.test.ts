import { tmpdir } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAddress } from '../bytes/address.ts'
import { F } from '../flow/fields.ts'
import { APPLICATION_ID } from '../flow/said-texts.ts'
import { newRandom } from '../testing/workload.ts'
import { parseKey } from './names.ts'
import { EMPTY_QUERY, type Key, type Measure, type Query, type ResultTable } from './query.ts'
import { canBeShared, runQueries } from './run.ts'
import { memoryFile, memoryStream } from './testing/memory-source.ts'
import { naiveAnswer } from './testing/naive-answer.ts'
import { type PlainFlow, plainFlows } from './testing/plain-flows.ts'

const OPTIONS = { memoryOctets: 2 ** 28, temporaryDirectory: tmpdir() }
const SUMS: readonly Measure[] = [
  { kind: 'counter', name: 'bytes', counter: 'octets' },
  { kind: 'counter', name: 'packets', counter: 'packets' },
  { kind: 'counter', name: 'flows', counter: 'flows' },
]

/** Few names for many ids: some shared by exporters, some ids with another name at each, some with none. */
function name(exporter: string, id: string): string {
  const selector = Number.parseInt(id.slice(2), 16)
  if (id.length < 4 || selector % 7 === 0) return ''
  if (selector % 3 === 0) return `ü-${selector % 2}`
  return selector % 3 === 1 ? `${exporter} ${selector % 5}` : `13:${selector}`
}

const KNOWN = { facts: new Map(), as: { before: null, exporter: false, after: null }, applicationName: name }
const application: Key = parseKey('app', KNOWN)
const port: Key = { kind: 'field', name: 'dst.port', field: F.destinationTransportPort }

function flows(seed: number, count: number): PlainFlow[] {
  const random = newRandom(seed)
  return plainFlows(seed, count, { gaps: true }).map((flow) => {
    const kind = random(10)
    if (kind === 0) return flow
    const id = kind === 1 ? '0d' : `0d${random(40).toString(16).padStart(6, '0')}`
    return new Map([...flow, [APPLICATION_ID, id]])
  })
}

function naiveName(flow: PlainFlow): string | null {
  const words = flow.get(F.exporterAddress) as readonly number[] | undefined
  const id = flow.get(APPLICATION_ID) as string | undefined
  // Columns have the address :: where a row has none.
  const exporter = formatAddress(Uint32Array.from(words ?? [0, 0, 0, 0]), 0)
  return id === undefined ? null : name(exporter, id) || null
}

async function answers(rows: readonly PlainFlow[], more: Partial<Query>): Promise<ResultTable[]> {
  const query: Query = { ...EMPTY_QUERY, measures: SUMS, ...more }
  const inputs = [
    [memoryFile(rows, 70)],
    [memoryStream(rows, 33)],
    [memoryFile(rows.slice(0, 200), 64), memoryStream(rows.slice(200), 50)],
  ]
  const tables: ResultTable[] = []
  for (const own of inputs) tables.push((await runQueries([query], own, OPTIONS))[0]!)
  return tables
}

test('groups by names are what one gets row by row, of files, streams and both', async () => {
  for (const seed of [1, 2, 3]) {
    const rows = flows(seed, 700)
    for (const isWithPort of [false, true]) {
      const keys = isWithPort ? [port, application] : [application]
      const naive = naiveAnswer(rows, {
        keys: (flow) => {
          const own = flow.get(F.destinationTransportPort) as bigint | undefined
          return isWithPort ? [own === undefined ? null : String(own), naiveName(flow)] : [naiveName(flow)]
        },
      })
      const wanted = [...naive].map(([key, { octets, packets, flows: count }]) => [
        key,
        octets,
        packets,
        count,
      ])
      for (const table of await answers(rows, { keys })) {
        const got = table.rows.map((row) => [row.slice(0, keys.length).join('|'), ...row.slice(keys.length)])
        const byKey = (a: readonly unknown[], b: readonly unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1)
        assert.equal(got.sort(byKey), wanted.sort(byKey))
      }
    }
  }
})

test('distinct names are counted once, flows without one are none', async () => {
  const rows = flows(9, 500)
  const naive = naiveAnswer(rows, { keys: () => [], distinct: naiveName })
  const measures: readonly Measure[] = [{ kind: 'distinct', name: 'uniq(app)', key: application }]
  for (const table of await answers(rows, { measures }))
    assert.equal(table.rows, [[BigInt(naive.get('')!.distinct.size)]])
})

test('the first groups are told by measure, equals by name, and the others in one row', async () => {
  const rows = flows(5, 300)
  const naive = naiveAnswer(rows, { keys: (flow) => [naiveName(flow)] })
  const sorted = [...naive].sort(([a, x], [b, y]) => Number(y.octets - x.octets) || (a < b ? -1 : 1))
  for (const table of await answers(rows, { keys: [application], limit: 3, others: true })) {
    assert.equal(
      table.rows.map(([key, bytes]) => [key ?? '', bytes]),
      sorted.slice(0, 3).map(([key, { octets }]) => [key, octets]),
    )
    assert.is(
      table.others[0]![1],
      sorted.slice(3).reduce((sum, [, { octets }]) => sum + octets, 0n),
    )
  }
})

test('numbers of names are a thread’s own: such questions are not shared among threads', () => {
  assert.not(canBeShared([{ ...EMPTY_QUERY, keys: [application], measures: SUMS }]))
  assert.ok(canBeShared([{ ...EMPTY_QUERY, keys: [port], measures: SUMS }]))
})

test('each word for it is the same key under its own name', () => {
  for (const word of ['application', 'app', 'app.name', 'network.application'])
    assert.equal(parseKey(word, KNOWN), { kind: 'application', name: word, text: name })
})

test.run()
