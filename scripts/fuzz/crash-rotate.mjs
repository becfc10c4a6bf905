// Runs of rotate killed with SIGKILL, at a random call of the file system or a random time, against a program that
// writes numbered lines all the while; after every 25 kills each line must stand in the files exactly once, and where
// they are archived, in the archive exactly once.
// 500 kills: npm run fuzz -- rotate --seconds 90
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { archiveFaults } from '../../cmd/testing/archived-lines.ts'
import { faultsOf, NODE, runKilled, startNumberedWriter } from '../../lib/rotate/testing/numbered-lines.ts'

const PER_CHECK = 25
const COMPRESSIONS = ['none', 'gzip', 'zstd']
const NEVER = 1e9
const main = join(import.meta.dirname, '../../cmd/main.ts')
const killedRotate = join(import.meta.dirname, '../../cmd/testing/killed-rotate.ts')

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

/** The same for runs that archive: killed before call `at` of the file system. Its calls, or null if it was killed. */
function archiveKilled(writer, folder, compression, at) {
  const words = [
    '--log',
    writer.log,
    '--signal-pid-file',
    writer.pidFile,
    '--archive',
    join(folder, 'archive'),
  ]
  const more = ['--compress', compression, '--wait-lock', '--log-level', 'error']
  const run = spawnSync(NODE[0], [...NODE.slice(1), killedRotate, String(at), ...words, ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, '../cache') },
  })
  return run.signal === 'SIGKILL' ? null : Number(run.stdout)
}

export async function newTarget(random) {
  const root = mkdtempSync(join(tmpdir(), 'weir-crash-'))
  let folder
  let writer
  let calls
  let archiveCalls
  let isArchiving = false
  let inputs = 0
  let kills = 0
  let lines = 0

  async function check() {
    const count = await writer.stop()
    writer = undefined
    const last = { log: join(folder, 'flows.log'), pidFile: join(folder, 'pid') }
    if (isArchiving) archiveKilled(last, folder, 'zstd', NEVER)
    else await runKilled(last, 'zstd', false, NEVER)
    const faults = isArchiving ? archiveFaults(join(folder, 'archive'), count) : faultsOf(folder, count)
    isArchiving = !isArchiving
    if (faults.length > 0) throw new Error(`${folder}: ${faults.slice(0, 10).join('; ')}`)
    lines += count
    rmSync(folder, { recursive: true })
  }

  process.on('exit', () => {
    writer?.kill()
    console.log(`${kills} kills; ${lines} lines were found exactly once`)
    // What is wrong is kept for a look.
    const runs = readdirSync(root).filter((name) => name !== 'cache')
    if (runs.length === (writer === undefined ? 0 : 1)) rmSync(root, { recursive: true })
  })
  return {
    mostMs: 30_000,
    kills: () => kills,
    /** Looks at what was not looked at yet; how many lines there were. */
    async finish() {
      if (writer !== undefined) await check()
      return lines
    },
    /** An octet each for the way, the compression and the place. */
    next: () => Uint8Array.of(random(2), random(3), random(256)),
    async run([way, compression, place]) {
      if (writer === undefined) {
        folder = mkdtempSync(join(root, 'run-'))
        writer = await startNumberedWriter(folder, isArchiving ? 'flows' : '')
        if (isArchiving) archiveCalls ??= archiveKilled(writer, folder, 'zstd', NEVER)
        else calls ??= await runKilled(writer, 'zstd', false, NEVER)
      }
      const how = COMPRESSIONS[compression]
      const isKilled = isArchiving
        ? archiveKilled(writer, folder, how, 1 + Math.floor((place / 256) * archiveCalls)) === null
        : way === 0
          ? await killAfter(writer, how, 60 + (place / 256) * 140)
          : (await runKilled(writer, how, false, 1 + Math.floor((place / 256) * calls))) === null
      if (isKilled) kills++
      if (++inputs % PER_CHECK === 0) await check()
    },
  }
}
