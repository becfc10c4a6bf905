import type { BlockSink } from '../lib/export/block-sink.ts'
import { defaultColumns, type ExportColumn } from '../lib/export/columns.ts'
import { rowsWithin } from '../lib/export/time-selection.ts'
import { F, type Field } from '../lib/flow/fields.ts'
import type { FlowBlock, FlowFile, FlowStream, Problem } from '../lib/flow/source.ts'
import { parseColumn } from '../lib/report/names.ts'
import type { RowsPlan } from '../lib/report/presets/preset.ts'
import type { Setting } from '../lib/report/question.ts'
import type { Report } from '../lib/report/report.ts'
import type { AnalyzeOptions } from './analyze-flags.ts'
import { KeptRows } from './analyze-kept-rows.ts'
import { loadFormat, ReportOutput } from './analyze-output.ts'
import { SAID_COLUMNS, SaidBlock } from './analyze-said-columns.ts'
import { openNamed, type SaidNames } from './analyze-said-names.ts'
import { asUsage, type Naming } from './analyze-setting.ts'
import { type RowOrder, SortedLines } from './analyze-sorted-lines.ts'
import { tuneFor } from './analyze-tuning.ts'
import { ExportOutput } from './archive-export-output.ts'
import { elementField } from './element-fields.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import { print } from './print.ts'
import { Progress, tell } from './progress.ts'
import { RowFilter } from './row-filter.ts'
import { strftime } from './strftime.ts'

const MOST_TOLD = 100

/** Prints the flows themselves. */
export async function runList(
  options: AnalyzeOptions,
  plan: RowsPlan,
  setting: Setting,
  said: SaidNames,
): Promise<ExitStatus> {
  const selector = setting.selector(null)
  const inputs = await openNamed(options.inputs, options.range, 1, [said])
  tuneFor(inputs)
  const progress = new Progress(options.progress)
  try {
    if (inputs.flows.length === 0 && inputs.unreadable > 0) return EXIT.failed
    // Archives bring columns that no registry knows: they are open now.
    const columns = columnsOf(plan, setting, inputs.flows)
    const filter = selector === null ? null : new RowFilter(selector)
    const order = orderOf(plan, setting)
    const listing = new Listing(options, plan.limit, filter, progress)
    if ([...columns, order].some((each) => each !== null && isSaid(each.field))) listing.naming = said
    const isPassed = ['csv', 'tsv', 'ndjson'].includes(options.format)
    if (!isPassed) await printKept(options, order, columns, listing, inputs.flows)
    else if (order === null) await printPassing(options, columns, listing, inputs.flows)
    else await printSorted(options, order, columns, listing, inputs.flows)
    progress.end()
    let damaged = 0
    for (const { path, problems } of inputs.flows) {
      damaged += problems.length
      for (const { at, what } of problems.slice(0, MOST_TOLD))
        tell(`weir: damaged: ${path}: ${what}, at ${at}\n`)
    }
    const rejected = inputs.flows.reduce((sum, flow) => sum + ('rejected' in flow ? flow.rejected : 0), 0)
    if (rejected > 0) tell(`weir: ${rejected} pieces of the input were no flows\n`)
    return inputs.unreadable + damaged + rejected > 0 ? EXIT.badInput : EXIT.done
  } finally {
    progress.end()
    inputs.close()
  }
}

/** Says what would be listed, and from where. */
export async function explainList(
  options: AnalyzeOptions,
  plan: RowsPlan,
  _: Setting,
  said: SaidNames,
): Promise<ExitStatus> {
  const inputs = await openNamed(options.inputs, options.range, 1, [said])
  try {
    const lines = [
      ['columns', plan.columns?.join(', ') ?? 'all'],
      ['filter', options.filter ?? 'none'],
      [
        'order',
        plan.sort === null
          ? 'as they lie there'
          : `${plan.sort} ${plan.isAscending ? 'ascending' : 'descending'}`,
      ],
      ['limit', plan.limit === null ? 'none' : String(plan.limit)],
      ...inputs.flows.map(({ path }) => ['read', path]),
      ...(said.explanation === null ? [] : [['names', said.explanation]]),
    ]
    print(lines.map(([name = '', value = '']) => `${name.padEnd(12)}${value}\n`).join(''))
    return EXIT.done
  } finally {
    inputs.close()
  }
}

/** Formats that take rows as they come, printed from columns. */
async function printPassing(
  options: AnalyzeOptions,
  columns: readonly ExportColumn[],
  listing: Listing,
  flows: readonly (FlowFile | FlowStream)[],
): Promise<void> {
  const output = new ExportOutput(strftime(options.output, options.range, options.timeZone))
  try {
    const sink = await sinkOf(options.format, columns, (octets, from, to) => output.write(octets, from, to))
    await listing.read(flows, (block, rows, problems) => sink.write(block, rows, problems))
    await sink.close()
    output.finish()
  } catch (error) {
    output.abandon()
    throw error
  }
}

async function sinkOf(
  format: string,
  columns: readonly ExportColumn[],
  write: (octets: Uint8Array, from: number, to: number) => void,
): Promise<BlockSink> {
  if (format === 'ndjson') {
    const { JsonColumns } = await import('../lib/export/json-columns.ts')
    return new JsonColumns({ columns, times: 'rfc3339', write })
  }
  const { Delimited } = await import('../lib/export/delimited.ts')
  const delimiter = format === 'csv' ? ',' : '\t'
  return new Delimited({ columns, delimiter, times: 'rfc3339', header: true, write })
}

