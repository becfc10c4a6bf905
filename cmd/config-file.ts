import type { Node, Pair, YAMLMap } from 'yaml'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { reasonOf } from '../lib/diagnostics/reason.ts'
import { CONFIGURED } from './commands.ts'
import {
  type Command,
  type Flag,
  findFlag,
  firstWord,
  type Given,
  type GivenFlags,
  shownNames,
} from './flags.ts'
import { nearest } from './nearest.ts'
import { readText } from './read-text.ts'
import { UsageError } from './usage-error.ts'

/** Values of a configuration file by section and flag. */
export type Configuration = ReadonlyMap<string, GivenFlags>

/** Flags that make no sense inside a file. */
const NOT_IN_FILES = ['config', 'help', 'v']

/** Flags of a command with what these files say, the later ones winning over the earlier; flags given by hand win. */
export async function mergeConfiguration(
  name: string,
  given: GivenFlags,
  files: readonly string[],
): Promise<GivenFlags> {
  const command = CONFIGURED.find((candidate) => candidate.name === name)!
  const merged = new Map<string, Given>()
  for (const file of files) {
    const section = (await loadConfiguration(file)).get(firstWord(command))
    for (const [flag, value] of section ?? []) {
      // Verbs share a section: a key of another verb is not for this one.
      if (findFlag(command.flags, flag) === undefined) continue
      if (await isForAnother(command, flag, value)) continue
      merged.set(flag, value)
    }
  }
  for (const [flag, value] of given) merged.set(flag, value)
  return merged
}

/** Whether the value of a key that verbs share, as `format`, is one that only another verb has. */
async function isForAnother(command: Command, flag: string, value: Given): Promise<boolean> {
  const { ownersOf, valueRefusals } = await import('./configured-value.ts')
  const owners = ownersOf(firstWord(command), flag)
  if (owners.length === 1) return false
  const [own] = await valueRefusals([command], flag, value)
  return own !== null && (await valueRefusals(owners, flag, value)).includes(null)
}

/**
 * Reads a configuration file. Throws FlowError when it cannot be read, and UsageError with file, line and key when it
 * says what nobody understands.
 */
export async function loadConfiguration(file: string): Promise<Configuration> {
  let text: string
  try {
    text = readText(file)
  } catch (error) {
    const message = `cannot read configuration ${file}: ${reasonOf(error)}; name a YAML file with --config`
    throw new FlowError('FILE_UNREADABLE', message, { cause: error })
  }
  const { isMap, LineCounter, parseDocument } = await import('yaml')
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false })
  const at = (node: unknown): string => {
    const offset = (node as Node | null)?.range?.[0] ?? 0
    return `${file}:${lineCounter.linePos(offset).line}`
  }
  const mistake = document.errors[0]
  if (mistake !== undefined) {
    throw new UsageError(
      `${file}:${lineCounter.linePos(mistake.pos[0]).line}: ${mistake.message.split('\n')[0]}`,
    )
  }
  const sections = new Map<string, GivenFlags>()
  if (document.contents === null) return sections
  if (!isMap(document.contents))
    throw new UsageError(`${at(document.contents)}: want one section per command`)
  const { isPacketbeat, readPacketbeat } = await import('./packetbeat-config.ts')
  if (isPacketbeat(document.contents as YAMLMap)) {
    const { flags, ignored } = readPacketbeat(document, file, at, isMap as (node: unknown) => node is YAMLMap)
    for (const sentence of ignored) process.stderr.write(`weir: ${sentence}\n`)
    return new Map(['collect', 'ship'].map((name) => [name, ofSection(name, flags)]))
  }
  for (const { key, value } of (document.contents as YAMLMap<Node, Node>).items) {
    const name = String(key)
    const { flags, hints } = configuredSection(name)
    if (flags.length === 0) {
      throw new UsageError(`${at(key)}: unknown key ${name}, want a command: ${sectionNames().join(', ')}`)
    }
    const section = new Map<string, Given>()
    sections.set(name, section)
    if (isEmpty(value)) continue
    if (!isMap(value)) throw new UsageError(`${at(value)}: ${name}: want flags as keys, each with its value`)
    for (const pair of value.items as Pair<Node, Node>[]) {
      const flagName = String(pair.key)
      const flag = findFlag(flags, flagName)
      if (flag === undefined || NOT_IN_FILES.includes(flag.name)) {
        const near = nearest(flagName, shownNames(flags))
        const hint = hints[flagName] ?? (near === undefined ? '' : `did you mean ${near}?`)
        throw new UsageError(
          `${at(pair.key)}: ${name}: unknown key ${flagName}${hint === '' ? '' : `; ${hint}`}`,
        )
      }
      if (section.has(flag.name)) throw new UsageError(`${at(pair.key)}: ${name}: ${flagName} is given twice`)
      const source = `${at(pair.key)}: ${flagName}`
      if (flag.isStructured === true && pair.value !== null) {
        section.set(flag.name, { values: [JSON.stringify(pair.value.toJS(document))], source })
        continue
      }
      section.set(flag.name, { values: await values(pair.value, source, flag.many !== undefined), source })
    }
  }
  return sections
}

/** Those flags that a section has: `weir ship` has only what changes documents. */
function ofSection(name: string, given: GivenFlags): GivenFlags {
  const { flags } = configuredSection(name)
  return new Map([...given].filter(([flag]) => findFlag(flags, flag) !== undefined))
}

/** The sections that a file may have. */
export function sectionNames(): string[] {
  return [...new Set(CONFIGURED.map(firstWord))]
}

/**
 * The flags of all commands that read a section, and their hints. A flag that several have is there once; with its
 * default if they agree about it.
 */
export function configuredSection(name: string): Required<Pick<Command, 'flags' | 'hints'>> {
  const flags = new Map<string, Flag>()
  const commands = CONFIGURED.filter((command) => firstWord(command) === name)
  for (const flag of commands.flatMap((command) => command.flags)) {
    const { default: _, ...rest } = flag
    const before = flags.get(flag.name)
    flags.set(flag.name, before === undefined || before.default === flag.default ? flag : rest)
  }
  return { flags: [...flags.values()], hints: Object.assign({}, ...commands.map(({ hints }) => hints)) }
}

function isEmpty(node: unknown): boolean {
  return node === null || node === undefined || (node as { value?: unknown }).value === null
}

/** The texts of a scalar or a sequence of scalars, just as the file has them: 007 stays 007. */
async function values(node: Node | null, source: string, isMany: boolean): Promise<string[]> {
  const { isScalar, isSeq } = await import('yaml')
  if (isEmpty(node)) return ['']
  if (isSeq(node) && isMany) {
    const lists = await Promise.all(node.items.map((item) => values(item as Node, source, false)))
    return lists.flat()
  }
  if (!isScalar(node)) throw new UsageError(`${source}: want a value${isMany ? ' or a list of values' : ''}`)
  return [typeof node.value === 'string' ? node.value : (node.source ?? String(node.value))]
}
