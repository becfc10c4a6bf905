import { ARCHIVE_COMPACT } from './archive-compact-table.ts'
import { ARCHIVE_EXPIRE } from './archive-expire-table.ts'
import { ARCHIVE_EXPORT } from './archive-export-table.ts'
import { ARCHIVE_LIST } from './archive-list-table.ts'
import { ARCHIVE_REPAIR } from './archive-repair-table.ts'
import { ARCHIVE_VERIFY } from './archive-verify-table.ts'
import { ARCHIVE_WRITE } from './archive-write-table.ts'
import type { Command } from './flags.ts'
import type { Preparations } from './prepared.ts'

/** The verbs of `weir archive`, in the order of the help. */
export const ARCHIVE_COMMANDS: readonly Command[] = [
  ARCHIVE_WRITE,
  ARCHIVE_LIST,
  ARCHIVE_VERIFY,
  ARCHIVE_REPAIR,
  ARCHIVE_COMPACT,
  ARCHIVE_EXPORT,
  ARCHIVE_EXPIRE,
]

/** What each verb does; nothing of a verb is loaded before it is called. */
export const ARCHIVE_ACTIONS: Preparations = {
  'archive write': async () => (await import('./archive-write.ts')).archiveWrite,
  'archive list': async () => (await import('./archive-list.ts')).archiveList,
  'archive verify': async () => (await import('./archive-verify.ts')).archiveVerify,
  'archive repair': async () => (await import('./archive-repair.ts')).archiveRepair,
  'archive compact': async () => (await import('./archive-compact.ts')).archiveCompact,
  'archive export': async () => (await import('./archive-export.ts')).archiveExport,
  'archive expire': async () => (await import('./archive-expire.ts')).archiveExpire,
}
