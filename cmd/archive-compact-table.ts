import { COMMON_FLAGS, type Command } from './flags.ts'

const JOINING = 'Joining'
const ROLLUPS = 'Rollups'

export const ARCHIVE_COMPACT: Command = {
  name: 'archive compact',
  operands: '<directory>',
  summary: 'Join small archive files into full ones, and write rollups.',
  description:
    'Every row stays as it is, bit for bit. Of a span of time that is not over only small files are joined, and files ' +
    'that are being written are left alone. At every moment a crash leaves a whole archive; the next run, or archive ' +
    'expire, ends the work. Status 3: some file could not be joined, or has no rollups.',
  flags: [
    {
      name: 'into',
      group: JOINING,
      value: 'SPAN',
      default: 'day',
      choices: ['hour', 'day', 'month'],
      help: 'Join files of one stream that were begun in the same hour, day or month (UTC).',
    },
    {
      name: 'older-than',
      group: JOINING,
      value: 'DURATION',
      default: '0',
      help: 'Only files that were begun at least so long ago.',
    },
    {
      name: 'rollups',
      group: ROLLUPS,
      value: 'NAME,…',
      many: 'list',
      default: 'default',
      help: 'Sums over time that reports of long times read instead of records: interfaces, directions, networks, services, local-addresses, remote-as, remote-as-1d (these are the default), networks-1m, remote-as-5m, remote-addresses, network-as, address-as; none writes none.',
    },
    {
      name: 'rollups-only',
      group: ROLLUPS,
      help: 'Join nothing: write the rollups that finished files lack.',
    },
    {
      name: 'local',
      group: ROLLUPS,
      value: 'FILE',
      default: 'private',
      completes: 'file',
      help: 'Local networks, one a line; private stands for the private ones. Rollups answer reports with the same networks.',
    },
    { name: 'dry-run', group: 'Running', help: 'Say what would be joined, and do nothing.' },
    ...COMMON_FLAGS,
  ],
  examples: [
    { says: 'What would be joined', line: 'weir archive compact flows --dry-run' },
    { says: 'From a timer, each night', line: 'weir archive compact flows' },
    {
      says: 'Rollups of what is there, with networks by AS too',
      line: 'weir archive compact flows --rollups-only --rollups default,network-as',
    },
    { says: 'Months of the last year', line: 'weir archive compact flows --into month --older-than 60d' },
  ],
}
