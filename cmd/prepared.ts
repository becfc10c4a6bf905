import { ARCHIVE_ACTIONS } from './archive-commands.ts'
import type { ExitStatus } from './exit.ts'
import type { GivenFlags } from './flags.ts'
import { SHIP_ACTIONS } from './ship-commands.ts'

/**
 * Checks given flags, those of configuration files included, and returns what runs the command; throws UsageError for
 * a wrong value. Operands are checked by the run: `weir config check` has none.
 */
export type Prepare = (given: GivenFlags, operands: readonly string[]) => () => Promise<ExitStatus>

/** Loads a command by its name. */
export type Preparations = Readonly<Record<string, () => Promise<Prepare>>>

const PREPARED: Preparations = {
  collect: async () => (await import('./collect.ts')).collect,
  rotate: async () => (await import('./rotate.ts')).rotate,
  analyze: async () => (await import('./analyze.ts')).analyze,
  ...ARCHIVE_ACTIONS,
  ...SHIP_ACTIONS,
}
const REPORT = 'analyze '

/** What prepares a command that has flags in configuration files, by its name; undefined for the others. */
export function preparationOf(name: string): (() => Promise<Prepare>) | undefined {
  if (!name.startsWith(REPORT)) return PREPARED[name]
  // Reports are many, and their tables are not small.
  return async () => (await import('./analyze.ts')).analyzeReport(name.slice(REPORT.length))
}
