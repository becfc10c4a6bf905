import { readFileSync } from 'node:fs'
import { type Network, parseNetwork } from '../bytes/address.ts'
import { networkText } from '../bytes/prefix.ts'
import { FlowError } from '../diagnostics/flow-error.ts'
import { reasonOf } from '../diagnostics/reason.ts'
import { type NamedNetwork, Networks } from './networks.ts'
import { PrefixSet } from './prefix-set.ts'
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
const NO_LABELS: ReadonlyMap<string, string> = new Map()
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
  return build(PRIVATE_NETWORKS.map((text) => plain(parseNetwork(text)!)))
}

function plain(network: Network): NamedNetwork {
  return { network, isLocal: true, name: '', labels: NO_LABELS }
}

/** The networks of a file's text; a FlowError names the first bad line of `path`. */
export function parseNetworks(text: string, path: string): Networks {
  const entries: NamedNetwork[] = []
  const lines: number[] = []
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
    const entry = columns === null ? readFreeLine(fields) : readColumns(fields, columns)
    if (typeof entry === 'string') return entry
    for (const one of entry) {
      entries.push(one)
      lines.push(number)
    }
    return null
  })
  refuseBadLines(path, bad)
  if (entries.length === 0) {
    throw new FlowError('TABLE_INVALID', `${path} names no network; want lines such as "10.20.0.0/16 acme"`)
  }
  return build(entries, (first, second) => {
    const network = networkText(entries[second]!.network)
    refuseBadLines(path, [
      { number: lines[second]!, what: `${network} is there twice, first in line ${lines[first]}` },
    ])
  })
}

function build(
  entries: readonly NamedNetwork[],
  refuse: (first: number, second: number) => void = () => {},
): Networks {
  const set = new PrefixSet()
  entries.forEach((entry, i) => {
    set.add(entry.network, i + 1)
  })
  const table = set.toTable()
  if (set.duplicate !== null) refuse(set.duplicate[0] - 1, set.duplicate[1] - 1)
  return new Networks(entries, table)
}

function badHeader(columns: readonly string[]): string | null {
  const [, ...labels] = columns
  const odd = labels.find((label) => !LABEL.test(label) || label === 'local' || label === 'net')
  if (odd !== undefined) return `${shown(odd)} cannot be the name of a column`
  const twice = labels.find((label, i) => labels.indexOf(label) !== i)
  return twice === undefined ? null : `column ${shown(twice)} is there twice`
}

/** The networks that the first field stands for, or what is wrong with it. */
function readNetworks(field: string): { networks: readonly Network[]; isLocal: boolean } | string {
  const isLocal = !field.startsWith('!')
  const text = isLocal ? field : field.slice(1)
  if (text === 'private') return { networks: PRIVATE_NETWORKS.map((one) => parseNetwork(one)!), isLocal }
  const network = parseNetwork(text)
  if (network === null)
    return `${shown(field)} is no network; want a prefix such as 10.0.0.0/8 or 2001:db8::/32`
  return { networks: [network], isLocal }
}

/** `PREFIX [NAME] [LABEL=VALUE …] [TAG …]`. */
function readFreeLine(fields: readonly string[]): NamedNetwork[] | string {
  const read = readNetworks(fields[0]!)
  if (typeof read === 'string') return read
  let name: string | null = null
  let labels: Map<string, string> | null = null
  const tags: string[] = []
  for (let i = 1; i < fields.length; i++) {
    const field = fields[i]!
    const equals = field.indexOf('=')
    if (equals > 0) {
      const label = field.slice(0, equals).toLowerCase()
      if (!LABEL.test(label) || TAKEN.has(label))
        return `${shown(field.slice(0, equals))} cannot be the name of a label`
      labels ??= new Map()
      if (labels.has(label)) return `label ${shown(label)} is there twice`
      const value = field.slice(equals + 1)
      if (value !== '') labels.set(label, value)
    } else if (name === null) name = field
    else if (field !== '') tags.push(field)
  }
  if (tags.length > 0) {
    labels ??= new Map()
    labels.set('tags', tags.join(' '))
  }
  const { networks, isLocal } = read
  return networks.map((network) => ({ network, isLocal, name: name ?? '', labels: labels ?? NO_LABELS }))
}

function readColumns(fields: readonly string[], columns: readonly string[]): NamedNetwork[] | string {
  const read = readNetworks(fields[0]!)
  if (typeof read === 'string') return read
  if (fields.length > columns.length)
    return `it has ${fields.length} columns, the header has ${columns.length}`
  let name = ''
  const labels = new Map<string, string>()
  for (let i = 1; i < fields.length; i++) {
    if (columns[i] === 'name') name = fields[i]!
    else if (fields[i] !== '') labels.set(columns[i]!, fields[i]!)
  }
  const { networks, isLocal } = read
  return networks.map((network) => ({ network, isLocal, name, labels }))
}
