import { formatAddress, parseAddress } from '../../bytes/address.ts'
import type { FlowFile, FlowStream } from '../../flow/source.ts'
import { isFlowFile, readBlocks } from '../block-pass.ts'
import { columnsRead } from '../columns-read.ts'
import { DETECTED } from '../flow-rows.ts'
import type { Asked, ReadingPlan } from '../presets/preset.ts'
import { newQuality } from '../quality.ts'
import type { Query, ResultTable, RunOptions } from '../query.ts'
import { EMPTY_QUESTION, type Question, queryOf, type Setting, wordsOf } from '../question.ts'
import type { Names } from '../report.ts'
import { runQueries } from '../run.ts'
import { ScanSearch } from '../scan/scan-search.ts'
import { type Scan, scansOf } from '../scan/scan-verdict.ts'
import { hostSections } from './host-sections.ts'
import { observedStream } from './observed-stream.ts'

const FIVE_MINUTES = 300_000
const SUMS = ['bytes', 'packets', 'flows']

/** The answers that a page about an address is made of. */
export interface HostTables {
  readonly sent: ResultTable
  readonly received: ResultTable
  readonly sentCourse: ResultTable
  readonly receivedCourse: ResultTable
  readonly sentPeers: ResultTable
  readonly receivedPeers: ResultTable
  readonly sentSystems: ResultTable
  readonly receivedSystems: ResultTable
  readonly used: ResultTable
  readonly offered: ResultTable
  readonly nat: ResultTable
}

/** The report `host`. */
export function hostPlan(text: string, asked: Asked): ReadingPlan {
  const words = new Uint32Array(4)
  parseAddress(text, words)
  const address = formatAddress(words, 0)
  const questions = hostQuestions(address, asked.binMs ?? FIVE_MINUTES)
  const limit = asked.top?.[0] ?? 5
  return {
    kind: 'reading',
    explanation: Object.values(questions).map(
      (question) => `weir analyze ${wordsOf(question, asked.filter).join(' ')}`,
    ),
    columns: (setting) => [...DETECTED, ...columnsRead(queriesOf(questions, setting))],
    async read(inputs, setting, options, names: Names) {
      const { tables, scans, addressOf } = await read(address, questions, inputs, setting, options)
      const sections = hostSections(address, tables, { scans, addressOf, names, limit })
      return { title: `About ${address}`, sections, notes: [], tables: Object.values(tables) }
    },
  }
}

function queriesOf(questions: Readonly<Record<string, Question>>, setting: Setting): Query[] {
  return Object.values(questions).map((question) => queryOf(question, setting))
}

function hostQuestions(address: string, binMs: number): Record<keyof HostTables, Question> {
  const from = `src host ${address}`
  const to = `dst host ${address}`
  const ask = (name: string, filter: string, by: readonly string[], sum: readonly string[]): Question => {
    return { ...EMPTY_QUESTION, name, filter, by, sum }
  }
  const course = (name: string, filter: string) => ({ ...ask(name, filter, ['time'], ['bps']), binMs })
  const whole = [...SUMS, 'min(start)', 'max(end)']
  return {
    sent: ask('sent', from, [], [...whole, 'uniq(dst.ip)', 'uniq(dst.port)']),
    received: ask('received', to, [], [...whole, 'uniq(src.ip)', 'uniq(dst.port)']),
    sentCourse: course('sent course', from),
    receivedCourse: course('received course', to),
    sentPeers: ask('sent peers', from, ['dst.ip'], SUMS),
    receivedPeers: ask('received peers', to, ['src.ip'], SUMS),
    sentSystems: ask('sent systems', from, ['dst.as'], SUMS),
    receivedSystems: ask('received systems', to, ['src.as'], SUMS),
    used: ask('used', from, ['proto', 'dst.port'], [...SUMS, 'uniq(dst.ip)']),
    offered: ask('offered', to, ['proto', 'dst.port'], [...SUMS, 'uniq(src.ip)']),
    nat: ask('nat', from, ['postNatSourceAddress'], [...SUMS, 'min(start)', 'max(end)']),
  }
}

/** All questions in one pass; files are read once more for scans, streams are looked at on the way. */
async function read(
  address: string,
  questions: Record<keyof HostTables, Question>,
  inputs: readonly (FlowFile | FlowStream)[],
  setting: Setting,
  options: RunOptions,
): Promise<{ tables: HostTables; scans: Scan[]; addressOf: (number: number) => string }> {
  const { fromNs, toNs } = setting
  const window = {
    fromMs: fromNs === null ? Number.NEGATIVE_INFINITY : Number(fromNs) / 1e6,
    toMs: toNs === null ? Number.POSITIVE_INFINITY : Number(toNs) / 1e6,
  }
  const filter = setting.selector(`host ${address}`)
  const search = new ScanSearch(window, filter, null, options.memoryOctets / 4)
  const observed = inputs.map((input) =>
    isFlowFile(input)
      ? input
      : observedStream(input, (block, problems) => {
          if (search.wants(block.info)) search.take(block, problems)
        }),
  )
  const answers = await runQueries(queriesOf(questions, setting), observed, options)
  await readBlocks(inputs.filter(isFlowFile), search, newQuality(), { ...options, onProgress: () => {} })
  const named = Object.keys(questions).map((name, i) => [name, answers[i]!])
  const words = search.reader.addresses.words()
  const limits = { targets: 25, ports: 25, leastScore: 0.8, usesAnswers: true }
  return {
    tables: Object.fromEntries(named) as unknown as HostTables,
    scans: scansOf(search, limits),
    addressOf: (number) => formatAddress(words, number * 4),
  }
}
