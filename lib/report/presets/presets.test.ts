import { tmpdir } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { AddressFact } from '../../flow/address-fact.ts'
import { F, type Field } from '../../flow/fields.ts'
import type { Selector } from '../query.ts'
import { queryOf, type Setting, wordsOf } from '../question.ts'
import type { Laid, Names, Part, ReportCell } from '../report.ts'
import { runQueries } from '../run.ts'
import { memoryFile } from '../testing/memory-source.ts'
import { NOTHING_ASKED } from '../testing/nothing-asked.ts'
import { type PlainFlow, plainFlows } from '../testing/plain-flows.ts'
import type { Asked, Preset } from './preset.ts'
import { PRESETS } from './presets.ts'

// Reports against what bigints say, row by row.

const FLOWS = plainFlows(7, 3000)
/** 10.0.0.0/8; networks of it are its /16. */
const isLocal = (words: readonly number[]) => words[2] === 0xffff && words[3]! >>> 24 === 10
const factOf = (name: string, text: (value: number) => string): AddressFact => ({
  name,
  fill(words, from, to, out) {
    for (let i = from; i < to; i++) {
      const own = [...words.subarray(i * 4, i * 4 + 4)]
      out[i] = isLocal(own) ? ((own[3]! >>> 16) & 0xff) + 1 : 0
    }
  },
  text: (value) => (value === 0 ? '' : text(value)),
  find: () => -1,
})
const netText = (value: number) => `10.${value - 1}.0.0/16`
const local = factOf('local', () => 'local')
const NAMES: Names = {
  system: (number) => (number === 64_500 ? 'Example' : ''),
  service: (_, port) => (port === 443 ? 'https' : ''),
  protocol: String,
}

/** The filters that reports add, done by hand. */
function selector(filter: string | null): Selector | null {
  if (filter === null) return null
  assert.is(filter, 'in or out or internal')
  return {
    fields: [F.sourceAddress, F.destinationAddress],
    mayMatch: () => true,
    select(block, selection, problems) {
      const ends = [F.sourceAddress, F.destinationAddress].map((field) => block.read(field, problems)!.column)
      let count = 0
      for (let row = 0; row < block.info.rows; row++) {
        selection[row] = ends.some(
          (column) => column.shape === 'fixed' && isLocal([...column.words.subarray(row * 4, row * 4 + 4)]),
        )
          ? 1
          : 0
        count += selection[row]!
      }
      return count
    },
  }
}

const SETTING: Setting = {
  names: {
    facts: new Map([
      ['local.net', factOf('local.net', netText)],
      ['local.name', factOf('local.name', (value) => `net ${value - 1}`)],
    ]),
    as: { before: null, exporter: true, after: null },
  },
  fromNs: null,
  toNs: null,
  timeZone: 'UTC',
  allocation: 'proportional',
  activeTimeoutMs: null,
  counters: 'scaled',
  deduplicate: 'none',
  local,
  selector,
}

const presetOf = (name: string): Preset => PRESETS.find((preset) => preset.name === name)!

async function ask(name: string, more: Partial<Asked> = {}, flows = FLOWS): Promise<Laid> {
  const plan = await presetOf(name).plan({ ...NOTHING_ASKED, ...more })
  if (plan.kind !== 'questions') throw new Error(`${name} asks no questions`)
  const queries = plan.questions.map((question) => queryOf(question, SETTING))
  const options = { memoryOctets: 2 ** 28, temporaryDirectory: tmpdir() }
  return plan.lay(await runQueries(queries, [memoryFile(flows, 4)], options), NAMES)
}

/** The cells of a section by the names of its columns. */
function objects({ sections }: Laid): Record<string, ReportCell>[] {
  const { columns, rows } = sections[0]!
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i]!])))
}

