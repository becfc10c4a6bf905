import { COMMANDS } from './commands.ts'
import { type Command, type Flag, firstWord, verb, verbsOf } from './flags.ts'
import { nearest } from './nearest.ts'
import { UsageError } from './usage-error.ts'

const SCRIPTS: Readonly<Record<string, () => string>> = { bash, zsh, fish }

/** The completion script for a shell; throws UsageError for a shell that has none. */
export function completionScript(shell: string): string {
  const script = SCRIPTS[shell]
  if (script !== undefined) return script()
  const near = nearest(shell, Object.keys(SCRIPTS))
  throw new UsageError(
    `completion: there is none for ${shell}; ${near === undefined ? 'want bash, zsh or fish' : `did you mean ${near}?`}`,
  )
}

const shown = (command: Command): Flag[] => command.flags.filter((flag) => flag.isHidden !== true)

const dashed = (flag: Flag): string[] =>
  [flag.name, ...(flag.aliases ?? [])].map((name) => `${name.length > 1 ? '--' : '-'}${name}`)

/** Words that may follow a command that has operands. */
function operandWords(command: Command): readonly string[] {
  if (command.name === 'completion') return Object.keys(SCRIPTS)
  if (command.name === 'config') return ['check', 'show']
  if (command.name === 'help') return [...new Set(COMMANDS.map(firstWord))]
  return command.words ?? verbsOf(COMMANDS, command.name).map(verb)
}

/** Commands of one word: what a shell offers first. */
const firstWords = (): Command[] => COMMANDS.filter(({ name }) => !name.includes(' '))

/** Full names of commands of two words. */
const twoWords = (): string[] => COMMANDS.map(({ name }) => name).filter((name) => name.includes(' '))

/** A shell pattern that is one of the names, and never empty. */
const either = (names: readonly string[]): string => names.map((name) => `'${name}'`).join('|') || "''"

function bash(): string {
  const arms = COMMANDS.map((command) => {
    const flags = shown(command)
    const values = flags
      .map((flag) => [dashed(flag).join('|'), bashValues(flag)] as const)
      .filter(([, words]) => words !== '')
      .map(([names, words]) => `        ${names}) ${words}; return ;;`)
    return [
      `    '${command.name}')`,
      ...(values.length === 0 ? [] : ['      case $previous in', ...values, '      esac']),
      `      words='${[...operandWords(command), ...flags.flatMap(dashed)].join(' ')}'`,
      '      ;;',
    ].join('\n')
  })
  return `# bash completion for weir
_weir() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    words='${firstWords()
      .map(({ name }) => name)
      .join(' ')} --help --version'
  else
    local command=\${COMP_WORDS[1]}
    if ((COMP_CWORD > 2)); then
      case "$command \${COMP_WORDS[2]}" in ${either(twoWords())}) command+=" \${COMP_WORDS[2]}" ;; esac
    fi
    case $command in
${arms.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  if [[ $word != -* ]]; then COMPREPLY+=($(compgen -f -- "$word")); fi
}
complete -o filenames -F _weir weir
`
}

function bashValues(flag: Flag): string {
  if (flag.choices !== undefined) return `COMPREPLY=($(compgen -W '${flag.choices.join(' ')}' -- "$word"))`
  if (flag.completes === 'file') return 'COMPREPLY=($(compgen -f -- "$word"))'
  if (flag.completes === 'directory') return 'COMPREPLY=($(compgen -d -- "$word"))'
  return ''
}

/** A help text as zsh's `_arguments` takes it inside single quotes. */
const zshText = (text: string): string => text.replaceAll("'", "'\\''").replaceAll(/[[\]:]/g, '\\$&')

function zsh(): string {
  const arms = COMMANDS.map((command) => {
    const flags = shown(command).flatMap((flag) =>
      dashed(flag).map((name) => {
        const value = flag.value === undefined ? '' : `:${zshText(flag.value)}:${zshValues(flag)}`
        const equals = flag.value === undefined ? '' : '='
        return `        '${flag.many === undefined ? '' : '*'}${name}${equals}[${zshText(flag.help)}]${value}'`
      }),
    )
    const words = operandWords(command)
    const operand =
      words.length === 0 ? "        '*:file:_files'" : `        '1:word:(${words.join(' ')})' '*:file:_files'`
    return `    '${command.name}')\n      _arguments \\\n${[...flags, operand].join(' \\\n')}\n      ;;`
  })
  return `#compdef weir
_weir() {
  local -a commands
  commands=(
${firstWords()
  .map(({ name, summary }) => `    '${name}:${zshText(summary)}'`)
  .join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  if ((CURRENT > 2)); then
    case "$command $words[2]" in
      ${either(twoWords())}) command+=" $words[2]"; shift words; ((CURRENT--)) ;;
    esac
  fi
  case $command in
${arms.join('\n')}
  esac
}
if [ "$funcstack[1]" = _weir ]; then _weir "$@"; else compdef _weir weir; fi
`
}

function zshValues(flag: Flag): string {
  if (flag.choices !== undefined) return `(${flag.choices.join(' ')})`
  if (flag.completes === 'file') return '_files'
  if (flag.completes === 'directory') return '_files -/'
  return ''
}

const fishText = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

function fish(): string {
  const lines = [
    '# fish completion for weir',
    'complete -c weir -f',
    'complete -c weir -n __fish_use_subcommand -l help -d "Print help"',
    'complete -c weir -n __fish_use_subcommand -l version -d "Print the version"',
    ...firstWords().map(
      ({ name, summary }) => `complete -c weir -n __fish_use_subcommand -a ${name} -d ${fishText(summary)}`,
    ),
  ]
  for (const command of COMMANDS) {
    const seen = command.name.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`)
    const where = `complete -c weir -n "${seen.join('; and ')}"`
    const words = operandWords(command)
    if (words.length > 0) lines.push(`${where} -a '${words.join(' ')}'`)
    for (const flag of shown(command)) {
      for (const name of [flag.name, ...(flag.aliases ?? [])]) {
        lines.push(
          `${where} ${name.length > 1 ? '-l' : '-s'} ${name}${fishValues(flag)} -d ${fishText(flag.help)}`,
        )
      }
    }
  }
  return `${lines.join('\n')}\n`
}

function fishValues(flag: Flag): string {
  if (flag.value === undefined) return ''
  if (flag.choices !== undefined) return ` -x -a '${flag.choices.join(' ')}'`
  if (flag.completes === 'file') return ' -r -F'
  if (flag.completes === 'directory') return " -x -a '(__fish_complete_directories)'"
  return ' -x'
}
