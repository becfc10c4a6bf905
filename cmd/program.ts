// What the executable holds as one script: the commands, and what its threads run. Each is run when it is first asked for.

/** Loads a part of the program by its name; a thread's is named as its source file is, and runs as it is loaded. */
export const PARTS = {
  dispatch: () => import('./dispatch.ts'),
  'analyze-worker': () => import('./analyze-worker.ts'),
  'collect-archive-worker': () => import('./collect-archive-worker.ts'),
  'collect-packet-worker': () => import('./collect-packet-worker.ts'),
  'collect-worker': () => import('./collect-worker.ts'),
  'log-worker': () => import('./log-worker.ts'),
  'ship-worker': () => import('./ship-worker.ts'),
} as const

export type Parts = typeof PARTS
