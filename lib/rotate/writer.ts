import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { FlowError } from '../diagnostics/flow-error.ts'
import { canLookInto, type Holders, isRunning, listProcesses, nameOf } from './holders.ts'

/** How the program that writes the log is told to open it anew. */
export type WriterAddress =
  | { readonly by: 'pid'; readonly pid: number }
  | { readonly by: 'pid-file'; readonly path: string }
  | { readonly by: 'unit'; readonly name: string }
  | { readonly by: 'command'; readonly command: string }

/** The writer as it was found: a process, a command that reaches it, nobody to be told, or one that has ended. */
export type Writer =
  | { readonly is: 'process'; readonly pid: number }
  | { readonly is: 'command'; readonly command: string }
  | { readonly is: 'untold' }
  | { readonly is: 'gone'; readonly why: string }

/** Finds the writer; throws FlowError for what cannot be asked. */
export function findWriter(address: WriterAddress | null): Writer {
  if (address === null) return { is: 'untold' }
  if (address.by === 'command') return { is: 'command', command: address.command }
  if (address.by === 'pid') return running(address.pid, `process ${address.pid} is not there`)
  if (address.by === 'pid-file') {
    const pid = pidIn(address.path)
    if (pid === undefined) return { is: 'gone', why: `the PID file ${address.path} is not there` }
    return running(pid, `process ${pid} of ${address.path} is not there`)
  }
  const pid = mainPidOf(address.name)
  return pid === 0
    ? { is: 'gone', why: `the unit ${address.name} does not run` }
    : running(pid, `process ${pid} of ${address.name} is not there`)
}

function running(pid: number, why: string): Writer {
  return isRunning(pid) ? { is: 'process', pid } : { is: 'gone', why }
}

function pidIn(path: string): number | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new FlowError('ROTATION_FAILED', `PID file unreadable: ${(error as Error).message}`, {
      cause: error,
    })
  }
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text)
  throw new FlowError('ROTATION_FAILED', `the PID file ${path} holds ${JSON.stringify(text.slice(0, 40))}`)
}

function mainPidOf(unit: string): number {
  const words = ['show', '--property=MainPID', '--value', '--', unit]
  const { status, stdout, stderr, error } = spawnSync('systemctl', words, { encoding: 'utf8' })
  const pid = Number(stdout?.trim() || Number.NaN)
  if (error === undefined && status === 0 && Number.isInteger(pid)) return pid
  const why = error?.message ?? (stderr.trim() || `status ${status}`)
  throw new FlowError('ROTATION_FAILED', `systemctl cannot tell the process of ${unit}: ${why}`)
}

/**
 * Why the log must not be touched, or undefined: a signal to a process that does not write this log would hurt a
 * stranger, and a log that another process writes would never be let go of. `told` are files that the writer may have
 * open by right: all logs of this run, under their old and new names.
 */
export function objection(
  writer: Writer,
  holders: Holders,
  told: readonly Holders[],
  log: string,
): string | undefined {
  const { writing } = holders
  if (writer.is === 'gone')
    return writing.length > 0 ? `${writer.why}, but ${listProcesses(writing)} has ${log} open` : undefined
  if (writer.is === 'untold') {
    return writing.length > 0
      ? `${listProcesses(writing)} has ${log} open: say how to tell it (--signal-pid and its like), or --copytruncate`
      : undefined
  }
  if (writer.is === 'command') return undefined
  try {
    process.kill(writer.pid, 0)
  } catch {
    return `process ${writer.pid} (${nameOf(writer.pid)}) is not ours to signal`
  }
  const isWriter = told.some((file) => file.writing.some(({ pid }) => pid === writer.pid))
  if (isWriter || (writing.length === 0 && !canLookInto(writer.pid))) return undefined
  const whoElse = writing.length > 0 ? `, but ${listProcesses(writing)} has` : ''
  return `process ${writer.pid} (${nameOf(writer.pid)}) does not have ${log} open${whoElse}`
}

/** Tells the writer; returns what went wrong, or undefined. */
export async function tellWriter(
  writer: Writer,
  signal: NodeJS.Signals,
  mostMs: number,
): Promise<string | undefined> {
  if (writer.is === 'process') {
    try {
      process.kill(writer.pid, signal)
    } catch (error) {
      return `cannot signal process ${writer.pid}: ${(error as Error).message}`
    }
  }
  if (writer.is === 'command') return runCommand(writer.command, mostMs)
  return undefined
}

/** Runs a shell command; its output goes to stderr. Returns what went wrong, or undefined. */
export function runCommand(command: string, mostMs?: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 2, 2] })
    let isLate = false
    const timer =
      mostMs === undefined
        ? undefined
        : setTimeout(() => {
            isLate = true
            child.kill('SIGKILL')
          }, mostMs)
    child.on('error', (error) => {
      clearTimeout(timer)
      resolve(`cannot run ${command}: ${error.message}`)
    })
    child.on('exit', (status, signal) => {
      clearTimeout(timer)
      if (isLate) resolve(`${command} did not end within ${mostMs! / 1000} s`)
      else if (status === 0) resolve(undefined)
      else resolve(`${command} ended with ${signal ?? `status ${status}`}`)
    })
  })
}
