import { tmpdir } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { F } from '../flow/fields.ts'
import type { FlowFile } from '../flow/source.ts'
import { BlockDealer } from './block-dealer.ts'
import { EMPTY_QUERY, type Key, type Measure, type Query } from './query.ts'
import { canBeShared, runPart, runQueries } from './run.ts'
import { memoryFile } from './testing/memory-source.ts'
import { type PlainFlow, plainFlows } from './testing/plain-flows.ts'

const OPTIONS = { memoryOctets: 2 ** 26, temporaryDirectory: tmpdir() }

/** A file whose addresses are known before they are read, as those of finished archives are. */
function learnt(flows: readonly PlainFlow[]): FlowFile {
  const file = memoryFile(flows, 60)
  for (const index of file.blocks.keys())
    for (const field of [F.sourceAddress, F.destinationAddress, F.exporterAddress])
      file.block(index)!.readCodes(field, [])
  return file
}

/** Deals every second number, so that two threads have something of everything. */
class Alternating extends BlockDealer {
  #number: number

  constructor(first: number) {
    super()
    this.#number = first - 2
  }

  override next(): number {
    this.#number += 2
    return this.#number
  }
}

const source: Key = { kind: 'address', name: 'src.ip', side: 'source' }
const port: Key = { kind: 'field', name: 'dst.port', field: F.destinationTransportPort }
const start: Key = { kind: 'field', name: 'start', field: F.flowStart }
const time: Key = { kind: 'time', name: 'time' }
const measures: readonly Measure[] = [
  { kind: 'counter', name: 'bytes', counter: 'octets' },
  { kind: 'counter', name: 'packets', counter: 'packets' },
  { kind: 'counter', name: 'flows', counter: 'flows' },
  { kind: 'distinct', name: 'uniq', key: port },
  { kind: 'column', name: 'most', field: F.octetDeltaCount, operation: 'max' },
  { kind: 'column', name: 'least', field: F.ingressInterface, operation: 'min' },
]
const queries: readonly Query[] = [
  { ...EMPTY_QUERY, measures },
  { ...EMPTY_QUERY, measures, keys: [source], limit: 7, others: true },
  { ...EMPTY_QUERY, measures, keys: [start, source, port], limit: 300 },
  { ...EMPTY_QUERY, measures, keys: [time, port], binMs: 10_000 },
  { ...EMPTY_QUERY, measures, keys: [source, port], per: [5, 2], counters: 'raw' },
  { ...EMPTY_QUERY, measures: measures.slice(0, 3), keys: [source], deduplicate: 'exporter' },
]

for (const count of [1, 3]) {
  for (const memoryOctets of [2 ** 26, 300_000]) {
    test(`parts of ${count} files and ${memoryOctets} octets of memory make the whole answer`, async () => {
      const flows = plainFlows(11, 900, { gaps: true })
      const files = () => [0, 200, 400].slice(0, count).map((from) => learnt(flows.slice(from, from + 500)))
      const options = { ...OPTIONS, memoryOctets }
      const whole = await runQueries(queries, files(), options)
      const part = runPart(queries, files(), options, new Alternating(1))
      const helpers = { dealer: new Alternating(0), parts: async () => [structuredClone(await part)] }
      const together = await runQueries(queries, files(), { ...options, helpers })
      for (const [i, table] of whole.entries()) {
        assert.equal(together[i]!.rows, table.rows)
        assert.equal(together[i]!.totals, table.totals)
        assert.equal(together[i]!.others, table.others)
        assert.equal({ ...together[i]!.quality, spilledOctets: 0 }, { ...table.quality, spilledOctets: 0 })
      }
    })
  }
}

/** Says that there are many more rows, which lie in another year. */
function promising(file: FlowFile, rows: number): FlowFile {
  const other = file.blocks.map((facts) => ({ ...facts, rows, greatestEnd: 1n, greatestReceived: 1n }))
  return { ...file, addresses: file.addresses, blocks: [...file.blocks, ...other] }
}

for (const rows of [1, 2 ** 20]) {
  test(`AS numbers beyond the common ones are groups, too, in whichever file they stand (${rows})`, async () => {
    const system: Key = {
      ...{ kind: 'as', name: 'as', side: 'destination', before: null, after: null },
      ...{ exporter: true, shows: 'number' },
    }
    const query = { ...EMPTY_QUERY, measures: measures.slice(0, 3), keys: [system], counters: 'raw' as const }
    const window = { fromNs: 2n, toNs: 2n ** 62n }
    for (const odd of [[], [1], [0, 2]]) {
      const lists = [0, 1, 2].map((file) =>
        plainFlows(20 + file, 200).map((flow, i): PlainFlow => {
          const number =
            odd.includes(file) && i % 50 === 7 ? 4_200_000_000n + BigInt(i) : BigInt(i % 70) * 5000n
          return new Map([...flow, [F.bgpDestinationAsNumber, number]])
        }),
      )
      const wanted = new Map<number, bigint>()
      for (const flow of lists.flat()) {
        const number = Number(flow.get(F.bgpDestinationAsNumber))
        wanted.set(number, (wanted.get(number) ?? 0n) + (flow.get(F.octetDeltaCount) as bigint))
      }
      const files = () => lists.map((flows) => promising(learnt(flows), rows))
      const asked = [{ ...query, ...window }]
      const [whole] = await runQueries(asked, files(), OPTIONS)
      assert.equal(new Map(whole!.rows.map(([number, octets]) => [number, octets])), wanted)
      for (const first of [0, 1]) {
        const part = await runPart(asked, files(), OPTIONS, new Alternating(1 - first))
        const helpers = { dealer: new Alternating(first), parts: async () => [structuredClone(part)] }
        const [together] = await runQueries(asked, files(), { ...OPTIONS, helpers })
        assert.equal(together!.rows, whole!.rows)
        assert.equal(together!.totals, whole!.totals)
      }
    }
  })
}

test('threads that came when all pieces were taken are not waited for', async () => {
  const files = [learnt(plainFlows(11, 300, { gaps: true }))]
  const whole = await runQueries(queries, files, OPTIONS)
  const left: number[] = []
  const helpers = {
    dealer: new BlockDealer(),
    onPiece: (pieces: number) => left.push(pieces),
    parts: () => Promise.reject(new Error('nobody has anything')),
  }
  const alone = await runQueries(queries, files, { ...OPTIONS, helpers })
  assert.equal(left.at(-1), 0)
  assert.is(left.length, files[0]!.blocks.length)
  assert.equal(
    alone.map(({ rows }) => rows),
    whole.map(({ rows }) => rows),
  )
})

test('questions by texts are not shared: their numbers are those of one thread', () => {
  assert.ok(canBeShared(queries))
  const key: Key = { kind: 'field', name: 'text', field: F.lineText }
  assert.not(canBeShared([{ ...EMPTY_QUERY, measures: measures.slice(0, 1), keys: [key] }]))
})

test.run()
