import { COMMON_FLAGS, type Command } from './flags.ts'

export const ARCHIVE_VERIFY: Command = {
  name: 'archive verify',
  operands: '[...paths]',
  summary: 'Compare every checksum of archive files, and say what is still readable.',
  description:
    'Names folders, with all that lies below them, or files. Files that are being written are fine. ' +
    'Status 3: something is damaged.',
  flags: [
    {
      name: 'format',
      group: 'Output',
      value: 'FORMAT',
      default: 'text',
      choices: ['text', 'json'],
      help: 'A line for each file, or an array of objects.',
    },
    { name: 'quiet', group: 'Output', help: 'Print only what is damaged, and the sum.' },
    {
      name: 'progress',
      group: 'Output',
      value: 'WHEN',
      default: 'auto',
      choices: ['auto', 'never', 'always'],
      help: 'Rows, MB/s and time left on stderr where that is a terminal and the work takes a while.',
    },
    ...COMMON_FLAGS,
  ],
  examples: [
    { says: 'Is all of it right?', line: 'weir archive verify flows' },
    { says: 'From cron: prints nothing but damage', line: 'weir archive verify flows --quiet' },
    { says: 'For a script', line: 'weir archive verify flows --format json' },
  ],
}
