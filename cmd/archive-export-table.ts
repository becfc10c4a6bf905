import { documentFlags } from './document-table.ts'
import { COMMON_FLAGS, type Command, type Flag } from './flags.ts'
import { timeFlags } from './times.ts'

const OUTPUT = 'Output'
const LINES = "goflow2's lines (json, text, bin)"
const TABLES = 'Tables (csv, tsv, parquet, json with --columns)'

/** What rows can be written as. */
export const EXPORT_FORMATS = [
  'json',
  'text',
  'bin',
  'csv',
  'tsv',
  'parquet',
  'ecs',
  'ecs-agent',
  'weir',
  'nfdump-csv',
] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

/** Kinds of records that an archive holds. */
export const EXPORT_KINDS = ['flow', 'options', 'counters', 'discard'] as const

const FLAGS: readonly Flag[] = [
  {
    name: 'format',
    group: OUTPUT,
    value: 'FORMAT',
    default: 'json',
    choices: EXPORT_FORMATS,
    help: "goflow2's lines (json, text) and messages (bin), tables (csv, tsv, parquet), Elastic's documents (ecs; ecs-agent before Elastic's pipeline), weir's flow stream (weir), or nfdump's csv.",
  },
  {
    name: 'output',
    group: OUTPUT,
    value: 'FILE',
    default: '-',
    completes: 'file',
    help: 'Write here; - is stdout. The file has its name only once it is whole.',
  },
  {
    name: 'kinds',
    group: OUTPUT,
    value: 'KIND,…',
    many: 'list',
    defaultHelp: 'flow; all with ecs, ecs-agent and weir',
    help: 'Kinds of records: flow, options, counters (of sFlow), discard. Other kinds than flow are printed as JSON with their columns, or as tables.',
  },
  ...timeFlags('Rows'),
  {
    name: 'filter',
    group: 'Rows',
    value: 'FILTER',
    help: "Only flows that it takes, in nfdump's language and ours: 'proto tcp and dst port 443 and net 192.0.2.0/24'.",
  },
  {
    name: 'as-written',
    group: LINES,
    defaultHelp: 'true, unless a mapping or a compatibility is given',
    help: 'Print rows that came from a log as they stood there: fields, order, names and forms, in the same octets.',
  },
  {
    name: 'mapping',
    group: LINES,
    value: 'FILE',
    completes: 'file',
    help: "goflow2's mapping.yaml: which fields are printed, in which order and form.",
  },
  {
    name: 'goflow2-compat',
    group: LINES,
    value: 'VERSION',
    default: '2.2',
    choices: ['2.2', '2.1'],
    help: 'Whose shape the lines have.',
  },
  {
    name: 'separator',
    aliases: ['transport.file.sep'],
    group: LINES,
    value: 'TEXT',
    default: '\n',
    defaultHelp: 'a line feed',
    help: 'Written after each line and message; empty for messages (bin) that follow each other.',
  },
  {
    name: 'columns',
    group: TABLES,
    value: 'NAME,…',
    many: 'list',
    defaultHelp: 'the columns of lib/export/COLUMNS.md',
    help: 'Columns in this order: names of IANA elements, or of columns that an input has. With json: objects of these columns.',
  },
  {
    name: 'times',
    group: TABLES,
    value: 'FORM',
    default: 'rfc3339',
    choices: ['rfc3339', 'epoch-ns', 'epoch-ms'],
    help: 'How csv, tsv and json write times: with nine digits of fraction in UTC, or as numbers.',
  },
  {
    name: 'header',
    group: TABLES,
    default: 'true',
    help: 'Begin csv and tsv with a line of names.',
  },
  ...documentFlags('Documents (ecs, ecs-agent)'),
  {
    name: 'progress',
    group: 'Running',
    value: 'WHEN',
    default: 'auto',
    choices: ['auto', 'never', 'always'],
    help: 'Say on stderr how far it is; auto: on a terminal, when it takes over a second.',
  },
  ...COMMON_FLAGS,
]

export const ARCHIVE_EXPORT: Command = {
  name: 'archive export',
  operands: '[...paths]',
  summary: "Print the records of archives as goflow2's lines, CSV, Parquet and other formats.",
  description:
    'Names folders, with all that lies below them, archive files, logs of goflow2, captures, or - for standard input. ' +
    'Keeps the written order. A time range takes the flows that touch it. Status 3: some input was damaged, and what is readable was written.',
  flags: FLAGS,
  examples: [
    {
      says: 'What goflow2 would have printed, of the last hour',
      line: 'weir archive export flows --last 1h',
    },
    {
      says: 'Into a table of another program',
      line: 'weir archive export flows --format parquet --output flows.parquet',
    },
    {
      says: 'Who talked to whom, as CSV',
      line: 'weir archive export flows --format csv --columns sourceAddress,destinationAddress,octetDeltaCount',
    },
  ],
}
