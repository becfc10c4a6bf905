import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { AddressFact } from '../../flow/address-fact.ts'
import { F, type Field } from '../../flow/fields.ts'
import { percentileOf } from '../courses.ts'
import { DOT } from '../formats/dot.ts'
import { queryOf, type Setting } from '../question.ts'
import type { Laid, Names, ReportCell } from '../report.ts'
import { runQueries } from '../run.ts'
import { memoryFile } from '../testing/memory-source.ts'
import { NOTHING_ASKED } from '../testing/nothing-asked.ts'
import { type PlainFlow, plainFlows } from '../testing/plain-flows.ts'
import { CAPACITY, daysToFull } from './capacity.ts'
import { DIFF } from './diff.ts'
import { MATRIX } from './matrix.ts'
import { NEW } from './new.ts'
import { P95 } from './p95.ts'
import type { Asked, Preset } from './preset.ts'
import { QUALITY } from './quality.ts'
import { bitRate } from './rates.ts'

// Reports that measure, against what plain arithmetic says of each flow.

const SECOND = 1_000_000_000n
const START = 1_767_225_600n * SECOND
const MINUTE = 60n * SECOND
/** All into the bin of their start: sums can be done by hand. */
const FLOWS = plainFlows(3, 2000).map((flow) => new Map(flow).set(F.flowStart, flow.get(F.flowEnd)!))

const isLocal = (words: readonly number[]) => words[2] === 0xffff && words[3]! >>> 24 === 10
const netOf = (words: readonly number[]) => (isLocal(words) ? `net ${(words[3]! >>> 16) & 0xff}` : null)
const local: AddressFact = {
  name: 'local.net',
  fill(words, from, to, out) {
    for (let i = from; i < to; i++) {
      const own = [...words.subarray(i * 4, i * 4 + 4)]
      out[i] = isLocal(own) ? ((own[3]! >>> 16) & 0xff) + 1 : 0
    }
  },
  text: (value) => (value === 0 ? '' : `net ${value - 1}`),
  find: () => -1,
}
const SETTING: Setting = {
  names: { facts: new Map([['local.net', local]]), as: { before: null, exporter: true, after: null } },
  fromNs: null,
  toNs: null,
  timeZone: 'UTC',
  allocation: 'start',
  activeTimeoutMs: null,
  counters: 'scaled',
  deduplicate: 'none',
  local,
  selector: () => null,
}
const NAMES: Names = {
  system: (number) => (number === 64_500 ? 'Example' : ''),
  service: () => '',
  protocol: String,
  interfaceName: (_, index) => (index === 1 ? 'uplink' : ''),
  interfaceSpeed: (_, index) => (index === 1 ? 1_000_000 : 0),
}
const OPTIONS = { memoryOctets: 2 ** 28, temporaryDirectory: tmpdir() }

async function ask(
  preset: Preset,
  asked: Partial<Asked>,
  flags: Readonly<Record<string, string>> = {},
  flows: readonly PlainFlow[] = FLOWS,
): Promise<Laid> {
  const flag = (name: string) =>
    flags[name] ?? preset.flags.find((each) => each.name === name)?.default ?? null
  const isOn = (name: string) => flags[name] === 'true'
  const plan = await preset.plan({ ...NOTHING_ASKED, flag, isOn, ...asked })
  const setting = { ...SETTING, fromNs: asked.fromNs ?? null, toNs: asked.toNs ?? null }
  const inputs = [memoryFile(flows, 64)]
  if (plan.kind === 'reading') return plan.read(inputs, setting, OPTIONS, NAMES)
  if (plan.kind === 'rows') throw new Error('no questions')
  const queries = plan.questions.map((question) => queryOf(question, setting))
  return plan.lay(await runQueries(queries, inputs, OPTIONS), NAMES)
}

function objects({ sections }: Laid, place = 0): Record<string, ReportCell>[] {
  const { columns, rows } = sections[place]!
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i]!])))
}

const number = (flow: PlainFlow, field: Field) => (flow.get(field) as bigint | undefined) ?? 0n
const rateOf = (flow: PlainFlow) => number(flow, F.samplingRate) || 1n
const octetsOf = (flow: PlainFlow) => number(flow, F.octetDeltaCount) * rateOf(flow)
const words = (flow: PlainFlow, field: Field) => flow.get(field) as readonly number[]
const bins = (from: bigint, count: number) =>
  Array.from({ length: count }, (_, i) => from + BigInt(i) * MINUTE)

