// Runs of rotate killed with SIGKILL, at a random call of the file system or a random time, against a program that
// writes numbered lines all the while; after every 25 kills each line must stand in the files exactly once.
// 500 kills: npm run fuzz -- rotate --seconds 90
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { faultsOf, NODE, runKilled, startNumberedWriter } from '../../lib/rotate/testing/numbered-lines.ts'

const PER_CHECK = 25
const COMPRESSIONS = ['none', 'gzip', 'zstd']
const NEVER = 1e9
const main = join(import.meta.dirname, '../../cmd/main.ts')

/** Runs the command line itself and kills it after a time; whether it was still at work. */
async function killAfter(writer, compression, ms) {
  const words = [
    'rotate',
    '--log',
    writer.log,
    '--signal-pid-file',
    writer.pidFile,
    '--compress',
    compression,
  ]
  const child = spawn(NODE[0], [...NODE.slice(1), main, ...words, '--wait-lock'], { stdio: 'ignore' })
  const ended = new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal === 'SIGKILL')))
  await Promise.race([ended, sleep(ms)])
  child.kill('SIGKILL')
  return ended
}

export async function newTarget(random) {
  const root = mkdtempSync(join(tmpdir(), 'weir-crash-'))
  let folder
  let writer
  let calls
  let inputs = 0
  let kills = 0
  let lines = 0

  async function check() {
    const count = await writer.stop()
    writer = undefined
    await runKilled({ log: join(folder, 'flows.log'), pidFile: join(folder, 'pid') }, 'zstd', false, NEVER)
    const faults = faultsOf(folder, count)
    if (faults.length > 0) throw new Error(`${folder}: ${faults.slice(0, 10).join('; ')}`)
    lines += count
    rmSync(folder, { recursive: true })
  }

  process.on('exit', () => {
    writer?.kill()
    console.log(`${kills} kills; ${lines} lines were found exactly once`)
    // What is wrong is kept for a look.
    if (readdirSync(root).length === (writer === undefined ? 0 : 1)) rmSync(root, { recursive: true })
  })
  return {
    /** An octet each for the way, the compression and the place. */
    next: () => Uint8Array.of(random(2), random(3), random(256)),
    async run([way, compression, place]) {
      if (writer === undefined) {
        folder = mkdtempSync(join(root, 'run-'))
        writer = await startNumberedWriter(folder)
        calls ??= await runKilled(writer, 'zstd', false, NEVER)
      }
      const how = COMPRESSIONS[compression]
      const isKilled =
        way === 0
          ? await killAfter(writer, how, 60 + (place / 256) * 140)
          : (await runKilled(writer, how, false, 1 + Math.floor((place / 256) * calls))) === null
      if (isKilled) kills++
      if (++inputs % PER_CHECK === 0) await check()
    },
  }
}