const number = (flow: PlainFlow, field: Field) => (flow.get(field) as bigint | undefined) ?? 0n
const octetsOf = (flow: PlainFlow) => {
  const rate = number(flow, F.samplingRate)
  return number(flow, F.octetDeltaCount) * (rate > 1n ? rate : 1n)
}
const source = (flow: PlainFlow) => flow.get(F.sourceAddress) as readonly number[]
const destination = (flow: PlainFlow) => flow.get(F.destinationAddress) as readonly number[]

function sums(flows: readonly PlainFlow[], keyOf: (flow: PlainFlow) => string): Map<string, bigint> {
  const found = new Map<string, bigint>()
  for (const flow of flows) found.set(keyOf(flow), (found.get(keyOf(flow)) ?? 0n) + octetsOf(flow))
  return found
}

const atHome = FLOWS.filter((flow) => isLocal(source(flow)) || isLocal(destination(flow)))
const localEnd = (flow: PlainFlow) => (isLocal(source(flow)) ? source(flow) : destination(flow))
const netOf = (flow: PlainFlow) => netText(((localEnd(flow)[3]! >>> 16) & 0xff) + 1)
const remoteAs = (flow: PlainFlow) =>
  String(number(flow, isLocal(source(flow)) ? F.bgpDestinationAsNumber : F.bgpSourceAsNumber))

test('local: bytes each way, hosts and flows of each network, and nothing of what only passes', async () => {
  const rows = objects(await ask('local', { top: [0] }))
  const nets = sums(atHome, netOf)
  assert.is(rows.length, nets.size)
  for (const row of rows) {
    const own = atHome.filter((flow) => netOf(flow) === row['local.net'])
    const out = own.filter((flow) => isLocal(source(flow)) && !isLocal(destination(flow)))
    const into = own.filter((flow) => !isLocal(source(flow)))
    const total = (flows: readonly PlainFlow[]) => flows.reduce((sum, flow) => sum + octetsOf(flow), 0n)
    assert.equal(
      [row['bytes'], row['in'], row['out'], row['flows']],
      [total(own), total(into), total(out), BigInt(own.length)],
    )
    assert.is(row['hosts'], BigInt(new Set(own.map((flow) => localEnd(flow).join())).size))
    assert.match(String(row['local.name']), /^net \d$/)
  }
  const order = rows.map(({ bytes }) => bytes as bigint)
  assert.equal(
    order,
    [...order].sort((a, b) => (a < b ? 1 : -1)),
  )
})

test('local: the three systems with most outgoing bytes of each network, with their part of them', async () => {
  const rows = objects(await ask('local'))
  for (const row of rows) {
    const out = atHome.filter(
      (flow) => netOf(flow) === row['local.net'] && isLocal(source(flow)) && !isLocal(destination(flow)),
    )
    const wanted = [...sums(out, remoteAs)].sort((a, b) => (a[1] < b[1] ? 1 : -1)).slice(0, 3)
    const parts = row['top.as'] as readonly Part[]
    assert.equal(
      parts.map(({ key, share }) => [key, Math.round(share * 1e9)]),
      wanted.map(([key, octets]) => [key, Math.round((Number(octets) / Number(row['out'] as bigint)) * 1e9)]),
    )
  }
})

test('local: says how much has no local end', async () => {
  const { notes } = await ask('local')
  const all = sums(FLOWS, () => 'all').get('all')!
  const passing = all - sums(atHome, () => 'all').get('all')!
  const share = ((Number(passing) / Number(all)) * 100).toFixed(1)
  assert.equal(notes, [`${share}% of the bytes have no local end and are not shown`])
})

