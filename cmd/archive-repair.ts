import { archivePaths } from '../lib/archive/live-files.ts'
import { type RepairReport, repairArchive } from '../lib/archive/repair.ts'
import { verifyArchive } from '../lib/archive/verify.ts'
import { writerOf } from '../lib/archive/write-lock.ts'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { ARCHIVE_REPAIR } from './archive-repair-table.ts'
import { readableOf } from './archive-verify.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import { FlagReader } from './flag-reader.ts'
import type { Prepare } from './prepared.ts'
import { print } from './print.ts'
import { counted, withUnit } from './text-table.ts'
import { UsageError } from './usage-error.ts'

/** `weir archive repair`. */
export const archiveRepair: Prepare = (given, paths) => {
  const flags = new FlagReader(ARCHIVE_REPAIR.flags, given)
  const isDryRun = flags.boolean('dry-run')
  return async () => {
    if (paths.length === 0)
      throw new UsageError('archive repair: a folder or file is missing, want weir archive repair DIR|FILE…')
    let status: ExitStatus = EXIT.done
    let changed = 0
    const all = archivePaths(paths)
    for (const path of all) {
      const holder = path.endsWith('.part') ? writerOf(path) : null
      if (holder !== null) {
        print(`${path}: left alone, it is being written by ${holder}\n`)
        continue
      }
      try {
        const said = isDryRun ? planned(path) : done(repairArchive(path, true))
        if (said === null) continue
        changed++
        print(`${path}: ${said.text}\n`)
        if (said.isLoss) status = EXIT.badInput
      } catch (error) {
        if (!(error instanceof FlowError)) throw error
        if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') continue
        process.stderr.write(`weir: ${error.message}; left as it is\n`)
        status = EXIT.badInput
      }
    }
    if (changed === 0 && status === EXIT.done) print(`${counted(all.length, 'file')}, nothing to repair\n`)
    return status
  }
}

/** What a repair would do, or null where there is nothing to do. */
function planned(path: string): { text: string; isLoss: boolean } | null {
  const { state, rows, blocks, problems } = verifyArchive(path)
  if (state === 'finished' && !path.endsWith('.part')) return null
  const kept = `would keep ${readableOf(rows, blocks)}`
  if (problems.length === 0) return { text: `would be finished: ${kept}`, isLoss: false }
  const places = problems.length === 1 ? '1 damaged place' : `${problems.length} damaged places`
  return { text: `would be rebuilt without ${places}: ${kept}`, isLoss: true }
}

function done(report: RepairReport): { text: string; isLoss: boolean } | null {
  const { outcome, rows, blocks, lostOctets, bad, path } = report
  if (outcome === 'whole') return null
  if (outcome === 'removed') return { text: 'removed, its writer had written nothing', isLoss: false }
  const lost = lostOctets === 0 ? 'nothing lost' : `${withUnit(lostOctets)} were no whole frames`
  const where = bad === null ? '' : `, kept in ${bad}`
  const how = outcome === 'rebuilt' ? 'rebuilt' : 'finished'
  const text = `${how} as ${path}: kept ${readableOf(rows, blocks)}; ${lost}${where}`
  return { text, isLoss: outcome === 'rebuilt' || report.problems.length > 0 }
}
