import type { Field } from '../lib/flow/fields.ts'
import { columnsRead } from '../lib/report/columns-read.ts'
import { type FooterFacts, footerOf } from '../lib/report/footer.ts'
import type { Plan, QuestionPlan, ReadingPlan } from '../lib/report/presets/preset.ts'
import type { Quality, Query, ResultTable, RunOptions } from '../lib/report/query.ts'
import { type Question, queryOf, quoted, type Setting, wordsOf } from '../lib/report/question.ts'
import type { Laid, Names, Report } from '../lib/report/report.ts'
import { canBeShared, LEAST_SHARED_WORK, runQueries, workOf } from '../lib/report/run.ts'
import type { AnalyzeOptions } from './analyze-flags.ts'
import { loadFormat, ReportOutput, textOf } from './analyze-output.ts'
import { courseSections, type PagePictures, picturesFor } from './analyze-pages.ts'
import { answerFromRollups } from './analyze-rollup-answer.ts'
import { expiredWithin, RollupPlanner, rollupsText } from './analyze-rollups.ts'
import { openNamed, SaidNames } from './analyze-said-names.ts'
import { asUsage, asUsageLater, knowSetting, settingOf } from './analyze-setting.ts'
import type { AnalyzeThreadStart } from './analyze-threads.ts'
import { tuneFor } from './analyze-tuning.ts'
import { newStderrLog } from './collect-log.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import type { FlowInputs } from './flow-inputs.ts'
import { print } from './print.ts'
import { Progress, tell } from './progress.ts'
import { ALL_TIMES, type TimeRange } from './times.ts'
import { UsageError } from './usage-error.ts'

const MOST_TOLD = 100

/** A report asked for: what it is, what it knows, what it asks. */
interface Job {
  readonly options: AnalyzeOptions
  /** What the setting took for now. */
  readonly nowMs: number
  readonly setting: Setting
  readonly names: Names
  readonly said: SaidNames
  readonly attribution: string
  readonly plan: Plan
}

/** Answers reports, those that read the same inputs in one pass, and writes each where it belongs. */
export async function runAnalyze(all: readonly AnalyzeOptions[]): Promise<ExitStatus> {
  const jobs: Job[] = []
  for (const options of all) jobs.push(await jobOf(options))
  const groups = new Map<string, Job[]>()
  for (const job of jobs) {
    const inputs = JSON.stringify(job.options.inputs)
    const group = groups.get(inputs)
    if (group === undefined) groups.set(inputs, [job])
    else group.push(job)
  }
  let status: ExitStatus = EXIT.done
  for (const group of groups.values()) status = worse(status, await runGroup(group))
  return status
}

async function runGroup(jobs: readonly Job[]): Promise<ExitStatus> {
  let status: ExitStatus = EXIT.done
  for (const { options, plan, setting, said } of jobs) {
    if (plan.kind !== 'rows') continue
    const { explainList, runList } = await import('./analyze-list.ts')
    const run = options.isExplained ? explainList : runList
    status = worse(status, await run(options, plan, setting, said))
  }
  const asking = jobs.filter(({ plan }) => plan.kind !== 'rows')
  if (asking.length === 0) return status
  const { inputs: words, progress: mode, memoryOctets, temporaryDirectory } = asking[0]!.options
  const inputs = await openNamed(
    words,
    rangeOf(asking),
    asking[0]!.options.threads,
    asking.map(({ said }) => said),
  )
  tuneFor(inputs)
  const progress = new Progress(mode)
  try {
    if (asking[0]!.options.isExplained) {
      for (const job of asking) await explainJob(job, inputs)
      return status
    }
    if (inputs.flows.length === 0 && inputs.unreadable > 0) return EXIT.failed
    const onProgress = (rows: number) => progress.update(rows, 0, 0)
    const found = await answers(asking, inputs, { memoryOctets, temporaryDirectory, onProgress })
    progress.end()
    for (const [i, { qualities }] of found.entries())
      status = worse(status, statusOf(qualities, inputs, asking[i]!.options.isStrict))
    for (const places of pagesOf(asking)) {
      const reports = places.map((place) => found[place]!.report)
      await writeReports(reports, asking[places[0]!]!.options)
    }
    for (const input of inputs.flows) tellProblems(input.path, input.problems)
    return status
  } finally {
    progress.end()
    inputs.close()
  }
}

