import { type ColumnWords, nameColumns, sectionOf } from '../section.ts'
import { questionOf } from './asked.ts'
import type { Preset } from './preset.ts'

const WORDS: Readonly<Record<string, ColumnWords>> = {
  bps: { title: 'BIT/S' },
  pps: { title: 'PACKETS/S' },
  bpp: { title: 'BYTES/PACKET' },
  'min(start)': { name: 'first', title: 'FIRST' },
  'max(end)': { name: 'last', title: 'LAST' },
}

export const COUNT: Preset = {
  name: 'count',
  summary: 'How many flows, packets and bytes there are.',
  description:
    'first is the earliest start and last the latest end of the flows counted. With --by there is a row for each group.',
  operand: null,
  flags: [],
  examples: [
    { says: 'All there is', line: 'weir analyze count --in flows' },
    {
      says: 'DNS of one hour',
      line: "weir analyze count 'port 53' --in flows --from 2026-01-01T10:00 --to 2026-01-01T11:00",
    },
    { says: 'Flows by exporter', line: 'weir analyze count --by exporter --in flows' },
  ],
  plan(asked) {
    const sum = ['flows', 'packets', 'bytes', 'bps', 'pps', 'bpp', 'min(start)', 'max(end)']
    const question = questionOf(asked, { name: 'count', by: [], sum, top: [] })
    return {
      kind: 'questions',
      questions: [question],
      lay([table], names) {
        const section = sectionOf(table!, WORDS, nameColumns(table!, names))
        const look = question.by.length === 0 && asked.binMs === null ? 'facts' : 'table'
        return { title: 'Flows counted', sections: [{ ...section, look }], notes: [] }
      },
    }
  },
}
