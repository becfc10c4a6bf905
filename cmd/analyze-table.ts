import type { PresetFlag } from '../lib/report/presets/preset.ts'
import { PRESETS } from '../lib/report/presets/presets.ts'
import { COMMON_FLAGS, type Command, type Flag, findFlag } from './flags.ts'
import { timeFlags } from './times.ts'

const ROWS = 'Rows'
const QUESTION = 'Question'
const KNOWLEDGE = 'Knowledge'
const RUNNING = 'Running'

export const ALLOCATIONS = ['proportional', 'start', 'end', 'uniform', 'max', 'min'] as const
export const ANALYZE_FORMATS = ['table', 'csv', 'tsv', 'json', 'ndjson', 'markdown', 'prom', 'html'] as const

const FLAGS: readonly Flag[] = [
  {
    name: 'in',
    group: ROWS,
    value: 'DIR|FILE|-',
    many: 'words',
    completes: 'file',
    help: 'Archives, logs of goflow2 and flow streams, compressed or not; - is stdin.',
  },
  ...timeFlags(ROWS),
  { name: 'day', group: ROWS, value: 'DATE', help: 'One day, such as 2026-11-20, in the zone of --tz.' },
  { name: 'month', group: ROWS, value: 'MONTH', help: 'One month, such as 2026-11, in the zone of --tz.' },
  {
    name: 'filter',
    group: ROWS,
    value: 'FILTER',
    help: "Only flows that it takes, in nfdump's language and ours; the same as words without a flag.",
  },
  {
    name: 'by',
    group: QUESTION,
    value: 'KEY,…',
    help: 'What flows are grouped by; without it there is one row of totals. src.ip src.ip/24 src.port src.as src.as.source src.net src.name src.country, the same with dst, local and remote; ip ip/24 port as if, either end of each flow; direction service application pair time, in.if.name out.if.name if.name, proto in.if out.if exporter next.hop tos flags vlan …, labels of --local, and any element by its IANA name.',
  },
  {
    name: 'sum',
    group: QUESTION,
    value: 'MEASURE,…',
    default: 'bytes,packets,flows',
    help: 'What is told of each group; the first one sorts. bytes packets flows bps pps fps bpp uniq(KEY) p95(bps) max(bps) trend(bps) share(MEASURE) cumulative(MEASURE) ratio(MEASURE,MEASURE), and min max avg sum of a COLUMN; bytes.in, bps.out and their like count one direction.',
  },
  {
    name: 'bin',
    group: QUESTION,
    value: 'DURATION',
    help: 'Length of time bins, for the key time and for p95(bps) and its like. With it and without time among the keys, time is the first key.',
  },
  {
    name: 'alloc',
    group: QUESTION,
    value: 'HOW',
    default: 'proportional',
    choices: ALLOCATIONS,
    help: 'How a flow that crosses bins is shared out: in proportion to time, all to the bin of its start or end, evenly (uniform), fully to each bin (max), only flows within one bin (min).',
  },
  {
    name: 'active-timeout',
    group: QUESTION,
    value: 'DURATION',
    help: 'Longer flows count as having begun this long before their end: for exporters whose records keep the first start.',
  },
  {
    name: 'top',
    group: QUESTION,
    value: 'N',
    help: 'Only the first N groups; with commas, N of each key in each group of the keys before it.',
  },
  { name: 'bottom', group: QUESTION, value: 'N', help: 'As --top, but the smallest first.' },
  {
    name: 'per',
    group: QUESTION,
    value: 'KEY',
    many: 'list',
    help: 'Apply --top to what follows this key in each of its groups: --by local.net,remote.as --top 3 --per local.net.',
  },
  {
    name: 'sort',
    group: QUESTION,
    value: 'MEASURE',
    help: 'What sorts, descending; MEASURE:asc is ascending. Without it the first measure. Where --top has several numbers, MEASURE,MEASURE sorts the first key and those within it.',
  },
  { name: 'ascending', group: QUESTION, help: 'Smallest first.' },
  { name: 'others', group: QUESTION, help: 'One more row for the groups that --top leaves out.' },
  {
    name: 'min',
    group: QUESTION,
    value: 'PERCENT',
    help: 'Only groups with at least this part of the whole, such as 1%, of what sorts.',
  },
  {
    name: 'having',
    group: QUESTION,
    value: 'CONDITION',
    help: "Only groups whose measures are so: 'bytes > 1G and flows < 10'.",
  },
  {
    name: 'share',
    group: QUESTION,
    help: 'Also the part of the whole that each row has, of the first measure.',
  },
  {
    name: 'cumulative',
    group: QUESTION,
    help: 'Also what rows have of the whole together, from the first one on.',
  },
  {
    name: 'raw-counters',
    group: QUESTION,
    help: 'Counters as exporters sent them, not times the sampling rate.',
  },
  {
    name: 'dedup',
    group: QUESTION,
    value: 'HOW',
    default: 'none',
    choices: ['none', 'exporter', 'edge'],
    help: 'exporter: of a flow that several exporters saw, the one that counted most stands for it. edge: what is seen on egress does not count.',
  },
  {
    name: 'local',
    group: KNOWLEDGE,
    value: 'FILE',
    default: 'private',
    completes: 'file',
    help: 'The local networks with their names and labels; private is the private address space.',
  },
  {
    name: 'ifs',
    group: KNOWLEDGE,
    value: 'FILE',
    completes: 'file',
    help: 'Names and speeds of interfaces: lines of exporter,ifindex,name,speed; * is every exporter, 10G a speed. Without it what exporters said of them.',
  },
  {
    name: 'as',
    group: KNOWLEDGE,
    value: 'FILE',
    completes: 'file',
    help: 'AS numbers of addresses: an MMDB or a table of prefixes.',
  },
  {
    name: 'as-source',
    group: KNOWLEDGE,
    value: 'ORDER',
    default: 'auto',
    help: 'Whose AS numbers count first: auto, or an order of user, exporter, built-in.',
  },
  {
    name: 'format',
    group: RUNNING,
    value: 'FORMAT',
    choices: ANALYZE_FORMATS,
    defaultHelp: 'table on a terminal, tsv elsewhere',
    help: 'How rows are written.',
  },
  {
    name: 'output',
    group: RUNNING,
    value: 'FILE',
    completes: 'file',
    help: 'Write there instead of to stdout; the file has its name once it is whole. strftime patterns (%Y %m %d %H %M) are those of the start of the window.',
  },
  {
    name: 'explain',
    group: RUNNING,
    help: 'Print the same question without a report, and what would be read, and stop.',
  },
  {
    name: 'file',
    group: RUNNING,
    value: 'FILE',
    completes: 'file',
    help: 'Many reports in one pass, each to its own output: YAML with a list reports, of mappings with report, words, output and any of these flags.',
  },
  {
    name: 'watch',
    group: RUNNING,
    value: 'DURATION',
    help: 'Answer again each 5s, say, until Ctrl-C; reads again only when something has changed.',
  },
  {
    name: 'strict',
    group: RUNNING,
    help: 'Status 3 also where bins have no data, sampling rates are unknown or records are lost.',
  },
  {
    name: 'memory',
    group: RUNNING,
    value: 'SIZE',
    defaultHelp: 'a quarter of the machine',
    help: 'Memory for groups; what exceeds it goes to files in $TMPDIR, and the answer stays exact.',
  },
  {
    name: 'raw',
    group: RUNNING,
    help: 'Read records only, also where rollups would give the same answer sooner.',
  },
  {
    name: 'threads',
    group: RUNNING,
    value: 'N',
    defaultHelp: 'as many as cores, at most 4',
    help: 'Threads that read archive files where there is enough to read.',
  },
  {
    name: 'progress',
    group: RUNNING,
    value: 'WHEN',
    default: 'auto',
    choices: ['auto', 'never', 'always'],
    help: 'How far the work is, on stderr.',
  },
  ...COMMON_FLAGS,
]

