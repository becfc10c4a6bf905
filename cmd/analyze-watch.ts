import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnalyzeOptions } from './analyze-flags.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import { findInputs } from './inputs/find-inputs.ts'
import { print } from './print.ts'
import { isTerminal, STDOUT } from './terminal.ts'

const ALTERNATE_SCREEN = '\u001b[?1049h\u001b[?25l'
const USUAL_SCREEN = '\u001b[?25h\u001b[?1049l'
const TOP_LEFT = '\u001b[H'
const REST = '\u001b[J'
const REST_OF_LINE = '\u001b[K'

/**
 * Prints what `textOf` gives again and again until SIGINT or SIGTERM: on a terminal in its own screen, elsewhere one
 * after the other. Inputs that have not changed are not read again, unless the window moves with the clock.
 */
export async function watch(
  everyMs: number,
  optionsAt: (nowMs: number) => AnalyzeOptions,
  textOf: (options: AnalyzeOptions) => Promise<string>,
): Promise<ExitStatus> {
  const isScreen = isTerminal(STDOUT)
  const stopping = new AbortController()
  const stop = () => stopping.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  if (isScreen) print(ALTERNATE_SCREEN)
  try {
    let before = ''
    let text = ''
    while (!stopping.signal.aborted) {
      const options = optionsAt(Date.now())
      const state = stateOf(options)
      if (state !== before || text === '') {
        text = await textOf(options)
        before = state
        if (!isScreen) print(`${text}\n`)
      }
      if (isScreen) print(screenOf(text, options))
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
    return EXIT.done
  } finally {
    if (isScreen) print(USUAL_SCREEN)
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

/** The lines that the screen has room for, over what was there. */
function screenOf(text: string, { inputs }: AnalyzeOptions): string {
  const height = process.stdout.rows || 24
  const head = `weir  ${inputs.join(' ')}  ${new Date().toISOString().slice(0, 19)}Z  Ctrl-C ends`
  const lines = [head, '', ...text.trimEnd().split('\n')].slice(0, height - 1)
  return TOP_LEFT + lines.map((line) => `${line}${REST_OF_LINE}\n`).join('') + REST
}

/** Changes when there is something new to read, or another time to ask about. */
function stateOf({ inputs, range }: AnalyzeOptions): string {
  const facts: string[] = [`${range.from} ${range.to}`]
  for (const word of inputs) {
    try {
      for (const { path, octets } of findInputs(word))
        facts.push(`${path} ${octets} ${statSync(path).mtimeMs}`)
    } catch {
      facts.push(`${word} is not there`)
    }
  }
  return facts.join('\n')
}