/** Which answers are written together: all of one page; in other formats each has its own file. */
function pagesOf(jobs: readonly Job[]): number[][] {
  const pages = new Map<string, number[]>()
  for (const [place, { options }] of jobs.entries()) {
    const page = options.format === 'html' ? `page ${options.output}` : `report ${place}`
    const own = pages.get(page)
    if (own === undefined) pages.set(page, [place])
    else own.push(place)
  }
  return [...pages.values()]
}

/** Failure is worse than bad input, and that worse than none. */
function worse(a: ExitStatus, b: ExitStatus): ExitStatus {
  const order: readonly ExitStatus[] = [EXIT.done, EXIT.badInput, EXIT.failed]
  return order.indexOf(a) > order.indexOf(b) ? a : b
}

/** The span of time that any of the jobs asks about: what lies outside is not opened. */
function rangeOf(jobs: readonly Job[]): TimeRange {
  let { from, to } = jobs[0]!.options.range
  const widen = (low: bigint | null, high: bigint | null) => {
    if (low === null) from = ALL_TIMES.from
    else if (low < from) from = low
    if (high === null) to = ALL_TIMES.to
    else if (high > to) to = high
  }
  for (const { options, plan } of jobs) {
    widen(options.range.from, options.range.to)
    // Reports that compare have windows of their own.
    if (plan.kind === 'questions')
      for (const { window } of plan.questions) if (window !== null) widen(window.fromNs, window.toNs)
    if (plan.kind === 'reading' && plan.window != null) widen(plan.window.fromNs, plan.window.toNs)
  }
  return { from, to }
}

async function jobOf(options: AnalyzeOptions): Promise<Job> {
  const log = newStderrLog({ logLevel: 'warn', logFormat: 'text', errorCount: 0, errorIntervalMs: 0 })
  const plan = await asUsageLater(Promise.resolve().then(() => options.preset.plan(options.asked)))
  const nowMs = Date.now()
  const said = new SaidNames(options, plan)
  const known = await knowSetting(options, log, nowMs, said)
  const { setting } = known
  // Words that nobody knows are told before anything is read.
  if (plan.kind === 'questions') asUsage(() => plan.questions.map((question) => queryOf(question, setting)))
  return { options, plan, nowMs, said, ...known }
}

/** The text of one answer, for those who show it again and again. */
export async function answerText(options: AnalyzeOptions): Promise<string> {
  const job = await jobOf(options)
  if (job.plan.kind === 'rows') throw new UsageError('--watch is for reports that sum up, not for list')
  const inputs = await openNamed(options.inputs, rangeOf([job]), options.threads, [job.said])
  try {
    const { memoryOctets, temporaryDirectory } = options
    const [answer] = await answers([job], inputs, { memoryOctets, temporaryDirectory })
    const format = await loadFormat(options.format)
    return textOf(format, answer!.report, options)
  } finally {
    inputs.close()
  }
}

interface Answer {
  readonly report: Report
  readonly qualities: readonly Quality[]
}

/** The columns of inputs that the jobs look at; null: all. */
function columnsWanted(jobs: readonly Job[], queries: readonly Query[]): readonly Field[] | null {
  const wanted = new Set(columnsRead(queries))
  for (const { plan, setting } of jobs) {
    if (plan.kind !== 'reading') continue
    if (plan.columns === undefined) return null
    for (const field of [...plan.columns(setting), ...(setting.selector(null)?.fields ?? [])])
      wanted.add(field)
  }
  return [...wanted]
}