export const ANALYZE: Command = {
  name: 'analyze',
  operands: '[...filter]',
  summary: 'Answer questions about flows: reports, sums by any keys, time series, percentiles.',
  description:
    'weir analyze REPORT asks one of the reports below; without a report any keys and measures can be asked for, and a report ' +
    'is nothing but such a question (--explain shows it). Words that are no flags are a filter. Volume is shared out over ' +
    'time bins in proportion, a window cuts flows that cross it, and rates are over the window or bin. Counters are times the ' +
    'sampling rate; 0 and unknown count as 1. Sums are exact. The footer says how good the answer is; formats for machines ' +
    'have it on stderr. Status 3: done, but some input was bad or missing.',
  verbsAre: 'Reports',
  flags: FLAGS,
  hints: Object.fromEntries(
    PRESETS.flatMap(({ name, flags }) =>
      flags
        .filter((flag) => findFlag(FLAGS, flag.name) === undefined)
        .map((flag) => [flag.name, `it belongs to a report: weir analyze ${name} --${flag.name}`]),
    ),
  ),
  examples: [
    { says: 'What local networks access', line: 'weir analyze local --in flows' },
    { says: 'Ten sources with most traffic', line: 'weir analyze --in flows --by src.ip --top 10' },
    {
      says: 'Where local networks send what',
      line: "weir analyze 'dst port 443' --in flows --by local.ip/24,remote.as --sum 'bytes,uniq(remote.ip)' --top 20",
    },
  ],
}

/** `weir analyze REPORT`, for each report. */
export const REPORT_COMMANDS: readonly Command[] = PRESETS.map(
  ({ name, summary, description, operand, flags, examples }) => ({
    name: `analyze ${name}`,
    operands: operand === null ? '[...filter]' : '[...words]',
    words: operand?.choices ?? [],
    summary,
    description:
      operand === null
        ? description
        : `The first word is ${operandText(operand)}; the others are a filter. ${description}`,
    flags: [
      ...flags.map(reportFlag),
      ...FLAGS.filter((flag) => !flags.some((own) => own.name === flag.name)),
    ],
    examples,
  }),
)

function operandText({
  value,
  choices,
  isRequired,
}: {
  value: string
  choices: readonly string[] | null
  isRequired: boolean
}) {
  const what = choices === null ? value : `one of ${choices.join(', ')}`
  return isRequired ? what : `${what}, or left out for ${choices?.[0] ?? 'none'}`
}

function reportFlag(flag: PresetFlag): Flag {
  return { ...flag, group: 'Report' }
}
