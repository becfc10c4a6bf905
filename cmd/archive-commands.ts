import { ARCHIVE_LIST } from './archive-list-table.ts'
import { ARCHIVE_WRITE } from './archive-write-table.ts'
import type { Command } from './flags.ts'
import type { Preparations } from './prepared.ts'

/** The verbs of `weir archive`, in the order of the help. */
export const ARCHIVE_COMMANDS: readonly Command[] = [ARCHIVE_WRITE, ARCHIVE_LIST]

/** What each verb does; nothing of a verb is loaded before it is called. */
export const ARCHIVE_ACTIONS: Preparations = {
  'archive write': async () => (await import('./archive-write.ts')).archiveWrite,
  'archive list': async () => (await import('./archive-list.ts')).archiveList,
}
