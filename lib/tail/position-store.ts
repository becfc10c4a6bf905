import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { FlowError } from '../diagnostics/flow-error.ts'
import { reasonOf } from '../diagnostics/reason.ts'
import type { Mark } from './fingerprint.ts'

/** How far one source was sent. Offsets count octets of the content, decompressed. */
export interface Position {
  /** What the source is known by: its fingerprint, or an archive's file id. */
  readonly key: string
  /** Octets that the fingerprint covers. */
  readonly headOctets: number
  /** Where it was last seen. */
  path: string
  /** Octets, or rows of an archive, that were acknowledged. */
  offset: number
  /** Nothing more will come. */
  isDone: boolean
  updatedMs: number
  /** Tells it from other sources whose fingerprint is the same. */
  marks: readonly Mark[]
  /** Counts that a status shows. */
  sent: number
  rejected: number
}

interface StoredPositions {
  readonly version: 1
  readonly positions: readonly Position[]
}

/** Sources remembered; of those beyond, the ones that were not seen for longest are forgotten. */
const MOST_POSITIONS = 100_000

/** What was acknowledged of each source, in one file that a crash leaves whole. */
export class PositionStore {
  readonly path: string
  readonly #byKey = new Map<string, Position>()
  #isChanged = false

  /** Reads the file, if there is one; throws STATE_UNWRITABLE where it is damaged or cannot be read. */
  constructor(path: string) {
    this.path = path
    let text: string
    try {
      text = readFileSync(path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw new FlowError('STATE_UNWRITABLE', `cannot read positions: ${path}: ${reasonOf(error)}`, {
        cause: error,
      })
    }
    for (const position of parsePositions(text, path)) this.#byKey.set(position.key, position)
  }

  get(key: string): Position | undefined {
    return this.#byKey.get(key)
  }

  all(): Position[] {
    return [...this.#byKey.values()]
  }

  /** The position of a source, made at its start if it is new. */
  open(key: string, headOctets: number, path: string, nowMs: number): Position {
    let position = this.#byKey.get(key)
    if (position === undefined) {
      position = {
        key,
        headOctets,
        path,
        offset: 0,
        isDone: false,
        updatedMs: nowMs,
        marks: [],
        sent: 0,
        rejected: 0,
      }
      this.#byKey.set(key, position)
      this.#isChanged = true
    }
    return position
  }

  /** To be called after a position was changed. */
  touch(position: Position, nowMs: number): void {
    position.updatedMs = nowMs
    this.#isChanged = true
  }

  forget(key: string): void {
    if (this.#byKey.delete(key)) this.#isChanged = true
  }

  /** Writes what changed, so that it is on disk when this returns; throws STATE_UNWRITABLE. */
  save(): void {
    if (!this.#isChanged) return
    this.#bound()
    const stored: StoredPositions = { version: 1, positions: [...this.#byKey.values()] }
    const temporary = `${this.path}.new`
    try {
      mkdirSync(dirname(this.path), { recursive: true })
      const file = openSync(temporary, 'w', 0o600)
      try {
        const octets = Buffer.from(`${JSON.stringify(stored)}\n`)
        for (let at = 0; at < octets.length; ) at += writeSync(file, octets, at)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      renameSync(temporary, this.path)
      syncDirectory(dirname(this.path))
    } catch (error) {
      throw new FlowError('STATE_UNWRITABLE', `cannot save positions: ${this.path}: ${reasonOf(error)}`, {
        cause: error,
      })
    }
    this.#isChanged = false
  }

  #bound(): void {
    if (this.#byKey.size <= MOST_POSITIONS) return
    const oldest = [...this.#byKey.values()].sort((one, other) => one.updatedMs - other.updatedMs)
    for (const { key } of oldest.slice(0, this.#byKey.size - MOST_POSITIONS)) this.#byKey.delete(key)
  }
}

function syncDirectory(directory: string): void {
  const file = openSync(directory, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function parsePositions(text: string, path: string): Position[] {
  const damaged = (what: string) =>
    new FlowError(
      'STATE_UNWRITABLE',
      `positions damaged: ${path}: ${what}; move the file away to send everything again`,
    )
  let stored: Partial<StoredPositions>
  try {
    stored = JSON.parse(text) as Partial<StoredPositions>
  } catch {
    throw damaged('not JSON')
  }
  if (stored?.version !== 1 || !Array.isArray(stored.positions)) throw damaged('of another version')
  for (const position of stored.positions as Partial<Position>[]) {
    const isRight =
      typeof position?.key === 'string' &&
      typeof position.path === 'string' &&
      Number.isSafeInteger(position.offset) &&
      position.offset! >= 0
    if (!isRight) throw damaged('an entry is no position')
  }
  return (stored.positions as Partial<Position>[]).map((position) => ({
    key: position.key!,
    headOctets: Number(position.headOctets ?? 0),
    path: position.path!,
    offset: position.offset!,
    isDone: position.isDone === true,
    updatedMs: Number(position.updatedMs ?? 0),
    marks: Array.isArray(position.marks) ? position.marks.filter(isMark) : [],
    sent: Number(position.sent ?? 0),
    rejected: Number(position.rejected ?? 0),
  }))
}

function isMark(value: unknown): value is Mark {
  const { octets, hash } = (value ?? {}) as Partial<Mark>
  return Number.isSafeInteger(octets) && octets! > 0 && typeof hash === 'string'
}
