import { type CompactOptions, compactArchive, compactGroups } from '../lib/archive/compact.ts'
import type { Span } from '../lib/archive/compact-plan.ts'
import type { ArchiveFile } from '../lib/archive/file-facts.ts'
import { ARCHIVE_COMPACT } from './archive-compact-table.ts'
import { newStderrLog } from './collect-log.ts'
import { EXIT } from './exit.ts'
import { FlagReader } from './flag-reader.ts'
import type { Prepare } from './prepared.ts'
import { print } from './print.ts'
import { withCommas, withUnit } from './text-table.ts'

/** `weir archive compact`. */
export const archiveCompact: Prepare = (given, [directory]) => {
  const flags = new FlagReader(ARCHIVE_COMPACT.flags, given)
  const into = flags.choice('into') as Span
  const olderThanMs = flags.durationMs('older-than')
  const isDryRun = flags.boolean('dry-run')
  return async () => {
    const nowMs = Date.now()
    const log = newStderrLog({ logLevel: 'warn', logFormat: 'text', errorCount: 0, errorIntervalMs: 0 })
    let warnings = 0
    const counting: CompactOptions['log'] = {
      ...log,
      warn(message, attributes) {
        warnings++
        log.warn(message, attributes)
      },
    }
    const options: CompactOptions = { into, nowMs, beforeMs: nowMs - olderThanMs, log: counting }
    if (isDryRun) {
      for (const { files } of compactGroups(directory!, options)) print(`would join ${described(files)}\n`)
      return EXIT.done
    }
    let [before, after, joined] = [0, 0, 0]
    for (const { path, files, octets } of compactArchive(directory!, options)) {
      joined += files.length
      before += octetsOf(files)
      after += octets
      print(`joined ${described(files)} into ${path}, ${withUnit(octets)}\n`)
    }
    const sum = `${withCommas(joined)} files joined, ${withUnit(before)} became ${withUnit(after)}`
    print(joined === 0 ? 'nothing to join\n' : `${sum}\n`)
    return warnings > 0 ? EXIT.badInput : EXIT.done
  }
}

function octetsOf(files: readonly ArchiveFile[]): number {
  return files.reduce((sum, { fileOctets }) => sum + fileOctets, 0)
}

function described(files: readonly ArchiveFile[]): string {
  const rows = files.reduce((sum, file) => sum + file.rows + file.otherRows, 0)
  const names =
    files.length === 1 ? files[0]!.path : `${withCommas(files.length)} files from ${files[0]!.path} on`
  return `${names}, ${withCommas(rows)} rows, ${withUnit(octetsOf(files))}`
}
