import { globSync, lstatSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { logsUnderWay } from './journal.ts'
import type { NamePattern } from './name-pattern.ts'

/**
 * Every log that the patterns name, once, as absolute paths in order; old logs that a shell's glob has put among them;
 * and the patterns that name none.
 */
export function findLogs(
  patterns: readonly string[],
  names: NamePattern,
  stateFolder: string | null,
): { readonly logs: string[]; readonly old: string[]; readonly unmatched: string[] } {
  const logs = new Set<string>()
  const unmatched: string[] = []
  for (const pattern of patterns) {
    const path = resolve(pattern)
    // A file with glob's signs in its name is that file.
    if (!/[*?[{]/.test(pattern) || lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
      logs.add(path)
      continue
    }
    const found = globSync(path).filter((file) => isLog(file, names))
    const named = [...found, ...logsUnderWay(path, stateFolder)]
    if (named.length === 0) unmatched.push(pattern)
    for (const log of named) logs.add(log)
  }
  const all = [...logs].sort()
  // A single log may be called as it likes.
  const old = all.length > 1 ? all.filter((log) => names.isOldLog(log)) : []
  return { logs: all.filter((log) => !old.includes(log)), old, unmatched }
}

/** A glob such as *.log finds old logs, folders and what others packed as well. */
function isLog(path: string, names: NamePattern): boolean {
  if (basename(path).startsWith('.') || /\.(gz|zst|xz|bz2)$/.test(path) || names.isOldLog(path)) return false
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true
}
