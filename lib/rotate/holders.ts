import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'

export interface Process {
  readonly pid: number
  /** The program's short name. */
  readonly name: string
}

export interface Holders {
  /** Processes that have the file open for writing. */
  readonly writing: readonly Process[]
  /** Whether every process of the machine could be looked into. */
  readonly isComplete: boolean
}

/** The number that Linux gives to the first PID namespace: only from there all processes can be seen. */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]'
const ACCESS_MODE = 3

/** Who has the file at `path` open for writing, as far as /proc tells. Readers such as `tail -f` do not count. */
export function findHolders(path: string): Holders {
  const file = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (file === undefined) return { writing: [], isComplete: false }
  const writing: Process[] = []
  let isComplete = isFirstNamespace()
  for (const entry of namesOf('/proc') ?? []) {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    const open = namesOf(`/proc/${pid}/fd`)
    if (open === undefined) isComplete = false
    else if (open.some((fd) => isWriting(pid, fd, file.dev, file.ino)))
      writing.push({ pid, name: nameOf(pid) })
  }
  return { writing, isComplete }
}

/** Whether we can see what files a process has open. */
export function canLookInto(pid: number): boolean {
  return namesOf(`/proc/${pid}/fd`) !== undefined
}

/** Whether the process runs: one that ended and waits for its parent has nothing open any more. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return !/^[ZX]/.test(stateOf(pid) ?? 'R')
}

export function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return '?'
  }
}

/** `12 (goflow2), 34 (sh)` */
export function listProcesses(processes: readonly Process[]): string {
  return processes.map(({ pid, name }) => `${pid} (${name})`).join(', ')
}

function isFirstNamespace(): boolean {
  try {
    return readlinkSync('/proc/self/ns/pid') === FIRST_PID_NAMESPACE
  } catch {
    return false
  }
}

/** Names in a folder of /proc; none when the process has gone, undefined when it may not be looked into. */
function namesOf(folder: string): string[] | undefined {
  try {
    return readdirSync(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ESRCH' ? [] : undefined
  }
}

function isWriting(pid: number, fd: string, dev: bigint, ino: bigint): boolean {
  const link = `/proc/${pid}/fd/${fd}`
  try {
    if (!readlinkSync(link).startsWith('/')) return false
    const stat = statSync(link, { bigint: true })
    if (stat.ino !== ino || stat.dev !== dev) return false
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))
    return flags === null || (Number.parseInt(flags[1]!, 8) & ACCESS_MODE) !== 0
  } catch {
    return false
  }
}

/** The state's letter out of /proc/PID/stat; the name before it may hold anything. */
function stateOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text[text.lastIndexOf(')') + 2]
  } catch {
    return undefined
  }
}
