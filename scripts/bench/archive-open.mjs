// How long a whole process takes that tells the totals of an archive file of 10 M flows (ROWS): `weir archive list FILE`
// from the footer and blocks, and again from the catalog that it left. Must 60 ms, aim 40, of which `--version` is a part.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ARCHIVE_CALLS } from '../../lib/archive/archive-calls.ts'
import { FileWriter } from '../../lib/archive/file-writer.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { FlowBatch } from '../../lib/flow/batch.ts'
import { FlowGenerator } from '../../lib/testing/flow-generator.ts'
import { weir } from './peers.mjs'

const ROWS = Number(process.env.ROWS ?? 10_000_000)
const ROUNDS = 9

if (weir === undefined) {
  console.log('weir: dist/weir is missing; run npm run build first')
  process.exit(0)
}
const directory = mkdtempSync(join(tmpdir(), 'weir-open-'))

function best(words, before = () => {}) {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    before()
    const started = performance.now()
    const { status, stderr } = spawnSync(weir, words, { encoding: 'utf8' })
    least = Math.min(least, performance.now() - started)
    if (status !== 0) throw new Error(`weir ${words.join(' ')} ends with ${status}: ${stderr}`)
  }
  return least
}

try {
  const path = join(directory, 'flows.weir')
  const limits = { blockRows: 131_072, mostAddresses: 8_000_000 }
  const writer = new FileWriter({
    path,
    stream: 's',
    createdNs: 0n,
    ...limits,
    calls: ARCHIVE_CALLS,
    log: SILENT,
  })
  const generator = new FlowGenerator(1)
  const batch = new FlowBatch()
  while (writer.appendedRows < ROWS) {
    batch.reset()
    generator.fill(batch)
    writer.append(batch)
  }
  writer.close()
  const forget = () => {
    for (const name of ['.catalog']) if (existsSync(join(directory, name))) rmSync(join(directory, name))
  }
  const start = best(['--version'])
  const first = best(['archive', 'list', path, '--format', 'json'], forget)
  const again = best(['archive', 'list', path, '--format', 'json'])
  console.log(
    `totals of ${writer.appendedRows} rows, whole process: ${again.toFixed(0)} ms, ${first.toFixed(0)} ms without a catalog; weir --version ${start.toFixed(0)} ms`,
  )
} finally {
  rmSync(directory, { recursive: true, force: true })
}
