import { tmpdir } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAddress } from '../bytes/address.ts'
import type { AddressFact } from '../flow/address-fact.ts'
import { F, type Field } from '../flow/fields.ts'
import { EMPTY_QUERY, type Key, type Measure, type Query, type ResultTable } from './query.ts'
import { runQueries } from './run.ts'
import { memoryFile, memoryStream } from './testing/memory-source.ts'
import { type NaiveQuestion, naiveAnswer, number } from './testing/naive-answer.ts'
import { type PlainFlow, plainFlows } from './testing/plain-flows.ts'

const OPTIONS = { memoryOctets: 2 ** 28, temporaryDirectory: tmpdir() }
const SECOND = 1_000_000_000n
const START = 1_767_225_600n * SECOND

const SUMS: readonly Measure[] = [
  { kind: 'counter', name: 'bytes', counter: 'octets' },
  { kind: 'counter', name: 'packets', counter: 'packets' },
  { kind: 'counter', name: 'flows', counter: 'flows' },
]
const key = {
  source: { kind: 'address', name: 'src.ip', side: 'source' },
  destination: { kind: 'address', name: 'dst.ip', side: 'destination' },
  localAddress: { kind: 'address', name: 'local.ip', side: 'local' },
  remoteAddress: { kind: 'address', name: 'remote.ip', side: 'remote' },
  prefix: { kind: 'prefix', name: 'src.ip/24', side: 'source', ipv4Bits: 24, ipv6Bits: 64 },
  port: { kind: 'field', name: 'dst.port', field: F.destinationTransportPort },
  remotePort: { kind: 'port', name: 'remote.port', side: 'remote' },
  protocol: { kind: 'field', name: 'proto', field: F.protocolIdentifier },
  input: { kind: 'field', name: 'in.if', field: F.ingressInterface },
  start: { kind: 'field', name: 'start', field: F.flowStart },
  direction: { kind: 'direction', name: 'direction' },
  service: { kind: 'service', name: 'service' },
  pair: { kind: 'pair', name: 'pair' },
  time: { kind: 'time', name: 'time' },
} as const satisfies Record<string, Key>

/** 10.0.0.0/8: 1 and up by the second octet. */
const local: AddressFact = {
  name: 'net',
  fill(words, from, to, out) {
    for (let i = from; i < to; i++) {
      const isOurs = words[i * 4 + 2] === 0xffff && words[i * 4 + 3]! >>> 24 === 10
      out[i] = isOurs ? 1 + ((words[i * 4 + 3]! >>> 16) & 255) : 0
    }
  },
  text: (value) => (value === 0 ? '' : `net-${value}`),
  find: () => -1,
}

function address(flow: PlainFlow, field: Field): string | null {
  const words = flow.get(field) as readonly number[] | undefined
  return words === undefined ? null : formatAddress(Uint32Array.from(words), 0)
}

function isLocal(text: string | null): boolean {
  return text?.startsWith('10.') ?? false
}

function directionOf(flow: PlainFlow): 'in' | 'out' | 'internal' | 'transit' {
  const [from, to] = [isLocal(address(flow, F.sourceAddress)), isLocal(address(flow, F.destinationAddress))]
  return from ? (to ? 'internal' : 'out') : to ? 'in' : 'transit'
}

