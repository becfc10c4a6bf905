import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { reasonOf } from '../lib/diagnostics/reason.ts'
import { ExporterNames } from '../lib/enrich/exporter-names.ts'
import type { Names } from '../lib/report/report.ts'
import type { AnalyzeOptions } from './analyze-flags.ts'
import type { FlowInputs } from './flow-inputs.ts'
import { readText } from './read-text.ts'

/**
 * What interfaces are called and how fast they are, for reports that show them: the file of --ifs first, then what
 * exporters said in records of the inputs. Other reports look at nothing. Throws what is wrong with the file.
 */
export function interfaceNames(
  { preset, asked }: Pick<AnalyzeOptions, 'preset' | 'asked'>,
  { flows }: FlowInputs,
): Pick<Names, 'interfaceName' | 'interfaceSpeed'> {
  if (!preset.flags.some(({ name }) => name === 'ifs')) return {}
  const names = new ExporterNames()
  const path = asked.flag('ifs')
  if (path !== null) names.addFile(textOf(path), path)
  for (const input of flows) {
    if (!('blocks' in input)) continue
    for (const [index, { kind }] of input.blocks.entries()) {
      if (kind !== 'options' && kind !== 'counters') continue
      const block = input.block(index)
      if (block !== null) names.learn(block, input.problems)
    }
  }
  return {
    interfaceName: (exporter, index) => names.interfaceName(exporter, index),
    interfaceSpeed: (exporter, index) => names.interfaceSpeed(exporter, index),
  }
}

function textOf(path: string): string {
  try {
    return readText(path)
  } catch (error) {
    throw new FlowError('FILE_UNREADABLE', `cannot read ${path}: ${reasonOf(error)}`, { cause: error })
  }
}
