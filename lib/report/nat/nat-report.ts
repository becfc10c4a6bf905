import { FlowError } from '../../diagnostics/flow-error.ts'
import type { BlockFacts, FlowBlock, FlowFile, FlowStream, Problem } from '../../flow/source.ts'
import { isFlowFile, readBlocks } from '../block-pass.ts'
import { lengthNs } from '../moment.ts'
import type { NatPlanner, NatWishes } from '../presets/nat.ts'
import type { ReadingPlan } from '../presets/preset.ts'
import { newQuality } from '../quality.ts'
import type { Quality, ResultTable, RunOptions, Selector } from '../query.ts'
import { type NatAnswer, natAnswers } from './nat-answer.ts'
import { type NatRule, natRules } from './nat-formula.ts'
import { askIndexes, NOT_INDEXED } from './nat-indexes.ts'
import { type NatQuestion, natQuestion, questionsOfFile } from './nat-question.ts'
import { natSection } from './nat-rows.ts'
import { NatSearch } from './nat-search.ts'
import { Reception } from './reception.ts'

/** Fewer rows are read as quickly as an index is made. */
const LEAST_INDEXED = 250_000

export interface NatSettings {
  readonly rules: readonly NatRule[]
  readonly slackNs: bigint
  readonly reachNs: bigint
  readonly filter: Selector | null
  /** Indexes beside the files are asked, and made where so many rows are in none; null: they are not. */
  readonly leastIndexed: number | null
}

/** Answers questions of one side in one pass over the inputs; the caller closes them. */
export async function answerNat(
  questions: readonly NatQuestion[],
  inputs: readonly (FlowFile | FlowStream)[],
  settings: NatSettings,
  options: RunOptions,
): Promise<{ answers: Iterable<NatAnswer>; quality: Quality; dropped: number }> {
  const quality = newQuality()
  const search = new NatSearch(questions, settings)
  const reception = new Reception()
  const onRows = async (rows: number) => {
    quality.rowsRead += rows
    options.onProgress?.(quality.rowsRead)
    // Signals and progress want a turn.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const files = inputs.filter(isFlowFile)
  // An index knows nothing of filters.
  const { filter, leastIndexed } = settings
  const indexed =
    filter === null && leastIndexed !== null
      ? await askIndexes(files, { search, reception, leastIndexed, onRows })
      : NOT_INDEXED
  quality.rowsCounted += indexed.rows
  const { wants, take } = search.flows
  const known = { wants: (facts: BlockFacts) => indexed.flowBlocks.has(facts) && wants(facts), take }
  await readBlocks(indexed.files, known, quality, options)
  const others = files.filter((file) => !indexed.files.includes(file))
  for (const file of others) reception.addFile(file)
  await readBlocks(others, search.all, quality, options)
  const streams = inputs.filter((input): input is FlowStream => !isFlowFile(input))
  const noting = {
    wants: () => true,
    take(block: FlowBlock, problems: Problem[]) {
      reception.addBlock(block, problems)
      return search.all.wants(block.info) ? search.all.take(block, problems) : 0
    },
  }
  await readBlocks(streams, noting, quality, options)
  const answers = natAnswers(questions, search, reception, settings.rules, settings.slackNs)
  return { answers, quality, dropped: search.dropped }
}

/** The report `nat`; throws QUERY_INVALID, FILE_UNREADABLE and TABLE_INVALID before anything is read. */
export const natPlan: NatPlanner = (wishes, asked) => {
  const isPrivate = wishes.private !== null
  const { questions, problems } = questionsOf(wishes)
  const rules = wishes.formula === null ? [] : natRules(wishes.formula)
  const [slackNs, reachNs] = [duration('slack', wishes.slack), duration('reach', wishes.reach)]
  const plan: ReadingPlan = {
    kind: 'reading',
    window: windowOf(questions, reachNs),
    explanation: [
      `nat: ${questions.length} questions in one pass over blocks within ${wishes.reach} of the moments asked about`,
      'archive files that do not grow are looked up in the index beside them (.catalog.nat); of all others',
      'blocks without the addresses, by the ranges of their columns, are not read; rows are looked at by address, then port',
    ],
    async read(inputs, setting, options) {
      const settings = {
        rules,
        slackNs,
        reachNs,
        filter: setting.selector(null),
        leastIndexed: LEAST_INDEXED,
      }
      const { answers, quality, dropped } = await answerNat(questions, inputs, settings, options)
      const counts = new Map<string, number>()
      const counted = (function* () {
        for (const answer of answers) {
          counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1)
          yield answer
        }
      })()
      const section = natSection(counted, isPrivate, asked.isForPeople)
      quality.rejected += problems.length
      const notes = problems.map(({ what }) => what)
      if (dropped > 0) notes.push(`${dropped} records were too many to be kept: ask fewer questions at once`)
      if (questions.length > 1)
        notes.push([...counts].map(([status, count]) => `${count} ${status}`).join(', '))
      const title = isPrivate ? 'As whom private addresses went out' : 'Who had a public address and port'
      return { title, sections: [section], notes, tables: [emptyTable(quality)] }
    },
  }
  return plan
}

function questionsOf(wishes: NatWishes): { questions: NatQuestion[]; problems: Problem[] } {
  const isPrivate = wishes.private !== null
  if (wishes.questions !== null) return questionsOfFile(wishes.questions, isPrivate)
  const ip = wishes.private ?? wishes.ip!
  const question = natQuestion(1, isPrivate, ip, wishes.port, wishes.at!, wishes.proto)
  if (typeof question === 'string') throw new FlowError('QUERY_INVALID', `nat: ${question}`)
  return { questions: [question], problems: [] }
}

type Window = { readonly fromNs: bigint; readonly toNs: bigint }

/** From the first moment asked about to the last, and as far around as records may tell of them. */
function windowOf(questions: readonly NatQuestion[], reachNs: bigint): Window | null {
  let [least, greatest] = [2n ** 63n, 0n]
  for (const { atNs } of questions) {
    if (atNs < least) least = atNs
    if (atNs > greatest) greatest = atNs
  }
  if (greatest < least) return null
  return { fromNs: least > reachNs ? least - reachNs : 0n, toNs: greatest + reachNs }
}

function duration(flag: string, text: string): bigint {
  const ns = lengthNs(text)
  if (ns === null) throw new FlowError('QUERY_INVALID', `nat: --${flag} ${text}: want a duration such as 5s`)
  return ns
}

/** A table that carries what a reading met, for the footer. */
export function emptyTable(quality: Quality): ResultTable {
  return { name: '', columns: [], rows: [], totals: [], others: [], groups: 0, outer: [], quality }
}