test('combo: first systems of the first networks, and first addresses of those', async () => {
  const rows = objects(await ask('combo', { top: [2, 2, 2] }))
  const wanted: string[] = []
  const first = (flows: readonly PlainFlow[], keyOf: (flow: PlainFlow) => string) =>
    [...sums(flows, keyOf)].sort((a, b) => (a[1] < b[1] ? 1 : -1)).slice(0, 2)
  for (const [net] of first(atHome, netOf)) {
    const inNet = atHome.filter((flow) => netOf(flow) === net)
    for (const [system] of first(inNet, remoteAs)) {
      const inSystem = inNet.filter((flow) => remoteAs(flow) === system)
      for (const [address, octets] of first(inSystem, (flow) => localEnd(flow).join())) {
        const word = Number(address.split(',')[3])
        const text = [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.')
        wanted.push(`${net} ${system} ${text} ${octets}`)
      }
    }
  }
  const got = rows.map(
    (row) => `${row['local.net']} ${row['remote.as'] ?? 0} ${row['local.ip']} ${row['bytes']}`,
  )
  assert.equal(got, wanted)
})

test('as: names stand beside numbers, and whose number it is', async () => {
  const rows = objects(await ask('as', { isOn: (name) => name === 'src' }))
  const row = rows.find((each) => String(each['src.as']) === '64500')!
  assert.is(row['src.as.name'], 'Example')
  assert.equal(row['from'], [{ key: 'exporter', name: '', share: 1 }])
  const wanted = sums(FLOWS, (flow) => String(number(flow, F.bgpSourceAsNumber))).get('64500')
  assert.is(row['bytes'], wanted)
})

test('as: two sides at once are refused', async () => {
  try {
    await ask('as', { isOn: (name) => name === 'src' || name === 'dst' })
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, '--src and --dst exclude each other')
  }
})

test('series: bins of all groups add up to everything, wide as long', async () => {
  const long = objects(await ask('series', { by: ['proto'] }))
  const all = sums(FLOWS, () => 'all').get('all')!
  const total = long.reduce((sum, { bytes }) => sum + ((bytes as bigint | null) ?? 0n), 0n)
  assert.is(total, all)
  const wide = (await ask('series', { by: ['proto'], isOn: (name) => name === 'wide' })).sections[0]!
  assert.equal(wide.columns.map(({ name }) => name).slice(0, 1), ['time'])
  assert.is(wide.columns.length, 1 + new Set(long.map(({ proto }) => proto)).size)
  const cells = wide.rows.flatMap((row) => row.slice(1)) as (bigint | null)[]
  assert.is(
    cells.reduce<bigint>((sum, cell) => sum + (cell ?? 0n), 0n),
    all,
  )
})

test('series: what exporters lost stands in the bin in which it was missed, by exporter where that is a key', async () => {
  const start = 1_767_225_600_000_000_000n
  const minute = 60_000_000_000n
  // Exporter 1 sends a record a minute, exporter 2 one in two; of each some are not there.
  const sent = [
    ...Array.from({ length: 30 }, (_, i) => [1, i] as const),
    ...Array.from({ length: 15 }, (_, i) => [2, i * 2] as const),
  ]
  const gone = new Set(['1 3', '1 4', '1 17', '2 16'])
  const flows = sent
    .filter(([exporter, at]) => !gone.has(`${exporter} ${at}`))
    .sort((a, b) => a[1] - b[1])
    .map(([exporter, at]): PlainFlow => {
      const ns = start + BigInt(at) * minute
      return new Map<Field, bigint | readonly number[]>([
        [F.timeReceived, ns],
        [F.flowStart, ns],
        [F.flowEnd, ns],
        [F.exporterAddress, [0, 0, 0xffff, 0xc0000200 + exporter]],
        [F.exportProtocol, 10n],
        [F.sequenceNumber, BigInt(exporter === 1 ? 100 + at : 4_294_967_290 + at / 2) % 2n ** 32n],
        [F.octetDeltaCount, 10n],
      ])
    })
  const window = { binMs: 300_000 }
  const all = await ask('series', window, flows)
  assert.equal(
    objects(all).map(({ lost }) => lost),
    [0, 2, 0, 2, 0, 0],
  )
  const each = await ask('series', { ...window, by: ['exporter'] }, flows)
  const lost = new Map<string, number>()
  for (const row of each.sections[0]!.rows)
    lost.set(String(row[1]), (lost.get(String(row[1])) ?? 0) + Number(row.at(-1)))
  assert.equal(
    lost,
    new Map([
      ['192.0.2.1', 3],
      ['192.0.2.2', 1],
    ]),
  )
  // Nobody knows what was lost where there are no numbers, and scripts that name columns get no others.
  assert.ok(objects(await ask('series', { binMs: 60_000 })).every((row) => row['lost'] === null))
  const named = await ask('series', { ...window, sum: ['bytes'] }, flows)
  assert.equal(
    named.sections[0]!.columns.map(({ name }) => name),
    ['time', 'bytes'],
  )
})