const naive: Record<keyof typeof key, (flow: PlainFlow) => string | null> = {
  source: (flow) => address(flow, F.sourceAddress),
  destination: (flow) => address(flow, F.destinationAddress),
  localAddress(flow) {
    const direction = directionOf(flow)
    if (direction === 'transit') return null
    return address(flow, direction === 'in' ? F.destinationAddress : F.sourceAddress)
  },
  remoteAddress: (flow) => address(flow, directionOf(flow) === 'in' ? F.sourceAddress : F.destinationAddress),
  prefix(flow) {
    const words = flow.get(F.sourceAddress) as readonly number[] | undefined
    if (words === undefined) return null
    if (words[2] === 0xffff) {
      const [a, b, c] = formatAddress(Uint32Array.from(words), 0).split('.')
      return `${a}.${b}.${c}.0/24`
    }
    return `${formatAddress(Uint32Array.of(words[0]!, words[1]!, 0, 0), 0)}/64`
  },
  port: (flow) => text(number(flow, F.destinationTransportPort)),
  remotePort: (flow) =>
    text(number(flow, directionOf(flow) === 'in' ? F.sourceTransportPort : F.destinationTransportPort)),
  protocol: (flow) => text(number(flow, F.protocolIdentifier)),
  input: (flow) => text(number(flow, F.ingressInterface)),
  start: (flow) => text(number(flow, F.flowStart)),
  direction: directionOf,
  service(flow) {
    const protocol = number(flow, F.protocolIdentifier)
    if (protocol === null) return null
    if (protocol === 1n) return 'icmp'
    const ports = [number(flow, F.sourceTransportPort), number(flow, F.destinationTransportPort)]
    const known = ports.filter((port) => port !== null).map(Number)
    return `${known.length === 0 ? 0 : Math.min(...known)}/${protocol === 6n ? 'tcp' : 'udp'}`
  },
  pair(flow) {
    const ends = [F.sourceAddress, F.destinationAddress].map((field) => flow.get(field) as number[])
    if (ends.some((end) => end === undefined)) return null
    const hex = (words: number[]) => words.map((word) => word.toString(16).padStart(8, '0')).join('')
    const [a, b] = ends.sort((x, y) => (hex(x) < hex(y) ? -1 : 1)) as [number[], number[]]
    return [a, b].map((words) => formatAddress(Uint32Array.from(words), 0)).join(' <> ')
  },
  time: () => null,
}

function text(value: bigint | null): string | null {
  return value === null ? null : String(value)
}

/** Rows by their keys' texts, as the naive answer has them; rows of zeros left out. */
function grouped(table: ResultTable): Map<string, readonly bigint[]> {
  const rows = new Map<string, readonly bigint[]>()
  const keys = table.columns.filter(({ role }) => role === 'key').length
  for (const row of table.rows) {
    const time = table.columns.findIndex(({ unit, name }) => unit === 'time' && name === 'time')
    const own = row.slice(0, keys).filter((_, i) => i !== time)
    const name = own.join('|') + (time >= 0 ? `@${row[time]}` : '')
    const cells = row.slice(keys) as bigint[]
    if (cells.every((cell) => cell === null || cell === 0n)) continue
    assert.not.ok(rows.has(name), `${name} stands twice`)
    rows.set(name, cells)
  }
  return rows
}

function expectEqual(table: ResultTable, flows: readonly PlainFlow[], question: NaiveQuestion): void {
  const wanted = naiveAnswer(flows, question)
  const got = grouped(table)
  for (const [name, group] of wanted) {
    const cells = [group.octets, group.packets, group.flows]
    if (question.distinct !== undefined) cells.push(BigInt(group.distinct.size))
    if (cells.every((cell) => cell === 0n)) continue
    assert.equal(got.get(name), cells, name)
    got.delete(name)
  }
  assert.equal([...got.keys()], [], 'groups that nobody asked for')
}

const KEY_SETS: readonly (readonly (keyof typeof key)[])[] = [
  [],
  ['source'],
  ['prefix'],
  ['port'],
  ['input'],
  ['start'],
  ['direction'],
  ['service'],
  ['pair'],
  ['localAddress'],
  ['remoteAddress', 'remotePort'],
  ['source', 'destination', 'port'],
  ['protocol', 'input', 'direction', 'source', 'destination', 'start'],
]

function queryOf(names: readonly (keyof typeof key)[], more: Partial<Query> = {}): Query {
  return { ...EMPTY_QUERY, keys: names.map((name) => key[name]), measures: SUMS, local, ...more }
}

function questionOf(names: readonly (keyof typeof key)[], more: Partial<NaiveQuestion> = {}): NaiveQuestion {
  const own = names.filter((name) => name !== 'time')
  return { keys: (flow) => own.map((name) => naive[name](flow)), ...more }
}

