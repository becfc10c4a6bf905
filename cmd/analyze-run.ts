import { setFlagsFromString } from 'node:v8'
import { type FooterFacts, footerOf } from '../lib/report/footer.ts'
import type { Plan, ReadingPlan } from '../lib/report/presets/preset.ts'
import type { Quality, RunOptions } from '../lib/report/query.ts'
import { type Question, queryOf, quoted, type Setting, wordsOf } from '../lib/report/question.ts'
import type { Laid, Names, Report } from '../lib/report/report.ts'
import { runQueries } from '../lib/report/run.ts'
import type { AnalyzeOptions } from './analyze-flags.ts'
import { loadFormat, ReportOutput } from './analyze-output.ts'
import { asUsage, asUsageLater, knowSetting } from './analyze-setting.ts'
import { newStderrLog } from './collect-log.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import { type FlowInputs, openFlowInputs } from './flow-inputs.ts'
import { print } from './print.ts'
import { Progress, tell } from './progress.ts'

const MOST_TOLD = 100

/** A report asked for: what it is, what it knows, what it asks. */
interface Job {
  readonly options: AnalyzeOptions
  readonly setting: Setting
  readonly names: Names
  readonly attribution: string
  readonly plan: Plan
}

/** Answers one report. */
export async function runAnalyze(options: AnalyzeOptions): Promise<ExitStatus> {
  // Maglev would inline the kernels into code that never reaches the compiler that keeps 64-bit sums in registers.
  setFlagsFromString('--no-maglev-inlining')
  const job = await jobOf(options)
  if (job.plan.kind === 'rows') {
    const { runList } = await import('./analyze-list.ts')
    return runList(options, job.plan, job.setting)
  }
  // Words that nobody knows are told before anything is read.
  if (job.plan.kind === 'questions') {
    const { plan, setting } = job
    asUsage(() => plan.questions.map((question) => queryOf(question, setting)))
  }
  const inputs = await openFlowInputs(options.inputs, options.range)
  const progress = new Progress(options.progress)
  try {
    if (options.isExplained) return await explainJob(job, inputs)
    if (inputs.flows.length === 0 && inputs.unreadable > 0) return EXIT.failed
    const { memoryOctets, temporaryDirectory } = options
    const onProgress = (rows: number) => progress.update(rows, 0, 0)
    const [answer] = await answers([job], inputs, { memoryOctets, temporaryDirectory, onProgress })
    progress.end()
    await writeReport(answer!.report, options)
    for (const input of inputs.flows) tellProblems(input.path, input.problems)
    return statusOf(answer!.qualities, inputs, options.isStrict)
  } finally {
    progress.end()
    inputs.close()
  }
}

async function jobOf(options: AnalyzeOptions): Promise<Job> {
  const log = newStderrLog({ logLevel: 'warn', logFormat: 'text', errorCount: 0, errorIntervalMs: 0 })
  const plan = await asUsageLater(Promise.resolve().then(() => options.preset.plan(options.asked)))
  return { options, plan, ...(await knowSetting(options, log)) }
}

interface Answer {
  readonly report: Report
  readonly qualities: readonly Quality[]
}

/** The reports of all jobs; the questions of all of them in one pass over the inputs. */
async function answers(jobs: readonly Job[], inputs: FlowInputs, run: RunOptions): Promise<Answer[]> {
  const asking = jobs.flatMap(({ plan, setting }) =>
    plan.kind === 'questions' ? plan.questions.map((question) => ({ question, setting })) : [],
  )
  const queries = asUsage(() => asking.map(({ question, setting }) => queryOf(question, setting)))
  const tables = queries.length === 0 ? [] : await asUsageLater(runQueries(queries, inputs.flows, run))
  const found: Answer[] = []
  let at = 0
  for (const job of jobs) {
    const { plan, names } = job
    if (plan.kind === 'questions') {
      const own = tables.slice(at, at + plan.questions.length)
      at += plan.questions.length
      found.push(
        answerOf(
          job,
          await plan.lay(own, names),
          own.map(({ quality }) => quality),
          inputs,
        ),
      )
    } else if (plan.kind === 'reading') {
      const { tables: read, ...laid } = await asUsageLater(plan.read(inputs.flows, job.setting, run, names))
      found.push(
        answerOf(
          job,
          laid,
          read.map(({ quality }) => quality),
          inputs,
        ),
      )
    }
  }
  return found
}

