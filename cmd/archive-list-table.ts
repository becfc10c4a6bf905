import { COMMON_FLAGS, type Command } from './flags.ts'
import { timeFlags } from './times.ts'

export const ARCHIVE_LIST: Command = {
  name: 'archive list',
  operands: '[...paths]',
  summary: 'List archive files: times, rows, octets, exporters, state.',
  description:
    'Names folders, with all that lies below them, or files. Files whose rows are all in a compacted one are left out. ' +
    'Status 3: some file is damaged.',
  flags: [
    {
      name: 'format',
      group: 'Output',
      value: 'FORMAT',
      default: 'table',
      choices: ['table', 'json', 'csv'],
      help: 'How to print: for eyes, as an array of objects, or with a line of names first.',
    },
    {
      name: 'kind',
      group: 'Output',
      value: 'KIND',
      default: 'raw',
      choices: ['raw', 'rollup', 'all'],
      help: 'Files of records, of rollups, or both.',
    },
    ...timeFlags('Time range'),
    ...COMMON_FLAGS,
  ],
  examples: [
    { says: 'What is there', line: 'weir archive list flows' },
    {
      says: 'What is there of the last day, for a script',
      line: 'weir archive list flows --last 1d --format json',
    },
    { says: 'Into a spreadsheet', line: 'weir archive list flows --format csv > files.csv' },
  ],
}
