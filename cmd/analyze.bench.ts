import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { ARCHIVE_CALLS } from '../lib/archive/archive-calls.ts'
import { openArchive } from '../lib/archive/archive-reader.ts'
import { FileWriter } from '../lib/archive/file-writer.ts'
import { SILENT } from '../lib/diagnostics/log.ts'
import type { AddressFact } from '../lib/flow/address-fact.ts'
import { FlowBatch } from '../lib/flow/batch.ts'
import { F } from '../lib/flow/fields.ts'
import { EMPTY_QUERY, type Key, type Measure, type Query, type Selector } from '../lib/report/query.ts'
import { runQueries } from '../lib/report/run.ts'
import { FlowGenerator } from '../lib/testing/flow-generator.ts'

// The five questions of the archive's goals over one file of seeded flows: the first run, and the best of the next.
// Milliseconds of CPU time, all threads of the process.

// As the command does.
setFlagsFromString('--no-maglev-inlining')

const ROWS = Number(process.env['ROWS'] ?? 2_000_000)

/** 10.0.0.0/8 and 2001:db8::/32. */
const local: AddressFact = {
  name: 'local',
  fill(words, from, to, out) {
    for (let i = from; i < to; i++) {
      const at = i * 4
      const isIpv4 = words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0xffff
      out[i] = (isIpv4 ? words[at + 3]! >>> 24 === 10 : words[at] === 0x20010db8) ? 1 : 0
    }
  },
  text: (value) => (value === 0 ? '' : 'local'),
  find: () => -1,
}
/** Destination port 443 from a local IPv4 source. */
const selector: Selector = {
  fields: [F.destinationTransportPort, F.sourceAddress],
  mayMatch: () => true,
  select(block, selection, problems) {
    const ports = block.read(F.destinationTransportPort, problems)!.column
    const sources = block.readCodes(F.sourceAddress, problems)!
    const words = block.addresses.words()
    const isOurs = new Uint8Array(words.length / 4)
    for (let code = 0; code < isOurs.length; code++)
      isOurs[code] = words[code * 4 + 2] === 0xffff && words[code * 4 + 3]! >>> 24 === 10 ? 1 : 0
    if (ports.shape !== 'fixed') return 0
    let count = 0
    for (let row = 0; row < block.info.rows; row++) {
      selection[row] = ports.values[row] === 443 ? isOurs[sources.codes[row]!]! : 0
      count += selection[row]!
    }
    return count
  },
}
const sums: Measure[] = [
  { kind: 'counter', name: 'bytes', counter: 'octets' },
  { kind: 'counter', name: 'packets', counter: 'packets' },
  { kind: 'counter', name: 'flows', counter: 'flows' },
]
const source: Key = { kind: 'address', name: 'src.ip', side: 'source' }
const destination: Key = { kind: 'address', name: 'dst.ip', side: 'destination' }
const port: Key = { kind: 'field', name: 'dst.port', field: F.destinationTransportPort }
const net: Key = { kind: 'prefix', name: 'local.ip/24', side: 'local', ipv4Bits: 24, ipv6Bits: 64 }
const base: Query = { ...EMPTY_QUERY, measures: sums, counters: 'raw' }
const QUESTIONS: readonly (readonly [string, Query])[] = [
  ['totals from facts', base],
  ['Q1 totals, scaled', { ...base, counters: 'scaled' }],
  ['Q2 top 10 sources', { ...base, keys: [source], limit: 10 }],
  ['Q2 the same, scaled', { ...base, keys: [source], limit: 10, counters: 'scaled' }],
  ['Q3 top 10 of 3 keys', { ...base, keys: [source, destination, port], limit: 10 }],
  ['Q4 dst port 443 from 10/8', { ...base, filter: selector }],
  [
    'Q5 5 minutes per local /24',
    { ...base, keys: [{ kind: 'time', name: 'time' }, net], binMs: 300_000, local },
  ],
  [
    'Q5 the same, by start',
    { ...base, keys: [{ kind: 'time', name: 'time' }, net], binMs: 300_000, local, allocation: 'start' },
  ],
]

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const directory = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'weir-bench-'))
try {
  const path = join(directory, 'flows.weir')
  const writer = new FileWriter({
    path,
    stream: 'bench',
    createdNs: 0n,
    blockRows: 131_072,
    mostAddresses: 2_000_000,
    calls: ARCHIVE_CALLS,
    log: SILENT,
  })
  const generator = new FlowGenerator(1)
  const batch = new FlowBatch()
  for (let rows = 0; rows < ROWS; rows += batch.rowCount) {
    batch.reset()
    generator.fill(batch)
    writer.append(batch)
  }
  writer.close()
  const file = openArchive(path)
  const options = { memoryOctets: 2 ** 30, temporaryDirectory: directory }
  for (const [name, query] of QUESTIONS) {
    const times: number[] = []
    let groups = 0
    for (let round = 0; round < 5; round++) {
      const started = cpuMs()
      const [table] = await runQueries([query], [file], options)
      times.push(cpuMs() - started)
      groups = table!.groups
    }
    const [first, ...next] = times as [number, ...number[]]
    const best = Math.min(...next)
    console.log(
      `report ${name}: first ${first.toFixed(0)} ms, then ${best.toFixed(0)} ms ` +
        `(${((best * 1e6) / ROWS).toFixed(1)} ns/row), ${groups} groups`,
    )
  }
  console.log(`memory: ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`)
  file.close()
} finally {
  rmSync(directory, { recursive: true, force: true })
}
