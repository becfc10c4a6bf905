import { BUILT_IN_ATTRIBUTION } from '../lib/enrich/built-in-networks.ts'
import type { PageParts } from '../lib/report/html/page.ts'
import { type Picture, pictureQuestions } from '../lib/report/html/pictures.ts'
import type { Plan } from '../lib/report/presets/preset.ts'
import type { RunOptions } from '../lib/report/query.ts'
import { type Question, queryOf, type Setting } from '../lib/report/question.ts'
import type { Laid, Section } from '../lib/report/report.ts'
import { runQueries } from '../lib/report/run.ts'
import type { AnalyzeOptions } from './analyze-flags.ts'
import type { FlowInputs } from './flow-inputs.ts'
import { readDataFile } from './runtime.ts'
import { ALL_TIMES, type TimeRange } from './times.ts'

/** What a page shows beside the report's own tables, and what that asks. */
export interface PagePictures {
  readonly pictures: readonly Picture[]
  readonly questions: readonly Question[]
}

const NONE: PagePictures = { pictures: [], questions: [] }
const DEFAULT_PICTURES: readonly Picture[] = ['time', 'ribbons']
const NOT_KNOWN = 2n ** 64n - 1n

/** The pictures of a report on a page; none in other formats, and of reports that read flows themselves. */
export function picturesFor(
  { format, preset, range }: Pick<AnalyzeOptions, 'format' | 'preset' | 'range'>,
  plan: Plan,
  { flows }: FlowInputs,
): PagePictures {
  const main = plan.kind === 'questions' ? plan.questions[0] : undefined
  if (format !== 'html' || main === undefined) return NONE
  const pictures = preset.pictures ?? DEFAULT_PICTURES
  return { pictures, questions: pictureQuestions(pictures, main, spanOf(range, flows)) }
}

/** What a page draws of a report that reads flows itself: nothing where inputs cannot be read again. */
export async function courseSections(
  { drawings = [], courses = [] }: Laid,
  { range }: Pick<AnalyzeOptions, 'range'>,
  setting: Setting,
  { flows }: FlowInputs,
  run: RunOptions,
): Promise<Section[]> {
  if (courses.length === 0 || !flows.every((input) => 'blocks' in input)) return [...drawings]
  const { courseQuestion, courseSection } = await import('../lib/report/html/pictures.ts')
  const questions = courses.map((course) => courseQuestion(course, spanOf(range, flows)))
  const tables = await runQueries(
    questions.map((question) => queryOf(question, setting)),
    flows,
    run,
  )
  return [...drawings, ...courses.map((course, i) => courseSection(course, tables[i]!))]
}

/** From when to when a picture reaches. */
function spanOf({ from, to }: TimeRange, flows: FlowInputs['flows']): { fromNs: bigint; toNs: bigint } {
  // Blocks say when their flows were; of streams nobody knows before they are read.
  let least = NOT_KNOWN
  let greatest = 0n
  for (const input of flows) {
    for (const { kind, leastStart, greatestEnd } of 'blocks' in input ? input.blocks : []) {
      if (kind !== 'flow') continue
      if (leastStart < least) least = leastStart
      if (greatestEnd > greatest) greatest = greatestEnd
    }
  }
  const fromNs = from !== ALL_TIMES.from ? from : least === NOT_KNOWN ? 0n : least
  const toNs = to !== ALL_TIMES.to ? to : greatest === 0n ? fromNs : greatest
  return { fromNs, toNs }
}

/** What every page carries. */
export function pageParts(): PageParts {
  const text = (name: Parameters<typeof readDataFile>[0]) => new TextDecoder().decode(readDataFile(name))
  return {
    styles: [text('chart.css'), text('page.css')],
    scripts: [text('chart.js'), text('page.js')],
    link: BUILT_IN_ATTRIBUTION.link,
  }
}
