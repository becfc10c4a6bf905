import { writingFlags } from './archive-writing-flags.ts'
import { COMMON_FLAGS, type Command, type Flag } from './flags.ts'
import { INPUT_FORMATS } from './inputs/formats.ts'

const INPUT = 'Input'
const ARCHIVE = 'Archive'
const RUNNING = 'Running'

const FLAGS: readonly Flag[] = [
  {
    name: 'input-format',
    group: INPUT,
    value: 'FORMAT',
    default: 'auto',
    choices: INPUT_FORMATS,
    help: "What the inputs are: goflow2's lines (json), text lines, length-delimited protobuf (bin), archives and flow streams (weir), captures (pcap); auto looks at their first octets.",
  },
  {
    name: 'mapping',
    group: INPUT,
    value: 'FILE',
    completes: 'file',
    help: "goflow2's mapping.yaml with which a log was written. Fields that it renames are found without it as long as their names are goflow2's.",
  },
  {
    name: 'read-port',
    group: INPUT,
    value: 'PORT,…',
    many: 'list',
    defaultHelp: 'any UDP port',
    help: 'Take only datagrams sent to these ports from captures.',
  },
  {
    name: 'rejects',
    group: INPUT,
    value: 'FILE',
    completes: 'file',
    help: 'Append what is no flow to this file, as it came.',
  },
  {
    name: 'archive',
    group: ARCHIVE,
    value: 'DIR',
    completes: 'directory',
    help: 'The archive; it is made if it is not there. Files are DIR/YYYY/MM/DD/STREAM-TIME-N.weir, in UTC.',
  },
  {
    name: 'stream',
    group: ARCHIVE,
    value: 'NAME',
    default: 'import',
    help: 'What the files are called. One writer at a time has a name; several names may be written at once.',
  },
  ...writingFlags(ARCHIVE),
  {
    name: 'block-rows',
    group: ARCHIVE,
    value: 'N',
    default: '131072',
    help: 'Flows of a full block, 1024 to 1048576: larger ones are smaller on disk, smaller ones are read faster where few flows are asked for.',
  },
  {
    name: 'progress',
    group: RUNNING,
    value: 'WHEN',
    default: 'auto',
    choices: ['auto', 'never', 'always'],
    help: 'auto shows rows, MB/s and time left on a terminal; always also prints "acknowledged N rows" on stderr each time that the disk has N of them for certain.',
  },
  {
    name: 'log-level',
    group: RUNNING,
    value: 'LEVEL',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
    help: 'Least important log lines to print on stderr.',
  },
  {
    name: 'log-format',
    group: RUNNING,
    value: 'FORMAT',
    default: 'text',
    choices: ['text', 'json'],
    help: 'How log lines are written.',
  },
  ...COMMON_FLAGS,
]

export const ARCHIVE_WRITE: Command = {
  name: 'archive write',
  operands: '[...file]',
  summary: 'Write logs, flow streams and captures into an archive.',
  description:
    "Takes goflow2's logs of every version and mapping (JSON lines, text, protobuf), flow streams, archive files and " +
    'folders of them, captures of export datagrams; each also gzip or zstd compressed, and - is stdin. Lines that are ' +
    'no flows are counted and left out (status 3). A pipe is synced at its pace; SIGTERM and SIGINT close the file.',
  flags: FLAGS,
  examples: [
    { says: 'A log of goflow2', line: 'weir archive write old.log --archive flows' },
    {
      says: 'What a capture of an exporter holds, in files of at most 1 GB',
      line: 'weir archive write testdata/demo/office.pcap --archive flows --rotate-size 1G',
    },
    {
      says: 'What a collector prints, keeping what is no flow',
      line: 'weir collect --read testdata/demo/office.pcap | weir archive write - --archive flows --rejects rejects.log',
    },
  ],
  hints: {
    output: 'the archive is named by --archive DIR',
    format: 'what goes in is told by its octets, or by --input-format; it is stored as archive files',
    read: 'name the files behind weir archive write',
  },
}
