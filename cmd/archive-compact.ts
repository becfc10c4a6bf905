import { type CompactOptions, compactArchive, compactGroups } from '../lib/archive/compact.ts'
import type { Span } from '../lib/archive/compact-plan.ts'
import type { ArchiveFile } from '../lib/archive/file-facts.ts'
import { ROLLUP_KINDS, type RollupKind } from '../lib/archive/rollup-kinds.ts'
import { writeRollups } from '../lib/archive/rollups.ts'
import type { Log } from '../lib/diagnostics/log.ts'
import { ARCHIVE_COMPACT } from './archive-compact-table.ts'
import { newStderrLog } from './collect-log.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import { FlagReader } from './flag-reader.ts'
import type { GivenFlags } from './flags.ts'
import type { Prepare } from './prepared.ts'
import { print } from './print.ts'
import { rollupKnowledge } from './rollup-knowledge.ts'
import { counted, withCommas, withUnit } from './text-table.ts'

interface CompactSettings {
  readonly into: Span
  readonly olderThanMs: number
  readonly isDryRun: boolean
  readonly isRollupsOnly: boolean
  readonly kinds: readonly RollupKind[]
  /** A file of local networks, or `private`. */
  readonly local: string
}

/** `weir archive compact`. */
export const archiveCompact: Prepare = (given, [directory]) => {
  const settings = compactSettings(given)
  return () => run(directory!, settings)
}

function compactSettings(given: GivenFlags): CompactSettings {
  const flags = new FlagReader(ARCHIVE_COMPACT.flags, given)
  return {
    into: flags.choice('into') as Span,
    olderThanMs: flags.durationMs('older-than'),
    isDryRun: flags.boolean('dry-run'),
    isRollupsOnly: flags.boolean('rollups-only'),
    kinds: rollupKinds(flags),
    local: flags.text('local') || 'private',
  }
}

function rollupKinds(flags: FlagReader): RollupKind[] {
  const names = flags.list('rollups')
  if (names.join() === 'none') return []
  const chosen = new Set<RollupKind>()
  for (const name of names) {
    const found = ROLLUP_KINDS.filter((kind) => kind.name === name || (name === 'default' && kind.isDefault))
    if (found.length === 0) {
      const known = ROLLUP_KINDS.map((kind) => kind.name).join(', ')
      throw flags.wrong('rollups', name, `default, none, or names of ${known}`)
    }
    for (const kind of found) chosen.add(kind)
  }
  return [...chosen]
}

async function run(directory: string, settings: CompactSettings): Promise<ExitStatus> {
  const { into, olderThanMs, kinds, isDryRun, isRollupsOnly } = settings
  const { log, warnings } = countingLog()
  const nowMs = Date.now()
  const options: CompactOptions = { into, nowMs, beforeMs: nowMs - olderThanMs, log }
  if (isDryRun) {
    const groups = isRollupsOnly ? [] : compactGroups(directory, options)
    for (const { files } of groups) print(`would join ${described(files)}\n`)
    if (groups.length === 0) print('nothing to join\n')
    return EXIT.done
  }
  const knowledge = kinds.length === 0 ? null : rollupKnowledge(settings.local)
  if (!isRollupsOnly) join(directory, options)
  if (knowledge !== null) {
    let [files, octets] = [0, 0]
    for (const rollup of writeRollups(directory, { kinds, knowledge, log })) {
      files++
      octets += rollup.octets
    }
    if (files > 0) print(`${counted(files, 'rollup')} written, ${withUnit(octets)}\n`)
  }
  return warnings() > 0 ? EXIT.badInput : EXIT.done
}

function join(directory: string, options: CompactOptions): void {
  let [before, after, joined] = [0, 0, 0]
  for (const { path, files, octets } of compactArchive(directory, options)) {
    joined += files.length
    before += octetsOf(files)
    after += octets
    print(`joined ${described(files)} into ${path}, ${withUnit(octets)}\n`)
  }
  const sum = `${counted(joined, 'file')} joined, ${withUnit(before)} became ${withUnit(after)}`
  print(joined === 0 ? 'nothing to join\n' : `${sum}\n`)
}

/** Warnings on stderr, and how many there were. */
function countingLog(): { log: Log; warnings: () => number } {
  const log = newStderrLog({ logLevel: 'warn', logFormat: 'text', errorCount: 0, errorIntervalMs: 0 })
  let count = 0
  return {
    warnings: () => count,
    log: {
      ...log,
      warn(message, attributes) {
        count++
        log.warn(message, attributes)
      },
    },
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
