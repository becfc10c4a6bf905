import { setTimeout as sleep } from 'node:timers/promises'
import { fileId, fileOctets } from './file-id.ts'
import { canLookInto, findHolders, isRunning, listProcesses } from './holders.ts'
import { isOwnerHelpless } from './new-log.ts'

/** How long a file must not grow where /proc does not show its writer. */
const QUIET_MS = 1000
const FIRST_LOOK_MS = 5
const LAST_LOOK_MS = 200

export interface LetGoSettings {
  readonly log: string
  /** The log under its new name. */
  readonly aside: string
  /** Whether somebody is expected to open the log anew; a writer that ended will not. */
  readonly hasWriter: boolean
  /** The process that was told, or null. */
  readonly pid: number | null
  readonly waitMs: number
}

/**
 * Waits until no process can write to `aside` any more. Returns undefined then, or what was seen when the time was
 * over. Where all processes can be looked into, or at least the one that was told, or somebody was seen with the file and
 * then without it, /proc is proof. Otherwise the log must be there again and the old file must not have grown for a second.
 */
export async function waitUntilLetGo(settings: LetGoSettings): Promise<string | undefined> {
  const { log, aside, hasWriter, pid, waitMs } = settings
  const started = performance.now()
  const isHelpless = isOwnerHelpless(log, aside)
  let wasSeen = false
  let octets = fileOctets(aside)
  let grewAt = started
  for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(lookMs * 1.5, LAST_LOOK_MS)) {
    const { writing, isComplete } = findHolders(aside)
    const now = performance.now()
    const size = fileOctets(aside)
    if (size !== octets) {
      octets = size
      grewAt = now
    }
    if (writing.length > 0) wasSeen = true
    else if (isComplete || wasSeen || (pid !== null && isRunning(pid) && canLookInto(pid))) return undefined
    // An empty log that we made ourselves tells nothing.
    const isAnew = isHelpless ? (fileOctets(log) ?? 0) > 0 : fileId(log) !== undefined
    if (writing.length === 0 && (isAnew || !hasWriter) && now - grewAt >= QUIET_MS) return undefined
    if (now - started >= waitMs) {
      const seconds = `after ${waitMs / 1000} s`
      if (writing.length > 0) return `${listProcesses(writing)} still has ${aside} open ${seconds}`
      return isAnew ? `${aside} still grows ${seconds}` : `nobody has opened ${log} anew ${seconds}`
    }
    await sleep(Math.min(lookMs, Math.max(1, waitMs - (now - started))))
  }
}
