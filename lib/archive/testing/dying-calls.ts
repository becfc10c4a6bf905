import type { KeepingCalls } from '../archive-calls.ts'
import { UNSYNCED } from './files.ts'

/** What a call after the last one throws. */
export class Killed extends Error {}

/** Calls that do their work up to number `last`; that one and all after it fail, as if the process were gone. */
export function dyingCalls(last: number): { calls: KeepingCalls; made: () => number } {
  let made = 0
  const entries = Object.entries(UNSYNCED).map(([name, call]) => [
    name,
    (...args: unknown[]) => {
      if (name !== 'exists' && ++made > last) throw new Killed(name)
      return (call as (...args: unknown[]) => unknown)(...args)
    },
  ])
  return { calls: Object.fromEntries(entries) as KeepingCalls, made: () => made }
}
