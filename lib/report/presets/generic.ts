import { lacksLocal, NOTHING_LOCAL, nameColumns, sectionOf } from '../section.ts'
import { questionOf } from './asked.ts'
import type { Preset } from './preset.ts'

/** Measures over bins: `p95(bps)`, `max(pps.in)`. */
const OVER_BINS = /(p[\d.]+|min|max|trend)\([bpf]ps/

/** What `weir analyze` asks without a report's name: any keys, any measures. */
export const GENERIC: Preset = {
  name: 'query',
  summary: 'Any keys, any measures.',
  description: '',
  operand: null,
  flags: [],
  examples: [],
  plan(asked) {
    const sum = asked.sum ?? ['bytes', 'packets', 'flows']
    const given = asked.by ?? []
    // Bins that no measure is over are meant as rows.
    const isSeries =
      asked.binMs !== null && !given.includes('time') && !sum.some((word) => OVER_BINS.test(word))
    const by = isSeries ? ['time', ...given] : given
    const question = questionOf({ ...asked, by }, { name: 'analyze', by, sum, top: [] })
    return {
      kind: 'questions',
      questions: [question],
      lay([table], names) {
        // Scripts get the columns that they named, and no others.
        const section = sectionOf(table!, {}, asked.isForPeople ? nameColumns(table!, names) : [])
        return {
          title: question.by.join(', ') || 'totals',
          sections: [section],
          notes: lacksLocal(table!) ? [NOTHING_LOCAL] : [],
        }
      },
    }
  },
}
