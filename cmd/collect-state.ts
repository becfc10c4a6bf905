import { mkdirSync } from 'node:fs'
import { type CollectorState, loadState, type SessionState, saveState } from '../lib/decode/state-file.ts'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import type { Log } from '../lib/diagnostics/log.ts'
import type { CollectOptions } from './collect-flags.ts'

/** How often the state is saved, at least; a large state is saved less often, so that saving costs 1 % at most. */
const SAVE_EVERY_MS = 30_000
const SAVE_SHARE = 100

/** One state of those of several workers: of a session that more than one of them knows, what the last to hear it has. */
export function mergeStates(states: readonly CollectorState[]): CollectorState {
  if (states.length === 1) return states[0]!
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

/** The state kept by an earlier run, or null where none is kept; nothing that is wrong with it is an error. */
export async function restoredState(options: CollectOptions, log: Log): Promise<CollectorState | null> {
  const { stateDirectory } = options
  if (stateDirectory === null) return null
  const state = await loadState(stateDirectory, log)
  // A folder that cannot be written is better known now than at the end.
  try {
    makeFolder(stateDirectory)
    await saveState(stateDirectory, [state])
  } catch (error) {
    if (options.isStateExplicit) throw error
    log.warn('templates will not be kept over restarts', { error: (error as Error).message })
  }
  return state
}

/** Makes the folder if need be, but not its parents, which are more probably misspelt than missing. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o750 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    const { message } = error as Error
    throw new FlowError('STATE_UNWRITABLE', `cannot make the state directory ${path}: ${message}`, {
      cause: error,
    })
  }
}

/** Saves the state now and then until it is stopped; `collect` fetches the state of every worker. */
export class StateKeeper {
  readonly #directory: string
  readonly #collect: () => Promise<CollectorState[]>
  readonly #log: Log
  #timer: NodeJS.Timeout | undefined
  #saving: Promise<void> = Promise.resolve()

  constructor(directory: string, collect: () => Promise<CollectorState[]>, log: Log) {
    this.#directory = directory
    this.#collect = collect
    this.#log = log
    this.#plan(SAVE_EVERY_MS)
  }

  /** Saves these as the last ones. */
  async stop(last: readonly CollectorState[]): Promise<void> {
    clearTimeout(this.#timer)
    await this.#saving
    clearTimeout(this.#timer)
    if (last.length > 0) await this.#save(() => Promise.resolve(last))
  }

  #plan(afterMs: number): void {
    this.#timer = setTimeout(() => {
      const started = performance.now()
      this.#saving = this.#save(this.#collect).then(() => {
        this.#plan(Math.max(SAVE_EVERY_MS, (performance.now() - started) * SAVE_SHARE))
      })
    }, afterMs).unref()
  }

  async #save(collect: () => Promise<readonly CollectorState[]>): Promise<void> {
    try {
      await saveState(this.#directory, [mergeStates(await collect())])
    } catch (error) {
      this.#log.limited('state', 'cannot save the state, trying again later', {
        error: (error as Error).message,
      })
    }
  }
}
