import { globSync, lstatSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { logsUnderWay } from './journal.ts'
import type { NamePattern } from './name-pattern.ts'

/** Every log that the patterns name, once, as absolute paths in order; and the patterns that name none. */
export function findLogs(
  patterns: readonly string[],
  names: NamePattern,
  stateFolder: string | null,
): { readonly logs: string[]; readonly unmatched: string[] } {
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
    const all = [...found, ...logsUnderWay(path, stateFolder)]
    if (all.length === 0) unmatched.push(pattern)
    for (const log of all) logs.add(log)
  }
  return { logs: [...logs].sort(), unmatched }
}

/** A glob such as *.log finds old logs, folders and what others packed as well. */
function isLog(path: string, names: NamePattern): boolean {
  if (basename(path).startsWith('.') || /\.(gz|zst|xz|bz2)$/.test(path) || names.isOldLog(path)) return false
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true
}
