import { statSync } from 'node:fs'
import { type ArchiveReader, openArchive } from '../../lib/archive/archive-reader.ts'
import type { Block } from '../../lib/archive/block-reader.ts'
import { RECORD_KINDS } from '../../lib/archive/encoding.ts'
import type { ArchiveFile } from '../../lib/archive/file-facts.ts'
import { liveFiles } from '../../lib/archive/live-files.ts'
import { PART_EXTENSION } from '../../lib/archive/naming.ts'
import { FlowError } from '../../lib/diagnostics/flow-error.ts'
import type { Log } from '../../lib/diagnostics/log.ts'
import { reasonOf } from '../../lib/diagnostics/reason.ts'
import { BlockMemory } from '../../lib/flow/block-memory.ts'
import type { Position, PositionStore } from '../../lib/tail/position-store.ts'
import { archiveKey, RowOrigins, type RowRange } from './row-origins.ts'
import { SourceProgress } from './source-progress.ts'

export interface ArchiveWalkOptions {
  /** Archive files, and folders of them. */
  readonly paths: readonly string[]
  readonly isExcluded: (path: string) => boolean
  /** Files of records received before this long ago are passed over, unless they were begun; 0 for none. */
  readonly ignoreOlderMs: number
  readonly positions: PositionStore
  readonly log: Log
  /** Called when all rows of a finished file are done, and whenever such a file is found again. */
  readonly onDone?: (path: string, key: string) => void
}

/** A block to be sent, and where its rows stand in the file. */
export interface WalkedBlock {
  readonly file: ArchiveReader
  readonly block: Block
  /** Rows before it, and how many of its own are done. */
  readonly firstRow: number
  readonly from: number
  /** What its rows' ids are made of. */
  readonly ranges: readonly RowRange[]
  readonly progress: SourceProgress
}

/** An archive file that was opened. */
interface Opened {
  readonly file: ArchiveReader
  readonly position: Position
  readonly progress: SourceProgress
  readonly origins: RowOrigins
  /** The next block, and the rows before it: all, and by kind. */
  block: number
  row: number
  readonly kindRows: number[]
  told: number
}

/** Gives the blocks of archive files that were not sent, as far as they are written, in order per file. */
export class ArchiveWalk {
  /** Paths that could not be read, and what could not be read of others, so far. */
  unreadable = 0
  problems = 0
  files = 0
  /** Octets of files, and of blocks in files, that need not be read, because they were before. */
  passedOctets = 0
  readonly #options: ArchiveWalkOptions
  readonly #opened = new Map<string, Opened>()
  readonly #memory = new BlockMemory()
  readonly #told = new Set<string>()

  constructor(options: ArchiveWalkOptions) {
    this.#options = options
  }

