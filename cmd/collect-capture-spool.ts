import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Log } from '../lib/diagnostics/log.ts'
import type { ArchiveOptions } from './collect-archive.ts'
import { ShipThread } from './collect-ship.ts'
import type { CollectShipOptions } from './collect-ship-flags.ts'
import { spoolOf } from './collect-spool.ts'

/** What captures hold, on its way to a server: it is all written first, and then sent. */
export class CaptureSpool {
  readonly archive: ArchiveOptions
  readonly #options: CollectShipOptions
  readonly #directory: string
  readonly #isOurs: boolean

  constructor(options: CollectShipOptions) {
    this.#options = options
    this.#isOurs = options.spool === null
    this.#directory = options.spool ?? mkdtempSync(join(tmpdir(), 'weir-spool-'))
    this.archive = spoolOf({ ...options, spool: this.#directory })!
  }

  /** Sends all that was written; resolves when a server has it. Throws SERVER_REFUSED. */
  async send(log: Log): Promise<void> {
    const { ship } = this.#options
    const thread = new ShipThread({ options: ship, spool: this.#directory }, log)
    try {
      await thread.stop(false)
    } finally {
      if (this.#isOurs) rmSync(this.#directory, { recursive: true })
    }
  }
}
