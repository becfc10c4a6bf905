import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { FlowError } from '../diagnostics/flow-error.ts'
import type { Log } from '../diagnostics/log.ts'
import { reasonOf } from '../diagnostics/reason.ts'
import type { NamesState } from './name-tables.ts'
import type { RatesState } from './rates.ts'
import type { SequenceState } from './sequence.ts'
import { parseSession } from './state-session.ts'

/** All that decoders remember, as plain data that can cross threads and go to disk. */
export interface CollectorState {
  readonly sessions: readonly SessionState[]
}

export interface SessionState {
  readonly address: string
  readonly port: number
  readonly lastSeenMs: number
  readonly domains: readonly DomainState[]
  readonly agents: readonly AgentState[]
  readonly names: NamesState | null
}

export interface DomainState {
  readonly protocol: number
  readonly id: number
  readonly templates: readonly TemplateState[]
  readonly rates: RatesState | null
  readonly sequence: SequenceState | null
}

/** Id, whether it describes options, scope fields, Field Specifiers as octets in latin1. */
export type TemplateState = readonly [id: number, isOptions: boolean, scopeCount: number, specifiers: string]

/** An sFlow agent's address, sub-agent, version and next sequence number. */
export type AgentState = readonly [
  address: string,
  subAgentId: number,
  version: number,
  sequence: SequenceState,
]

/** The file's name in the state directory. */
const NAME = 'collect-state.jsonl'
/** `<name>.<process id>.tmp`, as saveState names it. */
const TEMPORARY = /^collect-state\.jsonl\.([1-9]\d{0,8})\.tmp$/
const FORMAT = 'weir-collect-state'
const VERSION = 1
/** Text gathered for one write: small, so that other work goes on between two. */
const CHUNK = 256 * 1024
/** A file larger than this is not ours. */
const MOST_OCTETS = 2 ** 30

/**
 * Writes what decoders remember to the state directory: under a temporary name, synced, renamed, so that a crash
 * leaves the old state or the new one. Yields between pieces. Throws STATE_UNWRITABLE.
 */
export async function saveState(directory: string, states: readonly CollectorState[]): Promise<void> {
  const path = join(directory, NAME)
  const temporary = `${path}.${process.pid}.tmp`
  try {
    // Not recursive: Node never comes back from that where a parent takes no folders, as /proc.
    await mkdir(directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    const file = await open(temporary, 'w', 0o640)
    try {
      await writeLines(file, states)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    // The new name is on disk only when the directory is.
    const folder = await open(directory, 'r')
    await folder.sync().finally(() => folder.close())
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw new FlowError('STATE_UNWRITABLE', `cannot save state: ${path}: ${reasonOf(error)}`, {
      cause: error,
    })
  }
}

/** What the state directory holds; a missing, damaged or foreign file is reported and its good part is used. */
export async function loadState(directory: string, log: Log): Promise<CollectorState> {
  const path = join(directory, NAME)
  await removeRemains(directory)
  let octets: Buffer | null
  try {
    octets = await readFileOfOurs(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn('state cannot be read: starting without it', { path, error: reasonOf(error) })
    return { sessions: [] }
  }
  if (octets === null || !isOurs(octets)) {
    log.warn('state is not ours or of another version: starting without it', { path })
    return { sessions: [] }
  }
  const sessions: SessionState[] = []
  let damaged = 0
  let isWhole = false
  for (const line of linesOf(octets)) {
    const value = parseLine(line)
    if (value === undefined) damaged++
    else if (isEnd(value)) isWhole = value.sessions === sessions.length
    else if (!isHeader(value)) {
      const session = parseSession(value)
      if (session === null) damaged++
      else sessions.push(session)
    }
  }
  if (damaged > 0 || !isWhole)
    log.warn('state is damaged: using its good part', { path, damaged, sessions: sessions.length })
  return { sessions }
}

/** The octets of a regular file, or null for what cannot be ours: a pipe has no end, a huge file fills the memory. */
async function readFileOfOurs(path: string): Promise<Buffer | null> {
  // Opening a pipe would wait for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = await file.stat()
    return stats.isFile() && stats.size <= MOST_OCTETS ? await file.readFile() : null
  } finally {
    await file.close()
  }
}

/** Removes what processes that were killed while they saved have left. */
async function removeRemains(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const match = TEMPORARY.exec(name)
    if (match !== null && !isAlive(Number(match[1]))) await unlink(join(directory, name)).catch(() => {})
  }
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 is only asked about, not sent.
    return pid === process.pid || process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

interface LineFile {
  write(text: string): Promise<unknown>
}

async function writeLines(file: LineFile, states: readonly CollectorState[]): Promise<void> {
  let text = toLine({ format: FORMAT, version: VERSION, savedMs: Date.now() })
  let sessions = 0
  for (const state of states) {
    for (const session of state.sessions) {
      text += toLine({ ...session, domains: session.domains.map(encodeDomain) })
      sessions++
      if (text.length < CHUNK) continue
      await file.write(text)
      text = ''
    }
  }
  await file.write(text + toLine({ end: true, sessions }))
}

/** JSON would spend six octets on most octets of a template; base64 spends less than two. */
function encodeDomain(domain: DomainState): unknown {
  return {
    ...domain,
    templates: domain.templates.map(([id, isOptions, scopeCount, specifiers]) => [
      id,
      isOptions,
      scopeCount,
      Buffer.from(specifiers, 'latin1').toString('base64'),
    ]),
  }
}

/** Every line carries its own checksum: a template that is off by a bit would decode to nonsense. */
function toLine(value: unknown): string {
  const json = JSON.stringify(value)
  return `${checksum(json).toString(16).padStart(8, '0')} ${json}\n`
}

/** FNV-1a over the text's code units: enough against damage. */
function checksum(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

function parseLine(line: string): unknown {
  const json = line.slice(9)
  if (line[8] !== ' ' || Number.parseInt(line.slice(0, 8), 16) !== checksum(json)) return undefined
  try {
    return JSON.parse(json) as unknown
  } catch {
    return undefined
  }
}

function* linesOf(octets: Buffer): Generator<string> {
  for (let from = 0; from < octets.length; ) {
    const end = octets.indexOf(10, from)
    const to = end < 0 ? octets.length : end
    yield octets.toString('utf8', from, to)
    from = to + 1
  }
}

function isOurs(octets: Buffer): boolean {
  const end = octets.indexOf(10)
  const header = parseLine(octets.toString('utf8', 0, end < 0 ? Math.min(octets.length, 1_000) : end))
  return isHeader(header) && header.version === VERSION
}

function isHeader(value: unknown): value is { version: unknown } {
  return typeof value === 'object' && value !== null && 'format' in value && value.format === FORMAT
}

function isEnd(value: unknown): value is { sessions: unknown } {
  return typeof value === 'object' && value !== null && 'end' in value && 'sessions' in value
}
