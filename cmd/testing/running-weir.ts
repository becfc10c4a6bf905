import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { projectRoot } from '../../lib/testing/project.ts'

export interface RunningWeir {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  readonly exit: Promise<number | null>
  /** Waits until stderr says so; rejects when the process ends without. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  stop(): Promise<number | null>
}

const PATIENCE_MS = 10_000
const main = join(projectRoot, 'cmd/main.ts')

/** Starts weir from its source as a process of its own; `before` are the words of a command that runs it. */
export function startWeir(
  words: readonly string[],
  folder: string,
  before: readonly string[] = [],
): RunningWeir {
  const line = [...before, process.execPath, '--disable-warning=ExperimentalWarning', main, ...words]
  const child = spawn(line[0]!, line.slice(1), {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, NODE_COMPILE_CACHE: join(folder, 'cache') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  }
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve))
  return {
    child,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    exit,
    async said(pattern) {
      for (let ms = 0; ms < PATIENCE_MS && child.exitCode === null; ms += 5) {
        const match = pattern.exec(said.stderr)
        if (match !== null) return match
        await wait(5)
      }
      const match = pattern.exec(said.stderr)
      if (match !== null) return match
      throw new Error(`never said ${pattern}: ${said.stderr}`)
    },
    stop() {
      child.kill('SIGTERM')
      return exit
    },
  }
}

/** Runs weir to its end; what it wrote and its status. */
export async function runWeir(
  words: readonly string[],
  folder: string,
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const running = startWeir(words, folder)
  const status = await running.exit
  return { status, stdout: running.stdout(), stderr: running.stderr() }
}
