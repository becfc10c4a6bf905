import { COMMON_FLAGS, type Command } from './flags.ts'

const RULES = 'What may stay'

export const ARCHIVE_EXPIRE: Command = {
  name: 'archive expire',
  operands: '<directory>',
  summary: 'Remove old archive files, whole and oldest first.',
  description:
    'A file is as old as the latest record in it. For size and room files of records go first, then rollups; files ' +
    'that are being written always stay. Prints what it removed and why.',
  flags: [
    { name: 'keep', group: RULES, value: 'DURATION', help: 'Remove files of records that are older.' },
    {
      name: 'keep-rollups',
      group: RULES,
      value: 'DURATION',
      defaultHelp: 'for ever',
      help: 'Remove rollups that are older.',
    },
    {
      name: 'max-size',
      group: RULES,
      value: 'SIZE',
      help: 'Remove the oldest when all files together take more.',
    },
    {
      name: 'min-free',
      group: RULES,
      value: 'SIZE|PERCENT',
      help: 'Remove the oldest until this much of the file system is free, such as 20G or 10%.',
    },
    { name: 'dry-run', group: 'Running', help: 'Say what would be removed, and remove nothing.' },
    ...COMMON_FLAGS,
  ],
  examples: [
    {
      says: 'A month of records, two years of rollups',
      line: 'weir archive expire flows --keep 30d --keep-rollups 2y --dry-run',
    },
    { says: 'As much as fits', line: 'weir archive expire flows --max-size 500G' },
    { says: 'Leave room for others', line: 'weir archive expire flows --min-free 1G' },
  ],
}
