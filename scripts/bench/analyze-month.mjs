// Reports over a month of an archive that has rollups: 30 days of 10 M flows each. The rollups of one day are made as `weir
// archive compact` makes them and written thirty times, times shifted; the files of records beside them have as many
// blocks as those of a day, but few rows each: nobody reads them. Whole processes of dist/weir, best of some runs:
// milliseconds on the clock, and of the processors. ROWS, RUNS, DATA=folder (kept and used again; flows.weir in it is the
// day, as scripts/bench/analyze.mjs leaves it) and WEIR change what is measured.
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rollupKnowledge } from '../../cmd/rollup-knowledge.ts'
import { ARCHIVE_CALLS } from '../../lib/archive/archive-calls.ts'
import { openArchive } from '../../lib/archive/archive-reader.ts'
import { passBlock } from '../../lib/archive/block-batches.ts'
import { FileWriter } from '../../lib/archive/file-writer.ts'
import { ROLLUP_KINDS } from '../../lib/archive/rollup-kinds.ts'
import { writeRollups } from '../../lib/archive/rollups.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { FlowBatch } from '../../lib/flow/batch.ts'
import { F } from '../../lib/flow/fields.ts'
import { FlowGenerator } from '../../lib/testing/flow-generator.ts'
import { bestTimesOf } from './whole-process.mjs'

const ROWS = Number(process.env.ROWS ?? 10_000_000)
const RUNS = Number(process.env.RUNS ?? 5)
const DAYS = 30
const MUST_MS = 1000
const AIM_MS = 200
const DAY_NS = 86_400_000_000_000n
const START_NS = 1_767_225_600_000_000_000n
const BLOCK_ROWS = 131_072
const FEW_ROWS = 50
const root = join(import.meta.dirname, '../..')
const weir = process.env.WEIR ?? join(root, 'dist/weir')
const SUMS = 'bytes,bytes.in,bytes.out,share(bytes),packets,flows'

/** Name and words of weir. */
const REPORTS = [
  ['series', ['series', '--bin', '5m']],
  ['series by direction, by the hour', ['series', '--by', 'time,direction', '--bin', '1h']],
  ['as', ['as', '--sum', SUMS]],
  ['as, of what goes out', ['as', 'out', '--sum', SUMS]],
  ['totals', ['--sum', 'bytes,packets,flows']],
]

const FILE = { stream: 'bench', mostAddresses: 2_000_000, calls: ARCHIVE_CALLS, log: SILENT }

/** A day's flows, and the rollups of them. */
function makeDay(folder, flows) {
  if (existsSync(folder)) return
  const draft = `${folder}.new`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft)
  const path = join(draft, 'bench-20260101T000000Z-1.weir')
  if (existsSync(flows)) linkSync(flows, path)
  else {
    const writer = new FileWriter({ ...FILE, path, createdNs: START_NS, blockRows: BLOCK_ROWS })
    const generator = new FlowGenerator(1)
    const batch = new FlowBatch()
    for (let rows = 0; rows < ROWS; rows += batch.rowCount) {
      batch.reset()
      generator.fill(batch)
      writer.append(batch)
    }
    writer.close()
  }
  const kinds = ROLLUP_KINDS.filter(({ isDefault }) => isDefault)
  for (const { name, rows, octets } of writeRollups(draft, {
    kinds,
    knowledge: rollupKnowledge('private'),
    log: SILENT,
  }))
    console.log(`  ${name}: ${rows} rows, ${(octets / 1e6).toFixed(1)} MB a day`)
  renameSync(draft, folder)
}

