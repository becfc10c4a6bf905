import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'

export const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'] as const
/** The programs are compiled once for all runs. */
const cache = mkdtempSync(join(tmpdir(), 'weir-compiled-'))
process.on('exit', () => rmSync(cache, { recursive: true, force: true }))
const env = { ...process.env, NODE_COMPILE_CACHE: cache }
const script = (name: string): string => join(import.meta.dirname, name)

export interface NumberedWriter {
  readonly log: string
  readonly pidFile: string
  readonly pid: number
  /** Ends it; how many lines it wrote. */
  stop(): Promise<number>
  /** Ends it at once. */
  kill(): void
}

/** Starts a program that writes numbered lines to `flows.log` in the folder; it runs when the promise is kept. */
export async function startNumberedWriter(folder: string, mood = ''): Promise<NumberedWriter> {
  const [log, pidFile] = [join(folder, 'flows.log'), join(folder, 'pid')]
  const child = spawn(NODE[0], [...NODE.slice(1), script('numbered-writer.ts'), log, pidFile, mood], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  })
  const printed = textOf(child)
  // Nobody need end it for the process to end.
  const pipe = child.stdout as Socket
  child.unref()
  pipe.unref()
  while (!existsSync(pidFile)) await sleep(5)
  return {
    log,
    pidFile,
    pid: child.pid!,
    async stop() {
      child.ref()
      pipe.ref()
      child.kill('SIGTERM')
      return Number(await printed)
    },
    kill: () => child.kill('SIGKILL'),
  }
}

/** Runs rotate once; it is killed before its call `at` of the file system. Its calls when it got through, or null. */
export async function runKilled(
  { log, pidFile }: Pick<NumberedWriter, 'log' | 'pidFile'>,
  compression: 'none' | 'gzip' | 'zstd',
  copies: boolean,
  at: number,
): Promise<number | null> {
  const words = [...NODE.slice(1), script('killed-run.ts'), log, pidFile, compression, copies, at].map(String)
  const text = await textOf(spawn(NODE[0], words, { stdio: ['ignore', 'pipe', 'inherit'], env }))
  return text === '' ? null : Number(text)
}

function textOf(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout!.on('data', (chunk) => {
    text += chunk
  })
  return new Promise((resolve) => child.on('close', () => resolve(text)))
}

/** What is wrong with the lines in all files of the folder, where 1 to `count` should stand once each; empty if nothing. */
export function faultsOf(folder: string, count: number): string[] {
  const seen = new Uint8Array(count + 1)
  const faults: string[] = []
  for (const name of readdirSync(folder)) {
    if (name === 'pid') continue
    if (!/^flows(_\d{8}_\d{4}(\.\d+)?)?\.log(\.gz|\.zst)?$/.test(name)) {
      faults.push(`${name} was left`)
      continue
    }
    const octets = readFileSync(join(folder, name))
    if (octets.length === 0 && name !== 'flows.log') faults.push(`${name} is empty`)
    const plain = name.endsWith('.zst')
      ? zstdDecompressSync(octets)
      : name.endsWith('.gz')
        ? gunzipSync(octets)
        : octets
    for (const line of plain.toString('latin1').split('\n').slice(0, -1)) {
      const number = Number(/^line (\d+)$/.exec(line)?.[1] ?? -1)
      if (number < 1 || number > count) faults.push(`${name}: strange line ${line}`)
      else if (++seen[number]! > 1) faults.push(`${name}: line ${number} twice`)
    }
  }
  for (let number = 1; number <= count; number++) {
    if (seen[number] === 0) faults.push(`line ${number} is missing`)
  }
  return faults
}
