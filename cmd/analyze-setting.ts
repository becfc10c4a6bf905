import { FlowError } from '../lib/diagnostics/flow-error.ts'
import type { Log } from '../lib/diagnostics/log.ts'
import { compileFilter, type FilterNames, loadPatterns, parseFilter } from '../lib/filter/filter.ts'
import { overRollups } from '../lib/filter/over-rollups.ts'
import type { Field } from '../lib/flow/fields.ts'
import { protocolName } from '../lib/flow/protocol-names.ts'
import { serviceName } from '../lib/flow/service-names.ts'
import type { Selector } from '../lib/report/query.ts'
import type { Setting } from '../lib/report/question.ts'
import type { Names } from '../lib/report/report.ts'
import type { AnalyzeOptions } from './analyze-flags.ts'
import { elementField } from './element-fields.ts'
import { type KnownAddresses, knowAddresses } from './known-addresses.ts'
import { nearest } from './nearest.ts'
import { readText } from './read-text.ts'
import { UsageError } from './usage-error.ts'

/** Those of the options that say what questions mean. */
export type SettingOptions = Pick<
  AnalyzeOptions,
  | 'local'
  | 'as'
  | 'asSource'
  | 'filter'
  | 'timeZone'
  | 'isRaw'
  | 'range'
  | 'allocation'
  | 'activeTimeoutMs'
  | 'deduplicate'
> & { readonly asked: Pick<AnalyzeOptions['asked'], 'fromNs' | 'toNs' | 'binMs'> }

/** What goes to other threads: no export functions. */
export function settingOf(options: AnalyzeOptions): SettingOptions {
  const { local, as, asSource, filter, timeZone, isRaw, range, allocation, activeTimeoutMs } = options
  const { fromNs, toNs, binMs } = options.asked
  const rest = { range, allocation, activeTimeoutMs, deduplicate: options.deduplicate }
  return { local, as, asSource, filter, timeZone, isRaw, ...rest, asked: { fromNs, toNs, binMs } }
}

/** What exporters call things. */
export type Naming = Required<Pick<FilterNames, 'applicationName' | 'interfaceName'>>

/** Where nobody tells names. */
const NO_NAMES: Naming = { applicationName: (_, id) => id, interfaceName: () => '' }

/** What all questions of a run share, and who knows names. Throws UsageError for a filter that is none. */
export async function knowSetting(
  options: SettingOptions,
  log: Log,
  nowMs: number,
  { applicationName, interfaceName }: Naming = NO_NAMES,
): Promise<{ setting: Setting; names: Names; attribution: string }> {
  const known = knowAddresses(options, log)
  // Patterns are loaded only for filters that have some: the engine is large.
  if (options.filter?.includes('~') === true || options.filter?.includes('@') === true) await loadPatterns()
  const { asked } = options
  const selector = selectors(options, known, nowMs, { applicationName, interfaceName })
  // The user's own filter is told first if it is wrong.
  selector(null)
  return {
    setting: {
      names: {
        facts: known.facts,
        as: known.as,
        field: elementField,
        nearest,
        applicationName,
        interfaceName,
      },
      fromNs: asked.fromNs,
      toNs: asked.toNs,
      timeZone: options.timeZone,
      allocation: options.allocation,
      activeTimeoutMs: options.activeTimeoutMs,
      counters: options.isRaw ? 'raw' : 'scaled',
      deduplicate: options.deduplicate,
      local: known.local,
      selector,
    },
    names: {
      system: (number) => known.systems.name(number),
      service: serviceName,
      protocol: protocolName,
    },
    attribution: known.attribution.text,
  }
}

/** Compiled filters by their text: the user's and a question's own together. */
function selectors(
  options: SettingOptions,
  known: KnownAddresses,
  nowMs: number,
  { applicationName, interfaceName }: Naming,
): (filter: string | null) => Selector | null {
  return (own) => {
    const texts = [options.filter, own].filter((text) => text !== null)
    if (texts.length === 0) return null
    const names = {
      local: known.local,
      as: known.asOfAddress,
      facts: known.facts,
      applicationName,
      interfaceName,
      readFile: readText,
      field: elementField,
      timeZone: options.timeZone,
      nowMs,
      counters: options.isRaw ? ('raw' as const) : ('scaled' as const),
    }
    const text = texts.length === 1 ? texts[0]! : texts.map((one) => `(${one})`).join(' and ')
    return asUsage(() => {
      const filter = parseFilter(text, names)
      const ofRollups = (keys: readonly Field[]) => overRollups(filter, keys, known.local)
      return { ...compileFilter(filter), overRollups: ofRollups }
    })
  }
}

/** A question that makes no sense is wrong use. */
export function asUsage<T>(action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw usageOf(error)
  }
}

export async function asUsageLater<T>(action: Promise<T>): Promise<T> {
  try {
    return await action
  } catch (error) {
    throw usageOf(error)
  }
}

function usageOf(error: unknown): unknown {
  const isOurs =
    error instanceof FlowError && (error.code === 'QUERY_INVALID' || error.code === 'FILTER_INVALID')
  return isOurs ? new UsageError(error.message) : error
}