/** The reports of all jobs; the questions of all of them in one pass over the inputs. */
async function answers(jobs: readonly Job[], inputs: FlowInputs, run: RunOptions): Promise<Answer[]> {
  const pages = jobs.map(({ options, plan }) => picturesFor(options, plan, inputs))
  const asking = jobs.flatMap(({ plan, setting }, i) =>
    plan.kind === 'questions'
      ? [...plan.questions, ...pages[i]!.questions].map((question) => ({ question, setting }))
      : [],
  )
  const queries = asUsage(() => asking.map(({ question, setting }) => queryOf(question, setting)))
  inputs.want(asUsage(() => columnsWanted(jobs, queries)))
  const tables =
    queries.length === 0 ? [] : await asUsageLater(askTogether(jobs, pages, queries, inputs, run))
  const found: Answer[] = []
  let at = 0
  for (const [i, job] of jobs.entries()) {
    const { plan } = job
    const { interfaceName, interfaceSpeed } = job.said
    const names = { ...job.names, interfaceName, interfaceSpeed }
    if (plan.kind === 'questions') {
      const own = tables.slice(at, at + plan.questions.length)
      at += plan.questions.length
      const drawn = tables.slice(at, at + pages[i]!.questions.length)
      at += drawn.length
      found.push(
        answerOf(
          job,
          await withPictures(await asUsageLater(laidOut(plan, own, names)), pages[i]!, drawn, names),
          own.map(({ quality }) => quality),
          inputs,
        ),
      )
    } else if (plan.kind === 'reading') {
      const { tables: read, ...laid } = await asUsageLater(plan.read(inputs.flows, job.setting, run, names))
      const { options, setting } = job
      const drawn = options.format === 'html' ? await courseSections(laid, options, setting, inputs, run) : []
      found.push(
        answerOf(
          job,
          { ...laid, sections: [...drawn, ...laid.sections] },
          read.map(({ quality }) => quality),
          inputs,
        ),
      )
    }
  }
  return found
}

async function laidOut(plan: QuestionPlan, tables: readonly ResultTable[], names: Names): Promise<Laid> {
  return plan.lay(tables, names)
}

/** A page begins with the course of traffic; who has to do with whom stands below the tables. */
async function withPictures(
  laid: Laid,
  { pictures }: PagePictures,
  tables: readonly ResultTable[],
  names: Names,
): Promise<Laid> {
  if (pictures.length === 0) return laid
  const { pictureSections } = await import('../lib/report/html/pictures.ts')
  const drawn = pictureSections(pictures, tables, names)
  const isAbove = (place: number) => pictures[place] === 'time'
  const above = drawn.filter((_, i) => isAbove(i))
  const below = drawn.filter((_, i) => !isAbove(i))
  return { ...laid, sections: [...above, ...laid.sections, ...below] }
}

/** Asks all questions: those that rollups answer of these, the others in one pass over the records. */
async function askTogether(
  jobs: readonly Job[],
  pages: readonly PagePictures[],
  queries: readonly Query[],
  inputs: FlowInputs,
  run: RunOptions,
): Promise<ResultTable[]> {
  const asking = jobs.flatMap(({ options, plan }, i) => {
    const own = settingOf(options)
    if (plan.kind !== 'questions') return []
    return [...plan.questions, ...pages[i]!.questions].map((question) => ({ options: own, question }))
  })
  const { nowMs, options } = jobs[0]!
  const planner = new RollupPlanner(options, inputs)
  const tables: ResultTable[] = []
  const rest: number[] = []
  try {
    for (const [i, query] of queries.entries()) {
      const answer = planner.answer(query)
      if (typeof answer === 'string') rest.push(i)
      else {
        const { threads } = options
        tables[i] = await answerFromRollups(query, answer, asking[i]!, { run, threads, nowMs })
      }
    }
  } finally {
    planner.close()
  }
  if (rest.length === 0) return tables
  const found = await askRecords(
    rest.map((i) => asking[i]!),
    rest.map((i) => queries[i]!),
    inputs,
    { run, job: jobs[0]! },
  )
  for (const [place, i] of rest.entries()) tables[i] = found[place]!
  return tables
}

/** Asks questions in one pass over the records, with other threads where that pays. */
async function askRecords(
  asking: AnalyzeThreadStart['asking'],
  queries: readonly Query[],
  { archives, flows }: FlowInputs,
  { run, job }: { run: RunOptions; job: Job },
): Promise<ResultTable[]> {
  const { options, nowMs, said } = job
  const { threads } = options
  if (threads < 2 || archives === null || workOf(queries, flows) < LEAST_SHARED_WORK || !canBeShared(queries))
    return runQueries(queries, flows, run)
  const { helpingThreads } = await import('./analyze-threads.ts')
  const share = { ...run, memoryOctets: run.memoryOctets / threads }
  const { memoryOctets, temporaryDirectory } = share
  const isLong = queries.some((query) => query.filter === null && query.keys.length > 0)
  const start = { asking, archives, nowMs, said: said.state, memoryOctets, temporaryDirectory }
  const helpers = helpingThreads(threads - 1, isLong, start)
  try {
    return await runQueries(queries, flows, { ...share, helpers })
  } finally {
    helpers.close()
  }
}

