import { type Compiled, loadProgram } from './load-program.ts'
import { start } from './start.ts'

// Where the executable begins: a script of its own, so that little is read before it is known what to do.

const COMPILED: readonly Compiled[] = ['analyze', 'collect', 'ship']

void start(async ([first]) => {
  const parts = loadProgram(COMPILED.find((name) => name === first) ?? 'rest')
  return (await parts.dispatch()).dispatch
})
