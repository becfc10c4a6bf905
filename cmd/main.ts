import { basename } from 'node:path'
import { print } from './print.ts'
import { versionLine } from './version.ts'

const VERSION_WORDS = ['--version', '-version', '-v']

async function main(argv: readonly string[]): Promise<number> {
  // In the executable argv[1] is the name as it was typed, links included.
  const isGoflow2 = basename(argv[1] ?? '') === 'goflow2'
  const words = argv.slice(2)
  // The version is asked for in loops and health checks: nothing else is loaded for it.
  if (!isGoflow2 && words.length === 1 && VERSION_WORDS.includes(words[0]!)) {
    print(versionLine())
    return 0
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(fail(error)))
  const { dispatch } = await import('./dispatch.ts')
  return dispatch(isGoflow2 ? ['collect', ...words] : words)
}

function fail(error: unknown): number {
  const { code, name, message, stack } = error as NodeJS.ErrnoException
  // Whoever read our output has enough of it: nothing went wrong.
  if (code === 'EPIPE') return 0
  const isExpected = name === 'UsageError' || name === 'FlowError'
  process.stderr.write(`weir: ${isExpected || code !== undefined ? message : stack}\n`)
  return name === 'UsageError' ? 2 : 1
}

void main(process.argv)
  .catch(fail)
  .then((status) => {
    process.exitCode = status
  })
