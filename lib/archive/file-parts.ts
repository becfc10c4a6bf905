import { RECORD_KINDS } from './encoding.ts'
import type { BlockInfo } from './footer.ts'
import type { FileIdentity } from './schema.ts'
import { isList, nanoseconds, pairOf, whole } from './schema-values.ts'

/** Rows of a joined file that were once written into a file of their own: those of each kind stand side by side. */
export interface FilePart {
  readonly identity: FileIdentity
  /** Which of the files that the joined one replaces had them, by its place in that list. */
  readonly replaced: number
  /** Rows by record kind, in the order of the kinds' numbers. */
  readonly rows: readonly number[]
}

/** What is joined: a file and what it was joined from itself. */
export interface JoinedFile {
  readonly identity: FileIdentity
  readonly parts: readonly FilePart[]
  readonly kindRows: readonly number[]
}

/** Rows of each record kind. */
export function rowsByKind(blocks: readonly BlockInfo[]): number[] {
  const rows = RECORD_KINDS.map(() => 0)
  for (const { kind, rows: count } of blocks) if (kind !== null) rows[RECORD_KINDS.indexOf(kind)]! += count
  return rows
}

/** Where the rows of a file that joins these were first written, in order. */
export function joinedParts(files: readonly JoinedFile[]): FilePart[] {
  return files.flatMap(({ identity, parts, kindRows }, replaced) =>
    parts.length === 0
      ? [{ identity, replaced, rows: kindRows }]
      : parts.map((part) => ({ ...part, replaced })),
  )
}

/** Place 10 of the schema (FORMAT.md 3). */
export function partsPlace(parts: readonly FilePart[]): unknown[] {
  return parts.map(({ identity: { fileId, createdNs }, replaced, rows }) => [
    fileId,
    ...pairOf(createdNs),
    replaced,
    rows,
  ])
}

/** Reads what `partsPlace` has made. */
export function readParts(list: readonly unknown[]): FilePart[] {
  return list.filter(isList).map(([fileId, seconds, ns, replaced, rows]) => ({
    identity: { fileId: whole(fileId) >>> 0, createdNs: nanoseconds([seconds, ns]) },
    replaced: whole(replaced),
    rows: RECORD_KINDS.map((_, kind) => (isList(rows) ? Math.max(0, whole(rows[kind])) : 0)),
  }))
}

/** Whether parts are all that a file with these rows holds; where it is damaged, nobody knows whose rows are missing. */
export function areWhole(parts: readonly FilePart[], kindRows: readonly number[]): boolean {
  return kindRows.every((rows, kind) => parts.reduce((sum, part) => sum + part.rows[kind]!, 0) === rows)
}
