import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { FlowError } from '../../lib/diagnostics/flow-error.ts'
import { reasonOf } from '../../lib/diagnostics/reason.ts'
import type { RunLock } from '../../lib/rotate/run-lock.ts'
import { PositionStore } from '../../lib/tail/position-store.ts'
import type { DeliveryOptions } from '../ship-flags.ts'
import { DeadLetters } from './dead-letters.ts'
import { lockPositions } from './ship-lock.ts'

/** Where a state folder keeps what belongs to shipping. */
export function shipFolder(state: string): string {
  return join(state, 'ship')
}

/** The file of positions in a state folder. */
export function positionsPath(state: string): string {
  return join(shipFolder(state), 'positions.json')
}

/** What a run remembers, and the lock of it. */
export class ShipState {
  readonly positions: PositionStore
  /** Null where refused documents are only counted. */
  readonly deadLetters: DeadLetters | null
  readonly #lock: RunLock | null

  private constructor(positions: PositionStore, deadLetters: DeadLetters | null, lock: RunLock | null) {
    this.positions = positions
    this.deadLetters = deadLetters
    this.#lock = lock
  }

  /**
   * Takes the lock and reads the positions; with no folder nothing is kept. Throws STATE_UNWRITABLE.
   */
  static async open(
    folder: string | null,
    { deadLetter, deadLetterOctets }: Pick<DeliveryOptions, 'deadLetter' | 'deadLetterOctets'>,
  ): Promise<ShipState> {
    const letters = (path: string | null) => (path === null ? null : new DeadLetters(path, deadLetterOctets))
    if (folder === null) {
      return new ShipState(new PositionStore(''), letters(deadLetter || null), null)
    }
    const own = shipFolder(folder)
    try {
      mkdirSync(own, { recursive: true, mode: 0o750 })
    } catch (error) {
      const message = `cannot keep state in ${folder}: ${reasonOf(error)}; name a folder with --state, or none`
      throw new FlowError('STATE_UNWRITABLE', message, { cause: error })
    }
    const lock = await lockPositions(join(own, 'lock'))
    try {
      const path = deadLetter === '' ? join(own, 'dead-letters.ndjson') : deadLetter
      return new ShipState(new PositionStore(positionsPath(folder)), letters(path), lock)
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /** Puts on disk what is done: refused documents first, for their positions say that they are somewhere. */
  save(): void {
    this.deadLetters?.sync()
    if (this.#lock !== null) this.positions.save()
  }

  close(): void {
    try {
      this.save()
      this.deadLetters?.reopen()
    } finally {
      this.#lock?.release()
    }
  }
}
