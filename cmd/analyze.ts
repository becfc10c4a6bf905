import { setFlagsFromString } from 'node:v8'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { compileFilter, explain, loadPatterns, parseFilter } from '../lib/filter/filter.ts'
import { explainQuery } from '../lib/report/explain.ts'
import type { Format } from '../lib/report/formats/format.ts'
import { type KnownNames, parseKey, parseMeasure, splitNames } from '../lib/report/names.ts'
import { EMPTY_QUERY, type Query, type ResultTable, type Selector } from '../lib/report/query.ts'
import { runQueries } from '../lib/report/run.ts'
import { formatNs } from '../lib/report/time-text.ts'
import { type AnalyzeOptions, analyzeOptions } from './analyze-flags.ts'
import { newStderrLog } from './collect-log.ts'
import { elementField } from './element-fields.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import type { GivenFlags } from './flags.ts'
import { openFlowInputs } from './flow-inputs.ts'
import { type KnownAddresses, knowAddresses } from './known-addresses.ts'
import { print } from './print.ts'
import { Progress, tell } from './progress.ts'
import { readText } from './read-text.ts'
import { ALL_TIMES } from './times.ts'
import { UsageError } from './usage-error.ts'

const PIECE_LETTERS = 1 << 16
const MOST_TOLD = 100

/** What `weir analyze` was asked, checked; throws UsageError. */
export function analyze(given: GivenFlags, words: readonly string[]): () => Promise<ExitStatus> {
  const options = analyzeOptions(given, words, Date.now())
  return () => runAnalyze(options)
}

async function runAnalyze(options: AnalyzeOptions): Promise<ExitStatus> {
  // Maglev would inline the kernels into code that never reaches the compiler that keeps 64-bit sums in registers.
  setFlagsFromString('--no-maglev-inlining')
  if (options.inputs.length === 0)
    throw new UsageError('analyze: --in is missing: a folder of archives, a file, or - for stdin')
  const log = newStderrLog({ logLevel: 'warn', logFormat: 'text', errorCount: 0, errorIntervalMs: 0 })
  const known = knowAddresses(options, log)
  const filter = options.filter === null ? null : await filterOf(options.filter, options, known)
  const query = asUsage(() => queryOf(options, known, filter?.selector ?? null))
  const inputs = await openFlowInputs(options.inputs, options.range)
  const progress = new Progress(options.progress)
  try {
    if (inputs.flows.length === 0) return inputs.unreadable > 0 ? EXIT.failed : EXIT.badInput
    if (options.isExplained) {
      print(asUsage(() => explainQuery(query, inputs.flows, filter?.text ?? null)))
      return EXIT.done
    }
    const { memoryOctets, temporaryDirectory } = options
    const onProgress = (rows: number) => progress.update(rows, 0, 0)
    const tables = await asUsageLater(
      runQueries([query], inputs.flows, { memoryOctets, temporaryDirectory, onProgress }),
    )
    progress.end()
    const format = await loadFormat(options.format ?? (process.stdout.isTTY ? 'table' : 'tsv'))
    for (const [i, table] of tables.entries()) printTable(format, table, i === 0)
    for (const input of inputs.flows) tellProblems(input.path, input.problems)
    tellQuality(tables[0]!)
    const isBad = tables.some(({ quality }) => quality.problems.length > 0 || quality.rejected > 0)
    return inputs.unreadable > 0 || isBad ? EXIT.badInput : EXIT.done
  } finally {
    progress.end()
    inputs.close()
  }
}

