import { statSync } from 'node:fs'
import { archivePaths } from '../lib/archive/live-files.ts'
import { type VerifyReport, verifyArchive } from '../lib/archive/verify.ts'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { ARCHIVE_VERIFY } from './archive-verify-table.ts'
import { EXIT } from './exit.ts'
import { FlagReader } from './flag-reader.ts'
import type { Prepare } from './prepared.ts'
import { print } from './print.ts'
import { Progress, type ProgressMode } from './progress.ts'
import { counted, withCommas, withUnit } from './text-table.ts'
import { UsageError } from './usage-error.ts'

/** Damaged places of one file that are printed; a bad disk has many. */
const MOST_PROBLEMS = 20

/** `weir archive verify`. */
export const archiveVerify: Prepare = (given, paths) => {
  const flags = new FlagReader(ARCHIVE_VERIFY.flags, given)
  const isJson = flags.choice('format') === 'json'
  const isQuiet = flags.boolean('quiet')
  const mode = flags.choice('progress') as ProgressMode
  return async () => {
    if (paths.length === 0)
      throw new UsageError('archive verify: a folder or file is missing, want weir archive verify DIR|FILE…')
    const reports: VerifyReport[] = []
    const found = archivePaths(paths)
    const total = found.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0)
    const progress = new Progress(mode)
    let [rows, octets] = [0, 0]
    for (const path of found) {
      const report = verified(path)
      if (report === null) continue
      reports.push(report)
      rows += report.rows
      octets += report.octets
      progress.update(rows, octets, total)
      if (!isJson && (!isQuiet || report.state === 'damaged')) print(textOf(report))
    }
    progress.end()
    if (isJson) print(`${JSON.stringify(reports, null, 2)}\n`)
    else if (!isQuiet || reports.some(({ state }) => state === 'damaged')) print(sumOf(reports))
    return reports.some(({ state }) => state === 'damaged') ? EXIT.badInput : EXIT.done
  }
}

/** Null for a file that was removed or replaced since it was listed. */
function verified(path: string): VerifyReport | null {
  try {
    return verifyArchive(path)
  } catch (error) {
    if (!(error instanceof FlowError)) throw error
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return null
    // A writer that was stopped before its first frame has written nothing yet.
    const isBegun = path.endsWith('.part') && error.code === 'ARCHIVE_CORRUPT'
    const problems = isBegun ? [] : [{ at: 0, what: error.message }]
    const state = isBegun ? 'open' : 'damaged'
    return { path, state, blocks: 0, rows: 0, partly: [], octets: 0, problems }
  }
}

/** Rows and blocks in words. */
export function readableOf(rows: number, blocks: number): string {
  return `${counted(rows, 'row')} in ${counted(blocks, 'block')}`
}

function textOf({ path, state, rows, blocks, partly, problems }: VerifyReport): string {
  const readable = readableOf(rows, blocks)
  if (state !== 'damaged') return `${path}: ${state === 'open' ? 'open' : 'whole'}, ${readable}\n`
  const lines = [`${path}: damaged, readable are ${readable}`]
  for (const { at, what } of problems.slice(0, MOST_PROBLEMS)) lines.push(`  at octet ${at}: ${what}`)
  if (problems.length > MOST_PROBLEMS) lines.push(`  and ${problems.length - MOST_PROBLEMS} more places`)
  for (const { at, rows, readable, lost } of partly) {
    const columns = `${readable.length} of ${readable.length + lost.length} columns`
    lines.push(
      `  of ${withCommas(rows)} rows at octet ${at} ${columns} are readable, lost: ${lost.join(', ')}`,
    )
  }
  return lines.map((line) => `${line}\n`).join('')
}

function sumOf(reports: readonly VerifyReport[]): string {
  const count = (state: VerifyReport['state']) => reports.filter((report) => report.state === state).length
  const octets = reports.reduce((sum, report) => sum + report.octets, 0)
  const rows = reports.reduce((sum, report) => sum + report.rows, 0)
  const files = counted(reports.length, 'file')
  return `${files}, ${withUnit(octets)}, ${withCommas(rows)} rows: ${count('finished')} whole, ${count('open')} open, ${count('damaged')} damaged\n`
}
