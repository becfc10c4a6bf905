// Archive writers killed with SIGKILL at random times; the next writer finishes what they left. Every acknowledged row
// must then be there once, in order, and no row may be wrong. 1,000 kills: npm run fuzz -- archive --seconds 300
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openArchive } from '../../lib/archive/archive-reader.ts'
import { ArchiveWriter } from '../../lib/archive/archive-writer.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { F } from '../../lib/flow/fields.ts'

const child = join(import.meta.dirname, 'archive-child.mjs')

/** Kills a writer after `ms` of writing; returns the rows it had acknowledged. */
async function killedWriter(directory, run, ms) {
  const writer = spawn(process.execPath, [child, directory, String(run), String(ms)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  let hasBegun = () => {}
  const begun = new Promise((resolve) => {
    hasBegun = resolve
  })
  writer.stdout.on('data', (piece) => {
    text += piece
    hasBegun()
  })
  const ended = new Promise((resolve) => writer.on('close', resolve))
  await Promise.race([begun, ended])
  await sleep(ms)
  writer.kill('SIGKILL')
  await ended
  // The last line may be cut, which only makes the number smaller.
  return Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1))
}

/** Rows in the archive; throws where they are not 0, 1, 2, … each with its address. */
function countRows(directory, run) {
  const rows = new Map()
  const names = readdirSync(directory, { recursive: true }).filter((name) => name.includes('.weir'))
  for (const name of names) {
    if (!name.endsWith('.weir')) throw new Error(`${name} was left`)
    const reader = openArchive(join(directory, name))
    for (let index = 0; index < reader.blocks.length; index++) {
      const block = reader.block(index)
      const numbers = block.read(F.sequenceNumber, reader.problems).column.values
      const domains = block.read(F.observationDomainId, reader.problems).column.values
      const { words } = block.read(F.sourceAddress, reader.problems).column
      for (let row = 0; row < block.info.rows; row++) {
        if (domains[row] !== run || words[row * 4 + 3] !== Math.imul(numbers[row], 2654435761) >>> 0)
          throw new Error(`${name}: block ${index}: row ${row} is wrong`)
        if (rows.has(numbers[row])) throw new Error(`row ${numbers[row]} is there twice`)
        rows.set(numbers[row], true)
      }
    }
    if (reader.problems.length > 0) throw new Error(`${name}: ${reader.problems[0].what}`)
    reader.close()
  }
  for (let row = 0; row < rows.size; row++) if (!rows.has(row)) throw new Error(`row ${row} is missing`)
  return rows.size
}

export function newTarget(random) {
  const root = mkdtempSync(join(tmpdir(), 'weir-archive-kill-'))
  let kills = 0
  let rows = 0
  let unacknowledged = 0
  process.on('exit', () => {
    console.log(
      `${kills} kills; ${rows} rows were found once, ${unacknowledged} of them not acknowledged yet`,
    )
    rmSync(root, { recursive: true, force: true })
  })
  return {
    /** Milliseconds until the kill. */
    next: () => Uint8Array.of(random(60)),
    async run([ms]) {
      const directory = join(root, String(kills))
      const acknowledged = await killedWriter(directory, kills, ms)
      new ArchiveWriter({ directory, stream: 'kill', log: SILENT }).close()
      const found = countRows(directory, kills)
      if (!(found >= acknowledged)) throw new Error(`${found} rows of ${acknowledged} acknowledged`)
      kills++
      rows += found
      unacknowledged += found - acknowledged
      rmSync(directory, { recursive: true })
    },
  }
}