  /**
   * Everything there is now, to be called again for what has come since; `looks`: new files, too. A block is good until
   * the next one.
   */
  *blocks(looks: boolean): Generator<WalkedBlock> {
    if (!looks) {
      for (const [key, opened] of [...this.#opened]) yield* this.#rest(key, opened)
      return
    }
    const there = new Set<string>()
    for (const file of this.#find()) {
      const key = archiveKey(file.identity)
      there.add(key)
      const opened = this.#opened.get(key) ?? this.#begin(key, file)
      if (opened !== null) yield* this.#rest(key, opened)
    }
    for (const [key, opened] of [...this.#opened]) {
      // What was joined into another file or removed is read to its end by those who have it open.
      if (!there.has(key)) {
        yield* this.#rest(key, opened)
        this.#close(key, opened)
      }
    }
  }

  close(): void {
    for (const [key, opened] of [...this.#opened]) this.#close(key, opened)
  }

  #find(): ArchiveFile[] {
    const found: ArchiveFile[] = []
    const paths: string[] = []
    for (const path of this.#options.paths) {
      try {
        statSync(path)
        paths.push(path)
      } catch (error) {
        this.#skip(path, error)
      }
    }
    try {
      // All at once, so that what one file replaces in another folder is left out.
      found.push(...liveFiles(paths))
    } catch (error) {
      this.#skip(paths.join(' '), error)
    }
    return found.filter(({ path }) => !this.#options.isExcluded(path))
  }

  #begin(key: string, facts: ArchiveFile): Opened | null {
    const { positions, ignoreOlderMs } = this.#options
    const known = positions.get(key)
    if (known?.isDone === true) {
      this.passedOctets += facts.fileOctets
      this.#options.onDone?.(facts.path, key)
      return null
    }
    if (facts.state === 'damaged' && facts.blocks === 0) {
      this.#skip(facts.path, facts.trouble ?? 'it is damaged')
      return null
    }
    const now = Date.now()
    const isOld = facts.receivedTo !== null && now - Number(facts.receivedTo / 1_000_000n) > ignoreOlderMs
    if (known === undefined && ignoreOlderMs > 0 && isOld) return null
    const position = positions.open(key, 0, facts.path, now)
    let file: ArchiveReader
    try {
      file = openArchive(facts.path)
    } catch (error) {
      // One that was joined into another meanwhile is found at the next look.
      this.#skip(facts.path, error)
      return null
    }
    if (file.state === 'open' && !facts.path.endsWith(PART_EXTENSION)) file.readPastDamage()
    this.files++
    const opened: Opened = {
      file,
      position,
      origins: new RowOrigins(facts, (key) => positions.get(key)),
      block: 0,
      row: 0,
      kindRows: RECORD_KINDS.map(() => 0),
      told: 0,
      progress: new SourceProgress(key, facts.path, (offset, sent, rejected) => {
        position.offset = Math.max(position.offset, offset)
        position.sent += sent
        position.rejected += rejected
        positions.touch(position, Date.now())
        this.#endIfDone(opened)
      }),
    }
    this.#opened.set(key, opened)
    return opened
  }

  *#rest(key: string, opened: Opened): Generator<WalkedBlock> {
    const { file, position, progress } = opened
    if (file.state === 'open' && file.path.endsWith(PART_EXTENSION)) file.readOn()
    for (; opened.block < file.blocks.length; opened.block++) {
      const { rows, kind, headOctets, bodyOctets } = file.blocks[opened.block]!
      const firstRow = opened.row
      opened.row += rows
      const number = kind === null ? -1 : RECORD_KINDS.indexOf(kind)
      const before = opened.kindRows[number] ?? 0
      if (number >= 0) opened.kindRows[number] = before + rows
      if (opened.row <= position.offset) {
        this.passedOctets += headOctets + bodyOctets
        continue
      }
      const block = file.block(opened.block, this.#memory)
      if (block === null) continue
      const ranges = kind === null ? [] : opened.origins.ranges(kind, before, rows)
      yield { file, block, firstRow, from: Math.max(0, position.offset - firstRow), ranges, progress }
    }
    this.#tell(opened)
    this.#endIfDone(opened)
    if (this.#isAtEnd(opened) && !progress.isBusy) this.#close(key, opened)
  }

  #isAtEnd({ file, block }: Opened): boolean {
    const isWhole = file.state === 'finished' || !file.path.endsWith(PART_EXTENSION)
    return isWhole && block >= file.blocks.length
  }

  #endIfDone(opened: Opened): void {
    const { position, progress, row, file } = opened
    if (position.isDone || progress.isBusy || !this.#isAtEnd(opened)) return
    // Rows that cannot be read count as done: nothing will make them readable.
    position.offset = Math.max(position.offset, row)
    position.isDone = true
    this.#options.positions.touch(position, Date.now())
    this.#options.onDone?.(file.path.replace(/\.part$/, ''), position.key)
  }

  #tell(opened: Opened): void {
    const { file } = opened
    for (const { at, what } of file.problems.slice(opened.told)) {
      this.problems++
      this.#options.log.limited('archive-problem', 'archive file read in part', { path: file.path, at, what })
    }
    opened.told = file.problems.length
  }

  #close(key: string, { file }: Opened): void {
    // It may have been closed at its end already.
    if (this.#opened.delete(key)) file.close()
  }

  #skip(path: string, error: unknown): void {
    const reason = error instanceof FlowError ? error.message : reasonOf(error)
    if (this.#told.has(`${path} ${reason}`)) return
    this.#told.add(`${path} ${reason}`)
    this.unreadable++
    this.#options.log.warn('archive cannot be read', { path, error: reason })
  }
}
