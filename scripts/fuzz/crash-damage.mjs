// Archive files that are cut at random places, or have a bit turned over: what is whole stays readable, nothing that is
// read is wrong, and the damage is always told.
import { copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ARCHIVE_CALLS } from '../../lib/archive/archive-calls.ts'
import { openArchive, scanArchive } from '../../lib/archive/archive-reader.ts'
import { FileWriter } from '../../lib/archive/file-writer.ts'
import { repairArchive } from '../../lib/archive/repair.ts'
import { verifyArchive } from '../../lib/archive/verify.ts'
import { FlowError } from '../../lib/diagnostics/flow-error.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { FlowBatch } from '../../lib/flow/batch.ts'
import { allNumbers, checkUnbroken, fillNumbered, numbersOf } from './numbered-flows.mjs'

const BLOCK_ROWS = 200
const BLOCKS = 16

function makeFile(path) {
  const writer = new FileWriter({
    path,
    stream: 'damage',
    createdNs: 0n,
    blockRows: BLOCK_ROWS,
    mostAddresses: 1_000_000,
    calls: ARCHIVE_CALLS,
    log: SILENT,
  })
  const batch = new FlowBatch()
  for (let block = 0; block < BLOCKS; block++) {
    fillNumbered(batch, block * BLOCK_ROWS, (block + 1) * BLOCK_ROWS)
    writer.append(batch)
  }
  if (!writer.close()) throw new Error('no room for the file')
}

function cut(whole, directory, ends, octets) {
  const path = join(directory, 'cut.weir.part')
  copyFileSync(whole, path)
  truncateSync(path, octets)
  const report = repairArchive(path)
  const wanted = ends.filter((end) => end <= octets).length * BLOCK_ROWS
  const numbers = report.outcome === 'removed' ? new Set() : allNumbers(directory)
  checkUnbroken(numbers)
  const rows = numbers.size
  if (rows !== wanted) throw new Error(`cut at ${octets}: ${rows} rows, not ${wanted}`)
  rmSync(report.path, { force: true })
}

function flip(octets, directory, place, bit) {
  const path = join(directory, 'flip.weir')
  const damaged = Buffer.from(octets)
  damaged[place] ^= 1 << bit
  writeFileSync(path, damaged)
  const told = (action) => {
    try {
      return action()
    } catch (error) {
      if (error instanceof FlowError) return null
      throw error
    }
  }
  const report = told(() => verifyArchive(path))
  if (report !== null && report.state !== 'damaged') throw new Error(`bit ${bit} of ${place}: not found`)
  for (const open of [openArchive, scanArchive]) {
    const reader = told(() => open(path))
    if (reader === null) continue
    const rows = new Set()
    for (let index = 0; index < reader.blocks.length; index++) {
      for (const number of numbersOf(reader, index) ?? []) rows.add(number)
    }
    if (rows.size < BLOCKS * BLOCK_ROWS && reader.problems.length === 0 && reader.state === 'finished')
      throw new Error(`bit ${bit} of ${place}: rows are missing and nothing says so`)
    reader.close()
  }
}

/** `count` cuts and as many flipped bits; throws where rows are lost or wrong, or damage is not told. */
export function runDamage({ root, count, random, report }) {
  const whole = join(root, 'whole.weir')
  makeFile(whole)
  const octets = readFileSync(whole)
  const reader = openArchive(whole)
  const ends = reader.blocks.map(
    ({ at, headOctets, bodyOctets }) => at + 32 + ((headOctets + 7) & ~7) + bodyOctets,
  )
  reader.close()
  rmSync(whole)
  const kept = join(root, 'whole')
  writeFileSync(kept, octets)
  const directory = join(root, 'damage')
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory)
  for (let i = 0; i < count; i++) cut(kept, directory, ends, random(octets.length))
  report(`${count} cuts: all whole blocks were there afterwards, and nothing else`)
  for (let i = 0; i < count; i++) flip(octets, directory, random(octets.length), random(8))
  report(`${count} flipped bits: each found, no wrong row shown`)
}
