import type { Node, Pair, YAMLMap } from 'yaml'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { reasonOf } from '../lib/diagnostics/reason.ts'
import { GENERIC } from '../lib/report/presets/generic.ts'
import { PRESETS } from '../lib/report/presets/presets.ts'
import { type AnalyzeOptions, analyzeOptions, commandOf } from './analyze-flags.ts'
import { findFlag, type Given, type GivenFlags, shownNames } from './flags.ts'
import { nearest } from './nearest.ts'
import { readText } from './read-text.ts'
import { UsageError } from './usage-error.ts'

/** Flags that have no place in a file of reports. */
const NOT_IN_FILES = ['config', 'help', 'file', 'watch']
/** Keys of a report that are no flags. */
const OWN_KEYS = ['report', 'words']

/**
 * The reports that a YAML file lists: below `reports` one mapping each, with `report` (its name; none is the generic
 * query), `words` behind the name, and flags by their names; flags beside `reports` hold for all, and those of the
 * command line win. Throws FILE_UNREADABLE, and UsageError that names file and line.
 */
export async function reportsIn(file: string, given: GivenFlags, nowMs: number): Promise<AnalyzeOptions[]> {
  const { isMap, isSeq, LineCounter, parseDocument } = await import('yaml')
  const lineCounter = new LineCounter()
  const document = parseDocument(textOf(file), { lineCounter, prettyErrors: false })
  const at = (node: unknown): string =>
    `${file}:${lineCounter.linePos((node as Node | null)?.range?.[0] ?? 0).line}`
  const mistake = document.errors[0]
  if (mistake !== undefined) {
    const { line } = lineCounter.linePos(mistake.pos[0])
    throw new UsageError(`${file}:${line}: ${mistake.message.split('\n')[0]}`)
  }
  const root = document.contents
  if (!isMap(root)) throw new UsageError(`${file}:1: want a mapping with the key reports`)
  const pairs = root.items as Pair<Node, Node>[]
  const list = pairs.find(({ key }) => String(key) === 'reports')
  if (list === undefined || !isSeq(list.value))
    throw new UsageError(`${at(root)}: want a list below the key reports`)
  const common = pairs.filter((pair) => pair !== list)
  return list.value.items.map((item) => {
    if (!isMap(item)) throw new UsageError(`${at(item)}: want a mapping such as report: top`)
    const own = (item as YAMLMap<Node, Node>).items
    const textAt = (name: string) => own.find(({ key }) => String(key) === name)
    const named = textAt('report')
    const preset = named === undefined ? GENERIC : PRESETS.find(({ name }) => name === String(named.value))
    if (preset === undefined) {
      const near = nearest(
        String(named!.value),
        PRESETS.map(({ name }) => name),
      )
      const hint = near === undefined ? '' : `; did you mean ${near}?`
      throw new UsageError(`${at(named!.value)}: there is no report ${String(named!.value)}${hint}`)
    }
    const { flags } = commandOf(preset)
    const flagsGiven = new Map<string, Given>()
    for (const [pairsOfLevel, isOwn] of [
      [common, false],
      [own, true],
    ] as const) {
      for (const { key, value } of pairsOfLevel) {
        const name = String(key)
        if (isOwn && OWN_KEYS.includes(name)) continue
        const flag = findFlag(flags, name)
        // What holds for all may be a flag that some do not have.
        if (flag === undefined && !isOwn && isKnown(name)) continue
        if (flag === undefined || NOT_IN_FILES.includes(flag.name)) {
          const near = nearest(name, shownNames(flags))
          throw new UsageError(
            `${at(key)}: unknown key ${name}${near === undefined ? '' : `; did you mean ${near}?`}`,
          )
        }
        flagsGiven.set(flag.name, { values: valuesOf(value), source: `${at(key)}: ${name}` })
      }
    }
    for (const [name, value] of given)
      if (name !== 'file' && findFlag(flags, name) !== undefined) flagsGiven.set(name, value)
    const words = textAt('words')
    try {
      return analyzeOptions(preset, flagsGiven, words === undefined ? [] : valuesOf(words.value), nowMs)
    } catch (error) {
      if (!(error instanceof UsageError) || error.message.startsWith(file)) throw error
      throw new UsageError(`${at(item)}: ${error.message}`)
    }
  })
}

function isKnown(name: string): boolean {
  return PRESETS.some((preset) => findFlag(commandOf(preset).flags, name) !== undefined)
}

function textOf(file: string): string {
  try {
    return readText(file)
  } catch (error) {
    throw new FlowError('FILE_UNREADABLE', `cannot read ${file}: ${reasonOf(error)}`, { cause: error })
  }
}

/** The texts of a scalar or of a list of scalars, as the file has them: 2026-01-01 stays as it is. */
function valuesOf(node: unknown): string[] {
  const { items, value, source } = node as { items?: readonly unknown[]; value?: unknown; source?: string }
  if (items !== undefined) return items.flatMap(valuesOf)
  return [typeof value === 'string' ? value : (source ?? String(value ?? ''))]
}
