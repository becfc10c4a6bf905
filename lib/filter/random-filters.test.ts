import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { blockOfBatch } from '../flow/batch-block.ts'
import { defineField } from '../flow/fields.ts'
import type { FlowBlock } from '../flow/source.ts'
import { fillRow } from '../testing/fill-row.ts'
import { newRandom } from '../testing/workload.ts'
import { compileFilter, explain, parseFilter } from './filter.ts'

// Filters and rows made at random; each row is judged again here, one by one, with whole numbers of any size.

defineField('signedLoad', 'i64')

type Row = { readonly [name: string]: string | bigint | undefined }
/** What a filter says, and what it means. */
interface Sample {
  readonly text: string
  /** `isNegated`: below an odd number of `not`, where letters of flags mean any of them. */
  readonly matches: (row: Row, isNegated: boolean) => boolean
}
type Ratio = readonly [bigint, bigint] | null

const random = newRandom(20_261_121)
const pick = <T>(values: readonly T[]): T => values[random(values.length)]!

const ADDRESSES = [
  '10.0.0.1',
  '10.0.0.2',
  '10.1.0.0',
  '192.0.2.255',
  '0.0.0.0',
  '::',
  '2001:db8::1',
  '2001:db8::ffff',
  'ffff::',
]
const NETWORKS = [
  '10.0.0.0/8',
  '10.0.0.0/31',
  '0.0.0.0/0',
  '::/0',
  '2001:db8::/112',
  '10.0.0.2/32',
  'fe00::/7',
  '192.0.2.254/31',
]
const NUMBERS: Readonly<Record<string, readonly bigint[]>> = {
  sourceTransportPort: [0n, 1n, 80n, 443n, 65_535n],
  destinationTransportPort: [0n, 1n, 80n, 443n, 65_535n],
  protocolIdentifier: [1n, 6n, 17n, 58n],
  tcpControlBits: [0n, 2n, 18n, 63n, 255n, 256n],
  ingressInterface: [0n, 3n, 0x7fffffffn, 0xffffffffn],
  octetDeltaCount: [0n, 1n, 60n, 1499n, 2n ** 32n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n],
  packetDeltaCount: [0n, 1n, 2n, 3n, 7n, 2n ** 53n - 1n, 2n ** 64n - 1n],
  samplingRate: [0n, 1n, 100n, 0xffffffffn],
  flowStart: [0n, 1_795_255_200_000_000_000n, 1_795_255_200_000_999_999n, 1_795_255_200_001_000_000n],
  flowEnd: [1_795_255_200_000_000_000n, 1_795_255_201_000_000_001n, 2n ** 63n],
  signedLoad: [-(2n ** 63n), -1n, 0n, 5n, 2n ** 63n - 1n],
}
const WORD: Readonly<Record<string, string>> = {
  sourceTransportPort: 'src port',
  destinationTransportPort: 'dst port',
  protocolIdentifier: 'proto',
  ingressInterface: 'in if',
}
const COMPARATORS = ['==', '!=', '<', '<=', '>', '>='] as const
type Comparator = (typeof COMPARATORS)[number]

function holds(a: bigint, comparator: Comparator, b: bigint): boolean {
  if (comparator === '==') return a === b
  if (comparator === '!=') return a !== b
  if (comparator === '<') return a < b
  if (comparator === '<=') return a <= b
  return comparator === '>' ? a > b : a >= b
}

function newRow(): Row {
  const row: Record<string, string | bigint> = {}
  for (const name of ['sourceAddress', 'destinationAddress']) if (random(8) > 0) row[name] = pick(ADDRESSES)
  for (const [name, values] of Object.entries(NUMBERS)) if (random(6) > 0) row[name] = pick(values)
  return row
}

/** The address as its family and one number. */
function numberOf(address: string): readonly [4 | 6, bigint] {
  if (!address.includes(':')) {
    return [4, address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n)]
  }
  const [head = '', tail = ''] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const full = address.includes('::')
    ? [
        ...groups(head),
        ...Array<string>(8 - groups(head).length - groups(tail).length).fill('0'),
        ...groups(tail),
      ]
    : groups(head)
  return [6, full.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n)]
}

