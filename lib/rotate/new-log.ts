import { closeSync, fchmodSync, fchownSync, lstatSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Whether the owner of the renamed log cannot make a new one in its folder. A writer that runs as that user would fail
 * to open its log anew; goflow2 then drops everything until it is started again.
 */
export function isOwnerHelpless(log: string, aside: string): boolean {
  const owner = lstatSync(aside, { throwIfNoEntry: false })
  if (owner === undefined || owner.uid === 0 || process.geteuid?.() !== 0) return false
  const { uid, gid, mode } = statSync(dirname(log))
  if (uid === owner.uid) return (mode & 0o200) === 0
  return (mode & (gid === owner.gid ? 0o020 : 0o002)) === 0
}

/** Makes an empty log with owner and mode of the renamed one, where its owner cannot; what is there stays. */
export function makeNewLog(log: string, aside: string): void {
  if (!isOwnerHelpless(log, aside)) return
  const { uid, gid, mode } = lstatSync(aside)
  let fd: number
  try {
    fd = openSync(log, 'wx', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    throw error
  }
  try {
    fchownSync(fd, uid, gid)
    fchmodSync(fd, mode & 0o7777)
  } finally {
    closeSync(fd)
  }
}
