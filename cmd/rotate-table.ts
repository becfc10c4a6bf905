import { COMMON_FLAGS, type Command, type Flag } from './flags.ts'

const LOGS = 'Logs'
const WRITER = 'Telling the writer'
const ARCHIVE = 'Archive'
const OLD = 'Old logs'
const RUNNING = 'Running'

const FLAGS: readonly Flag[] = [
  {
    name: 'log',
    group: LOGS,
    value: 'FILE…',
    many: 'words',
    completes: 'file',
    help: 'Rotate these logs; a glob in quotes finds them at each run. One writer may have several.',
  },
  {
    name: 'name',
    group: LOGS,
    value: 'PATTERN',
    default: '{name}_%Y%m%d_%H%M{ext}',
    help: "What an old log is called: %Y %m %d %H %M %S %s and the log's {name} and {ext}; folders may be part of it. For a name that is taken .1, .2 … is put before the extension.",
  },
  {
    name: 'tz',
    group: LOGS,
    value: 'ZONE',
    default: 'UTC',
    help: 'Time zone of these names, such as Europe/Berlin.',
  },
  { name: 'local-time', group: LOGS, help: "The machine's time zone for these names." },
  {
    name: 'signal-pid',
    group: WRITER,
    value: 'PID',
    help: 'The process that writes the logs. It must have one of them open, or nothing is done.',
  },
  {
    name: 'signal-pid-file',
    group: WRITER,
    value: 'FILE',
    completes: 'file',
    help: 'A file that holds its number.',
  },
  {
    name: 'signal-unit',
    group: WRITER,
    value: 'NAME',
    help: 'The systemd unit that it is the main process of.',
  },
  {
    name: 'signal-command',
    group: WRITER,
    value: 'COMMAND',
    help: 'A shell command that tells it, such as docker compose exec -T goflow2 kill -HUP 1.',
  },
  {
    name: 'signal',
    group: WRITER,
    value: 'SIGNAL',
    default: 'SIGHUP',
    help: 'What is sent; none for a writer that finds out by itself.',
  },
  {
    name: 'wait',
    group: WRITER,
    value: 'DURATION',
    default: '30s',
    help: 'Longest time until the writer must have let go of the old log. After it the old log is kept as it is, and the next run goes on.',
  },
  {
    name: 'copytruncate',
    group: WRITER,
    help: 'For a writer that cannot reopen its log: copy the log, then empty it. Lines that are written in the moment between are lost.',
  },
  {
    name: 'archive',
    group: ARCHIVE,
    value: 'DIR',
    completes: 'directory',
    help: 'Put the flows of each old log into this archive, once; the old log itself stays until --keep lets it go.',
  },
  {
    name: 'archive-stream',
    group: ARCHIVE,
    value: 'NAME',
    default: 'rotate',
    help: 'What the archive files are called.',
  },
  {
    name: 'mapping',
    group: ARCHIVE,
    value: 'FILE',
    completes: 'file',
    help: "goflow2's mapping.yaml with which the log was written. Fields that it renames are found without it as long as their names are goflow2's.",
  },
  {
    name: 'keep-rejects',
    group: ARCHIVE,
    help: 'Lines that are no flows are counted (status 3); this puts them beside the old log too, into a file that ends in .rejects.',
  },
  {
    name: 'compress',
    group: OLD,
    value: 'HOW',
    default: 'none',
    choices: ['none', 'zstd', 'gzip'],
    help: 'Compress old logs.',
  },
  {
    name: 'then',
    group: OLD,
    value: 'COMMAND',
    help: 'Run this shell command for each finished file; %f is its path. When it fails, the next run tries it again.',
  },
  { name: 'keep', group: OLD, value: 'DURATION', help: 'Remove old logs that are older.' },
  {
    name: 'max-size',
    group: OLD,
    value: 'SIZE',
    help: 'Remove the oldest when those of one log take more.',
  },
  {
    name: 'min-free',
    group: OLD,
    value: 'SIZE|PERCENT',
    help: 'Remove the oldest until this much of the file system is free, such as 20G or 10%.',
  },
  {
    name: 'state',
    group: RUNNING,
    value: 'DIR',
    completes: 'directory',
    defaultHelp: 'beside each log, hidden',
    help: 'Keep lock and journal here; the same folder each time, or what a killed run left is not found.',
  },
  {
    name: 'wait-lock',
    group: RUNNING,
    help: 'When another run is at work on a log, wait for its end instead of leaving that log out with status 1.',
  },
  { name: 'dry-run', group: RUNNING, help: 'Say what would be done on stdout, and do nothing.' },
  {
    name: 'log-level',
    group: RUNNING,
    value: 'LEVEL',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
    help: 'Least important log lines to print on stderr; warn keeps cron quiet.',
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

export const ROTATE: Command = {
  name: 'rotate',
  operands: '',
  summary: 'Give logs that are being written a new name, archive them, and lose no line.',
  description:
    'Renames each log, tells its writer (goflow2, weir collect, or whatever reopens its log on a signal), waits until ' +
    'no process has the old log open, archives and compresses it, hands it on and removes old ones. Each step is put into ' +
    'a journal first: a run that was killed is finished by the next. Status 3: done, but the writer does not run, a log ' +
    'is missing, or not all lines are flows.',
  flags: FLAGS,
  examples: [
    {
      says: "Rotate goflow2's log, compress it and keep a month of them, from cron",
      line: 'weir rotate --log goflow2.log --signal-pid-file goflow2.pid --compress zstd --keep 30d',
    },
    {
      says: "Put goflow2's flows into an archive, and keep its own lines for a day",
      line: 'weir rotate --log goflow2.log --signal-pid-file goflow2.pid --archive flows --keep 1d',
    },
    {
      says: 'What would be done, and to whom',
      line: "weir rotate --log 'goflow2*.log' --signal-pid-file goflow2.pid --dry-run",
    },
    {
      says: 'A program that cannot reopen its log; what it writes in that moment is lost',
      line: 'weir rotate --log app.log --copytruncate --compress gzip --max-size 10G',
    },
  ],
  hints: {
    'signal-container': "use --signal-command, for example 'docker kill -s HUP NAME'",
    'copy-truncate': 'it is called --copytruncate',
  },
}
