import { SILENT } from '../../../lib/diagnostics/log.ts'
import type { LimitedLog } from '../../../lib/diagnostics/log-writer.ts'
import { parseFlags } from '../../parse-flags.ts'
import { newRowFilter } from '../../row-filter.ts'
import { shipOptions } from '../../ship-flags.ts'
import { SHIP } from '../../ship-table.ts'
import { excludes } from '../excluded-files.ts'
import { ShipRun } from '../ship-run.ts'
import { ShipState } from '../ship-state.ts'
import { sortWords } from '../ship-words.ts'

const QUIET: LimitedLog = { ...SILENT, tick() {}, finish() {} }

/** Runs `weir ship` with these words in this process, until it ends or the signal; gives the run when it is over. */
export async function runShip(
  words: readonly string[],
  signal: AbortSignal = new AbortController().signal,
  log: LimitedLog = QUIET,
): Promise<ShipRun> {
  const { given, operands } = parseFlags(SHIP, words)
  const options = shipOptions(given, {})
  const { stateFolder, delivery, filter, excludeFiles } = options
  const state = await ShipState.open(stateFolder, delivery)
  try {
    const run = new ShipRun({
      options,
      words: sortWords(operands),
      state,
      filter: filter === null ? null : await newRowFilter(filter, 'UTC', Date.now()),
      isExcluded: await excludes(excludeFiles),
      rejects: null,
      log,
    })
    await run.run(signal)
    return run
  } finally {
    state.close()
  }
}
