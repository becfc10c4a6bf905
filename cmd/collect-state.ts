import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { type CollectorState, type SessionState, saveState } from '../lib/decode/state-file.ts'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import type { Log } from '../lib/diagnostics/log.ts'
import { reasonOf } from '../lib/diagnostics/reason.ts'
import type { CollectOptions } from './collect-flags.ts'

/** How often the state is saved, at most; a large state is saved less often, so that saving costs 1 % at most. */
const SAVE_EVERY_MS = 30_000
const SAVE_SHARE = 100

const STATE_ADVICE = 'name a folder whose parent exists with --state, or none'

/** One state of those of several workers: of a session that more than one of them knows, what the last to hear it has. */
export function mergeStates(states: readonly CollectorState[]): CollectorState {
  const sessions = new Map<string, SessionState>()
  for (const state of states) {
    for (const session of state.sessions) {
      const key = `${session.address} ${session.port}`
      const known = sessions.get(key)
      if (known === undefined || known.lastSeenMs < session.lastSeenMs) sessions.set(key, session)
    }
  }
  return { sessions: [...sessions.values()].sort((a, b) => a.lastSeenMs - b.lastSeenMs) }
}

/**
 * The folder where state is kept, made if need be, or null for none. A folder that was asked for and cannot be written
 * is an error now, not at the end; one that was only found by default is done without.
 */
export function openStateFolder(options: CollectOptions, log: Log): string | null {
  const { stateDirectory } = options
  if (stateDirectory === null) return null
  try {
    makeFolder(stateDirectory)
    accessSync(stateDirectory, constants.W_OK | constants.X_OK)
    return stateDirectory
  } catch (error) {
    const message = `cannot keep state in ${stateDirectory}: ${reasonOf(error)}; ${STATE_ADVICE}`
    if (options.isStateExplicit) throw new FlowError('STATE_UNWRITABLE', message, { cause: error })
    log.warn('templates will not be kept over restarts', { error: message })
    return null
  }
}

/** Makes the folder, but not its parents: they are more probably misspelt than missing. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o750 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (!statSync(path).isDirectory()) throw new Error('it is a file', { cause: error })
  }
}

/** Has the state saved now and then until it is stopped. */
export class StateKeeper {
  readonly #save: () => Promise<unknown>
  readonly #log: Log
  #timer: NodeJS.Timeout | undefined
  #saving: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(save: () => Promise<unknown>, log: Log) {
    this.#save = save
    this.#log = log
    this.#plan(SAVE_EVERY_MS)
  }

  /** Resolves when no saving is under way, and none will be. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#saving
  }

  #plan(afterMs: number): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(() => {
      const started = performance.now()
      this.#saving = trySaving(this.#save, this.#log).then(() => {
        this.#plan(Math.max(SAVE_EVERY_MS, (performance.now() - started) * SAVE_SHARE))
      })
    }, afterMs).unref()
  }
}

/** Saves, or says why that failed. */
export async function trySaving(save: () => Promise<unknown>, log: Log): Promise<void> {
  try {
    await save()
  } catch (error) {
    log.limited('state', 'cannot save the state', { error: (error as Error).message })
  }
}

/** Saves one state for several workers. */
export function saveMerged(directory: string, states: readonly CollectorState[]): Promise<void> {
  return saveState(directory, [mergeStates(states)])
}