/** bit/s in each minute, of flows that are told to count. */
function course(times: readonly bigint[], counts: (flow: PlainFlow) => boolean): number[] {
  return times.map((time) => {
    const octets = FLOWS.filter((flow) => {
      const at = number(flow, F.flowStart)
      return counts(flow) && at >= time && at < time + MINUTE
    }).reduce((sum, flow) => sum + octetsOf(flow), 0n)
    return Math.round((Number(octets) * 8) / 60)
  })
}

const isFrom = (flow: PlainFlow, net: string) => netOf(words(flow, F.sourceAddress)) === net
const isTo = (flow: PlainFlow, net: string) => netOf(words(flow, F.destinationAddress)) === net
const isCrossing = (flow: PlainFlow) =>
  isLocal(words(flow, F.sourceAddress)) !== isLocal(words(flow, F.destinationAddress))

test('the percentile is the value at rank ceil(p n), and the first bin that has it', () => {
  const values = Array.from({ length: 20 }, (_, i) => 20 - i)
  assert.equal(percentileOf(values, 95), { value: 19, bin: 1 })
  assert.equal(percentileOf([5, null, 5, 1], 95), { value: 5, bin: 0 })
  assert.equal(percentileOf([1, 2, 3], 100), { value: 3, bin: 2 })
  assert.is(percentileOf([null], 95), null)
})

test('p95 of networks is what each minute gives by hand, for every method', async () => {
  const window = { fromNs: START, toNs: START + 10n * MINUTE }
  const times = bins(START, 10)
  for (const method of ['max', 'in', 'out', 'sum']) {
    const laid = await ask(P95, { ...window, binMs: 60_000 }, { method, commit: '1M' })
    const rows = objects(laid)
    assert.ok(rows.length >= 4)
    for (const row of rows) {
      const net = String(row['local.net'])
      const into = course(times, (flow) => isCrossing(flow) && isTo(flow, net))
      const out = course(times, (flow) => isCrossing(flow) && isFrom(flow, net))
      const nth = (values: number[]) => [...values].sort((a, b) => a - b)[9]!
      assert.is(row['in.p95'], nth(into), net)
      assert.is(row['out.p95'], nth(out), net)
      const both = into.map((value, i) => value + out[i]!)
      const billed = { max: Math.max(nth(into), nth(out)), in: nth(into), out: nth(out), sum: nth(both) }[
        method
      ]!
      // Each way is rounded for itself.
      assert.ok(Math.abs(Number(row['billed']) - billed) <= 1)
      assert.is(row['over'], Math.max(0, Number(row['billed']) - 1_000_000))
      assert.is(row['expected'], 10)
    }
    assert.match(laid.notes[0]!, 'ceil(0.95 n)')
  }
})

test('bins without data count as zero, or not at all', async () => {
  const window = { fromNs: START - 60n * MINUTE, toNs: START + 5n * MINUTE, binMs: 60_000 }
  const [zero] = objects(await ask(P95, window))
  const [excluded] = objects(await ask(P95, window, { missing: 'exclude' }))
  assert.is(zero!['expected'], 65)
  assert.ok(Number(zero!['samples']) < 10)
  assert.ok(Number(excluded!['billed']) > Number(zero!['billed']))
  assert.ok(Number(excluded!['avg']) > Number(zero!['avg']))
})

