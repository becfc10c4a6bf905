import type { ArchiveFile } from './file-facts.ts'
import { identityText } from './schema.ts'

/**
 * Which files answer a question that the rollup `name` of this basis can answer: its files, and the files of records
 * that it does not cover. Together they hold each flow once. `live` is what counts of an archive, of all kinds.
 */
export function chooseRollups(
  live: readonly ArchiveFile[],
  name: string,
  basis: string,
): { rollups: ArchiveFile[]; raw: ArchiveFile[] } {
  const raw = live.filter(({ rollup }) => rollup === null)
  const replaced = replacedIn(raw)
  const fitting = live.filter(
    ({ rollup, state }) =>
      rollup?.name === name &&
      rollup.basis === basis &&
      state === 'finished' &&
      rollup.covers[0] !== undefined &&
      // What it was made from is in another file now.
      !replaced.has(identityText(rollup.covers[0])),
  )
  // Of a joined file's rollup and those of what was joined, the former holds all.
  const older = new Set(fitting.flatMap(({ rollup }) => rollup!.covers.slice(1).map(identityText)))
  const rollups = fitting.filter(({ rollup }) => !older.has(identityText(rollup!.covers[0]!)))
  const covered = new Set(rollups.map(({ rollup }) => identityText(rollup!.covers[0]!)))
  return { rollups, raw: raw.filter(({ identity }) => !covered.has(identityText(identity))) }
}

/** Whether a rollup is of a file that was joined with others since: nobody will read it again. */
export function isSuperseded({ rollup }: ArchiveFile, live: readonly ArchiveFile[]): boolean {
  const first = rollup?.covers[0]
  if (first === undefined) return false
  const name = identityText(first)
  return live.some(
    (other) =>
      (other.rollup === null && other.replaces.some((file) => identityText(file) === name)) ||
      (other.rollup !== null &&
        other.rollup.name === rollup!.name &&
        other.rollup.basis === rollup!.basis &&
        other.rollup.covers.slice(1).some((file) => identityText(file) === name)),
  )
}

/** Of each file of records that is gone while rollups tell of it, the one that says best when its flows were. */
export function rollupsOfExpired(live: readonly ArchiveFile[]): ArchiveFile[] {
  const raw = live.filter(({ rollup }) => rollup === null)
  const known = replacedIn(raw)
  for (const { identity } of raw) known.add(identityText(identity))
  // What was joined is in the joined file's rollups.
  for (const { rollup } of live)
    for (const file of rollup?.covers.slice(1) ?? []) known.add(identityText(file))
  const found = new Map<string, ArchiveFile>()
  const length = ({ from, to }: ArchiveFile) => (to ?? 0n) - (from ?? 0n)
  for (const file of live) {
    const first = file.rollup?.covers[0]
    if (first === undefined || file.state !== 'finished') continue
    const name = identityText(first)
    const other = found.get(name)
    if (!known.has(name) && (other === undefined || length(file) < length(other))) found.set(name, file)
  }
  return [...found.values()]
}

function replacedIn(raw: readonly ArchiveFile[]): Set<string> {
  return new Set(raw.flatMap(({ replaces }) => replaces.map(identityText)))
}
