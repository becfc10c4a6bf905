/** What an exit status tells a script. */
export const EXIT = {
  done: 0,
  failed: 1,
  wrongUse: 2,
  /** Done, but some input was bad or missing; how much was counted on stderr. */
  badInput: 3,
} as const

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT]
