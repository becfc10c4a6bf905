import { RECORD_KINDS } from '../../lib/archive/encoding.ts'
import type { ArchiveFile } from '../../lib/archive/file-facts.ts'
import { areWhole, type FilePart } from '../../lib/archive/file-parts.ts'
import { type FileIdentity, identityText } from '../../lib/archive/schema.ts'
import { DocumentIds } from '../../lib/elastic/document-id.ts'
import type { RecordKind } from '../../lib/flow/batch.ts'
import type { Position } from '../../lib/tail/position-store.ts'

/** Rows of a block that stand side by side and come from one file. */
export interface RowRange {
  /** Row of the block behind the last one. */
  readonly to: number
  readonly ids: DocumentIds
  /** What to add to a row of the block for the position that its id is made of. */
  readonly shift: number
  /** All of them were sent while they were in a file of their own. */
  readonly isDone: boolean
}

/** Positions of ids of one record kind; those of the next begin behind them. */
const KIND_ROWS = 2 ** 48

/** Key of an archive file's position, and of the ids of its rows: what it is known by, whatever its name. */
export function archiveKey(identity: FileIdentity): string {
  return `archive-${identityText(identity)}`
}

/** Where rows of an archive file were first written: their ids are of there, whatever they were joined into since. */
export class RowOrigins {
  readonly #parts: readonly FilePart[]
  readonly #ids: DocumentIds[] = []
  /** Rows of each part that are done, by kind. */
  readonly #done: readonly (readonly number[])[]

  constructor(file: ArchiveFile, positionOf: (key: string) => Position | undefined) {
    const { identity, parts, kindRows, replaces } = file
    const isJoined = parts.length > 0 && areWhole(parts, kindRows)
    this.#parts = isJoined
      ? parts
      : [{ identity, replaced: -1, rows: kindRows.map(() => Number.POSITIVE_INFINITY) }]
    this.#done = isJoined ? doneRows(parts, replaces, positionOf) : [RECORD_KINDS.map(() => 0)]
  }

  /** The ranges of a block with rows of a kind, before which the file has `before` rows of that kind. */
  ranges(kind: RecordKind, before: number, rows: number): RowRange[] {
    const number = RECORD_KINDS.indexOf(kind)
    const ranges: RowRange[] = []
    let begin = 0
    for (const [i, part] of this.#parts.entries()) {
      const end = begin + part.rows[number]!
      const doneEnd = begin + this.#done[i]![number]!
      const add = (from: number, to: number, isDone: boolean) => {
        const last = Math.min(to, before + rows)
        if (last <= Math.max(from, before)) return
        const shift = number * KIND_ROWS + before - begin
        ranges.push({ to: last - before, ids: this.#idsOf(i), shift, isDone })
      }
      add(begin, doneEnd, true)
      add(doneEnd, end, false)
      begin = end
      if (begin >= before + rows) break
    }
    return ranges
  }

  #idsOf(part: number): DocumentIds {
    let ids = this.#ids[part]
    if (ids === undefined) {
      ids = new DocumentIds(archiveKey(this.#parts[part]!.identity))
      this.#ids[part] = ids
    }
    return ids
  }
}

/** How many rows of each part were sent, as far as positions tell; what they do not tell is sent again, under its own id. */
function doneRows(
  parts: readonly FilePart[],
  replaces: readonly FileIdentity[],
  positionOf: (key: string) => Position | undefined,
): number[][] {
  const done = parts.map(({ identity, rows }) => doneOf(positionOf(archiveKey(identity)), rows))
  for (const [i, identity] of replaces.entries()) {
    const mine = [...parts.keys()].filter((part) => parts[part]!.replaced === i)
    const total = RECORD_KINDS.map((_, kind) => mine.reduce((sum, part) => sum + parts[part]!.rows[kind]!, 0))
    let left = doneOf(positionOf(archiveKey(identity)), total)
    for (const part of mine) {
      const { rows } = parts[part]!
      done[part] = done[part]!.map((one, kind) => Math.max(one, Math.min(left[kind]!, rows[kind]!)))
      left = left.map((one, kind) => Math.max(0, one - rows[kind]!))
    }
  }
  return done
}

/** How many of a file's rows of each kind are done; rows of several kinds are counted together, and only the end is sure. */
function doneOf(position: Position | undefined, rows: readonly number[]): number[] {
  if (position === undefined) return rows.map(() => 0)
  if (position.isDone) return [...rows]
  const isOfOneKind = rows.filter((count) => count > 0).length === 1
  return rows.map((count) => (isOfOneKind ? Math.min(count, position.offset) : 0))
}