function isWithin(address: string | bigint | undefined, network: string): boolean {
  if (typeof address !== 'string') return false
  const [base = '', length] = network.split('/')
  const [family, value] = numberOf(address)
  const [ownFamily, start] = numberOf(base)
  const bits = family === 4 ? 32n : 128n
  const size = 1n << (bits - BigInt(length ?? bits))
  return family === ownFamily && value / size === start / size
}

function addressSample(): Sample {
  const side = pick(['src', 'dst', ''])
  const names =
    side === 'src'
      ? ['sourceAddress']
      : side === 'dst'
        ? ['destinationAddress']
        : ['sourceAddress', 'destinationAddress']
  const networks = Array.from({ length: 1 + random(3) }, () => pick(random(2) === 0 ? NETWORKS : ADDRESSES))
  const matches = (row: Row) => names.some((name) => networks.some((network) => isWithin(row[name], network)))
  if (networks.length > 1) return { text: `${side} ip in [${networks.join(pick([' ', ', ']))}]`, matches }
  return {
    text: `${side} ${networks[0]!.includes('/') ? 'net' : pick(['ip', 'host'])} ${networks[0]}`,
    matches,
  }
}

function numberSample(): Sample {
  const name = pick(Object.keys(NUMBERS).filter((key) => !key.startsWith('flow')))
  const word = WORD[name] ?? name
  const values = NUMBERS[name]!.filter((value) => value >= 0n)
  const value = pick(values) + (random(3) === 0 ? 1n : 0n)
  const most = name.endsWith('Port') ? 65_535n : name === 'protocolIdentifier' ? 255n : 0xffffffffn
  if (name in WORD && value > most) return numberSample()
  if (random(3) === 0) {
    const list = [pick(values), pick(values)]
    const [low, high] = list[0]! < list[1]! ? list : [list[1]!, list[0]!]
    const matches = (row: Row) => typeof row[name] === 'bigint' && row[name] >= low! && row[name] <= high!
    return random(2) === 0
      ? { text: `${word} in [${low}-${high}]`, matches }
      : {
          text: `${word} in [${list.join(' ')}]`,
          matches: (row) => list.includes(row[name] as bigint),
        }
  }
  const comparator = pick(COMPARATORS)
  return {
    text: `${word} ${comparator} ${pick([String(value), `0x${value.toString(16)}`])}`,
    matches: (row) => typeof row[name] === 'bigint' && holds(row[name], comparator, value),
  }
}

/** A sum, product or quotient, as text and as a ratio; null where the row has none. */
function quantity(depth: number): { text: string; value: (row: Row) => Ratio } {
  const kind = random(depth > 2 ? 4 : 7)
  if (kind === 0) {
    const value = pick([0n, 1n, 8n, 60n, 2n ** 53n + 1n])
    return { text: String(value), value: () => [value, 1n] }
  }
  if (kind === 1) {
    const [word, name] = pick([
      ['bytes', 'octetDeltaCount'],
      ['packets', 'packetDeltaCount'],
    ] as const)
    return {
      text: word,
      value: (row) => {
        const count = row[name] as bigint | undefined
        const rate = (row['samplingRate'] ?? 1n) as bigint
        return count === undefined ? null : [count * (rate > 1n ? rate : 1n), 1n]
      },
    }
  }
  if (kind === 2) return { text: 'duration', value: (row) => durationOf(row) }
  if (kind === 3) {
    const name = pick(['sourceTransportPort', 'ingressInterface', 'octetDeltaCount', 'signedLoad'])
    return { text: name, value: (row) => (row[name] === undefined ? null : [row[name] as bigint, 1n]) }
  }
  const operator = pick(['+', '-', '*', '/'])
  const left = quantity(depth + 1)
  const right = quantity(depth + 1)
  return {
    text: `(${left.text} ${operator} ${right.text})`,
    value: (row) => {
      const a = left.value(row)
      const b = right.value(row)
      if (a === null || b === null) return null
      if (operator === '+') return [a[0] * b[1] + b[0] * a[1], a[1] * b[1]]
      if (operator === '-') return [a[0] * b[1] - b[0] * a[1], a[1] * b[1]]
      if (operator === '*') return [a[0] * b[0], a[1] * b[1]]
      if (b[0] === 0n) return null
      return b[0] < 0n ? [-a[0] * b[1], -a[1] * b[0]] : [a[0] * b[1], a[1] * b[0]]
    },
  }
}