test('groups of every kind of key are what counting row by row gives, over files and streams', async () => {
  const flows = plainFlows(1, 500, { gaps: true })
  const inputs = [
    memoryFile(flows.slice(0, 200), 90),
    memoryStream(flows.slice(200, 350), 40, 2),
    memoryFile(flows.slice(350), 1000),
  ]
  const tables = await runQueries(
    KEY_SETS.map((names) => queryOf(names)),
    inputs,
    OPTIONS,
  )
  for (const [i, names] of KEY_SETS.entries()) expectEqual(tables[i]!, flows, questionOf(names))
  const [one] = await runQueries([queryOf(['source'])], [memoryFile(flows, 5000)], OPTIONS)
  expectEqual(one!, flows, questionOf(['source']))
})

test('raw counters are those the exporters sent', async () => {
  const flows = plainFlows(2, 300)
  const inputs = [memoryFile(flows, 100)]
  const queries = [queryOf([], { counters: 'raw' }), queryOf(['port'], { counters: 'raw' })]
  const [totals, ports] = await runQueries(queries, inputs, OPTIONS)
  expectEqual(totals!, flows, questionOf([], { isRaw: true }))
  expectEqual(ports!, flows, questionOf(['port'], { isRaw: true }))
  assert.is(totals!.quality.rowsCounted, 300)
})

test('sums beyond 64 bits are exact, products beyond 64 bits are cut and counted', async () => {
  const flows = plainFlows(3, 400, { extreme: true })
  for (const inputs of [
    [memoryFile(flows, 200)],
    [memoryFile(flows.slice(0, 200), 100), memoryStream(flows.slice(200), 50)],
  ]) {
    const sets = [[], ['source'], ['protocol'], ['source', 'destination', 'start']] as const
    const tables = await runQueries(
      sets.map((names) => queryOf(names)),
      inputs,
      OPTIONS,
    )
    for (const [i, names] of sets.entries()) expectEqual(tables[i]!, flows, questionOf(names))
    assert.ok(tables[0]!.quality.saturated > 0)
    assert.ok((tables[0]!.totals[0] as bigint) > 2n ** 64n)
  }
})

test('bins of every allocation hold what counting row by row gives, and add up to the whole', async () => {
  const flows = plainFlows(4, 120, { gaps: true })
  const inputs = () => [memoryFile(flows.slice(0, 80), 50), memoryStream(flows.slice(80), 20)]
  for (const allocation of ['proportional', 'start', 'end', 'uniform', 'max', 'min'] as const) {
    for (const capNs of [undefined, 30n * SECOND]) {
      for (const [fromNs, toNs] of [
        [START + 10n * SECOND, START + 21n * SECOND],
        [START - 60n * SECOND, START + 100n * SECOND],
      ] as const) {
        const own = { allocation, activeTimeoutMs: capNs === undefined ? null : 30_000, fromNs, toNs }
        const queries = [
          queryOf([], own),
          queryOf(['time'], { ...own, binMs: 7000 }),
          queryOf(['protocol', 'time', 'source'], { ...own, binMs: 60_000 }),
        ]
        const tables = await runQueries(queries, inputs(), OPTIONS)
        const asked = { allocation, from: fromNs, to: toNs, ...(capNs === undefined ? {} : { capNs }) }
        expectEqual(tables[0]!, flows, questionOf([], asked))
        expectEqual(tables[1]!, flows, questionOf([], { ...asked, binNs: 7n * SECOND }))
        expectEqual(tables[2]!, flows, questionOf(['protocol', 'source'], { ...asked, binNs: 60n * SECOND }))
        if (allocation === 'proportional') assert.equal(tables[1]!.totals.slice(1), tables[0]!.totals)
      }
    }
  }
})

