import type { RowsPlan } from '../lib/report/presets/preset.ts'
import type { Setting } from '../lib/report/question.ts'
import type { AnalyzeOptions } from './analyze-flags.ts'
import { EXIT, type ExitStatus } from './exit.ts'

/** Prints the flows themselves. */
export async function runList(
  _options: AnalyzeOptions,
  _plan: RowsPlan,
  _setting: Setting,
): Promise<ExitStatus> {
  return EXIT.done
}