function answerOf(job: Job, laid: Laid, qualities: readonly Quality[], inputs: FlowInputs): Answer {
  const { options, plan, attribution } = job
  const showsSystems = laid.sections.some(({ columns }) =>
    columns.some(({ name }) => /(^|\.)(as|country)(\.|$)/.test(name)),
  )
  const facts: FooterFacts = {
    unreadable: inputs.unreadable,
    usesSystems: showsSystems,
    attribution,
    isScaled: !options.isRaw,
  }
  const queries = plan.kind === 'questions' ? plan.questions.map((each) => genericCommand(each, options)) : []
  return {
    report: { name: options.preset.name, ...laid, footer: footerOf(qualities, facts), queries },
    qualities,
  }
}

/** The command that asks a question without a report's name. */
function genericCommand(question: Question, options: AnalyzeOptions): string {
  const words = ['weir', 'analyze', ...wordsOf(question, options.filter)]
  const inputs = options.inputs.map(quoted)
  return [...words, ...options.settingWords.map(quoted), '--in', ...inputs].join(' ')
}

async function explainJob({ options, plan, setting }: Job, { flows }: FlowInputs): Promise<ExitStatus> {
  if (plan.kind !== 'questions') {
    print((plan as ReadingPlan).explanation.map((line) => `${line}\n`).join(''))
    return EXIT.done
  }
  const { explainQuery } = await import('../lib/report/explain.ts')
  const texts = plan.questions.map((question) =>
    asUsage(() => {
      const filters = [options.filter, question.filter].filter((text) => text !== null)
      const filter =
        filters.length > 1 ? filters.map((text) => `(${text})`).join(' and ') : (filters[0] ?? null)
      const query = queryOf(question, setting)
      return `${genericCommand(question, options)}\n${explainQuery(query, flows, filter)}`
    }),
  )
  print(texts.join('\n'))
  return EXIT.done
}

/** Writes a report where it belongs; what formats for machines have no place for goes to stderr. */
async function writeReport(report: Report, options: AnalyzeOptions): Promise<void> {
  const format = await loadFormat(options.format)
  const output = new ReportOutput(options)
  try {
    output.write(format, report)
    output.finish()
  } catch (error) {
    output.abandon()
    throw error
  }
  if (format.isForPeople && options.output === '') return
  for (const note of report.notes) tell(`weir: ${note}\n`)
  const facts = report.footer.map(({ text }) => text).filter((text) => text !== '')
  if (facts.length > 0) tell(`weir: ${facts.join(', ')}\n`)
}

function tellProblems(path: string, problems: readonly { at: number; what: string }[]): void {
  for (const { at, what } of problems.slice(0, MOST_TOLD)) tell(`weir: damaged: ${path}: ${what}, at ${at}\n`)
  if (problems.length > MOST_TOLD)
    tell(`weir: damaged: ${path}: ${problems.length - MOST_TOLD} more places\n`)
}

function statusOf(qualities: readonly Quality[], inputs: FlowInputs, isStrict: boolean): ExitStatus {
  const isBad = qualities.some(({ problems, rejected }) => problems.length > 0 || rejected > 0)
  const isLacking = qualities.some(({ missingBins, unknownSampling }) => missingBins + unknownSampling > 0)
  const isDamaged = inputs.flows.some(({ problems }) => problems.length > 0)
  return inputs.unreadable > 0 || isBad || isDamaged || (isStrict && isLacking) ? EXIT.badInput : EXIT.done
}
