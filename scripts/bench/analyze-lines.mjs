// Reports over a plain log of goflow2, 1 M default lines of seeded flows: whole processes of dist/weir against DuckDB's
// read_json in this one, on the same file and with as many threads, by turns. Best of some runs: milliseconds on the
// clock, and of the processors. ROWS, RUNS, THREADS and DATA=folder (kept and used again) change what is measured.
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FlowBatch } from '../../lib/flow/batch.ts'
import { newLineSink } from '../../lib/goflow2/line-sink.ts'
import { FlowGenerator } from '../../lib/testing/flow-generator.ts'
import { better, NONE, timesOf } from './whole-process.mjs'

const ROWS = Number(process.env.ROWS ?? 1_000_000)
const RUNS = Number(process.env.RUNS ?? 3)
const THREADS = Number(process.env.THREADS ?? 2)
const MUST = 0.5
const weir = process.env.WEIR ?? join(import.meta.dirname, '../../dist/weir')

const SUMS = 'sum(bytes * sampling_rate) AS b, sum(packets * sampling_rate), count(*)'
/** As the report counts: both ways, 95th percentiles of bins, local addresses, first flows. */
const BY_AS = `
  WITH flows AS MATERIALIZED (
    SELECT starts_with(src_addr, '10.') AS is_out, if(is_out, dst_as, src_as) AS a, if(is_out, src_addr, dst_addr) AS l,
      bytes * sampling_rate AS b, time_flow_start_ns AS s, s // 300000000000 AS t FROM log),
  bins AS (
    SELECT a, sum(b) FILTER (WHERE NOT is_out) AS i, sum(b) FILTER (WHERE is_out) AS o FROM flows GROUP BY a, t),
  peaks AS (SELECT a, quantile_disc(i, 0.95), quantile_disc(o, 0.95) FROM bins GROUP BY a),
  sums AS (
    SELECT a, sum(b) AS b, sum(b) FILTER (WHERE is_out), count(DISTINCT l), count(*), min(s) FROM flows GROUP BY a)
  SELECT * FROM sums JOIN peaks USING (a) ORDER BY b DESC LIMIT 10`
/** Name, words of weir, SQL. */
const REPORTS = [
  [
    'top',
    ['top'],
    `SELECT src_addr, ${SUMS}, count(DISTINCT dst_addr) FROM log GROUP BY 1 ORDER BY b DESC LIMIT 10`,
  ],
  [
    'series',
    ['series'],
    `SELECT time_flow_start_ns // 300000000000 AS t, ${SUMS} FROM log GROUP BY 1 ORDER BY 1`,
  ],
  ['as', ['as'], BY_AS],
  ['totals', ['--sum', 'bytes,packets,flows'], `SELECT ${SUMS} FROM log`],
  [
    'filter and totals',
    ['dst port 443 and src net 10.0.0.0/8', '--sum', 'bytes,packets,flows'],
    `SELECT ${SUMS} FROM log WHERE dst_port = 443 AND starts_with(src_addr, '10.')`,
  ],
]

function makeLog(path) {
  const fd = openSync(`${path}.new`, 'w')
  const write = (octets, from, to) => writeSync(fd, octets, from, to - from)
  const separator = Buffer.from('\n')
  const sink = newLineSink({ format: 'json', compat: '2.2', mapping: null, separator, write })
  const generator = new FlowGenerator(1)
  const batch = new FlowBatch()
  for (let rows = 0; rows < ROWS; rows += batch.rowCount) {
    batch.reset()
    generator.fill(batch)
    batch.rowCount = Math.min(batch.rowCount, ROWS - rows)
    sink.write(batch)
  }
  closeSync(fd)
  renameSync(`${path}.new`, path)
}

function timesOfWeir(words) {
  const times = timesOf(weir, words)
  if (times === null) throw new Error(`weir ${words.join(' ')} failed`)
  return times
}

async function timesOfDuckDb(connection, sql) {
  const started = performance.now()
  const before = process.cpuUsage()
  await (await connection.runAndReadAll(sql)).getRows()
  const { user, system } = process.cpuUsage(before)
  return { wall: performance.now() - started, cpu: (user + system) / 1000 }
}

const ms = (value) => `${Math.round(value)} ms`.padStart(8)

if (!existsSync(weir)) throw new Error('dist/weir is not there: npm run build')
const kept = process.env.DATA
const directory = kept ?? mkdtempSync(join(tmpdir(), 'weir-lines-'))
try {
  const path = join(directory, 'lines.log')
  if (!existsSync(path)) makeLog(path)
  console.log(`${ROWS} lines, ${Math.round(statSync(path).size / 1e6)} MB, ${THREADS} threads`)
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(`SET threads = ${THREADS}`)
  await connection.run(`CREATE VIEW log AS SELECT * FROM read_json('${path}')`)
  for (const [name, words, sql] of REPORTS) {
    let own = NONE
    let peer = NONE
    for (let run = 0; run < RUNS; run++) {
      own = better(
        own,
        timesOfWeir(['analyze', ...words, '--in', path, '--format', 'tsv', '--threads', String(THREADS)]),
      )
      peer = better(peer, await timesOfDuckDb(connection, sql))
    }
    const ratio = peer.wall / own.wall
    console.log(
      `  ${name.padEnd(18)} weir ${ms(own.wall)}  DuckDB ${ms(peer.wall)}  ${ratio.toFixed(2)}x (must ${MUST}x)` +
        `  processors ${ms(own.cpu)} ${ms(peer.cpu)}  ${(peer.cpu / own.cpu).toFixed(2)}x` +
        (ratio < MUST ? '  TOO SLOW' : ''),
    )
  }
} finally {
  if (kept === undefined) rmSync(directory, { recursive: true, force: true })
}
process.exit(0)
