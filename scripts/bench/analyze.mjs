// Questions over one file of seeded flows. Whole processes, best of some runs: dist/weir against nfdump on the same flows
// as NetFlow v9 (lz4, through nfcapd). Warm and steady in one process: the engine against DuckDB on our Parquet export.
// Footers go to stderr. ROWS, RUNS and DATA=folder (kept and used again) change what is measured; wall milliseconds,
// and of whole processes also those of the processors.
import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { analyze } from '../../cmd/analyze.ts'
import { ARCHIVE_CALLS } from '../../lib/archive/archive-calls.ts'
import { FileWriter } from '../../lib/archive/file-writer.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { FlowBatch } from '../../lib/flow/batch.ts'
import { FlowGenerator } from '../../lib/testing/flow-generator.ts'
import { datagrams } from './datagrams.mjs'
import { bestTimesOf } from './whole-process.mjs'

const ROWS = Number(process.env.ROWS ?? 10_000_000)
const RUNS = Number(process.env.RUNS ?? 3)
const PORT = 29_965
const root = join(import.meta.dirname, '../..')
const weir = join(root, 'dist/weir')
const SUMS = 'bytes,packets,flows'
/** Times of what is not there or fails. */
const FAILED = { wall: Number.NaN, cpu: Number.NaN }

const KEYS = 'sourceAddress, destinationAddress, destinationTransportPort'
const VOLUME = 'sum(octetDeltaCount) AS b, sum(packetDeltaCount), count(*)'
const NET = (side) => `array_to_string(string_split(${side}, '.')[1:3], '.')`
/** Name, what it must be against nfdump, flags of weir, of nfdump, SQL. */
const QUESTIONS = [
  ['totals of a day', 5, ['--sum', SUMS, '--raw-counters'], ['-o', 'null'], `SELECT ${VOLUME} FROM flows`],
  [
    'top 10 sources',
    4,
    ['--by', 'src.ip', '--sum', SUMS, '--top', '10', '--raw-counters'],
    ['-s', 'srcip/bytes', '-n', '10'],
    `SELECT sourceAddress, ${VOLUME} FROM flows GROUP BY 1 ORDER BY b DESC LIMIT 10`,
  ],
  [
    'top 10 of three keys',
    10,
    ['--by', 'src.ip,dst.ip,dst.port', '--sum', SUMS, '--top', '10', '--raw-counters'],
    ['-A', 'srcip,dstip,dstport', '-O', 'bytes', '-n', '10'],
    `SELECT ${KEYS}, ${VOLUME} FROM flows GROUP BY ${KEYS} ORDER BY b DESC LIMIT 10`,
  ],
  [
    'filter and sum',
    2,
    ['dst port 443 and src net 10.0.0.0/8', '--sum', SUMS, '--raw-counters'],
    ['-o', 'null', 'dst port 443 and src net 10.0.0.0/8'],
    `SELECT ${VOLUME} FROM flows WHERE destinationTransportPort = 443 AND starts_with(sourceAddress, '10.')`,
  ],
  [
    '5 minutes per local /24',
    3,
    ['--by', 'time,local.ip/24', '--bin', '5m', '--sum', SUMS, '--top', '50', '--raw-counters'],
    ['-A', 'srcip4/24', '-O', 'bytes'],
    `SELECT epoch_ns(flowStart) // 300000000000 AS t, ${NET('sourceAddress')} AS n, ${VOLUME} FROM flows
       WHERE starts_with(sourceAddress, '10.') GROUP BY t, n ORDER BY t, n`,
  ],
  [
    'one host',
    5,
    ['host 10.0.17.5', '--sum', SUMS, '--raw-counters'],
    ['-o', 'null', 'host 10.0.17.5'],
    `SELECT ${VOLUME} FROM flows WHERE sourceAddress = '10.0.17.5' OR destinationAddress = '10.0.17.5'`,
  ],
]

