import { basename } from 'node:path'
import type { ExitStatus } from './exit.ts'
import { print } from './print.ts'
import { versionLine } from './version.ts'

const VERSION_WORDS = ['--version', '-version', '-v']

/** Runs the command that words name; see dispatch.ts. */
export type Dispatch = (words: readonly string[]) => Promise<ExitStatus>

/** Runs the command that was typed, and sets the exit status; `load` brings what it takes, for the words it gets. */
export async function start(load: (words: readonly string[]) => Promise<Dispatch>): Promise<void> {
  process.exitCode = await run(process.argv, load).catch(fail)
}

async function run(
  argv: readonly string[],
  load: (words: readonly string[]) => Promise<Dispatch>,
): Promise<number> {
  // In the executable argv[1] is the name as it was typed, links included.
  const isGoflow2 = basename(argv[1] ?? '') === 'goflow2'
  const typed = argv.slice(2)
  // The version is asked for in loops and health checks: nothing else is loaded for it.
  if (!isGoflow2 && typed.length === 1 && VERSION_WORDS.includes(typed[0]!)) {
    print(versionLine())
    return 0
  }
  const words = isGoflow2 ? ['collect', ...typed] : typed
  const dispatch = await load(words)
  return dispatch(words)
}

function fail(error: unknown): number {
  const { code, name, message, stack } = error as NodeJS.ErrnoException
  // Whoever read our output has enough of it: nothing went wrong.
  if (code === 'EPIPE') return 0
  const isExpected = name === 'UsageError' || name === 'FlowError'
  process.stderr.write(`weir: ${isExpected || code !== undefined ? message : stack}\n`)
  return name === 'UsageError' ? 2 : 1
}
