import { FlowError } from '../../diagnostics/flow-error.ts'
import { type ColumnWords, nameColumns, sectionOf } from '../section.ts'
import { questionOf } from './asked.ts'
import type { Preset } from './preset.ts'

/** What is ranked: its keys, and what makes the other end of it. */
const KINDS: Readonly<
  Record<string, { readonly by: string; readonly peers: string; readonly title: string }>
> = {
  talkers: { by: 'src.ip', peers: 'dst.ip', title: 'Addresses that sent most' },
  pairs: { by: 'pair', peers: 'service', title: 'Pairs of addresses with most traffic' },
  services: { by: 'service', peers: 'src.ip', title: 'Services with most traffic' },
  ports: { by: 'dst.port', peers: 'src.ip', title: 'Destination ports with most traffic' },
  protocols: { by: 'proto', peers: 'src.ip', title: 'Protocols with most traffic' },
}
const WORDS: Readonly<Record<string, ColumnWords>> = {
  'share(bytes)': { name: 'share', title: 'SHARE', rank: 4 },
  'cumulative(bytes)': { name: 'cumulative', title: 'CUMULATIVE', rank: 6 },
  packets: { rank: 5 },
  flows: { rank: 3 },
  bps: { title: 'BIT/S', rank: 2 },
  pps: { title: 'PACKETS/S', rank: 7 },
}

export const TOP: Preset = {
  name: 'top',
  summary: 'Talkers, pairs, services, ports or protocols with most traffic.',
  description:
    'Rates are over the whole window, never from the first to the last flow. peers is how many others a row has to do ' +
    'with: destinations of a talker, services of a pair, sources of the rest.',
  operand: { value: 'WHAT', choices: Object.keys(KINDS), isRequired: false },
  flags: [],
  examples: [
    { says: 'Ten addresses that sent most', line: 'weir analyze top --in flows' },
    { says: 'Services of one day', line: 'weir analyze top services --in flows --day 2026-01-01' },
    {
      says: 'Who talks to whom most on port 443, as CSV',
      line: "weir analyze top pairs 'port 443' --in flows --top 20 --format csv",
    },
  ],
  plan(asked) {
    const kind = KINDS[asked.operand ?? 'talkers']
    if (kind === undefined) throw new FlowError('QUERY_INVALID', `top: there is no ${asked.operand}`)
    const peers = `uniq(${kind.peers})`
    const sum = ['bytes', 'packets', 'flows', 'bps', 'pps', 'share(bytes)', 'cumulative(bytes)', peers]
    const question = questionOf(asked, { name: 'top', by: [kind.by], sum, top: [10], others: true })
    return {
      kind: 'questions',
      questions: [question],
      lay([table], names) {
        const words = { ...WORDS, [peers]: { name: 'peers', title: 'PEERS', rank: 4 } }
        const section = sectionOf(table!, words, nameColumns(table!, names))
        const title = asked.by === null ? kind.title : `First by ${question.by.join(', ')}`
        return { title, sections: [section], notes: [] }
      },
    }
  },
}
