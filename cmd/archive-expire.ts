import { type ExpiryRules, expireArchive } from '../lib/archive/expire.ts'
import { ARCHIVE_EXPIRE } from './archive-expire-table.ts'
import { EXIT } from './exit.ts'
import { FlagReader } from './flag-reader.ts'
import { keepRules, keptMs } from './keep-rules.ts'
import type { Prepare } from './prepared.ts'
import { print } from './print.ts'
import { counted, withCommas, withUnit } from './text-table.ts'
import { UsageError } from './usage-error.ts'

/** `weir archive expire`. */
export const archiveExpire: Prepare = (given, [directory]) => {
  const flags = new FlagReader(ARCHIVE_EXPIRE.flags, given)
  const { ageMs: keepMs, octets, free } = keepRules(flags)
  const rules: ExpiryRules = { keepMs, keepRollupsMs: keptMs(flags, 'keep-rollups'), octets, free }
  const isDryRun = flags.boolean('dry-run')
  return async () => {
    const isIdle = Object.values(rules).every((rule) => rule === null)
    if (isIdle)
      throw new UsageError(
        'archive expire: no rule is given, want --keep, --keep-rollups, --max-size or --min-free',
      )
    const reasons = {
      replaced: 'all of it is in a compacted file',
      age: 'of its age',
      size: 'all files together take too much',
      room: 'the file system has too little room',
    }
    let freed = 0
    const expired = expireArchive(directory!, rules, Date.now(), isDryRun)
    for (const { file, why } of expired) {
      freed += file.fileOctets
      const verb = isDryRun ? 'would remove' : 'removed'
      print(
        `${verb} ${file.path}, ${withUnit(file.fileOctets)}, ${withCommas(file.rows)} rows, because ${reasons[why]}\n`,
      )
    }
    const files = counted(expired.length, 'file')
    print(`${files} ${isDryRun ? 'would be ' : ''}removed, ${withUnit(freed)}\n`)
    return EXIT.done
  }
}
