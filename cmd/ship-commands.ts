import type { Command } from './flags.ts'
import type { Preparations } from './prepared.ts'
import { SHIP_SETUP } from './ship-setup-table.ts'
import { SHIP_STATUS } from './ship-status-table.ts'
import { SHIP } from './ship-table.ts'

/** `weir ship` and its verbs, in the order of the help. */
export const SHIP_COMMANDS: readonly Command[] = [SHIP, SHIP_SETUP, SHIP_STATUS]

/** What each does; nothing is loaded before it is called. */
export const SHIP_ACTIONS: Preparations = {
  ship: async () => (await import('./ship.ts')).ship,
  'ship setup': async () => (await import('./ship-setup.ts')).shipSetup,
  'ship status': async () => (await import('./ship-status.ts')).shipStatus,
}