test('the audit file gives the billed value again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-p95-'))
  try {
    const path = join(folder, 'bins.csv')
    const window = { fromNs: START, toNs: START + 8n * MINUTE, binMs: 60_000 }
    const [first] = objects(await ask(P95, window, { 'bins-out': path }))
    const [head, ...lines] = readFileSync(path, 'utf8').trim().split('\n')
    assert.is(head, 'local.net,time,seconds,bytes.in,bytes.out,bps.in,bps.out,data')
    const own = lines.map((line) => line.split(',')).filter(([net]) => net === first!['local.net'])
    assert.is(own.length, 8)
    const values = own.map((cells) => Number(cells[first!['billed.by'] === 'in' ? 5 : 6]))
    assert.is(values.sort((a, b) => a - b)[Math.ceil(0.95 * 8) - 1], first!['billed'])
    for (const cells of own)
      assert.is(Math.round((Number(cells[3]) * 8) / Number(cells[2])), Number(cells[5]))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('p95 by interface counts what came in and what went out there', async () => {
  const flows = FLOWS.map((flow) => new Map(flow).set(F.egressInterface, 9n))
  const window = { fromNs: START, toNs: START + 8n * MINUTE, binMs: 60_000 }
  const rows = objects(await ask(P95, { ...window, by: ['if'] }, {}, flows))
  const nine = rows.filter((row) => row['if'] === 9)
  assert.is(nine.length, 3)
  for (const row of nine) assert.is(row['in.p95'], 0)
  assert.ok(rows.some((row) => row['name'] === 'uplink' && row['out.p95'] === 0))
})

test('a matrix adds up: cells to rows and columns, those to the total', async () => {
  const [section] = (await ask(MATRIX, { by: ['net x net'], top: [2] })).sections
  const sums = section!.rows.map((row) => row.slice(1).map(Number))
  for (const row of sums)
    assert.is(
      row.slice(0, -1).reduce((a, b) => a + b),
      row.at(-1),
    )
  const last = sums.at(-1)!
  for (const i of last.keys())
    assert.is(
      sums.slice(0, -1).reduce((sum, row) => sum + row[i]!, 0),
      last[i],
    )
  assert.is(last.at(-1), Number(FLOWS.reduce((sum, flow) => sum + octetsOf(flow), 0n)))
  assert.equal([section!.rows.at(-2)![0], section!.rows.at(-1)![0]], ['others', 'total'])
})

test('every cell of a long matrix is the sum of its flows', async () => {
  const rows = objects(await ask(MATRIX, { by: ['net x net'], top: [0] }, { long: 'true' }))
  const sums = new Map<string, bigint>()
  for (const flow of FLOWS) {
    const key = [F.sourceAddress, F.destinationAddress]
      .map((field) => netOf(words(flow, field)) ?? 'none')
      .join()
    sums.set(key, (sums.get(key) ?? 0n) + octetsOf(flow))
  }
  assert.equal(new Map(rows.map((row) => [`${row['src.net']},${row['dst.net']}`, row['bytes']])), sums)
})

test('a graph has an edge for each cell, and names cannot break out', async () => {
  const laid = await ask(MATRIX, { by: ['net x net'] })
  const text = [
    ...DOT.write(
      { name: 'a"b\n', ...laid, footer: [], queries: [] },
      { width: 80, isColored: false, timeZone: 'UTC' },
    ),
  ].join('')
  assert.match(text, /^digraph "a\\"b " \{/)
  assert.match(text, /"net 0" -> "none" \[label="[^"]+", penwidth=[0-9.]+\];/)
  assert.not.match(text, 'total')
})

test('diff tells what was there now and before, new and gone, by hand', async () => {
  const now = { fromNs: START + 4n * MINUTE, toNs: START + 6n * MINUTE }
  const rows = objects(await ask(DIFF, { ...now, by: ['src.port'] }, { 'top-change': '0' }))
  const sum = (port: bigint, from: bigint, to: bigint) =>
    Number(
      FLOWS.filter((flow) => {
        const at = number(flow, F.flowStart)
        return at >= from && at < to && number(flow, F.sourceTransportPort) === port
      }).reduce((total, flow) => total + octetsOf(flow), 0n),
    )
  assert.ok(rows.length > 50)
  for (const row of rows) {
    const port = BigInt(Number(row['src.port']))
    const [a, b] = [sum(port, now.fromNs, now.toNs), sum(port, now.fromNs - 2n * MINUTE, now.fromNs)]
    assert.equal([row['bytes'], row['before'], row['change']], [a, b, a - b])
    assert.is(row['state'], b === 0 ? 'new' : a === 0 ? 'gone' : a > b ? 'more' : a < b ? 'less' : 'same')
  }
  const changes = rows.map((row) => Math.abs(Number(row['change'])))
  assert.equal(
    changes,
    [...changes].sort((x, y) => y - x),
  )
})

test('diff scales a window of another length', async () => {
  const now = { fromNs: START + 6n * MINUTE, toNs: START + 8n * MINUTE }
  const compare = '2026-01-01T00:00:00Z..2026-01-01T00:04:00Z'
  const [section] = (await ask(DIFF, { ...now, by: ['proto'] }, { compare })).sections
  const all = FLOWS.filter(
    (flow) => number(flow, F.flowStart) >= START && number(flow, F.flowStart) < START + 4n * MINUTE,
  )
  const half = Math.round(Number(all.reduce((sum, flow) => sum + octetsOf(flow), 0n)) / 2)
  assert.is(section!.totals![2], half)
})

test('diff wants a window, and a time to compare with that is one', async () => {
  for (const [asked, flags] of [
    [{}, {}],
    [{ fromNs: 1n, toNs: 2n }, { compare: 'yesterday' }],
    [{ fromNs: 1n, toNs: 2n }, { compare: '2026-01-02..2026-01-01' }],
  ] as const) {
    try {
      await ask(DIFF, asked, flags)
      assert.unreachable()
    } catch (error) {
      assert.match(String(error), /diff: say which time|--compare/)
    }
  }
})

const portsIn = (from: bigint, to: bigint) =>
  new Set(
    FLOWS.filter((flow) => number(flow, F.flowStart) >= from && number(flow, F.flowStart) < to).map((flow) =>
      Number(number(flow, F.sourceTransportPort)),
    ),
  )

test('new are the keys that the days before did not have', async () => {
  const window = { fromNs: START + 4n * MINUTE, toNs: START + 5n * MINUTE, by: ['src.port'], top: [0] }
  const rows = objects(await ask(NEW, window))
  const old = portsIn(0n, window.fromNs)
  const fresh = [...portsIn(window.fromNs, window.toNs)].filter((port) => !old.has(port))
  assert.equal(
    rows.map((row) => Number(row['src.port'])).sort((a, b) => a - b),
    fresh.sort((a, b) => a - b),
  )
})

test('a list of keys seen gives the same as the flows, twice too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-seen-'))
  const seen = join(folder, 'ports.seen')
  try {
    const ports = async (from: bigint, to: bigint) => {
      const asked = { fromNs: START + from * MINUTE, toNs: START + to * MINUTE, by: ['src.port'], top: [0] }
      return objects(await ask(NEW, asked, { seen }))
        .map((row) => Number(row['src.port']))
        .sort((a, b) => a - b)
    }
    await ports(0n, 4n)
    const once = await ports(4n, 5n)
    const old = portsIn(START, START + 4n * MINUTE)
    const fresh = [...portsIn(START + 4n * MINUTE, START + 5n * MINUTE)].filter((port) => !old.has(port))
    assert.equal(
      once,
      fresh.sort((a, b) => a - b),
    )
    assert.equal(await ports(4n, 5n), once)
    assert.equal(await ports(3n, 4n).then((all) => all.length >= 0), true)
    writeFileSync(seen, 'something else\n')
    try {
      await ports(0n, 1n)
      assert.unreachable()
    } catch (error) {
      assert.match(String(error), 'no list of keys')
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('capacity finds the peak minute and the hours above the borders', async () => {
  const window = { fromNs: START, toNs: START + 8n * MINUTE }
  const rows = objects(await ask(CAPACITY, { ...window, top: [0] }))
  const one = rows.find((row) => row['if'] === 1 && row['way'] === 'in')!
  const times = bins(START, 8)
  const exporter = Number(String(one['exporter']).split('.')[3]) - 1
  const rates = course(
    times,
    (flow) =>
      number(flow, F.ingressInterface) === 1n && words(flow, F.exporterAddress)[3] === 0xc6336401 + exporter,
  )
  assert.is(one['peak'], Math.max(...rates))
  assert.is(one['peak.at'], times[rates.indexOf(Math.max(...rates))])
  assert.is(one['speed'], 1_000_000)
  for (const border of [70, 80, 90]) {
    const above = rates.filter((rate) => rate > border * 10_000).length
    assert.is(one[`hours.${border}`], Math.round((above / 60) * 100) / 100)
  }
})

test('the trend of days says when 80% is reached', () => {
  const fives = [0, 1, 2, 3].map((day) => ({ time: BigInt(day) * 86_400n * SECOND, rate: 100 + day * 10 }))
  assert.is(daysToFull(fives, 200), 7)
  assert.is(daysToFull(fives, 100), 0)
  assert.is(daysToFull(fives.slice(0, 2), 200), null)
  assert.is(
    daysToFull(
      fives.map(({ time }) => ({ time, rate: 50 })),
      200,
    ),
    null,
  )
})

test('empty inputs give empty answers', async () => {
  const window = { fromNs: START, toNs: START + MINUTE }
  for (const preset of [P95, MATRIX, DIFF, NEW, CAPACITY, QUALITY]) {
    const laid = await ask(preset, window, {}, [])
    assert.is(laid.sections[0]!.rows.length, 0, preset.name)
  }
})

test('rates are read with their units', () => {
  assert.is(bitRate('commit', '100M'), 100_000_000)
  assert.is(bitRate('commit', '2.5G'), 2_500_000_000)
  assert.throws(() => bitRate('commit', 'much'), /--commit much/)
})

test.run()