function queryOf(options: AnalyzeOptions, known: KnownAddresses, filter: Selector | null): Query {
  const names: KnownNames = { facts: known.facts, as: known.as, field: elementField }
  const keys = splitNames(options.by).map((name) => parseKey(name, names))
  const measures = splitNames(options.sum).map((name) => parseMeasure(name, names))
  const usesBins = measures.some((measure) => measure.kind === 'overBins')
  if (options.binMs !== null && !usesBins && !keys.some(({ kind }) => kind === 'time'))
    keys.unshift({ kind: 'time', name: 'time' })
  const { range, top } = options
  return {
    ...EMPTY_QUERY,
    name: 'analyze',
    keys,
    measures,
    binMs: options.binMs,
    allocation: options.allocation,
    activeTimeoutMs: options.activeTimeoutMs,
    fromNs: range.from === ALL_TIMES.from ? null : range.from,
    toNs: range.to === ALL_TIMES.to ? null : range.to,
    filter,
    order: { measure: 0, ascending: options.isAscending },
    limit: top.length === 1 ? top[0]! : null,
    per: top.length > 1 ? top : [],
    others: options.others,
    counters: options.isRaw ? 'raw' : 'scaled',
    deduplicate: options.deduplicate,
    local: known.local,
  }
}

async function filterOf(
  text: string,
  options: AnalyzeOptions,
  known: KnownAddresses,
): Promise<{ selector: Selector; text: string }> {
  await loadPatterns()
  return asUsage(() => {
    const filter = parseFilter(text, {
      local: known.local,
      as: known.asOfAddress,
      facts: known.facts,
      readFile: readText,
      field: elementField,
      timeZone: options.timeZone,
      nowMs: Date.now(),
      counters: options.isRaw ? 'raw' : 'scaled',
    })
    return { selector: compileFilter(filter), text: explain(filter) }
  })
}

/** A question that makes no sense is wrong use. */
function asUsage<T>(action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw usageOf(error)
  }
}

async function asUsageLater<T>(action: Promise<T>): Promise<T> {
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

async function loadFormat(name: string): Promise<Format> {
  switch (name) {
    case 'table':
      return (await import('../lib/report/formats/table.ts')).TABLE
    case 'csv':
      return (await import('../lib/report/formats/csv.ts')).CSV
    case 'json':
      return (await import('../lib/report/formats/json.ts')).JSON_ARRAY
    case 'ndjson':
      return (await import('../lib/report/formats/json.ts')).NDJSON
    default:
      return (await import('../lib/report/formats/tsv.ts')).TSV
  }
}

function printTable(format: Format, table: ResultTable, isFirst: boolean): void {
  let text = ''
  for (const piece of format.write(table, isFirst)) {
    text += piece
    if (text.length < PIECE_LETTERS) continue
    print(text)
    text = ''
  }
  print(text)
}

function tellProblems(path: string, problems: readonly { at: number; what: string }[]): void {
  for (const { at, what } of problems.slice(0, MOST_TOLD)) tell(`weir: damaged: ${path}: ${what}, at ${at}\n`)
  if (problems.length > MOST_TOLD)
    tell(`weir: damaged: ${path}: ${problems.length - MOST_TOLD} more places\n`)
}

/** What is to be known of the answer, in one line on stderr. */
function tellQuality({ quality }: ResultTable): void {
  const scaled = quality.scaledRows.reduce((sum, rows) => sum + rows, 0)
  const facts = [
    `${formatNs(quality.fromNs)} to ${formatNs(quality.toNs)}`,
    `${quality.rowsCounted} of ${quality.rowsRead} rows`,
  ]
  if (scaled > 0) facts.push(`${scaled} scaled by sampling`)
  if (quality.unknownSampling > 0) facts.push(`${quality.unknownSampling} of unknown sampling`)
  if (quality.cutFlows > 0) facts.push(`${quality.cutFlows} cut by the window`)
  if (quality.untimedRows > 0) facts.push(`${quality.untimedRows} without a time left out`)
  if (quality.saturated > 0) facts.push(`${quality.saturated} beyond 64 bits`)
  if (quality.missingBins > 0) facts.push(`${quality.missingBins} of ${quality.bins} bins without data`)
  if (quality.doubledBlocks > 0) facts.push('seen on ingress and egress: counted twice without --dedup edge')
  if (quality.rejected > 0) facts.push(`${quality.rejected} pieces were no flows`)
  tell(`weir: ${facts.join(', ')}\n`)
}
