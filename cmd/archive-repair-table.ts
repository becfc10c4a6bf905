import { COMMON_FLAGS, type Command } from './flags.ts'

export const ARCHIVE_REPAIR: Command = {
  name: 'archive repair',
  operands: '[...paths]',
  summary: 'Finish and rebuild archive files that a crash or a bad disk left.',
  description:
    'Names folders, with all that lies below them, or files. What is whole is kept; octets that cannot be used stay ' +
    'beside the file in one that ends in .bad. Files that are being written are left alone. Status 3: something was lost.',
  flags: [
    { name: 'dry-run', group: 'Running', help: 'Say what would be done, and do nothing.' },
    ...COMMON_FLAGS,
  ],
  examples: [
    { says: 'What would be done', line: 'weir archive repair flows --dry-run' },
    { says: 'Do it', line: 'weir archive repair flows' },
    { says: 'Is all of it right now?', line: 'weir archive repair flows && weir archive verify flows' },
  ],
}
