import { existsSync } from 'node:fs'
import { GENERIC } from '../lib/report/presets/generic.ts'
import type { Preset } from '../lib/report/presets/preset.ts'
import { PRESETS } from '../lib/report/presets/presets.ts'
import { type AnalyzeOptions, analyzeOptions } from './analyze-flags.ts'
import type { ExitStatus } from './exit.ts'
import type { GivenFlags } from './flags.ts'
import { nearest } from './nearest.ts'
import type { Prepare } from './prepared.ts'
import { UsageError } from './usage-error.ts'

/** What `weir analyze` was asked, checked; throws UsageError. */
export function analyze(given: GivenFlags, words: readonly string[]): () => Promise<ExitStatus> {
  const file = given.get('file')?.values.at(-1)
  if (file !== undefined) return () => analyzeFile(file, given, words)
  const { preset, inputs, rest } = reportIn(given, words)
  const action = prepared(preset, inputs, rest)
  return preset === GENERIC ? () => withProposal(action, rest) : action
}

/** Of a word that is no filter, the report that it may have meant. */
async function withProposal(
  action: () => Promise<ExitStatus>,
  words: readonly string[],
): Promise<ExitStatus> {
  try {
    return await action()
  } catch (error) {
    const [first = ''] = words
    const names = PRESETS.map(({ name }) => name)
    const near = /^[a-z\d]+$/.test(first) ? nearest(first, names) : undefined
    if (near === undefined || !(error instanceof UsageError) || !error.message.startsWith('filter'))
      throw error
    throw new UsageError(`there is no report ${first}, did you mean ${near}? As a filter: ${error.message}`)
  }
}

/** What `weir analyze NAME` does. */
export function analyzeReport(name: string): Prepare {
  const preset = PRESETS.find((each) => each.name === name)!
  return (given, words) => {
    if (given.has('file')) throw new UsageError('--file names the reports itself: weir analyze --file FILE')
    return prepared(preset, given, words)
  }
}

function prepared(preset: Preset, given: GivenFlags, words: readonly string[]): () => Promise<ExitStatus> {
  const optionsAt = (nowMs: number) => analyzeOptions(preset, given, words, nowMs)
  const options = optionsAt(Date.now())
  return async () => {
    checkInputs(options)
    const { answerText, runAnalyze } = await import('./analyze-run.ts')
    if (options.watchMs === null) return runAnalyze([options])
    const { watch } = await import('./analyze-watch.ts')
    return watch(options.watchMs, optionsAt, answerText)
  }
}

async function analyzeFile(file: string, given: GivenFlags, words: readonly string[]): Promise<ExitStatus> {
  if (words.length > 0) throw new UsageError(`--file names the reports: ${words[0]} is a word too many`)
  if (given.has('watch')) throw new UsageError('--file and --watch exclude each other')
  const { reportsIn } = await import('./analyze-file.ts')
  const all = await reportsIn(file, given, Date.now())
  for (const options of all) checkInputs(options)
  const { runAnalyze } = await import('./analyze-run.ts')
  return runAnalyze(all)
}

function checkInputs({ inputs }: AnalyzeOptions): void {
  if (inputs.length === 0)
    throw new UsageError('analyze: --in is missing: a folder of archives, a file, or - for stdin')
}

/** The report may stand behind flags too: `weir analyze --in flows top`. */
function reportIn(
  given: GivenFlags,
  words: readonly string[],
): { preset: Preset; inputs: GivenFlags; rest: readonly string[] } {
  const [first] = words
  const named = PRESETS.find(({ name }) => name === first)
  if (named !== undefined) return { preset: named, inputs: given, rest: words.slice(1) }
  const inputs = given.get('in')
  const values = inputs?.values ?? []
  const at = values.findIndex(
    (word, i) => i > 0 && PRESETS.some(({ name }) => name === word) && !existsSync(word),
  )
  if (inputs === undefined || at < 0) return { preset: GENERIC, inputs: given, rest: words }
  const preset = PRESETS.find(({ name }) => name === values[at])!
  const rest = new Map(given).set('in', { ...inputs, values: values.slice(0, at) })
  return { preset, inputs: rest, rest: [...values.slice(at + 1), ...words] }
}
