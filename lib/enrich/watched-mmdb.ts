import { readFileSync, statSync } from 'node:fs'
import { FlowError } from '../diagnostics/flow-error.ts'
import type { Log } from '../diagnostics/log.ts'
import { reasonOf } from '../diagnostics/reason.ts'
import { Mmdb } from './mmdb.ts'
import type { MmdbValue } from './mmdb-decoder.ts'

/** How often the file is looked at, at most. */
const CHECK_MS = 5000
/** Look-ups between two looks at the clock. */
const LOOKUPS_PER_CHECK = 1024
/** Answers that are remembered; then all are forgotten at once. A city database has a few hundred thousand places. */
const MOST_ANSWERS = 65_536

/** Told apart: what a file is now, and what it was when it was read. */
function stampOf(path: string): string {
  const { ino, size, mtimeNs } = statSync(path, { bigint: true })
  return `${ino}-${size}-${mtimeNs}`
}

/** Reads a database; a FlowError says what is wrong with the file. */
export function loadMmdb(path: string): Mmdb {
  let octets: Buffer
  try {
    octets = readFileSync(path)
  } catch (error) {
    throw new FlowError('FILE_UNREADABLE', `cannot read ${path}: ${reasonOf(error)}`, { cause: error })
  }
  return new Mmdb(path, octets)
}

/**
 * A database whose file may be replaced while it is in use: answers of one kind, remembered, from the newest sound file.
 * While the new file is damaged or gone the old content serves on.
 */
export class WatchedMmdb<Answer> {
  #database: Mmdb
  #stamp: string
  readonly #log: Log
  readonly #toAnswer: (record: MmdbValue | null) => Answer
  readonly #answers = new Map<number, Answer>()
  #lookups = 0
  #checkedMs: number

  /** `toAnswer` makes the answer of a record; the same place of the file gives the same object while remembered. */
  constructor(path: string, toAnswer: (record: MmdbValue | null) => Answer, log: Log) {
    this.#log = log
    this.#toAnswer = toAnswer
    // The stamp first: a file that changes while it is read is read again.
    this.#stamp = stampOrEmpty(path)
    this.#database = loadMmdb(path)
    this.#checkedMs = performance.now()
  }

  get database(): Mmdb {
    return this.#database
  }

  /** The answer for the address at `at`, or null where the database has no record of it. */
  find(words: Uint32Array, at: number): Answer | null {
    if (++this.#lookups >= LOOKUPS_PER_CHECK) {
      this.#lookups = 0
      if (performance.now() - this.#checkedMs >= CHECK_MS) this.refresh()
    }
    const place = this.#database.find(words, at)
    if (place < 0) return null
    const known = this.#answers.get(place)
    if (known !== undefined) return known
    const answer = this.#toAnswer(this.#database.read(place))
    if (this.#answers.size >= MOST_ANSWERS) this.#answers.clear()
    this.#answers.set(place, answer)
    return answer
  }

  /** Looks at the file now and takes a changed one; true if it did. `find` does it by itself now and then. */
  refresh(): boolean {
    this.#checkedMs = performance.now()
    const { path } = this.#database
    const stamp = stampOrEmpty(path)
    if (stamp === this.#stamp || stamp === '') return false
    this.#stamp = stamp
    try {
      this.#database = loadMmdb(path)
    } catch (error) {
      this.#log.warn('the new database cannot be used, the old one stays', {
        file: path,
        reason: reasonOf(error),
      })
      return false
    }
    this.#answers.clear()
    this.#log.info('database read again', { file: path, type: this.#database.type })
    return true
  }
}

function stampOrEmpty(path: string): string {
  try {
    return stampOf(path)
  } catch {
    return ''
  }
}
