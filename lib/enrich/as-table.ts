import { readFileSync } from 'node:fs'
import { FlowError } from '../diagnostics/flow-error.ts'
import type { Log } from '../diagnostics/log.ts'
import { reasonOf } from '../diagnostics/reason.ts'
import type { AsFields } from '../flow/geo.ts'
import { toAsFields } from './geo-fields.ts'
import { PrefixSet } from './prefix-set.ts'
import { readPrefix } from './prefix-text.ts'
import { readTableLines, refuseBadLines, shown } from './table-lines.ts'
import { WatchedMmdb } from './watched-mmdb.ts'

/** A table of the user's: the AS of addresses, names of systems, and lists of systems. */
export interface AsTable {
  readonly path: string
  /** The AS of the address at `at` (four words, IPv4 mapped), or 0. */
  find(words: Uint32Array, at: number): number
  /** Names by number; a database's are those of the addresses that were looked up. */
  readonly names: ReadonlyMap<number, string>
  /** Systems by the name of their list, in lower case, without the `@`. */
  readonly lists: ReadonlyMap<string, readonly number[]>
}

const NO_LISTS: ReadonlyMap<string, readonly number[]> = new Map()
/** Names that are remembered of a database. */
const MOST_NAMES = 1 << 20
const MARKER = '\xab\xcd\xefMaxMind.com'

/** Reads an MMDB (ASN, ISP) or a table of `prefix,asn[,name]`, told apart by content; FILES.md has the forms. */
export function loadAsTable(path: string, log: Log): AsTable {
  let octets: Buffer
  try {
    octets = readFileSync(path)
  } catch (error) {
    throw new FlowError('FILE_UNREADABLE', `cannot read ${path}: ${reasonOf(error)}`, { cause: error })
  }
  if (octets.includes(MARKER, Math.max(0, octets.length - 256 * 1024), 'latin1'))
    return databaseTable(path, log)
  if (octets.subarray(0, 4096).includes(0))
    throw new FlowError(
      'TABLE_INVALID',
      `${path} is neither a MaxMind database nor text: give an .mmdb file or lines of prefix,asn`,
    )
  // A text of V8 holds half a gibibyte.
  if (octets.length > 500e6)
    throw new FlowError('TABLE_INVALID', `${path} is too large for a table: make a database of it`)
  return parseAsTable(octets.toString('utf8'), path)
}

function databaseTable(path: string, log: Log): AsTable {
  const database = new WatchedMmdb<AsFields | null>(path, toAsFields, log)
  const { type } = database.database
  if (/city|country/i.test(type))
    throw new FlowError(
      'TABLE_INVALID',
      `${path} is a ${type} database and has no AS numbers: give an ASN database`,
    )
  const names = new Map<number, string>()
  return {
    path,
    names,
    lists: NO_LISTS,
    find(words, at) {
      const fields = database.find(words, at)
      if (fields === null) return 0
      if (fields.organization !== '' && names.size < MOST_NAMES) names.set(fields.number, fields.organization)
      return fields.number
    },
  }
}

/** The number of `64500`, `AS64500` or `1.10` (asdot, RFC 5396), or -1. */
export function parseAsNumber(text: string): number {
  const match = /^(?:AS)?(\d{1,10})(?:\.(\d{1,5}))?$/i.exec(text)
  if (match === null) return -1
  const [, first, second] = match
  if (second === undefined) return Number(first) <= 0xffffffff ? Number(first) : -1
  return Number(first) <= 0xffff && Number(second) <= 0xffff ? Number(first) * 65_536 + Number(second) : -1
}

/** Header words by column. */
const PREFIX_HEADERS = new Set(['prefix', 'network', 'net', 'cidr', 'range'])
const NUMBER_HEADERS = new Set(['asn', 'as', 'as_number', 'number', 'autonomous_system_number'])
const NAME_HEADERS = new Set(['name', 'as_name', 'org', 'organization', 'autonomous_system_organization'])

const words = new Uint32Array(4)

/** The table of a text; a FlowError names the first bad line of `path`. The longest prefix decides, of equal ones the last. */
export function parseAsTable(text: string, path: string): AsTable {
  const set = new PrefixSet()
  const names = new Map<number, string>()
  const lists = new Map<string, readonly number[]>()
  let columns = { prefix: 0, number: 1, name: 2 }
  let isFirst = true
  const bad = readTableLines(text, ({ fields }) => {
    const wasFirst = isFirst
    isFirst = false
    if (wasFirst && PREFIX_HEADERS.has(fields[0]!.toLowerCase())) {
      const at = (words: ReadonlySet<string>) => fields.findIndex((field) => words.has(field.toLowerCase()))
      columns = { prefix: 0, number: at(NUMBER_HEADERS), name: at(NAME_HEADERS) }
      return columns.number < 0 ? 'the header has no column "asn"' : null
    }
    if (fields[0]!.startsWith('@')) return readList(fields, lists)
    const bits = readPrefix(fields[columns.prefix]!, words)
    if (bits < 0) return `${shown(fields[0]!)} is no network; want lines such as "192.0.2.0/24,64500,Example"`
    const asText = fields[columns.number] ?? ''
    const number = parseAsNumber(asText)
    if (number < 0) return `${shown(asText)} is no AS number; want lines such as "192.0.2.0/24,64500,Example"`
    set.add(words, bits, number)
    const name = fields[columns.name] ?? ''
    if (name !== '' && number !== 0) names.set(number, name)
    return null
  })
  refuseBadLines(path, bad)
  if (set.size === 0 && lists.size === 0)
    throw new FlowError(
      'TABLE_INVALID',
      `${path} names no prefix; want lines such as "192.0.2.0/24,64500,Example"`,
    )
  const table = set.toTable()
  return { path, names, lists, find: (address, at) => table.find(address, at) }
}

/** `@cdn AS64500 AS64501`. */
function readList(fields: readonly string[], lists: Map<string, readonly number[]>): string | null {
  const name = fields[0]!.slice(1).toLowerCase()
  if (name === '') return 'a list needs a name, as "@cdn AS64500 AS64501"'
  const numbers: number[] = []
  for (const field of fields.slice(1)) {
    const number = parseAsNumber(field)
    if (number < 0) return `${shown(field)} is no AS number`
    numbers.push(number)
  }
  lists.set(name, [...(lists.get(name) ?? []), ...numbers])
  return null
}