test('how sampling is known is told of the rows that the window and the filter leave, and of no others', async () => {
  const flows = plainFlows(12, 400, { gaps: true, extreme: true })
  const rateOf = (flow: PlainFlow) => number(flow, F.samplingRate) ?? 0n
  const isBeyond = (flow: PlainFlow) =>
    [F.octetDeltaCount, F.packetDeltaCount].some(
      (field) => (number(flow, field) ?? 0n) * rateOf(flow) >= 2n ** 64n,
    )
  const window = { fromNs: START + 20n * SECOND, toNs: START + 60n * SECOND }
  for (const binMs of [null, 7000]) {
    const inputs = [memoryFile(flows.slice(0, 300), 90), memoryStream(flows.slice(300), 30)]
    const queries = [queryOf(binMs === null ? [] : ['time'], { ...window, binMs })]
    const [table] = await runQueries(queries, inputs, OPTIONS)
    const { quality } = table!
    const counted = (filter: (flow: PlainFlow) => boolean) => {
      const asked = questionOf([], { from: window.fromNs, to: window.toNs, filter })
      return Number(naiveAnswer(flows, asked).get('')?.flows ?? 0n)
    }
    assert.is(
      quality.rowsCounted,
      counted(() => true),
    )
    assert.is(
      quality.unknownSampling,
      counted((flow) => rateOf(flow) === 0n),
    )
    assert.is(
      quality.scaledRows.reduce((sum, rows) => sum + rows, 0),
      counted((flow) => rateOf(flow) > 1n),
    )
    assert.is(quality.saturated, counted(isBeyond))
    assert.ok(quality.unknownSampling > 0 && quality.saturated > 0)
    assert.ok(quality.rowsCounted < flows.length)
  }
})

test('flows that came more than 5 minutes after their end are counted where times matter', async () => {
  const flows = plainFlows(13, 300, { gaps: true }).map((flow, i) => {
    const end = flow.get(F.flowEnd) as bigint | undefined
    const late = BigInt(i % 7) * 100n * SECOND
    return end === undefined || i % 3 > 0 ? flow : new Map([...flow, [F.timeReceived, end + late]])
  })
  const window = { fromNs: START + 20n * SECOND, toNs: START + 50n * SECOND }
  const inputs = [memoryFile(flows.slice(0, 200), 70), memoryStream(flows.slice(200), 50)]
  const [table] = await runQueries([queryOf(['time'], { ...window, binMs: 7000 })], inputs, OPTIONS)
  const isLate = (flow: PlainFlow) => {
    const [end, received] = [
      number(flow, F.flowEnd) ?? number(flow, F.flowStart),
      number(flow, F.timeReceived),
    ]
    return end !== null && received !== null && received - end > 300n * SECOND
  }
  const asked = questionOf([], { from: window.fromNs, to: window.toNs, filter: isLate })
  assert.is(table!.quality.lateRows, Number(naiveAnswer(flows, asked).get('')!.flows))
  assert.ok(table!.quality.lateRows > 5)
})

test('without a window bins reach from the first flow to the last', async () => {
  const flows = plainFlows(5, 200)
  const [table] = await runQueries([queryOf(['time'], { binMs: 60_000 })], [memoryFile(flows, 64)], OPTIONS)
  expectEqual(table!, flows, questionOf([], { binNs: 60n * SECOND }))
  const all = naiveAnswer(flows, questionOf([]))
  assert.equal(table!.totals.slice(1), [all.get('')!.octets, all.get('')!.packets, all.get('')!.flows])
})

