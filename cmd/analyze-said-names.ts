import { openArchive } from '../lib/archive/archive-reader.ts'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { reasonOf } from '../lib/diagnostics/reason.ts'
import { ExporterNames, type ExporterNamesState } from '../lib/enrich/exporter-names.ts'
import type { FlowFile } from '../lib/flow/source.ts'
import type { Plan } from '../lib/report/presets/preset.ts'
import type { AnalyzeOptions } from './analyze-flags.ts'
import { type FlowInputs, openFlowInputs } from './flow-inputs.ts'
import type { Hear } from './inputs/other-records.ts'
import { tell } from './progress.ts'
import { readText } from './read-text.ts'
import type { TimeRange } from './times.ts'

/** Files before the range of time that are looked at for names: tables are sent again within a day or so. */
const MOST_EARLIER = 32
const WORDS = /\b(?:if\.name|interface\.name|app|application)\b/i

/** What exporters call their interfaces and applications: as the file of --ifs says, else as they said in the inputs. */
export class SaidNames {
  readonly #names = new ExporterNames()
  /** Whether anybody will ask. */
  readonly isWanted: boolean
  #isLearnt = false
  #inputs = 0
  #isLateTold = false

  /** `plan`: what will be asked; nothing is read where that needs no names. Throws what is wrong with the file. */
  constructor({ asked, preset, filter }: Pick<AnalyzeOptions, 'asked' | 'preset' | 'filter'>, plan: Plan) {
    this.isWanted = preset.namesInterfaces === true || asksNames(plan, filter)
    const path = asked.flag('ifs')
    if (path !== null) this.#names.addFile(textOf(path), path)
  }

  /**
   * Reads what exporters said, once, if anybody will ask: options records and counters of archive files, those of the
   * last such file before the range among them, and captures and compressed files. Pipes tell as they are read: `hear`.
   */
  async learn(inputs: FlowInputs, range: TimeRange): Promise<void> {
    if (this.#isLearnt || !this.isWanted) return
    this.#isLearnt = true
    this.#learnEarlier(inputs, range)
    for (const input of inputs.flows) if ('blocks' in input) this.#learnFile(input)
    if (inputs.repeatable.length > 0) {
      const { hearInput } = await import('./inputs/hear-input.ts')
      for (const path of inputs.repeatable) {
        await hearInput(path, this.hear)
        this.#inputs++
      }
    }
    this.#tellLeftOut()
  }

  /** The last file before the range that holds what exporters said; tables are sent now and then only. */
  #learnEarlier({ live }: FlowInputs, { from }: TimeRange): void {
    const earlier = (live ?? []).filter(
      ({ rollup, otherRows, receivedTo }) =>
        rollup === null && otherRows > 0 && receivedTo !== null && receivedTo < from,
    )
    earlier.sort((a, b) => (a.receivedTo! > b.receivedTo! ? -1 : 1))
    for (const { path } of earlier.slice(0, MOST_EARLIER)) {
      let file: ReturnType<typeof openArchive>
      try {
        file = openArchive(path)
      } catch {
        // It was joined with others meanwhile, or is damaged: the question is about others.
        continue
      }
      try {
        if (this.#learnFile(file)) return
      } finally {
        file.close()
      }
    }
  }

  /** Whether the file has records that may name things. */
  #learnFile(file: FlowFile): boolean {
    let isTelling = false
    for (const [index, { kind }] of file.blocks.entries()) {
      if (kind !== 'options' && kind !== 'counters') continue
      const block = file.block(index)
      if (block === null) continue
      this.hear(block, file.problems, false)
      isTelling ||= kind === 'options'
    }
    if (isTelling) this.#inputs++
    return isTelling
  }

  #tellLeftOut(): void {
    const { leftOut } = this.#names
    if (leftOut > 0) tell(`weir: ${leftOut} names that exporters said were left out: there are too many\n`)
  }

  /** Learns from a block of records that are no flows. */
  readonly hear: Hear = (block, problems, isLate) => {
    if (!this.isWanted) return
    const before = this.#names.counts.applications
    this.#names.learn(block, problems)
    if (!isLate || this.#isLateTold || this.#names.counts.applications === before) return
    this.#isLateTold = true
    tell('weir: names of applications came after flows, which may have numbers instead: read it as a file\n')
  }

  /** What is known, for other threads; null where nobody asks. */
  get state(): ExporterNamesState | null {
    return this.isWanted ? this.#names.state : null
  }

  /** What was read, for --explain; null where nobody asks. */
  get explanation(): string | null {
    if (!this.isWanted) return null
    const { applications, interfaces } = this.#names.counts
    return `${applications} of applications, ${interfaces} of interfaces, as exporters said in ${this.#inputs} inputs`
  }

  /** What an exporter calls an application id; the empty text for what is none. */
  readonly applicationName = (exporter: string, id: string): string =>
    this.#names.applicationName(exporter, id)

  /** The name of an interface of an exporter, or the empty text. */
  readonly interfaceName = (exporter: string, index: number): string =>
    this.#names.interfaceName(exporter, index)

  /** Bits per second; 0 where nobody says. */
  readonly interfaceSpeed = (exporter: string, index: number): number =>
    this.#names.interfaceSpeed(exporter, index)
}

/** Opens what the words name, and reads what exporters said there for all who know names. Throws as `openFlowInputs`. */
export async function openNamed(
  words: readonly string[],
  range: TimeRange,
  threads: number,
  said: readonly SaidNames[],
): Promise<FlowInputs> {
  const wanted = said.filter(({ isWanted }) => isWanted)
  const hear: Hear = (block, problems, isLate) => {
    for (const names of wanted) names.hear(block, problems, isLate)
  }
  const inputs = await openFlowInputs(words, range, threads, wanted.length === 0 ? null : hear)
  try {
    for (const names of wanted) await names.learn(inputs, range)
  } catch (error) {
    inputs.close()
    throw error
  }
  return inputs
}

/** Whether any question, or the user's filter, is about what exporters call things. */
function asksNames(plan: Plan, filter: string | null): boolean {
  // Files that a filter takes in may say anything.
  if (filter !== null && (WORDS.test(filter) || filter.includes('@include'))) return true
  if (plan.kind === 'rows') return [...(plan.columns ?? []), plan.sort ?? ''].some((word) => WORDS.test(word))
  if (plan.kind !== 'questions') return false
  return plan.questions.some(({ by, sum, filter: own }) =>
    [...by, ...sum, own ?? ''].some((word) => WORDS.test(word)),
  )
}

function textOf(path: string): string {
  try {
    return readText(path)
  } catch (error) {
    throw new FlowError('FILE_UNREADABLE', `cannot read ${path}: ${reasonOf(error)}`, { cause: error })
  }
}
