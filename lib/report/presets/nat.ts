import { FlowError } from '../../diagnostics/flow-error.ts'
import type { Asked, Preset, ReadingPlan } from './preset.ts'

export const NAT: Preset = {
  name: 'nat',
  summary: 'Who had a public address and port at a moment, with evidence and gaps.',
  description:
    'Sessions (NSEL, NEL, RFC 8158), blocks of ports, bindings of addresses and flows with addresses behind the ' +
    'translation tell who. exact: records hold the moment, with nothing missing in between; likely: begin or end was ' +
    'not told and some records are lost; near: within --slack; ambiguous: several had it. Where records of that time ' +
    'are missing the answer is no data, with the gap. Public and private sides are found as exporters send them.',
  operand: null,
  flags: [
    { name: 'ip', value: 'IP', help: 'The public address.' },
    { name: 'private', value: 'IP', help: 'A private address instead: as whom it went out.' },
    { name: 'port', value: 'PORT', help: 'The port of --ip or --private.' },
    { name: 'at', value: 'TIME', help: 'The moment: RFC 3339 or epoch seconds.' },
    { name: 'proto', value: 'PROTOCOL', help: 'tcp, udp, icmp or a number; without it any.' },
    {
      name: 'slack',
      value: 'DURATION',
      default: '5s',
      help: 'How far clocks may be apart: a holder so close to the moment is an answer where nobody is nearer.',
    },
    {
      name: 'reach',
      value: 'DURATION',
      default: '1d',
      help: 'How far from the moment records are read: sessions that began earlier and are told of by nothing since are missed.',
    },
    {
      name: 'questions',
      value: 'FILE',
      completes: 'file',
      help: 'Many questions in one pass: ADDRESS PORT TIME [PROTOCOL] a line.',
    },
    {
      name: 'formula',
      value: 'FILE',
      completes: 'file',
      help: 'Rules of translators that compute (RFC 7422): INSIDE OUTSIDE FIRST-LAST [PORTS] [FROM TO] a line, such as 100.64.0.0/22 198.51.100.0/28 1024-65535 504.',
    },
  ],
  examples: [
    {
      says: 'Who had this address and port',
      line: 'weir analyze nat --in flows --ip 198.51.100.7 --port 40231 --at 2026-01-01T12:03:07Z --proto tcp',
    },
    {
      says: 'As whom a subscriber went out',
      line: 'weir analyze nat --in flows --private 100.64.12.77 --at 2026-01-01T12:03:07Z',
    },
    {
      says: 'Many questions at once',
      line: 'weir analyze nat --in flows --questions asked.txt --format csv',
    },
  ],
  async plan(asked) {
    const { natPlan } = await import('../nat/nat-report.ts')
    return natPlan(wishesOf(asked), asked)
  },
}

/** What the flags ask, as texts. */
export interface NatWishes {
  readonly ip: string | null
  readonly private: string | null
  readonly port: string | null
  readonly at: string | null
  readonly proto: string | null
  readonly slack: string
  readonly reach: string
  readonly questions: string | null
  readonly formula: string | null
}

export type NatPlanner = (wishes: NatWishes, asked: Asked) => ReadingPlan

function wishesOf(asked: Asked): NatWishes {
  const wishes = {
    ip: asked.flag('ip'),
    private: asked.flag('private'),
    port: asked.flag('port'),
    at: asked.flag('at'),
    proto: asked.flag('proto'),
    slack: asked.flag('slack') ?? '5s',
    reach: asked.flag('reach') ?? '1d',
    questions: asked.flag('questions'),
    formula: asked.flag('formula'),
  }
  if (wishes.ip !== null && wishes.private !== null)
    throw new FlowError('QUERY_INVALID', 'nat: --ip and --private exclude each other')
  if (wishes.questions === null && (wishes.at === null || (wishes.ip ?? wishes.private) === null))
    throw new FlowError(
      'QUERY_INVALID',
      'nat: give --ip IP --port PORT --at TIME, --private IP --at TIME, or --questions FILE',
    )
  return wishes
}
