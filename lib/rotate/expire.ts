import { lstatSync, statfsSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { namesIn } from './file-id.ts'
import type { NamePattern } from './name-pattern.ts'

/** What old logs may stay; null is no bound. */
export interface KeepRules {
  readonly ageMs: number | null
  /** Octets of all old logs of one log together. */
  readonly octets: number | null
  /** Room that the file system must have left, in octets or as a part of its size. */
  readonly free: { readonly octets: number } | { readonly part: number } | null
}

export interface Expired {
  readonly path: string
  readonly octets: number
  readonly why: 'age' | 'size' | 'room'
}

interface OldLog {
  readonly path: string
  readonly octets: number
  readonly timeMs: number
}

/**
 * Removes old logs that the rules let go, oldest first, and returns them; nothing is removed when `isDryRun`. Files in
 * `spared` stay whatever the rules say: those of this run and those under way.
 */
export function expireOldLogs(
  log: string,
  pattern: NamePattern,
  rules: KeepRules,
  spared: ReadonlySet<string>,
  nowMs: number,
  isDryRun: boolean,
): Expired[] {
  if (rules.ageMs === null && rules.octets === null && rules.free === null) return []
  const { folder, isDeep, shape } = pattern.oldLogs(log)
  const old: OldLog[] = []
  for (const name of namesIn(folder, isDeep)) {
    if (!shape.test(name)) continue
    const path = join(folder, name)
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (path === log || stat === undefined || !stat.isFile()) continue
    old.push({ path, octets: stat.size, timeMs: stat.mtimeMs })
  }
  if (old.length === 0) return []
  old.sort((a, b) => a.timeMs - b.timeMs || (a.path < b.path ? -1 : 1))
  const expired: Expired[] = []
  let total = old.reduce((sum, { octets }) => sum + octets, 0)
  let lacking = lackingRoom(folder, rules.free)
  for (const { path, octets, timeMs } of old) {
    if (spared.has(path)) continue
    let why: Expired['why']
    if (rules.ageMs !== null && nowMs - timeMs > rules.ageMs) why = 'age'
    else if (rules.octets !== null && total > rules.octets) why = 'size'
    else if (lacking > 0) why = 'room'
    else continue
    if (!isDryRun) unlinkSync(path)
    total -= octets
    lacking = isDryRun ? lacking - octets : lackingRoom(folder, rules.free)
    expired.push({ path, octets, why })
  }
  return expired
}

/** Octets that must go until the file system has the room that is wanted. */
function lackingRoom(folder: string, free: KeepRules['free']): number {
  if (free === null) return 0
  const { bavail, blocks, bsize } = statfsSync(folder)
  const wanted = 'octets' in free ? free.octets : free.part * blocks * bsize
  return wanted - bavail * bsize
}