test('keys of either end count each flow for its source and once more for its destination, and totals once', async () => {
  const flows = plainFlows(31, 500, { gaps: true })
  const turned = flows.map((flow) => {
    const other = new Map(flow)
    const ends = [
      [F.sourceAddress, F.destinationAddress],
      [F.sourceTransportPort, F.destinationTransportPort],
      [F.ingressInterface, F.egressInterface],
    ] as const
    for (const [a, b] of ends) {
      other.delete(a)
      other.delete(b)
      if (flow.has(b)) other.set(a, flow.get(b)!)
      if (flow.has(a)) other.set(b, flow.get(a)!)
    }
    return other
  })
  const inputs = () => [memoryFile(flows.slice(0, 350), 64), memoryStream(flows.slice(350), 40)]
  const sets = [['source'], ['prefix'], ['source', 'port'], ['input']] as const
  for (const names of sets) {
    const keys = names.map((name) => ({
      ...(name === 'port' ? { kind: 'port' as const, name: 'port', side: 'source' as const } : key[name]),
      eitherEnd: true as const,
    }))
    const own = names.map((name) =>
      name === 'port' ? (flow: PlainFlow) => text(number(flow, F.sourceTransportPort)) : naive[name],
    )
    for (const window of [{}, { from: START + 20n * SECOND, to: START + 70n * SECOND, binNs: 9n * SECOND }]) {
      const { from, to, binNs } = window as { from?: bigint; to?: bigint; binNs?: bigint }
      const bins = binNs === undefined ? {} : { binMs: 9000, fromNs: from!, toNs: to! }
      const query = queryOf([], {
        ...bins,
        keys: binNs === undefined ? keys : [key.time, ...keys],
        others: true,
        limit: 1e6,
      })
      const [table] = await runQueries([query], inputs(), OPTIONS)
      expectEqual(table!, [...flows, ...turned], { keys: (flow) => own.map((of) => of(flow)), ...window })
      const all = naiveAnswer(flows, {
        keys: () => [],
        ...(from === undefined ? {} : { from, to: to! }),
      }).get('')!
      assert.equal(
        table!.totals.filter((cell) => cell !== null),
        [all.octets, all.packets, all.flows],
      )
      assert.equal(table!.others, [])
      assert.is(table!.quality.rowsCounted, Number(all.flows))
    }
  }
  // Directions are those of the flow, and distinct destinations are the other ends.
  const address = { ...key.source, eitherEnd: true as const }
  const distinct: Measure = { kind: 'distinct', name: 'peers', key: key.destination }
  const queries = [
    queryOf([], { keys: [address, key.direction] }),
    queryOf([], { keys: [address], measures: [...SUMS, distinct] }),
  ]
  const [directions, peers] = await runQueries(queries, inputs(), OPTIONS)
  const original = new Map<PlainFlow, PlainFlow>(turned.map((flow, i) => [flow, flows[i]!]))
  expectEqual(directions!, [...flows, ...turned], {
    keys: (flow) => [naive.source(flow), directionOf(original.get(flow) ?? flow)],
  })
  expectEqual(peers!, [...flows, ...turned], {
    keys: (flow) => [naive.source(flow)],
    distinct: naive.destination,
  })
})

test('distinct values are counted exactly, over bins and inputs too', async () => {
  const flows = plainFlows(6, 250, { gaps: true })
  const inputs = [memoryFile(flows.slice(0, 150), 70), memoryStream(flows.slice(150), 30)]
  const measures: Measure[] = [...SUMS, { kind: 'distinct', name: 'uniq', key: key.destination }]
  const own = { measures, fromNs: START, toNs: START + 100n * SECOND }
  const tables = await runQueries(
    [queryOf([], own), queryOf(['source'], own), queryOf(['time', 'port'], { ...own, binMs: 10_000 })],
    inputs,
    OPTIONS,
  )
  const asked = { distinct: naive.destination, from: own.fromNs, to: own.toNs }
  expectEqual(tables[0]!, flows, questionOf([], asked))
  expectEqual(tables[1]!, flows, questionOf(['source'], asked))
  expectEqual(tables[2]!, flows, questionOf(['port'], { ...asked, binNs: 10n * SECOND }))
})

test('what exceeds memory goes to disk and comes back as it was', async () => {
  const flows = plainFlows(7, 1200, { gaps: true })
  const measures: Measure[] = [...SUMS, { kind: 'distinct', name: 'uniq', key: key.port }]
  const queries = [
    queryOf(['start', 'source', 'destination'], { measures, limit: 300 }),
    queryOf(['source', 'time'], { binMs: 10_000 }),
  ]
  const inputs = () =>
    Array.from({ length: 6 }, (_, i) => memoryFile(flows.slice(i * 200, i * 200 + 200), 200))
  const inMemory = await runQueries(queries, inputs(), OPTIONS)
  const onDisk = await runQueries(queries, inputs(), { ...OPTIONS, memoryOctets: 1000 })
  for (const [i, table] of inMemory.entries()) {
    assert.equal(onDisk[i]!.rows, table.rows)
    assert.equal(onDisk[i]!.totals, table.totals)
    assert.is(table.quality.spilledOctets, 0)
    assert.ok(onDisk[i]!.quality.spilledOctets > 0)
  }
})

test.run()
