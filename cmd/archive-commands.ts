import type { Command } from './flags.ts'
import type { Preparations } from './prepared.ts'

/** The verbs of `weir archive`, in the order of the help. */
export const ARCHIVE_COMMANDS: readonly Command[] = []

/** What each verb does; nothing of a verb is loaded before it is called. */
export const ARCHIVE_ACTIONS: Preparations = {}
