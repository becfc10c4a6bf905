import type { Cell, ResultTable } from '../query.ts'
import type { Names, ReportCell, ReportColumn, ReportRow, ReportUnit, Section } from '../report.ts'
import { portsText, type Scan } from '../scan/scan-verdict.ts'
import { greater, lesser } from '../window.ts'
import type { HostTables } from './host-report.ts'

interface Knowledge {
  readonly scans: readonly Scan[]
  readonly addressOf: (number: number) => string
  readonly names: Names
  /** Rows of each list. */
  readonly limit: number
}

/** The page: what it is, its course, its peers, their systems, services, scans, addresses of translators. */
export function hostSections(address: string, tables: HostTables, known: Knowledge): Section[] {
  const { limit, names } = known
  const sections = [facts(address, tables, known), course(tables)]
  const peers = joined(tables.sentPeers, tables.receivedPeers)
  if (peers.length > 0) {
    const rows = peers.slice(0, limit)
    sections.push(section('peers', 'Peers', [key('peer', 'address'), ...BOTH], rows, peers.length))
  }
  const systems = joined(tables.sentSystems, tables.receivedSystems)
  if (systems.length > 0) {
    const rows = systems.slice(0, limit).map(([number, ...rest]) => {
      const name = Number(number ?? 0) === 0 ? 'unknown' : names.system(Number(number))
      return [number ?? null, name, ...rest]
    })
    const columns = [key('as', 'number', 'AS'), key('as.name', 'text', 'NAME', true), ...BOTH]
    sections.push(section('systems', 'Systems of its peers', columns, rows, systems.length))
  }
  for (const [name, title, table] of [
    ['used', 'Services it uses', tables.used],
    ['offered', 'Services it offers', tables.offered],
  ] as const) {
    const services = servicesOf(table, names)
    if (services.length === 0) continue
    const columns = [
      key('service', 'text'),
      measure('peers', 'number'),
      measure('bytes', 'octets'),
      measure('packets', 'packets', 1),
      measure('flows', 'flows'),
    ]
    sections.push(section(name, title, columns, services.slice(0, limit), services.length))
  }
  sections.push(...scanSection(known), ...natSection(tables.nat, limit))
  return sections
}

function key(name: string, unit: ReportUnit, title = name.toUpperCase(), mayBeCut = false): ReportColumn {
  return { name, title, role: 'key', unit, rank: 0, mayBeCut }
}

function measure(name: string, unit: ReportUnit, rank = 0): ReportColumn {
  return {
    name,
    title: name.replaceAll('.', ' ').toUpperCase(),
    role: 'measure',
    unit,
    rank,
    mayBeCut: false,
  }
}

const BOTH: readonly ReportColumn[] = [
  measure('bytes.sent', 'octets'),
  measure('bytes.received', 'octets'),
  measure('flows.sent', 'flows', 1),
  measure('flows.received', 'flows', 2),
]

function section(
  name: string,
  title: string,
  columns: readonly ReportColumn[],
  rows: readonly ReportRow[],
  groups: number,
  look: Section['look'] = 'table',
): Section {
  return { name, title, columns, rows, others: [], totals: null, groups, look, outer: [] }
}

/** Names and values of a single row. */
function facts(address: string, tables: HostTables, { scans, addressOf }: Knowledge): Section {
  const { sent, received } = tables
  const [out, back] = [sent.rows[0] ?? sent.totals, received.rows[0] ?? received.totals]
  const firsts = [out[3], back[3]].filter((ns): ns is bigint => typeof ns === 'bigint' && ns > 0n)
  const lasts = [out[4], back[4]].filter((ns): ns is bigint => typeof ns === 'bigint' && ns > 0n)
  const least = firsts.length === 0 ? null : firsts.reduce(lesser)
  const greatest = lasts.length === 0 ? null : lasts.reduce(greater)
  const own = scans.filter(({ sender }) => addressOf(sender.source) === address)
  const columns = [
    key('address', 'address'),
    measure('first', 'time'),
    measure('last', 'time'),
    measure('bytes.sent', 'octets'),
    measure('bytes.received', 'octets'),
    measure('packets.sent', 'packets'),
    measure('packets.received', 'packets'),
    measure('flows.sent', 'flows'),
    measure('flows.received', 'flows'),
    measure('peers.sent.to', 'number'),
    measure('peers.received.from', 'number'),
    measure('scans', 'number'),
  ]
  const row = [
    address,
    least,
    greatest,
    ...[0, 1, 2].flatMap((i) => [out[i] ?? 0n, back[i] ?? 0n]),
    out[5] ?? 0,
    back[5] ?? 0,
    own.length,
  ]
  return section('host', 'Address', columns, [row], 1, 'facts')
}

