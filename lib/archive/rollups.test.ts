import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAddress } from '../bytes/address.ts'
import { SILENT } from '../diagnostics/log.ts'
import type { AddressFact } from '../flow/address-fact.ts'
import { FlowBatch } from '../flow/batch.ts'
import { F, findField } from '../flow/fields.ts'
import { ROLLUP } from '../flow/rollup-fields.ts'
import { newRandom } from '../testing/workload.ts'
import { openArchive } from './archive-reader.ts'
import { chooseRollups } from './choose-rollups.ts'
import { compactArchive } from './compact.ts'
import { archiveFiles, liveFiles, splitReplaced } from './live-files.ts'
import { archivePath } from './naming.ts'
import { MEASURES, ROLLUP_KINDS, type RollupKind } from './rollup-kinds.ts'
import { basisOf, type RollupKnowledge, type RollupOptions, writeRollups } from './rollups.ts'
import { dyingCalls } from './testing/dying-calls.ts'
import { testWriter, UNSYNCED, withDirectory } from './testing/files.ts'
import { verifyArchive } from './verify.ts'

const T0 = 1_767_225_600_000_000_000n
const MS = 1_000_000n

function fact(name: string, tell: (words: Uint32Array, at: number) => number): AddressFact {
  return {
    name,
    fill(words, from, to, out) {
      for (let i = from; i < to; i++) out[i] = tell(words, i * 4)
    },
    text: String,
    find: () => -1,
  }
}

/** 10/8 and 2001:db8:1::/48 are local; an address's AS is its last number modulo 5. */
const isLocal = (words: Uint32Array, at: number) =>
  (words[at + 2] === 0xffff && words[at + 3]! >>> 24 === 10) ||
  (words[at] === 0x20010db8 && words[at + 1]! >>> 16 === 1)
const KNOWLEDGE: RollupKnowledge = {
  local: fact('local', (words, at) => (isLocal(words, at) ? 1 : 0)),
  localName: 'test',
  as: fact('as', (words, at) => words[at + 3]! % 5),
  asName: 'test',
}
const OPTIONS: RollupOptions = {
  kinds: ROLLUP_KINDS,
  knowledge: KNOWLEDGE,
  log: SILENT,
  mostGroups: 3000,
  calls: UNSYNCED,
}

type Random = (below: number) => number

function address(batch: FlowBatch, field: typeof F.sourceAddress, row: number, random: Random): void {
  if (random(20) === 0) return
  const column = batch.fixed(field)
  const words = [
    [0, 0, 0xffff, 0x0a000000 + random(3) * 256 + random(4)],
    [0, 0, 0xffff, 0xc0000200 + random(8)],
    [0x20010db8, 0x10000 + random(2), 0, random(3)],
    [0x20010db8, 0x20000, 0, random(5)],
  ][random(4)]!
  column.words.set(words, row * 4)
  column.present[row] = 1
}

function number(batch: FlowBatch, field: typeof F.vlanId, row: number, value: number): void {
  const column = batch.fixed(field)
  column.values[row] = value
  column.present[row] = 1
}

/** Flows of all sorts: none, short and long ones, whose counters do not divide. */
function randomFlows(random: Random, rows: number): FlowBatch {
  const batch = new FlowBatch()
  const wide = (field: typeof F.flowStart, row: number, value: bigint) => {
    const column = batch.fixed(field)
    column.wide[row] = value
    column.present[row] = 1
  }
  for (let row = 0; row < rows; row++) {
    const received = T0 + BigInt(random(7_200_000)) * MS
    const way = random(8)
    const length = way < 4 ? random(50_000) : way < 6 ? 60_000 * random(8) : way === 6 ? 0 : random(1_000_000)
    const end = received - BigInt(random(20_000)) * MS
    const isUntimed = random(30) === 0
    if (!isUntimed) wide(F.timeReceived, row, received)
    if (!isUntimed && random(10) > 0) wide(F.flowEnd, row, end)
    if (!isUntimed && random(10) > 0) wide(F.flowStart, row, end - BigInt(length) * MS + BigInt(random(3)))
    const octets = random(50) === 0 ? 2n ** 50n + BigInt(random(1e9)) : BigInt(random(1_000_000))
    wide(F.octetDeltaCount, row, octets)
    wide(F.packetDeltaCount, row, BigInt(random(1000)))
    if (random(4) > 0) number(batch, F.samplingRate, row, [0, 1, 512, 1000][random(4)]!)
    address(batch, F.sourceAddress, row, random)
    address(batch, F.destinationAddress, row, random)
    batch.fixed(F.exporterAddress).words.set([0, 0, 0xffff, 1 + random(3)], row * 4)
    batch.fixed(F.exporterAddress).present[row] = 1
    number(batch, F.protocolIdentifier, row, [6, 17, 1, 47][random(4)]!)
    if (random(3) > 0) number(batch, F.sourceTransportPort, row, random(4) * 100)
    if (random(3) > 0) number(batch, F.destinationTransportPort, row, random(4) * 77)
    if (random(3) > 0) number(batch, F.ingressInterface, row, random(3))
    if (random(3) > 0) number(batch, F.egressInterface, row, random(3))
    if (random(3) > 0) number(batch, F.bgpSourceAsNumber, row, random(3) * 64_500)
    if (random(3) > 0) number(batch, F.bgpDestinationAsNumber, row, random(3) * 64_501)
  }
  batch.rowCount = rows
  return batch
}