test('series: a day has a row for each minute, zeros where nothing flowed but somebody listened', async () => {
  const setting = { fromNs: 1_767_225_600_000_000_000n, toNs: 1_767_312_000_000_000_000n }
  const plan = await presetOf('series').plan({ ...NOTHING_ASKED, ...setting, binMs: 60_000 })
  if (plan.kind !== 'questions') throw new Error('series asks no questions')
  const queries = plan.questions.map((question) => queryOf(question, { ...SETTING, ...setting }))
  const options = { memoryOctets: 2 ** 28, temporaryDirectory: tmpdir() }
  const quiet = FLOWS.filter((_, i) => i < 40 || i > 2900)
  const laid = await plan.lay(await runQueries(queries, [memoryFile(quiet, 1)], options), NAMES)
  const rows = objects(laid)
  assert.is(rows.length, 1440)
  assert.ok(
    rows.some(({ bytes }) => bytes === 0n),
    'no bin is zero',
  )
  assert.is(rows.at(-1)!['bytes'], null)
  assert.match(laid.notes.join(), /^\d+ of 1440 bins are empty: no input covers them/)
})

test('top: shares and cumulative shares end at one with the others', async () => {
  const { sections } = await ask('top', { operand: 'services', top: [3] })
  const { columns, rows, others } = sections[0]!
  const at = (name: string) => columns.findIndex((column) => column.name === name)
  const share = [...rows, ...others].reduce((sum, row) => sum + Number(row[at('share')]), 0)
  assert.ok(Math.abs(share - 1) < 1e-9)
  assert.is(others[0]![at('cumulative')], 1)
  assert.is(rows[0]![at('service.name')], rows[0]![0] === '443/tcp' ? 'https' : rows[0]![at('service.name')]!)
})

test('a report is a question that can be typed', async () => {
  const plan = await presetOf('local').plan({ ...NOTHING_ASKED, top: [5] })
  if (plan.kind !== 'questions') throw new Error('local asks no questions')
  assert.is(
    wordsOf(plan.questions[0]!, 'port 443').join(' '),
    "'(port 443) and (in or out or internal)' --by local.net,local.name " +
      "--sum 'uniq(local.ip),bytes.in,bytes.out,p95(bps.in),p95(bps.out),bytes,flows' --bin 5m --sort bytes --top 5 --others",
  )
  assert.is(
    wordsOf(plan.questions[1]!, null).join(' '),
    "'in or out or internal' --by local.net,remote.as --sum bytes,bytes.out --sort bytes,bytes.out --top 5,3",
  )
})

test('conditions on shares are about the whole', async () => {
  const all = objects(await ask('top', { operand: 'protocols', top: [0] }))
  const wanted = all.filter(({ share }) => Number(share) > 0.3).map(({ proto }) => proto)
  const got = objects(await ask('top', { operand: 'protocols', having: 'share(bytes) > 30%' }))
  assert.ok(wanted.length > 0 && wanted.length < all.length)
  assert.equal(
    got.map(({ proto }) => proto),
    wanted,
  )
})

test('--per limits what follows its key, and wants one', async () => {
  const rows = objects(
    await ask('top', { by: ['proto', 'dst.port'], per: ['proto'], top: [2], others: false }),
  )
  const protocols = rows.map(({ proto }) => proto)
  for (const protocol of new Set(protocols))
    assert.is(protocols.filter((each) => each === protocol).length, 2)
  try {
    await ask('top', { by: ['proto', 'dst.port'], per: ['dst.port'] })
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, '--per dst.port: want a key of --by that another one follows')
  }
})

test.run()
