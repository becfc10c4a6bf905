import type { Preset } from './preset.ts'

export const DDOS: Preset = {
  name: 'ddos',
  summary: 'Attacks by volume: on addresses, and spread over /24 and /64, with vector, sources and times.',
  description:
    'By minute and target: bits, packets and flows per second. A minute stands out where one of them is above its floor ' +
    'and --factor times above what is usual: the median plus three deviations of the same time of other days, or of the ' +
    'window. It is an attack where the flows have a vector: answers of amplifying services, SYN alone, one protocol. A ' +
    'download is none. Attacks that last as long as the window are told by the vector alone.',
  operand: null,
  flags: [
    { name: 'bps', value: 'RATE', default: '10M', help: 'Floor of bits per second.' },
    { name: 'pps', value: 'RATE', default: '2k', help: 'Floor of packets per second.' },
    { name: 'fps', value: 'RATE', default: '200', help: 'Floor of flows per second.' },
    { name: 'factor', value: 'N', default: '5', help: 'How far above the usual.' },
    {
      name: 'mitigate',
      help: 'Print what routers can be told: flow specifications (RFC 8955) and black holes (RFC 7999), to be read before they are used.',
    },
  ],
  examples: [
    { says: 'Attacks of the last hour', line: 'weir analyze ddos --in flows --last 1h' },
    {
      says: 'On networks of customers only',
      line: "weir analyze ddos 'dst net 203.0.113.0/24' --in flows --day 2026-01-01",
    },
    {
      says: 'Lines for a BGP speaker',
      line: 'weir analyze ddos --in flows --last 10m --mitigate --format csv',
    },
  ],
  async plan(asked) {
    const { ddosPlan } = await import('../ddos/ddos-report.ts')
    return ddosPlan(asked)
  },
}