/** Bits per second each way. */
function course({ sentCourse, receivedCourse }: HostTables): Section {
  const columns = [key('way', 'text'), key('time', 'time'), measure('bps', 'bitsPerSecond')]
  const rows = (table: ResultTable, way: string): ReportRow[] =>
    table.rows.map(([time, bps]) => [way, time ?? null, bps ?? null])
  const all = [...rows(sentCourse, 'sent'), ...rows(receivedCourse, 'received')]
  return section('series', 'Course', columns, all, 2, 'sparkline')
}

/** Rows of both ways by key: bytes and flows sent and received, most bytes first. */
function joined(sent: ResultTable, received: ResultTable): ReportCell[][] {
  const byKey = new Map<string, ReportCell[]>()
  for (const [table, place] of [
    [sent, 1],
    [received, 2],
  ] as const) {
    for (const [name, bytes, , flows] of table.rows) {
      const text = String(name ?? '')
      const row = byKey.get(text) ?? [name ?? null, 0n, 0n, 0n, 0n]
      row[place] = bytes ?? 0n
      row[place + 2] = flows ?? 0n
      byKey.set(text, row)
    }
  }
  return [...byKey.values()].sort((a, b) => {
    const volume = (row: readonly ReportCell[]) => Number(row[1]) + Number(row[2])
    return volume(b) - volume(a) || (String(a[0]) < String(b[0]) ? -1 : 1)
  })
}

/** Ports that are services: those with a name, those below 1024, and those that several peers have in common. */
function servicesOf(table: ResultTable, names: Names): ReportRow[] {
  const rows: { cells: ReportRow; bytes: number }[] = []
  for (const [protocol, port, bytes, packets, flows, peers] of table.rows) {
    const number = Number(protocol ?? 0)
    const name = names.service(number, Number(port ?? 0))
    const hasPorts = number === 6 || number === 17 || number === 132
    const isService = name !== '' || Number(port ?? 0) < 1024 || Number(peers ?? 0) >= 3
    if (hasPorts && !isService) continue
    const word = names.protocol(number).toLowerCase()
    const text = hasPorts ? `${name === '' ? '' : `${name} `}${port ?? 0}/${word}` : word
    const cells: Cell[] = [text, peers ?? null, bytes ?? null, packets ?? null, flows ?? null]
    rows.push({ cells, bytes: Number(bytes ?? 0) })
  }
  return rows.sort((a, b) => b.bytes - a.bytes).map(({ cells }) => cells)
}

function scanSection({ scans, addressOf, limit }: Knowledge): Section[] {
  if (scans.length === 0) return []
  const columns = [
    key('source', 'address'),
    key('type', 'text'),
    key('ports', 'text'),
    measure('score', 'ratio'),
    measure('targets', 'number'),
    measure('probes', 'number'),
  ]
  const rows = scans
    .slice(0, limit)
    .map(({ sender, type, isSlow, ports, score, targets, probes }) => [
      addressOf(sender.source),
      isSlow ? `slow ${type}` : type,
      portsText(ports, sender.protocol, 3),
      Math.round(score * 100) / 100,
      targets,
      probes,
    ])
  return [section('scans', 'Scans by it and at it', columns, rows, scans.length)]
}

function natSection({ rows: all }: ResultTable, limit: number): Section[] {
  const known = all.filter(([address]) => address !== null && address !== '' && address !== '::')
  if (known.length === 0) return []
  const columns = [
    key('public', 'address'),
    measure('bytes', 'octets'),
    measure('packets', 'packets', 1),
    measure('flows', 'flows'),
    measure('first', 'time'),
    measure('last', 'time'),
  ]
  const rows = [...known].sort((a, b) => Number(b[3] ?? 0) - Number(a[3] ?? 0)).slice(0, limit)
  return [section('nat', 'Public addresses that it went out as', columns, rows, known.length)]
}