function durationOf(row: Row): Ratio {
  const { flowStart: start, flowEnd: end } = row
  if (typeof start !== 'bigint' || typeof end !== 'bigint') return null
  const ms = end / 1_000_000n - start / 1_000_000n
  return [ms < 0n ? 0n : ms, 1n]
}

function compareSample(): Sample {
  const left = quantity(0)
  const right = quantity(1)
  const comparator = pick(COMPARATORS)
  return {
    text: `${left.text} ${comparator} ${right.text}`,
    matches: (row) => {
      const a = left.value(row)
      const b = right.value(row)
      return a !== null && b !== null && holds(a[0] * b[1], comparator, b[0] * a[1])
    },
  }
}

function rateSample(): Sample {
  const [word, name, factor] = pick([
    ['bps', 'octetDeltaCount', 8000n],
    ['pps', 'packetDeltaCount', 1000n],
  ] as const)
  const value = pick([0n, 1n, 100n, 479n, 480n, 12_000n, 2n ** 60n])
  const comparator = pick(COMPARATORS)
  return {
    text: `${word} ${comparator} ${value}`,
    matches: (row) => {
      const duration = durationOf(row)
      const count = row[name] as bigint | undefined
      if (duration === null || count === undefined) return false
      const rate = (row['samplingRate'] ?? 1n) as bigint
      const total = count * (rate > 1n ? rate : 1n) * factor
      return holds(duration[0] === 0n ? 0n : total / duration[0], comparator, value)
    },
  }
}

function flagsSample(): Sample {
  const letters = pick(['S', 'SA', 'X', 'FSRPAU'])
  const bits = { S: 2n, SA: 18n, X: 63n, FSRPAU: 63n }[letters]!
  return {
    text: `flags ${letters}`,
    matches: (row, isNegated) =>
      row['protocolIdentifier'] === 6n &&
      typeof row['tcpControlBits'] === 'bigint' &&
      (isNegated ? (row['tcpControlBits'] & bits) !== 0n : (row['tcpControlBits'] & bits) === bits),
  }
}

function sample(depth: number): Sample {
  const kind = depth > 4 ? random(6) : random(12)
  if (kind < 2) return addressSample()
  if (kind < 4) return numberSample()
  if (kind === 4) return random(2) === 0 ? compareSample() : rateSample()
  if (kind === 5) return flagsSample()
  if (kind < 8) {
    const inner = sample(depth + 1)
    return { text: `not (${inner.text})`, matches: (row, isNegated) => !inner.matches(row, !isNegated) }
  }
  const parts = Array.from({ length: 2 + random(3) }, () => sample(depth + 1))
  const isAnd = random(2) === 0
  const text = parts
    .map((part) => `(${part.text})`)
    .join(isAnd ? pick([' and ', ' && ']) : pick([' or ', '||']))
  return {
    text,
    matches: (row, isNegated) =>
      isAnd
        ? parts.every((part) => part.matches(row, isNegated))
        : parts.some((part) => part.matches(row, isNegated)),
  }
}

/** The batch as an archive's block would say it: with the least and greatest value of each column. */
function withZones(block: FlowBlock, rows: readonly Row[]): FlowBlock {
  const columns = block.columns.map((facts) => {
    const { field } = facts
    const codes = field?.kind === 'address' ? block.readCodes(field, []) : null
    const values: bigint[] = []
    rows.forEach((row, i) => {
      const value = row[facts.name]
      if (codes !== null && codes.present[i] === 1) values.push(BigInt(codes.codes[i]!))
      else if (typeof value === 'bigint') values.push(BigInt.asUintN(64, value))
    })
    values.sort((a, b) => (a < b ? -1 : 1))
    return { ...facts, least: values[0]!, greatest: values.at(-1)! }
  })
  return { ...block, info: block.info, columns }
}

