import { FlowError } from '../../diagnostics/flow-error.ts'
import type { Preset } from './preset.ts'

/** What people know from nfdump's long and extended listings, in our words. */
const LONG_COLUMNS = [
  ...[
    'start',
    'end',
    'proto',
    'src.ip',
    'src.port',
    'dst.ip',
    'dst.port',
    'flags',
    'tos',
    'packets',
    'bytes',
  ],
  ...['in.if', 'out.if', 'src.as', 'dst.as', 'exporter'],
]
/** nfdump's words for columns and orders. */
const NFDUMP_WORDS: Readonly<Record<string, string>> = {
  ts: 'start',
  tstart: 'start',
  te: 'end',
  tend: 'end',
  pr: 'proto',
  sa: 'src.ip',
  sp: 'src.port',
  da: 'dst.ip',
  dp: 'dst.port',
  flg: 'flags',
  pkt: 'packets',
  byt: 'bytes',
  in: 'in.if',
  out: 'out.if',
  sas: 'src.as',
  das: 'dst.as',
  ra: 'exporter',
  inam: 'in.if.name',
  onam: 'out.if.name',
  nbid: 'applicationId',
  nbnam: 'application',
}

export const LIST: Preset = {
  name: 'list',
  summary: 'The flows themselves, a row each.',
  description:
    'As they lie in the inputs, or by --sort, descending unless :asc. Counters are as exporters sent them. Rows are passed ' +
    'on while inputs are read, whatever their number, and --top ends after so many. With --sort what exceeds --memory goes ' +
    'to temporary files; the formats table, markdown and json keep rows in memory, and refuse more than it holds.',
  operand: null,
  flags: [
    {
      name: 'columns',
      value: 'NAME,…',
      defaultHelp: LONG_COLUMNS.join(' '),
      help: "Columns in this order: the words of --by, bytes, packets, nfdump's (ts sa dp byt …), IANA names of elements; all for every column of the inputs.",
    },
  ],
  examples: [
    { says: 'The first ten flows', line: 'weir analyze list --in flows --top 10' },
    {
      says: 'All DNS as CSV, some columns',
      line: "weir analyze list 'port 53' --in flows --columns start,src.ip,dst.ip,bytes --format csv",
    },
    { says: 'The largest five', line: 'weir analyze list --in flows --sort bytes --top 5' },
  ],
  plan(asked) {
    const { by, sum, having, others, per, binMs } = asked
    const isGrouped = [by, sum, having, others, binMs].some((given) => given !== null) || per.length > 0
    if (isGrouped)
      throw new FlowError(
        'QUERY_INVALID',
        'list has no groups: --by, --sum and their like are for other reports',
      )
    const words = (asked.flag('columns') ?? LONG_COLUMNS.join(',')).split(',').map((word) => word.trim())
    const ours = words.filter((word) => word !== '').map((word) => NFDUMP_WORDS[word] ?? word)
    const { sort, isAscending } = asked
    return {
      kind: 'rows',
      columns: ours.includes('all') ? null : ours,
      limit: asked.top?.[0] || null,
      sort: sort === null ? null : (NFDUMP_WORDS[sort] ?? sort),
      isAscending,
    }
  },
}