type Sums = Map<string, bigint[]>

function add(sums: Sums, key: string, values: readonly bigint[]): void {
  const old = sums.get(key) ?? values.map(() => 0n)
  sums.set(
    key,
    values.map((value, i) => old[i]! + value),
  )
}

/** The same by the plain rules, row by row. */
function expected(batches: readonly FlowBatch[], kind: RollupKind): Sums {
  const sums: Sums = new Map()
  const bin = BigInt(kind.binNs)
  for (const batch of batches) {
    for (let row = 0; row < batch.rowCount; row++) {
      const wide = (field: typeof F.flowStart) => {
        const column = batch.fixed(field)
        return column.present[row] === 1 ? column.wide[row]! : null
      }
      const value = (field: typeof F.vlanId) => {
        const column = batch.fixed(field)
        return column.present[row] === 1 ? column.values[row]! : null
      }
      const text = (field: typeof F.sourceAddress) => {
        const column = batch.fixed(field)
        return column.present[row] === 1 ? formatAddress(column.words, row * 4) : null
      }
      const local = (field: typeof F.sourceAddress) =>
        batch.fixed(field).present[row] === 1 && isLocal(batch.fixed(field).words, row * 4)
      const [fromLocal, toLocal] = [local(F.sourceAddress), local(F.destinationAddress)]
      const localEnd = fromLocal ? F.sourceAddress : toLocal ? F.destinationAddress : null
      const remoteEnd = toLocal && !fromLocal ? F.sourceAddress : F.destinationAddress
      const prefix = () => {
        if (localEnd === null) return null
        const words = batch.fixed(localEnd).words.slice(row * 4, row * 4 + 4)
        if (words[2] === 0xffff) words[3]! &= 0xffffff00
        else words.fill(0, 2)
        return formatAddress(words, 0)
      }
      const as = () => {
        const told = value(remoteEnd === F.sourceAddress ? F.bgpSourceAsNumber : F.bgpDestinationAsNumber)
        if (told !== null && told !== 0) return told
        const column = batch.fixed(remoteEnd)
        return column.present[row] === 1 ? column.words[row * 4 + 3]! % 5 : 0
      }
      const service = () => {
        const protocol = value(F.protocolIdentifier)!
        if (protocol !== 6 && protocol !== 17) return 0
        const ports = [value(F.sourceTransportPort), value(F.destinationTransportPort)].filter(
          (p) => p !== null,
        )
        return ports.length === 0 ? 0 : Math.min(...ports)
      }
      const keys = kind.keys.map((field) => {
        if (field === ROLLUP.localDirection) return (fromLocal ? 1 : 0) + (toLocal ? 2 : 0)
        if (field === ROLLUP.localAddress) return localEnd === null ? null : text(localEnd)
        if (field === ROLLUP.localPrefix) return prefix()
        if (field === ROLLUP.remoteAddress) return text(remoteEnd)
        if (field === ROLLUP.remoteAsNumber) return as()
        if (field === ROLLUP.servicePort) return service()
        return field.kind === 'address' ? text(field) : value(field)
      })
      const start = wide(F.flowStart) ?? wide(F.flowEnd) ?? wide(F.timeReceived)
      if (start === null) continue
      let end = wide(F.flowEnd) ?? start
      if (end < start) end = start
      const rate = BigInt(value(F.samplingRate) || 1)
      const totals = [wide(F.octetDeltaCount)!, wide(F.packetDeltaCount)!]
      totals.push(...totals.map((total) => total * rate))
      const upTo = (total: bigint, to: bigint) => {
        if (end === start) return to > start ? total : 0n
        const until = to < start ? start : to > end ? end : to
        return (total * (until - start)) / (end - start)
      }
      let isFirst = true
      for (let from = start - (start % bin); from < end || isFirst; from += bin) {
        const parts = totals.map((total) => upTo(total, from + bin) - upTo(total, from))
        const told = value(F.samplingRate) ?? 0
        const flows = isFirst ? [1n, 0n, told > 1 ? 1n : 0n, told === 0 ? 1n : 0n] : [0n, 1n, 0n, 0n]
        add(sums, `${from} ${keys.join(' ')}`, [...parts, ...flows])
        isFirst = false
      }
    }
  }
  return sums
}