/** The block as one that gives and finds some rows of its columns, where these hold them and the numbers fit. */
function withRows(block: FlowBlock, counts: { gathered: number; found: number }): FlowBlock {
  return {
    ...block,
    info: block.info,
    gather(field, wanted, count, out) {
      const { column, codes } = block.read(field, [])!
      if (column.shape !== 'fixed' || field.kind === 'i64') return false
      const values = codes ?? (field.kind === 'u64' ? column.wide : column.values)
      for (let i = 0; i < count; i++) {
        const row = wanted[i]!
        if (column.present[row] !== 1 || values[row]! >= 2 ** 32) return false
        out[i] = Number(values[row]!)
      }
      counts.gathered++
      return true
    },
    find(field, low, high, rows) {
      const { column, codes } = block.read(field, [])!
      if (column.shape !== 'fixed' || field.kind === 'i64') return -1
      const values = codes ?? (field.kind === 'u64' ? column.wide : column.values)
      let count = 0
      for (let row = 0; row < block.info.rows; row++) {
        if (column.present[row] !== 1 || values[row]! >= 2 ** 32) return -1
        if (values[row]! >= low && values[row]! <= high) rows[count++] = row
      }
      counts.found++
      return count
    },
  }
}

test('filters select the rows that a row-by-row reading selects, and prune none of them', () => {
  for (let round = 0; round < 16; round++) {
    const rows = Array.from({ length: pick([1, 3, 70, 300]) }, newRow)
    const batch = new FlowBatch()
    for (const row of rows) fillRow(batch, row as Record<string, string | bigint>)
    const plain = blockOfBatch(batch)
    const block = withZones(plain, rows)
    for (let i = 0; i < 40; i++) {
      const { text, matches } = sample(0)
      const filter = parseFilter(text)
      const compiled = compileFilter(filter)
      const selection = new Uint8Array(rows.length)
      const count = compiled.select(block, selection, [])
      const wanted = rows.map((row) => (matches(row, false) ? 1 : 0))
      const wrong = wanted.findIndex((value, row) => value !== selection[row])
      if (wrong >= 0)
        assert.unreachable(
          `${text}\nrow ${JSON.stringify(rows[wrong], (_, v) => String(v))} should give ${wanted[wrong]}`,
        )
      assert.is(count, wanted.filter((value) => value === 1).length)
      if (count > 0) assert.ok(compiled.mayMatch(block), text)
      const listed = wanted.flatMap((value, row) => (value === 1 ? row : []))
      const list = new Uint32Array(rows.length)
      assert.equal([...list.subarray(0, compiled.list!(block, list, []))], listed, text)
      const again = compileFilter(parseFilter(explain(filter)))
      assert.is(again.select(plain, selection, []), count, explain(filter))
    }
  }
})

test('rows are found one by one, and what the first part of a filter leaves the others look at', () => {
  const counts = { gathered: 0, found: 0 }
  for (let round = 0; round < 400; round++) {
    const rows = Array.from({ length: pick([1, 3, 20]) }, newRow)
    const batch = new FlowBatch()
    for (const row of rows) fillRow(batch, row as Record<string, string | bigint>)
    const parts = [numberSample(), addressSample(), pick([numberSample, compareSample, rateSample])()]
    for (const word of ['and', 'or'] as const) {
      const compiled = compileFilter(parseFilter(parts.map(({ text }) => `(${text})`).join(` ${word} `)))
      const isWanted = (row: Row) =>
        word === 'and'
          ? parts.every(({ matches }) => matches(row, false))
          : parts.some(({ matches }) => matches(row, false))
      const wanted = rows.flatMap((row, i) => (isWanted(row) ? i : []))
      const list = new Uint32Array(rows.length)
      const many = compiled.list!(withRows(blockOfBatch(batch), counts), list, [])
      assert.equal([...list.subarray(0, many)], wanted, parts.map(({ text }) => text).join(` ${word} `))
    }
  }
  assert.ok(counts.gathered > 100 && counts.found > 100)
})

test.run()
