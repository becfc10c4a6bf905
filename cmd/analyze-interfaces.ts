import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { reasonOf } from '../lib/diagnostics/reason.ts'
import { ExporterNames } from '../lib/enrich/exporter-names.ts'
import type { AnalyzeOptions } from './analyze-flags.ts'
import type { FlowInputs } from './flow-inputs.ts'
import { readText } from './read-text.ts'

/** What interfaces are called and how fast they are: as the file of --ifs says, else what exporters said in the inputs. */
export class Interfaces {
  readonly #names = new ExporterNames()
  readonly #isWanted: boolean
  #isLearnt = false

  /** `isWanted`: whether anybody will ask. Throws what is wrong with the file. */
  constructor({ asked }: Pick<AnalyzeOptions, 'asked'>, isWanted: boolean) {
    this.#isWanted = isWanted
    const path = asked.flag('ifs')
    if (path !== null) this.#names.addFile(textOf(path), path)
  }

  /** Reads what exporters said, once, if anybody will ask. */
  learn({ flows }: FlowInputs): void {
    if (this.#isLearnt || !this.#isWanted) return
    this.#isLearnt = true
    for (const input of flows) {
      if (!('blocks' in input)) continue
      for (const [index, { kind }] of input.blocks.entries()) {
        if (kind !== 'options' && kind !== 'counters') continue
        const block = input.block(index)
        if (block !== null) this.#names.learn(block, input.problems)
      }
    }
  }

  /** The name of an interface of an exporter, or the empty text. */
  readonly interfaceName = (exporter: string, index: number): string =>
    this.#names.interfaceName(exporter, index)

  /** Bits per second; 0 where nobody says. */
  readonly interfaceSpeed = (exporter: string, index: number): number =>
    this.#names.interfaceSpeed(exporter, index)
}

function textOf(path: string): string {
  try {
    return readText(path)
  } catch (error) {
    throw new FlowError('FILE_UNREADABLE', `cannot read ${path}: ${reasonOf(error)}`, { cause: error })
  }
}
