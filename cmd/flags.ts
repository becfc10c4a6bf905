/** One flag of a command. Parsing, help, the man page, completions and configuration keys all come from these. */
export interface Flag {
  /** The long name, and the key in a configuration file. */
  readonly name: string
  /** Other names, goflow2's dotted ones among them; shown in help. */
  readonly aliases?: readonly string[]
  /** Names that are understood and never shown. */
  readonly silentAliases?: readonly string[]
  readonly group: string
  readonly help: string
  /** What help calls the value; a flag without one is on or off. */
  readonly value?: string
  /** The default in the form in which it would be typed. */
  readonly default?: string
  /** What help says of the default where the text itself would not be clear. */
  readonly defaultHelp?: string
  readonly choices?: readonly string[]
  /** The environment variable that speaks when neither flag nor file does. */
  readonly environment?: string
  /** Several values: separated by commas (`list`), or also by blanks up to the next flag (`words`). */
  readonly many?: 'list' | 'words'
  /** The value is JSON; a configuration file may have a map or list in its place. */
  readonly isStructured?: true
  /** What a shell should offer for the value. */
  readonly completes?: 'file' | 'directory'
  /** Understood, but not shown in help, man page or completions. */
  readonly isHidden?: true
  /** The value is never printed. */
  readonly isSecret?: true
}

export interface Example {
  readonly says: string
  readonly line: string
}

/** One command as data. `operands` is cac's notation for what follows the command's name. */
export interface Command {
  /** One word, or the word of a command and a verb: `archive write`. */
  readonly name: string
  readonly operands: string
  readonly summary: string
  /** A paragraph below the summary in help, if one is needed. */
  readonly description?: string
  /** Words of its own that may follow, for completion. */
  readonly words?: readonly string[]
  readonly flags: readonly Flag[]
  readonly examples: readonly Example[]
  /** Names of flags that once were, or that belong elsewhere, and what to do instead. */
  readonly hints?: Readonly<Record<string, string>>
  readonly isHidden?: true
  /** Does nothing without one of its verbs. */
  readonly needsVerb?: true
  /** What help calls its verbs, if not so. */
  readonly verbsAre?: string
}

/** Values of one flag, and where they came from. */
export interface Given {
  readonly values: readonly string[]
  /** For messages: `--listen`, `weir.yaml:3: listen` or `$STATE_DIRECTORY`. */
  readonly source: string
}

/** Given flags by their long name. */
export type GivenFlags = ReadonlyMap<string, Given>

/** The flag that has this name or alias, or undefined. */
export function findFlag(flags: readonly Flag[], name: string): Flag | undefined {
  return flags.find(
    (flag) =>
      flag.name === name ||
      flag.aliases?.includes(name) === true ||
      flag.silentAliases?.includes(name) === true,
  )
}

/** All names a user may see proposed. */
export function shownNames(flags: readonly Flag[]): string[] {
  return flags
    .filter((flag) => flag.isHidden !== true)
    .flatMap((flag) => [flag.name, ...(flag.aliases ?? [])])
}

/** The first word of a command's name, which is also its section in a configuration file. */
export function firstWord(command: Command): string {
  return command.name.split(' ')[0]!
}

/** The commands of two words that begin with this one's. */
export function verbsOf(commands: readonly Command[], name: string): Command[] {
  return commands.filter((command) => command.name.startsWith(`${name} `))
}

/** The second word of a command's name. */
export function verb(command: Command): string {
  return command.name.split(' ')[1]!
}

/** Flags that every command has. */
export const COMMON_FLAGS: readonly Flag[] = [
  {
    name: 'config',
    value: 'FILE',
    group: 'General',
    completes: 'file',
    defaultHelp: '/etc/weir/weir.yaml and $XDG_CONFIG_HOME/weir/weir.yaml, where they exist',
    help: 'Read flags from this YAML file; flags given here win.',
  },
  { name: 'help', aliases: ['h'], group: 'General', help: 'Print this help.' },
]
