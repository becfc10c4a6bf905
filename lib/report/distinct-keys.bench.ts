import { tmpdir } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import type { FixedColumn } from '../flow/batch.ts'
import { F, type Field } from '../flow/fields.ts'
import type { BlockFacts, FlowBlock, FlowFile } from '../flow/source.ts'
import { EMPTY_QUERY, type Query } from './query.ts'
import { runQueries } from './run.ts'

// The first ten of many keys, nearly each of which is there once, within a bound of memory: seconds of CPU time, the most
// memory that the process had, and what went to disk. KEYS and MEMORY (octets) change what is measured.

// As the command does.
setFlagsFromString('--no-maglev-inlining')

const KEYS = Number(process.env['KEYS'] ?? 20_000_000)
const MEMORY = Number(process.env['MEMORY'] ?? 2 ** 28)
const BLOCK_ROWS = 131_072
/** Every so many rows one is of a key that comes again and again: these are the first. */
const HEAVY_EVERY = 4096
const HEAVY_KEYS = 16

const blocks = Math.ceil(KEYS / BLOCK_ROWS)
const info: BlockFacts = {
  rows: BLOCK_ROWS,
  kind: 'flow',
  leastReceived: 0n,
  greatestReceived: 0n,
  leastStart: 0n,
  greatestEnd: 0n,
  octets: 0n,
  packets: 0n,
}
const present = new Uint8Array(BLOCK_ROWS).fill(1)
const starts = new BigUint64Array(BLOCK_ROWS)
const octets = new BigUint64Array(BLOCK_ROWS)
const addresses = { codes: 1, words: () => new Uint32Array(4) }

/** What each heavy key adds up to. */
const heavy = new Map<bigint, bigint>()

function columnOf(field: Field, wide: BigUint64Array): FixedColumn {
  const words = new Uint32Array(wide.buffer)
  const shared = { shape: 'fixed', signed: new BigInt64Array(0), stride: 2 } as const
  return { field, values: words, wide, words, present, ...shared }
}

/** Keys scattered over 64 bits, no two rows with the same; octets below 1500, of heavy keys more. */
function fillBlock(index: number): void {
  for (let i = 0; i < BLOCK_ROWS; i++) {
    const row = index * BLOCK_ROWS + i
    const isHeavy = row % HEAVY_EVERY === 0
    const number = isHeavy ? (row / HEAVY_EVERY) % HEAVY_KEYS : HEAVY_KEYS + row
    const key = BigInt.asUintN(64, BigInt(number) * 0x9e3779b97f4a7c15n)
    const value = isHeavy ? 1_000_000n * BigInt(number + 1) : BigInt(row % 1500)
    starts[i] = key
    octets[i] = value
    if (isHeavy) heavy.set(key, (heavy.get(key) ?? 0n) + value)
  }
}

function blockAt(index: number): FlowBlock {
  fillBlock(index)
  const columns = new Map([
    [F.flowStart, columnOf(F.flowStart, starts)],
    [F.octetDeltaCount, columnOf(F.octetDeltaCount, octets)],
  ])
  return {
    info,
    columns: [...columns].map(([field]) => ({
      field,
      name: field.name,
      least: 0n,
      greatest: 2n ** 64n - 1n,
    })),
    addresses,
    layout: () => null,
    read(field) {
      const column = columns.get(field)
      return column === undefined ? null : { column, codes: null }
    },
    readCodes: () => null,
  }
}

const file: FlowFile = {
  path: 'generated',
  stamp: null,
  blocks: new Array<BlockFacts>(blocks).fill(info),
  addresses,
  problems: [],
  block: blockAt,
  addressDirectory: () => null,
  close() {},
}
const query: Query = {
  ...EMPTY_QUERY,
  keys: [{ kind: 'field', name: 'start', field: F.flowStart }],
  measures: [{ kind: 'counter', name: 'bytes', counter: 'octets' }],
  counters: 'raw',
  limit: 10,
}
const started = process.cpuUsage()
const [table] = await runQueries([query], [file], { memoryOctets: MEMORY, temporaryDirectory: tmpdir() })
const { user, system } = process.cpuUsage(started)
const wanted = [...heavy].sort((a, b) => (a[1] < b[1] ? 1 : -1)).slice(0, 10)
const isExact = wanted.every(([key, sum], i) => {
  const cells = table!.rows[i]!
  return cells[0] === key && cells[1] === sum
})
const megabytes = (octetCount: number) => `${Math.round(octetCount / 1e6)} MB`
console.log(
  `${(blocks * BLOCK_ROWS) / 1e6} M rows, --memory ${megabytes(MEMORY)}: ${((user + system) / 1e6).toFixed(1)} s of CPU time, ` +
    `at most ${megabytes(process.resourceUsage().maxRSS * 1024)} resident, ${isExact ? 'exact' : 'WRONG'}`,
)
if (!isExact) process.exitCode = 1
