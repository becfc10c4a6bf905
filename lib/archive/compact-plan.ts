import type { ArchiveFile } from './file-facts.ts'

/** Files of one stream and span of time that are to become one. */
export interface CompactGroup {
  readonly stream: string
  readonly files: readonly ArchiveFile[]
}

export type Span = 'hour' | 'day' | 'month'

export interface CompactRules {
  /** UTC; files that began in the same one are joined. */
  readonly into: Span
  readonly blockRows: number
  readonly nowMs: number
}

/** Of a span that is not over, files of more full blocks than this wait for its end: they would be copied too often. */
const MOST_SMALL_BLOCKS = 8

/**
 * Which finished files of records, given by stream and time, are to be joined. A single file is written again when its
 * blocks are so empty that it would have far fewer, once.
 */
export function planCompaction(files: readonly ArchiveFile[], rules: CompactRules): CompactGroup[] {
  const groups = new Map<string, ArchiveFile[]>()
  for (const file of files) {
    const { state, rollup, stream, identity } = file
    if (state !== 'finished' || rollup !== null) continue
    const key = `${stream} ${spanOf(identity.createdNs, rules.into)}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [file])
    else group.push(file)
  }
  const now = spanOf(BigInt(rules.nowMs) * 1_000_000n, rules.into)
  return [...groups].flatMap(([key, all]) => {
    const isOver = key.slice(key.lastIndexOf(' ') + 1) < now
    const group = isOver
      ? all
      : all.filter(({ rows, otherRows }) => rows + otherRows < MOST_SMALL_BLOCKS * rules.blockRows)
    const isWorth = group.length > 1 || (group.length === 1 && isSparse(group[0]!, rules.blockRows))
    return isWorth ? [{ stream: group[0]!.stream, files: group }] : []
  })
}

/** The beginning of the span in which `ns` lies, as text that sorts by time. */
function spanOf(ns: bigint, into: Span): string {
  const text = new Date(Number(ns / 1_000_000n)).toISOString()
  return text.slice(0, { month: 7, day: 10, hour: 13 }[into])
}

/** What was joined before is never written again by itself: heavy rows make for small blocks. */
function isSparse({ blocks, rows, otherRows, replaces }: ArchiveFile, blockRows: number): boolean {
  const needed = Math.ceil(rows / blockRows) + Math.ceil(otherRows / blockRows)
  return replaces.length === 0 && blocks > 2 && blocks > needed * 2
}
