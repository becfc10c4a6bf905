import { COMMON_FLAGS, type Command } from './flags.ts'

export const SHIP_STATUS: Command = {
  name: 'ship status',
  operands: '',
  summary: 'Say how far each source was sent.',
  description:
    'Reads what weir ship keeps in its state folder, while it runs or later: octets of logs and rows of archives that a ' +
    'server has, how far behind that is, and documents that were refused.',
  flags: [
    {
      name: 'state',
      group: 'Input',
      value: 'DIR',
      completes: 'directory',
      environment: 'STATE_DIRECTORY',
      defaultHelp: '$STATE_DIRECTORY, or /var/lib/weir',
      help: 'The folder that weir ship was given.',
    },
    {
      name: 'format',
      group: 'Output',
      value: 'FORMAT',
      default: 'table',
      choices: ['table', 'json'],
      help: 'For eyes, or an array of objects.',
    },
    ...COMMON_FLAGS,
  ],
  examples: [
    { says: 'What was sent', line: 'weir ship status --state flows' },
    { says: 'For a script', line: 'weir ship status --state flows --format json' },
    { says: 'Sources by name', line: 'weir ship status --state flows | sort' },
  ],
}
