import type { Preset } from './preset.ts'

export const SCAN: Preset = {
  name: 'scan',
  summary: 'Who scans: one port of many hosts, many ports of one host, both; slow ones and IPv6 too.',
  description:
    'A probe is a flow of fewer than 3 packets that asks: TCP without ACK, UDP, ICMP echo. By source: --targets hosts ' +
    'at one port are a horizontal scan, --ports ports of one host a vertical one, most of 4 or more hosts at most of 4 or ' +
    'more ports a block scan; slow where probes are 30 s or more apart. Whose probes are answered for the most part is ' +
    'served and no scanner. The score is in 0..1: misses, small flows, flows without a connection, size.',
  operand: null,
  flags: [
    { name: 'proto', value: 'PROTOCOL', help: 'Only tcp, udp, icmp or a number.' },
    { name: 'targets', value: 'N', default: '25', help: 'Hosts of one port that make a horizontal scan.' },
    { name: 'ports', value: 'N', default: '25', help: 'Ports of one host that make a vertical scan.' },
    { name: 'score', value: 'SCORE', default: '0.8', help: 'Surer ones only.' },
    {
      name: 'live-hosts',
      value: 'HOW',
      default: 'auto',
      choices: ['auto', 'none'],
      help: 'auto: hosts that answered live, and whose probes meet none fails. none: answers are not looked at, as where only one direction is exported.',
    },
    {
      name: 'format',
      value: 'FORMAT',
      choices: ['table', 'csv', 'tsv', 'json', 'ndjson', 'markdown', 'prom', 'html', 'list'],
      defaultHelp: 'table on a terminal, tsv elsewhere',
      help: 'How rows are written; list: the addresses alone, one a line.',
    },
  ],
  examples: [
    { says: 'Scans of the last day', line: 'weir analyze scan --in flows --last 1d' },
    { says: 'Only TCP, from few targets on', line: 'weir analyze scan --in flows --proto tcp --targets 10' },
    { says: 'Addresses for a firewall', line: 'weir analyze scan --in flows --format list' },
  ],
  async plan(asked) {
    const { scanPlan } = await import('../scan/scan-report.ts')
    return scanPlan(asked)
  },
}
