import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SILENT } from '../diagnostics/log.ts'
import { FlowBatch } from '../flow/batch.ts'
import { BlockMemory } from '../flow/block-memory.ts'
import { F } from '../flow/fields.ts'
import { FlowGenerator } from '../testing/flow-generator.ts'
import { ARCHIVE_CALLS } from './archive-calls.ts'
import { openArchive } from './archive-reader.ts'
import type { Block } from './block-reader.ts'
import { FileWriter } from './file-writer.ts'

// Seeded flows of three exporters to one file and back. Rows per second of CPU time, all threads of the process.

const ROWS = Number(process.env['ROWS'] ?? 1_500_000)
const POOL = 64

function cpuNs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) * 1000
}

const directory = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'weir-bench-'))
try {
  const path = join(directory, 'flows.weir')
  const generator = new FlowGenerator(1)
  const writer = new FileWriter({
    path,
    stream: 'bench',
    createdNs: 0n,
    blockRows: 131_072,
    mostAddresses: 2_000_000,
    calls: ARCHIVE_CALLS,
    log: SILENT,
  })
  const pool = Array.from({ length: POOL }, () => new FlowBatch())
  let rows = 0
  let spentNs = 0
  let best = Number.POSITIVE_INFINITY
  while (rows < ROWS) {
    for (const batch of pool) {
      batch.reset()
      generator.fill(batch)
    }
    const started = cpuNs()
    let taken = 0
    for (const batch of pool) {
      writer.append(batch)
      taken += batch.rowCount
    }
    const spent = cpuNs() - started
    spentNs += spent
    rows += taken
    best = Math.min(best, spent / taken)
  }
  const started = cpuNs()
  writer.close()
  spentNs += cpuNs() - started
  const { size } = statSync(path)
  console.log(
    `archive write: ${(1000 / (spentNs / rows)).toFixed(2)} M rows/s per core, best ${(1000 / best).toFixed(2)}; ` +
      `${(size / rows).toFixed(2)} octets per flow, ${rows} rows`,
  )

  const openStarted = performance.now()
  const totals = openArchive(path)
  let octets = 0n
  for (const block of totals.blocks) octets += block.octets
  console.log(
    `archive open and totals: ${(performance.now() - openStarted).toFixed(2)} ms (${octets} octets)`,
  )
  const memory = new BlockMemory()
  const readAll = (name: string, read: (block: Block) => unknown) => {
    let least = Number.POSITIVE_INFINITY
    for (let round = 0; round < 4; round++) {
      const begun = cpuNs()
      for (let index = 0; index < totals.blocks.length; index++) read(totals.block(index, memory)!)
      least = Math.min(least, cpuNs() - begun)
    }
    console.log(`archive read ${name}: ${((rows / least) * 1000).toFixed(0)} M rows/s per core`)
  }
  for (const field of [
    F.octetDeltaCount,
    F.destinationTransportPort,
    F.protocolIdentifier,
    F.sourceAddress,
    F.flowStart,
  ])
    readAll(field.name, (block) => block.read(field, []))
  readAll('codes of sourceAddress', (block) => block.readCodes(F.sourceAddress, []))
  readAll('flowStart in 32 bits', (block) => block.readScaled!(F.flowStart, []))
  console.log(`memory: ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`)
  totals.close()
} finally {
  rmSync(directory, { recursive: true, force: true })
}
