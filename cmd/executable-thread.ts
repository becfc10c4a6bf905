import { type Compiled, loadProgram } from './load-program.ts'
import type { WorkerName } from './runtime.ts'

// Where a thread of the executable begins; its argument is the part of the program that it runs.

const COMPILED: Readonly<Record<WorkerName, Compiled>> = {
  'analyze-worker': 'analyze-thread',
  'collect-archive-worker': 'collect',
  'collect-packet-worker': 'collect',
  'collect-worker': 'collect',
  'log-worker': 'analyze-thread',
  'ship-worker': 'ship',
}

const part = process.argv[2] as WorkerName
void loadProgram(COMPILED[part])[part]()