function found(paths: readonly string[]): Sums {
  const sums: Sums = new Map()
  for (const path of paths) {
    const reader = openArchive(path)
    const { keys } = reader.schema.rollup!
    for (const [index, { rows, kind }] of reader.blocks.entries()) {
      assert.is(kind, 'rollup')
      const block = reader.block(index)!
      const column = (name: string) => {
        const read = block.read(findField(name)!, reader.problems)?.column
        return read?.shape === 'fixed' ? read : null
      }
      const keyColumns = keys.map(column)
      const measures = MEASURES.map(({ name }) => column(name)!)
      const start = column('flowStart')!
      for (let row = 0; row < rows; row++) {
        const key = keyColumns.map((one) => {
          if (one === null || one.present[row] === 0) return null
          return one.field.kind === 'address' ? formatAddress(one.words, row * 4) : one.values[row]
        })
        add(
          sums,
          `${start.wide[row]} ${key.join(' ')}`,
          measures.map((one) => one.wide[row]!),
        )
      }
    }
    assert.equal(reader.problems, [])
    reader.close()
  }
  return sums
}

function write(directory: string, ms: number, batches: readonly FlowBatch[]): void {
  const path = archivePath(directory, 'test', ms, 0)
  mkdirSync(dirname(path), { recursive: true })
  const writer = testWriter(path, 500, UNSYNCED, { createdNs: BigInt(ms) * MS })
  for (const batch of batches) writer.append(batch)
  assert.ok(writer.close())
}

const sorted = (sums: Sums) => [...sums].sort(([a], [b]) => (a < b ? -1 : 1))

test('every rollup has the sums that the plain rules give, in bounded memory', () => {
  const random = newRandom(21)
  withDirectory((directory) => {
    const batches = [0, 1, 2].map(() => randomFlows(random, 400))
    write(directory, Number(T0 / MS), batches)
    const written = [...writeRollups(directory, OPTIONS)]
    assert.is(written.length, ROLLUP_KINDS.length)
    for (const kind of ROLLUP_KINDS) {
      const { path, rows } = written.find(({ name }) => name === kind.name)!
      const want = sorted(expected(batches, kind))
      assert.equal(sorted(found([path])), want, kind.name)
      assert.ok(rows >= want.length)
      assert.is(verifyArchive(path).state, 'finished')
    }
    assert.is(liveFiles([directory]).length, 1, 'readers of records do not see them')
    assert.equal([...writeRollups(directory, OPTIONS)], [], 'once is enough')
  })
})

test('short bins add up to long ones', () => {
  const random = newRandom(22)
  const batches = [randomFlows(random, 300)]
  const [minute, five] = ['networks-1m', 'networks'].map(
    (name) => ROLLUP_KINDS.find((kind) => kind.name === name)!,
  )
  const sums: Sums = new Map()
  for (const [key, values] of expected(batches, minute!)) {
    const [start, ...rest] = key.split(' ')
    const bin = BigInt(start!) - (BigInt(start!) % BigInt(five!.binNs))
    add(sums, [bin, ...rest].join(' '), values.slice(0, 4))
  }
  const long = [...expected(batches, five!)].map(([key, values]) => [key, values.slice(0, 4)] as const)
  assert.equal(sorted(sums), sorted(new Map(long)))
})

test('at every stage rollups and the records they do not cover hold each flow once', () => {
  const random = newRandom(23)
  withDirectory((directory) => {
    const all: FlowBatch[] = []
    const kind = ROLLUP_KINDS.find(({ name }) => name === 'remote-as')!
    const options = { ...OPTIONS, kinds: [kind] }
    const basis = basisOf(kind, KNOWLEDGE)
    const check = (stage: string, rollupFiles: number, rawFiles: number) => {
      const { live } = splitReplaced(archiveFiles([directory]))
      const { rollups, raw } = chooseRollups(live, kind.name, basis)
      assert.equal([rollups.length, raw.length], [rollupFiles, rawFiles], stage)
      let flows = raw.reduce((sum, { rows }) => sum + rows, 0)
      for (const values of found(rollups.map(({ path }) => path)).values()) flows += Number(values[4])
      for (const { rollup } of rollups) flows += rollup!.untimed
      assert.is(
        flows,
        all.reduce((sum, { rowCount }) => sum + rowCount, 0),
        stage,
      )
      assert.equal(chooseRollups(live, kind.name, 'another').rollups, [])
    }
    const more = (hour: number) => {
      const batch = randomFlows(random, 50)
      all.push(batch)
      write(directory, Number(T0 / MS) + hour * 3_600_000, [batch])
    }
    const compact = { into: 'day', beforeMs: 4e12, nowMs: 3e12, log: SILENT, calls: UNSYNCED } as const
    more(0)
    more(1)
    check('no rollups', 0, 2)
    ;[...writeRollups(directory, options)]
    check('rollups of both', 2, 0)
    more(2)
    check('a late file', 2, 1)
    ;[...compactArchive(directory, compact)]
    check('joined, killed before the rollups', 0, 1)
    ;[...writeRollups(directory, options)]
    check('joined', 1, 0)
    assert.is(
      readdirSync(directory, { recursive: true }).filter((name) => String(name).endsWith('.weir')).length,
      2,
    )
    rmSync(liveFiles([directory])[0]!.path)
    check('records expired', 1, 0)
  })
})