function answerOf(job: Job, laid: Laid, qualities: readonly Quality[], inputs: FlowInputs): Answer {
  const { options, plan, attribution } = job
  const showsSystems = laid.sections.some(({ columns }) =>
    columns.some(({ name }) => /(^|\.)(as|country)(\.|$)/.test(name)),
  )
  const facts: FooterFacts = {
    unreadable: inputs.unreadable,
    expired: expiredWithin(inputs.live, options.asked),
    usesSystems: showsSystems,
    attribution,
    isScaled: !options.isRaw,
    fromNs: options.asked.fromNs,
    toNs: options.asked.toNs,
  }
  const queries = plan.kind === 'questions' ? plan.questions.map((each) => genericCommand(each, options)) : []
  const { remarks = [], title, sections, notes } = laid
  const footer = [...footerOf(qualities, facts), ...remarks]
  return {
    report: { name: options.preset.name, title, sections, notes, footer, queries },
    qualities,
  }
}

/** The command that asks a question without a report's name. */
function genericCommand(question: Question, options: AnalyzeOptions): string {
  const words = ['weir', 'analyze', ...wordsOf(question, options.filter)]
  const inputs = options.inputs.map(quoted)
  return [...words, ...options.settingWords.map(quoted), '--in', ...inputs].join(' ')
}

async function explainJob({ options, plan, setting, said }: Job, inputs: FlowInputs): Promise<ExitStatus> {
  if (plan.kind !== 'questions') {
    print((plan as ReadingPlan).explanation.map((line) => `${line}\n`).join(''))
    return EXIT.done
  }
  const { explainQuery } = await import('../lib/report/explain.ts')
  const planner = new RollupPlanner(options, inputs)
  const texts = plan.questions.map((question) =>
    asUsage(() => {
      const filters = [options.filter, question.filter].filter((text) => text !== null)
      const filter =
        filters.length > 1 ? filters.map((text) => `(${text})`).join(' and ') : (filters[0] ?? null)
      const query = queryOf(question, setting)
      const answer = planner.answer(query)
      const read = typeof answer === 'string' ? inputs.flows : [...answer.files, ...answer.records]
      const names = said.explanation === null ? '' : `names       ${said.explanation}\n`
      const rollups = `rollups     ${rollupsText(answer)}\n${names}`
      return `${genericCommand(question, options)}\n${explainQuery(query, read, filter)}${rollups}`
    }),
  )
  planner.close()
  print(texts.join('\n'))
  return EXIT.done
}

/** Writes reports where they belong; what formats for machines have no place for goes to stderr. */
async function writeReports(reports: readonly Report[], options: AnalyzeOptions): Promise<void> {
  const format = await loadFormat(options.format)
  const output = new ReportOutput(options)
  try {
    output.write(format, reports)
    output.finish()
  } catch (error) {
    output.abandon()
    throw error
  }
  if (format.isForPeople && options.output === '') return
  if (options.format === 'html') return
  for (const { notes, footer } of reports) {
    for (const note of notes) tell(`weir: ${note}\n`)
    const facts = footer.map(({ text }) => text).filter((text) => text !== '')
    if (facts.length > 0) tell(`weir: ${facts.join(', ')}\n`)
  }
}

function tellProblems(path: string, problems: readonly { at: number; what: string }[]): void {
  // A column that several questions read is told once.
  const lines = [...new Set(problems.map(({ at, what }) => `weir: damaged: ${path}: ${what}, at ${at}\n`))]
  for (const line of lines.slice(0, MOST_TOLD)) tell(line)
  if (lines.length > MOST_TOLD) tell(`weir: damaged: ${path}: ${lines.length - MOST_TOLD} more places\n`)
}

function statusOf(qualities: readonly Quality[], inputs: FlowInputs, isStrict: boolean): ExitStatus {
  const isBad = qualities.some(({ problems, rejected }) => problems.length > 0 || rejected > 0)
  const isLacking = qualities.some(
    ({ missingBins, unknownSampling, losses }) => missingBins + unknownSampling + (losses?.length ?? 0) > 0,
  )
  const isDamaged = inputs.flows.some(({ problems }) => problems.length > 0)
  return inputs.unreadable > 0 || isBad || isDamaged || (isStrict && isLacking) ? EXIT.badInput : EXIT.done
}
