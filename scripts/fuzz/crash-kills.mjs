// Writers of archives killed with SIGKILL at random moments: `archive write` on a pipe, and `collect --archive` on UDP.
// Then the next writer finishes what was left: every block that a reader saw before the kill, and every row that was
// acknowledged, must be there, once and right.
import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openArchive } from '../../lib/archive/archive-reader.ts'
import { ArchiveWriter } from '../../lib/archive/archive-writer.ts'
import { FlowError } from '../../lib/diagnostics/flow-error.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import {
  allNumbers,
  archiveNames,
  checkUnbroken,
  numberedDatagram,
  numberedLines,
} from './numbered-flows.mjs'

const WRITING = ['--sync-every', '10ms', '--rotate-size', '64KB']
/** A kill comes at most so long after the first octets of a file are there. */
const MOST_MS = 120
const AT_ONCE = 4

/** Rows in whole blocks, as a reader finds them that follows the files. */
function rowsNow(directory) {
  let rows = 0
  for (const path of existsSync(directory) ? archiveNames(directory) : []) {
    try {
      const reader = openArchive(path)
      rows += reader.rows('flow')
      reader.close()
    } catch (error) {
      // A file that is only just begun, or has got its final name meanwhile.
      if (!(error instanceof FlowError)) throw error
    }
  }
  return rows
}

async function begun(directory, child) {
  // A machine that has other work may need seconds to start a program.
  const endMs = performance.now() + 30_000
  while (performance.now() < endMs && child.exitCode === null) {
    if (existsSync(directory) && archiveNames(directory).length > 0) return
    await sleep(2)
  }
  throw new Error('the writer did not begin a file')
}

function finish(directory, stream) {
  new ArchiveWriter({ directory, stream, log: SILENT }).close()
  const left = archiveNames(directory).find((path) => path.endsWith('.part'))
  if (left !== undefined) throw new Error(`${left} was left`)
  return allNumbers(directory)
}

/** Feeds a child with flows until it is gone, and kills it; returns the rows it must have kept. */
async function killAfter(child, directory, ms, feed) {
  const ended = new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)))
  let isGone = false
  child.on('close', () => {
    isGone = true
  })
  const feeding = feed(() => isGone)
  await begun(directory, child)
  // One of eight is killed before it has a block.
  if (ms % 8 !== 0) while (rowsNow(directory) === 0 && !isGone) await sleep(4)
  await sleep(ms)
  const seen = rowsNow(directory)
  child.kill('SIGKILL')
  if ((await ended) !== 'SIGKILL') throw new Error(`the writer ended by itself: ${child.told}`)
  await feeding
  return seen
}

async function killWrite(weir, directory, ms) {
  const words = [...weir, 'archive', 'write', '-', '--archive', directory, '--progress', 'always', ...WRITING]
  const child = spawn(words[0], words.slice(1), { stdio: ['pipe', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
    child.told = stderr
  })
  child.stdin.on('error', () => {})
  const seen = await killAfter(child, directory, ms, async (isGone) => {
    for (let next = 0; !isGone(); next += 700) {
      if (child.stdin.writableLength < 1_000_000) child.stdin.write(numberedLines(next, next + 700))
      else next -= 700
      await sleep(2)
    }
  })
  const acknowledged = Number([...stderr.matchAll(/^acknowledged (\d+) rows$/gm)].at(-1)?.[1] ?? 0)
  const numbers = finish(directory, 'import')
  checkUnbroken(numbers)
  const least = Math.max(seen, acknowledged)
  if (numbers.size < least) throw new Error(`${numbers.size} rows of ${least} that were on disk`)
  return numbers.size
}

async function killCollect(weir, directory, ms) {
  const words = [...weir, 'collect', '--listen', 'netflow://127.0.0.1:0', '--state', 'none', '--addr', '']
  const child = spawn(words[0], [...words.slice(1), '--archive', directory, ...WRITING], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
    child.told = stderr
  })
  const socket = createSocket('udp4')
  const seen = await killAfter(child, directory, ms, async (isGone) => {
    const listening = /msg=receiving .*at="?127\.0\.0\.1:(\d+)/
    while (!listening.test(stderr) && !isGone()) await sleep(2)
    const port = Number(listening.exec(stderr)?.[1])
    for (let next = 0; !isGone(); ) {
      for (let i = 0; i < 12; i++, next += 30)
        socket.send(numberedDatagram(next, next + 30), port, '127.0.0.1')
      await sleep(1)
    }
    socket.close()
  })
  // The kernel may drop datagrams, so there may be gaps, but never a wrong row or one that comes twice.
  const numbers = finish(directory, 'flows')
  if (numbers.size < seen) throw new Error(`${numbers.size} rows of ${seen} that a reader saw`)
  return numbers.size
}

/** Kills `count` writers of each kind; throws where a row is lost, wrong or twice. */
export async function runKills({ root, count, random, weir, report }) {
  for (const [name, kill] of [
    ['archive write', killWrite],
    ['collect --archive', killCollect],
  ]) {
    let kills = 0
    let rows = 0
    const worker = async () => {
      while (kills < count) {
        kills++
        const directory = mkdtempSync(join(root, 'kill-'))
        rows += await kill(weir, directory, random(MOST_MS))
        rmSync(directory, { recursive: true })
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    report(`${kills} kills of ${name}: ${rows} rows, none lost, wrong or twice`)
  }
}

/** What runs the command line: $WEIR, dist/weir if it is of the last commit, else the sources, which start slower. */
export function commandLine(root) {
  if (process.env.WEIR) return [process.env.WEIR]
  const executable = join(root, 'dist/weir')
  const sources = [process.execPath, '--disable-warning=ExperimentalWarning', join(root, 'cmd/main.ts')]
  if (!existsSync(executable)) return sources
  const { stdout: version } = spawnSync(executable, ['--version'], { encoding: 'utf8' })
  const { stdout: commit } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], {
    cwd: root,
    encoding: 'utf8',
  })
  return version.includes(commit.trim() || 'no commit') ? [executable] : sources
}