/** The same month every day. */
function makeMonth(folder, day) {
  if (existsSync(folder)) return
  const draft = `${folder}.new`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft)
  const names = readdirSync(day).filter((name) => name.endsWith('.weir'))
  const records = openArchive(
    join(
      day,
      names.find((name) => name.split('.').length === 2),
    ),
  )
  const rollups = names.filter((name) => name.split('.').length === 3)
  for (let number = 0; number < DAYS; number++) {
    const shift = BigInt(number) * DAY_NS
    const date = new Date(Number((START_NS + shift) / 1_000_000n))
      .toISOString()
      .slice(0, 10)
      .replaceAll('-', '')
    const name = `bench-${date}T000000Z-1`
    const own = writeRecords(join(draft, `${name}.weir`), records.blocks.length, START_NS + shift)
    for (const rollup of rollups)
      shiftRollup(join(day, rollup), join(draft, `${name}.${rollup.split('.')[1]}.weir`), shift, own)
  }
  records.close()
  renameSync(draft, folder)
}

/** Blocks that lie over a day; returns what tells the file from others. */
function writeRecords(path, blocks, fromNs) {
  const writer = new FileWriter({ ...FILE, path, createdNs: fromNs, blockRows: FEW_ROWS })
  const batch = new FlowBatch()
  new FlowGenerator(1).fill(batch)
  batch.rowCount = FEW_ROWS
  for (let block = 0; block < blocks; block++) {
    const at = fromNs + (DAY_NS / BigInt(blocks)) * BigInt(block)
    for (let row = 0; row < FEW_ROWS; row++) {
      for (const field of [F.flowStart, F.flowEnd, F.timeReceived]) batch.fixed(field).wide[row] = at
    }
    writer.append(batch)
  }
  writer.close()
  const file = openArchive(path)
  const { fileId, createdNs } = file.schema
  file.close()
  return { fileId, createdNs }
}

function shiftRollup(from, path, shift, of) {
  const file = openArchive(from)
  const rollup = { ...file.schema.rollup, covers: [of] }
  const writer = new FileWriter({ ...FILE, path, createdNs: of.createdNs, rollup, blockRows: BLOCK_ROWS })
  for (let index = 0; index < file.blocks.length; index++)
    passBlock(file.block(index), file.schema, file.problems, (batch) => {
      for (let row = 0; row < batch.rowCount; row++)
        for (const field of [F.flowStart, F.flowEnd, F.timeReceived]) batch.fixed(field).wide[row] += shift
      writer.append(batch)
    })
  writer.close()
  file.close()
}

const ms = (value) => `${Math.round(value)} ms`.padStart(8)

if (!existsSync(weir)) throw new Error('dist/weir is not there: npm run build')
const kept = process.env.DATA
const directory = kept ?? mkdtempSync(join(tmpdir(), 'weir-month-'))
try {
  const day = join(directory, 'day')
  const month = join(directory, 'month')
  makeDay(day, join(directory, 'flows.weir'))
  makeMonth(month, day)
  const octets = readdirSync(month).reduce((sum, name) => sum + statSync(join(month, name)).size, 0)
  console.log(
    `${DAYS} days of ${ROWS} flows: ${readdirSync(month).length} files, ${Math.round(octets / 1e6)} MB`,
  )
  for (const [name, words] of REPORTS) {
    const args = ['analyze', ...words, '--in', month, '--from', '2026-01-01', '--to', '2026-01-31']
    const { stdout } = spawnSync(weir, [...args, '--explain'], { encoding: 'utf8' })
    const rollups = /^rollups +(.*)$/m.exec(stdout)?.[1] ?? 'none'
    const best = bestTimesOf(weir, [...args, '--format', 'tsv'], RUNS)
    if (best === null) throw new Error(`weir ${args.join(' ')} failed`)
    const { wall, cpu } = best
    console.log(
      `  ${name.padEnd(34)} ${ms(wall)} (must ${MUST_MS}, aim ${AIM_MS})  processors ${ms(cpu)}  ${rollups}` +
        (wall > MUST_MS ? '  TOO SLOW' : ''),
    )
  }
} finally {
  if (kept === undefined) rmSync(directory, { recursive: true, force: true })
}
