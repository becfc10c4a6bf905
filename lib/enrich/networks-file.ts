import { readFileSync } from 'node:fs'
import { FlowError } from '../diagnostics/flow-error.ts'
import { reasonOf } from '../diagnostics/reason.ts'
import { NetworkRows, Networks } from './networks.ts'
import { readPrefix } from './prefix-text.ts'
import { readTableLines, refuseBadLines, shown } from './table-lines.ts'

/**
 * What `private` means for reports: what Elastic's `internal_networks: private` holds, and the unassigned half of RFC 4193
 * and the shared addresses of RFC 6598, behind which an access network has its customers. FILES.md compares them.
 */
export const PRIVATE_NETWORKS: readonly string[] = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/24',
  '255.255.255.255/32',
  'fc00::/7',
  'fe80::/10',
  '::1/128',
  ...[...'0123456789abcdef'].flatMap((flags) => [`ff${flags}1::/16`, `ff${flags}2::/16`]),
]

/** What the first column of a header line may be called. */
const HEADERS = new Set(['prefix', 'network', 'net', 'subnet', 'cidr'])
const LABEL = /^[A-Za-z][\w.-]{0,62}$/
/** Names that keys of reports already have. */
const TAKEN = new Set(['local', 'net', 'name'])

/** The networks that `--local FILE` names, or the private ones for the word `private`; FILES.md has the form. */
export function loadNetworks(path: string): Networks {
  if (path === 'private') return privateNetworks()
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new FlowError('FILE_UNREADABLE', `cannot read ${path}: ${reasonOf(error)}`, { cause: error })
  }
  return parseNetworks(text, path)
}

/** The networks that are local when nobody says which are. */
export function privateNetworks(): Networks {
  const rows = new NetworkRows()
  addNetworks('private', '', rows)
  return new Networks(rows)
}

/** The networks of a file's text; a FlowError names the first bad line of `path`. */
export function parseNetworks(text: string, path: string): Networks {
  const rows = new NetworkRows()
  /** By row. */
  const lines: number[] = [0]
  let columns: readonly string[] | null = null
  let isFirst = true
  const bad = readTableLines(text, ({ number, fields }) => {
    if (isFirst) {
      isFirst = false
      if (HEADERS.has(fields[0]!.toLowerCase())) {
        columns = fields.map((field) => field.toLowerCase())
        return badHeader(columns)
      }
    }
    const what = columns === null ? readFreeLine(fields, rows) : readColumns(fields, columns, rows)
    while (lines.length < rows.count) lines.push(number)
    return what
  })
  refuseBadLines(path, bad)
  if (rows.count === 1) {
    throw new FlowError('TABLE_INVALID', `${path} names no network; want lines such as "10.20.0.0/16 acme"`)
  }
  const networks = new Networks(rows)
  const { duplicate } = rows.prefixes
  if (duplicate !== null) {
    const what = `${rows.text(duplicate[1])} is there twice, first in line ${lines[duplicate[0]]}`
    refuseBadLines(path, [{ number: lines[duplicate[1]]!, what }])
  }
  return networks
}

function badHeader(columns: readonly string[]): string | null {
  const [, ...labels] = columns
  const odd = labels.find((label) => !LABEL.test(label) || label === 'local' || label === 'net')
  if (odd !== undefined) return `${shown(odd)} cannot be the name of a column`
  const twice = labels.find((label, i) => labels.indexOf(label) !== i)
  return twice === undefined ? null : `column ${shown(twice)} is there twice`
}

const words = new Uint32Array(4)

/** Adds what the first field stands for, or says what is wrong with it. */
function addNetworks(field: string, name: string, rows: NetworkRows): string | null {
  const isLocal = !field.startsWith('!')
  const text = isLocal ? field : field.slice(1)
  for (const prefix of text === 'private' ? PRIVATE_NETWORKS : [text]) {
    const bits = readPrefix(prefix, words)
    if (bits < 0) return `${shown(field)} is no network; want a prefix such as 10.0.0.0/8 or 2001:db8::/32`
    rows.add(words, bits, isLocal, name)
  }
  return null
}

/** `PREFIX [NAME] [LABEL=VALUE …] [TAG …]`. */
function readFreeLine(fields: readonly string[], rows: NetworkRows): string | null {
  const isNamed = fields.length > 1 && fields[1]!.indexOf('=') <= 0
  const first = rows.count
  const what = addNetworks(fields[0]!, isNamed ? fields[1]! : '', rows)
  if (what !== null) return what
  const seen = new Set<string>()
  const tags: string[] = []
  for (let i = isNamed ? 2 : 1; i < fields.length; i++) {
    const field = fields[i]!
    const equals = field.indexOf('=')
    if (equals <= 0) {
      if (field !== '') tags.push(field)
      continue
    }
    const label = field.slice(0, equals).toLowerCase()
    if (!LABEL.test(label) || TAKEN.has(label)) return `${shown(label)} cannot be the name of a label`
    if (seen.has(label)) return `label ${shown(label)} is there twice`
    seen.add(label)
    labelAll(rows, first, label, field.slice(equals + 1))
  }
  if (tags.length > 0) labelAll(rows, first, 'tags', tags.join(' '))
  return null
}

function readColumns(
  fields: readonly string[],
  columns: readonly string[],
  rows: NetworkRows,
): string | null {
  if (fields.length > columns.length)
    return `it has ${fields.length} columns, the header has ${columns.length}`
  const first = rows.count
  const what = addNetworks(fields[0]!, fields[columns.indexOf('name')] ?? '', rows)
  if (what !== null) return what
  for (let i = 1; i < fields.length; i++)
    if (columns[i] !== 'name') labelAll(rows, first, columns[i]!, fields[i]!)
  return null
}

/** Labels the rows from `first` on. */
function labelAll(rows: NetworkRows, first: number, label: string, value: string): void {
  if (value === '') return
  for (let row = first; row < rows.count; row++) rows.label(row, label, value)
}