async function makeData(directory) {
  const path = join(directory, 'flows.weir')
  const folder = join(directory, 'nfdump')
  if (existsSync(path)) return
  mkdirSync(folder, { recursive: true })
  const hasNfdump = spawnSync('nfcapd', ['-V']).status === 0
  const receiving = [
    '-w',
    folder,
    '-p',
    String(PORT),
    '-b',
    '127.0.0.1',
    '-B',
    '64000000',
    '-t',
    '86400',
    '-y',
  ]
  const nfcapd = hasNfdump ? spawn('nfcapd', receiving, { stdio: 'ignore' }) : null
  await sleep(700)
  const socket = createSocket('udp4')
  const limits = { blockRows: 131_072, mostAddresses: 2_000_000 }
  const shared = { stream: 'bench', createdNs: 0n, calls: ARCHIVE_CALLS, log: SILENT }
  const writer = new FileWriter({ path: `${path}.new`, ...limits, ...shared })
  const generator = new FlowGenerator(1)
  const batch = new FlowBatch()
  for (let rows = 0; rows < ROWS; rows += batch.rowCount) {
    batch.reset()
    generator.fill(batch)
    writer.append(batch)
    let sent = 0
    for (const octets of nfcapd === null ? [] : datagrams(batch)) {
      socket.send(octets, PORT, '127.0.0.1')
      if (++sent % 100 === 0) await sleep(1)
    }
  }
  writer.close()
  await sleep(1000)
  socket.close()
  if (nfcapd !== null) {
    nfcapd.kill('SIGTERM')
    await new Promise((resolve) => nfcapd.once('exit', resolve))
  }
  renameSync(`${path}.new`, path)
}

/** Times of a question asked again and again. */
async function steady(action) {
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < RUNS + 2; run++) {
    const started = performance.now()
    await action()
    best = Math.min(best, performance.now() - started)
  }
  return best
}

async function openDuckDb(parquet) {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(`CREATE VIEW flows AS SELECT * FROM read_parquet('${parquet}')`)
  return connection
}

const kept = process.env.DATA
const directory = kept ?? mkdtempSync(join(tmpdir(), 'weir-analyze-'))
const ms = (value) => `${Math.round(value)} ms`.padStart(9)
try {
  await makeData(directory)
  const path = join(directory, 'flows.weir')
  const folder = join(directory, 'nfdump')
  const file = existsSync(folder) ? readdirSync(folder).find((name) => name.startsWith('nfcapd.')) : undefined
  const nfdump = file === undefined ? null : join(folder, file)
  if (!existsSync(weir)) throw new Error('dist/weir is not there: npm run build')
  if (nfdump !== null) {
    const { stdout } = spawnSync('nfdump', ['-r', nfdump, '-I'], { encoding: 'utf8' })
    const flows = Number(/^Flows: (\d+)/m.exec(stdout)?.[1])
    console.log(`nfdump has ${flows} of ${ROWS} flows`)
  }
  console.log('whole processes')
  for (const [name, must, ours, theirs] of QUESTIONS) {
    const own = bestTimesOf(weir, ['analyze', ...ours, '--in', path, '--format', 'tsv'], RUNS) ?? FAILED
    const peer = (nfdump === null ? null : bestTimesOf('nfdump', ['-r', nfdump, ...theirs], RUNS)) ?? FAILED
    const ratio = (own, peer) => `${(peer / own).toFixed(1)}x`
    console.log(
      `  ${name.padEnd(26)} weir ${ms(own.wall)}  nfdump ${ms(peer.wall)}  ${ratio(own.wall, peer.wall)} (must ${must}x)` +
        `  processors ${ms(own.cpu)} ${ms(peer.cpu)}  ${ratio(own.cpu, peer.cpu)}`,
    )
  }
  const parquet = join(directory, 'flows.parquet')
  if (!existsSync(parquet))
    spawnSync(weir, ['archive', 'export', path, '--format', 'parquet', '--output', parquet])
  setFlagsFromString('--no-maglev-inlining')
  const duckDb = await openDuckDb(parquet)
  console.log('steady, one process, all its threads')
  for (const [name, , ours, , sql] of QUESTIONS) {
    const words = ours[0].startsWith('--') ? [] : [ours[0]]
    const flags = new Map()
    const rest = ours.slice(words.length)
    for (let i = 0; i < rest.length; i++) {
      const flag = rest[i].slice(2)
      const value = rest[i + 1]?.startsWith('--') === false ? rest[++i] : 'true'
      flags.set(flag, { values: [value], source: rest[i] })
    }
    for (const [flag, value] of Object.entries({
      in: path,
      output: join(directory, 'answer.tsv'),
      progress: 'never',
    }))
      flags.set(flag, { values: [value], source: flag })
    const own = await steady(() => analyze(flags, words)())
    const peer = await steady(async () => (await duckDb.runAndReadAll(sql)).getRows())
    console.log(
      `  ${name.padEnd(26)} weir ${ms(own)}  DuckDB ${ms(peer)}  ${(peer / own).toFixed(1)}x (must 1x)`,
    )
  }
} finally {
  if (kept === undefined) rmSync(directory, { recursive: true, force: true })
}
process.exit(0)
