import { BUILT_IN_ATTRIBUTION } from '../lib/enrich/built-in-networks.ts'
import type { PageParts } from '../lib/report/html/page.ts'
import { type Picture, pictureQuestions } from '../lib/report/html/pictures.ts'
import type { Plan } from '../lib/report/presets/preset.ts'
import type { Question } from '../lib/report/question.ts'
import type { AnalyzeOptions } from './analyze-flags.ts'
import type { FlowInputs } from './flow-inputs.ts'
import { readDataFile } from './runtime.ts'
import { ALL_TIMES } from './times.ts'

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
  let { from, to } = range
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
  if (from === ALL_TIMES.from) from = least === NOT_KNOWN ? 0n : least
  if (to === ALL_TIMES.to) to = greatest === 0n ? from : greatest
  const pictures = preset.pictures ?? DEFAULT_PICTURES
  return { pictures, questions: pictureQuestions(pictures, main, { fromNs: from, toNs: to }) }
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