/** Rows that are printed as they come, and put in order then: what does not fit in memory goes to disk. */
async function printSorted(
  options: AnalyzeOptions,
  order: RowOrder,
  columns: readonly ExportColumn[],
  listing: Listing,
  flows: readonly (FlowFile | FlowStream)[],
): Promise<void> {
  const output = new ExportOutput(strftime(options.output, options.range, options.timeZone))
  const isJson = options.format === 'ndjson'
  const lines = new SortedLines(order, { hasQuotes: !isJson, hasHeader: !isJson }, options)
  listing.isUnlimited = true
  try {
    const sink = await sinkOf(options.format, columns, lines.write)
    await listing.read(flows, async (block, rows, problems) => {
      const chosen = lines.choose(block, rows, problems)
      if (chosen?.length === 0) return
      await sink.write(block, chosen, problems)
      lines.take(block, chosen, problems)
    })
    await sink.close()
    lines.end((octets, from, to) => output.write(octets, from, to))
    output.finish()
  } catch (error) {
    output.abandon()
    throw error
  } finally {
    lines.close()
  }
}

function orderOf({ sort, isAscending, limit }: RowsPlan, { names }: Setting): RowOrder | null {
  return sort === null ? null : { field: fieldNamed(sort, names), isAscending, limit }
}

/** What a word for a column stands for. Throws UsageError. */
function fieldNamed(name: string, names: Setting['names']): Field {
  return SAID_COLUMNS.get(name.trim()) ?? asUsage(() => parseColumn(name, names))
}

function isSaid(field: Field): boolean {
  return [...SAID_COLUMNS.values()].includes(field)
}

/** Formats that are fitted to all rows. */
async function printKept(
  options: AnalyzeOptions,
  order: RowOrder | null,
  columns: readonly ExportColumn[],
  listing: Listing,
  flows: readonly (FlowFile | FlowStream)[],
): Promise<void> {
  const kept = new KeptRows(columns, order, options.memoryOctets)
  if (order !== null) listing.isUnlimited = true
  await listing.read(flows, (block, rows, problems) => asUsage(() => kept.take(block, rows, problems)))
  const report: Report = {
    name: 'list',
    title: 'Flows',
    sections: [kept.section(options.asked.isForPeople)],
    notes: [],
    footer: [
      { name: 'rows', value: kept.count, text: `${kept.count} of ${listing.rowsMet} rows` },
      { name: 'files', value: flows.length, text: `${flows.length} file${flows.length === 1 ? '' : 's'}` },
    ],
    queries: [],
  }
  const output = new ReportOutput(options)
  try {
    output.write(await loadFormat(options.format), [report])
    output.finish()
  } catch (error) {
    output.abandon()
    throw error
  }
}

type Take = (block: FlowBlock, rows: Uint32Array | null, problems: Problem[]) => void | Promise<void>

/** Goes through inputs and passes on the rows that are asked for, until there are enough. */
class Listing {
  /** Whether the limit is somebody else's: of the first rows by an order, all must be seen. */
  isUnlimited = false
  rowsMet = 0
  /** Who knows names that exporters gave, where columns of them are listed. */
  naming: Naming | null = null
  readonly #options: AnalyzeOptions
  readonly #limit: number | null
  readonly #filter: RowFilter | null
  readonly #progress: Progress
  #passed = 0

  constructor(options: AnalyzeOptions, limit: number | null, filter: RowFilter | null, progress: Progress) {
    this.#options = options
    this.#limit = limit
    this.#filter = filter
    this.#progress = progress
  }

  async read(flows: readonly (FlowFile | FlowStream)[], take: Take): Promise<void> {
    for (const flow of flows) {
      if (this.#isFull) return
      if ('blocks' in flow) {
        for (let index = 0; index < flow.blocks.length && !this.#isFull; index++) {
          const facts = flow.blocks[index]!
          if (facts.kind !== 'flow') continue
          const block = flow.block(index)
          if (block !== null) await this.#take(block, flow.problems, take)
          // Signals want their turn.
          if (index % 16 === 15) await new Promise((resolve) => setImmediate(resolve))
        }
        continue
      }
      for (let block = await flow.next(); block !== null && !this.#isFull; block = await flow.next())
        if (block.info.kind === 'flow') await this.#take(block, flow.problems, take)
    }
  }

  get #isFull(): boolean {
    return !this.isUnlimited && this.#limit !== null && this.#passed >= this.#limit
  }

  async #take(block: FlowBlock, problems: Problem[], take: Take): Promise<void> {
    this.rowsMet += block.info.rows
    let rows = rowsWithin(block, this.#options.range, problems)
    if (this.#filter !== null && rows?.length !== 0) rows = this.#filter.rows(block, rows, problems)
    const count = rows === null ? block.info.rows : rows.length
    const room = this.isUnlimited || this.#limit === null ? count : this.#limit - this.#passed
    if (count > room)
      rows = rows === null ? Uint32Array.from({ length: room }, (_, i) => i) : rows.subarray(0, room)
    this.#passed += Math.min(count, room)
    const shown = this.naming === null ? block : new SaidBlock(block, this.naming)
    if (count > 0) await take(shown, rows, problems)
    this.#progress.update(this.rowsMet, 0, 0)
  }
}

function columnsOf(
  { columns }: RowsPlan,
  { names }: Setting,
  flows: readonly (FlowFile | FlowStream)[],
): ExportColumn[] {
  if (columns !== null) return columns.map((name) => ({ name, field: fieldNamed(name, names) }))
  const found = new Map<string, ExportColumn>()
  for (const flow of flows) {
    if (!('blocks' in flow)) {
      for (const column of defaultColumns(elementField)) found.set(column.name, column)
      continue
    }
    for (const [index, { kind }] of flow.blocks.entries()) {
      if (kind !== 'flow') continue
      for (const { field } of flow.block(index)?.columns ?? [])
        if (field !== null && field !== F.layout) found.set(field.name, { name: field.name, field })
    }
  }
  return [...found.values()]
}
