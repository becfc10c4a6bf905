// Memory of a writer that meets 10 M distinct addresses (ADDRESSES), and of a reader of all that it wrote, each a process
// of its own. Must 700 MB, aim 400, and the writer says when it begins a new file because of it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openArchive } from '../../lib/archive/archive-reader.ts'
import { ArchiveWriter } from '../../lib/archive/archive-writer.ts'
import { FlowBatch } from '../../lib/flow/batch.ts'
import { BlockMemory } from '../../lib/flow/block-memory.ts'
import { F } from '../../lib/flow/fields.ts'

const ADDRESSES = Number(process.env.ADDRESSES ?? 10_000_000)
const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024

function write(directory) {
  let full = 0
  const log = {
    info: (message) => {
      if (message.includes('is full')) full++
    },
    warn() {},
    error() {},
    debug() {},
    limited() {},
  }
  const writer = new ArchiveWriter({ directory, stream: 'flows', log, limits: { rotateEveryMs: 0 } })
  const batch = new FlowBatch()
  let next = 1
  const [source, destination] = [F.sourceAddress, F.destinationAddress]
  while (next <= ADDRESSES) {
    batch.reset()
    for (const field of [source, destination]) {
      const { words, present } = batch.fixed(field)
      for (let row = 0; row < 4000; row++, next++) {
        // Three of ten are IPv6.
        const isIpv6 = row % 10 > 6
        words[row * 4] = isIpv6 ? 0x20010db8 : 0
        words[row * 4 + 2] = isIpv6 ? Math.imul(next, 0x85ebca6b) : 0xffff
        words[row * 4 + 3] = Math.imul(next, 0x9e3779b1)
        present[row] = 1
      }
    }
    batch.rowCount = 4000
    writer.append(batch)
  }
  writer.close()
  console.log(`writer: ${peak().toFixed(0)} MB at most; said ${full} times that a file was full of addresses`)
}

function read(directory) {
  const memory = new BlockMemory()
  let rows = 0
  const names = readdirSync(directory, { recursive: true }).filter((name) => name.endsWith('.weir'))
  for (const name of names) {
    const reader = openArchive(join(directory, name))
    for (let index = 0; index < reader.blocks.length; index++) {
      const block = reader.block(index, memory)
      for (const field of [F.sourceAddress, F.destinationAddress]) block.read(field, reader.problems)
      rows += block.info.rows
    }
    reader.close()
  }
  console.log(`reader: ${peak().toFixed(0)} MB at most; ${rows} rows of ${names.length} files`)
}

const [part, directory] = process.argv.slice(2)
if (part === 'write') write(directory)
else if (part === 'read') read(directory)
else {
  const folder = mkdtempSync(join(tmpdir(), 'weir-memory-'))
  try {
    console.log(`${ADDRESSES} distinct addresses`)
    for (const name of ['write', 'read']) {
      const words = ['--disable-warning=ExperimentalWarning', import.meta.filename, name, folder]
      if (spawnSync(process.execPath, words, { stdio: 'inherit' }).status !== 0) process.exitCode = 1
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
