import { ANALYZE, REPORT_COMMANDS } from './analyze-table.ts'
import { ARCHIVE_COMMANDS } from './archive-commands.ts'
import { COLLECT } from './collect-table.ts'
import type { Command } from './flags.ts'
import { ROTATE } from './rotate-table.ts'
import { SHIP_COMMANDS } from './ship-commands.ts'
import { FIRST_COMMANDS, LAST_COMMANDS } from './small-commands.ts'

/** Every command there is, in the order of the help. Loads all reports: those who need a single command do without. */
export const COMMANDS: readonly Command[] = [...FIRST_COMMANDS, ANALYZE, ...REPORT_COMMANDS, ...LAST_COMMANDS]

/** Commands that take settings from a configuration file: each has a section of its first word. */
export const CONFIGURED: readonly Command[] = [
  COLLECT,
  ...ARCHIVE_COMMANDS,
  ROTATE,
  ANALYZE,
  ...REPORT_COMMANDS,
  ...SHIP_COMMANDS,
]