test('whatever call is the last while rollups are written, each flow is told once, and the next run ends the work', () => {
  const random = newRandom(25)
  const kinds = ROLLUP_KINDS.slice(0, 2)
  const compact = { into: 'day', beforeMs: 4e12, nowMs: 3e12, log: SILENT, calls: UNSYNCED } as const
  const batches = [0, 1].map(() => randomFlows(random, 20))
  const prepare = (directory: string) => {
    for (const [hour, batch] of batches.entries())
      write(directory, Number(T0 / MS) + hour * 3_600_000, [batch])
    ;[...writeRollups(directory, { ...OPTIONS, kinds })]
    ;[...compactArchive(directory, compact)]
  }
  const check = (directory: string, rollupFiles: number, stage: string) => {
    const { live } = splitReplaced(archiveFiles([directory]))
    for (const kind of kinds) {
      const { rollups, raw } = chooseRollups(live, kind.name, basisOf(kind, KNOWLEDGE))
      if (raw.length > 0) {
        assert.equal([raw.length, rollups.length], [1, 0], stage)
        continue
      }
      assert.equal(sorted(found(rollups.map(({ path }) => path))), sorted(expected(batches, kind)), stage)
    }
    if (rollupFiles >= 0) assert.is(liveFiles([directory], { kind: 'rollup' }).length, rollupFiles, stage)
  }
  const count = dyingCalls(Number.MAX_SAFE_INTEGER)
  withDirectory((directory) => {
    prepare(directory)
    ;[...writeRollups(directory, { ...OPTIONS, kinds, calls: count.calls })]
    check(directory, 2, 'not killed')
  })
  for (let last = 0; last < count.made(); last += 2) {
    withDirectory((directory) => {
      prepare(directory)
      try {
        ;[...writeRollups(directory, { ...OPTIONS, kinds, calls: dyingCalls(last).calls })]
        assert.unreachable(`call ${last}`)
      } catch (error) {
        assert.ok((error as Error).name !== 'Assertion', String(error))
      }
      check(directory, -1, `killed at call ${last}`)
      ;[...writeRollups(directory, { ...OPTIONS, kinds })]
      check(directory, 2, `killed at call ${last}, then run again`)
    })
  }
})

test('a file whose flows last too long, or whose counters are too great, gets no rollups', () => {
  const random = newRandom(24)
  const long = randomFlows(random, 20)
  for (let row = 0; row < 20; row++) long.fixed(F.flowStart).wide[row] = T0 - 30n * 86_400_000n * MS
  const great = randomFlows(random, 20)
  for (let row = 0; row < 20; row++) {
    great.fixed(F.octetDeltaCount).wide[row] = 2n ** 63n
    number(great, F.samplingRate, row, 4)
  }
  const many = randomFlows(random, 20)
  for (let row = 0; row < 20; row++) {
    many.fixed(F.octetDeltaCount).wide[row] = 2n ** 63n
    number(many, F.samplingRate, row, 1)
  }
  for (const [batch, why] of [
    [long, /last too long/],
    [great, /too great/],
    [many, /64 bits/],
  ] as const) {
    withDirectory((directory) => {
      write(directory, Number(T0 / MS), [batch])
      const said: string[] = []
      const log = { ...SILENT, warn: (_: string, facts = {}) => said.push(JSON.stringify(facts)) }
      ;[...writeRollups(directory, { ...OPTIONS, log: log as unknown as typeof SILENT })]
      assert.match(said.join(), why)
      assert.is(liveFiles([directory], { kind: 'rollup' }).length < ROLLUP_KINDS.length, true)
      assert.not.ok(
        readdirSync(directory, { recursive: true }).some((name) => String(name).includes('compact')),
      )
    })
  }
})

test.run()
