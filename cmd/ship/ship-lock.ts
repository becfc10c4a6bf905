import { readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { FlowError } from '../../lib/diagnostics/flow-error.ts'
import { type RunLock, takeLock } from '../../lib/rotate/run-lock.ts'

/** Keeps a folder's positions to one process; throws STATE_UNWRITABLE, which says who has them. */
export async function lockPositions(path: string): Promise<RunLock> {
  const lock = await takeLock(path, false)
  if (lock === null) {
    throw new FlowError(
      'STATE_UNWRITABLE',
      `another weir ships with this state (${holder(path)}): ${path}; end it, or name another folder with --state`,
    )
  }
  writeFileSync(path, `process ${process.pid} on ${hostname()}\n`)
  return lock
}

function holder(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim() || 'nobody knows which'
  } catch {
    return 'nobody knows which'
  }
}
