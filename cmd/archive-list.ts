import type { ArchiveFile } from '../lib/archive/file-facts.ts'
import { liveFiles } from '../lib/archive/live-files.ts'
import { ARCHIVE_LIST } from './archive-list-table.ts'
import { EXIT } from './exit.ts'
import { FlagReader } from './flag-reader.ts'
import type { Prepare } from './prepared.ts'
import { print } from './print.ts'
import { counted, formatTable, type TextColumn, terminalWidth, withCommas, withUnit } from './text-table.ts'
import { formatTime, timeRange } from './times.ts'
import { UsageError } from './usage-error.ts'

/** `weir archive list`. */
export const archiveList: Prepare = (given, paths) => {
  const flags = new FlagReader(ARCHIVE_LIST.flags, given)
  const range = timeRange(flags, Date.now())
  const [format, kind] = [flags.choice('format'), flags.choice('kind')]
  return async () => {
    if (paths.length === 0) {
      throw new UsageError('archive list: a folder or file is missing, want weir archive list DIR|FILE…')
    }
    const raw = kind === 'rollup' ? [] : liveFiles(paths, range)
    const rollups = kind === 'raw' ? [] : liveFiles(paths, { ...range, kind: 'rollup' })
    const files = [...raw, ...rollups]
    if (format === 'json') print(asJson(files))
    else print(format === 'csv' ? asCsv(files) : asTable(files))
    return statusOf(files)
  }
}

function statusOf(files: readonly ArchiveFile[]) {
  const damaged = files.filter(({ state }) => state === 'damaged')
  for (const { path, trouble } of damaged) process.stderr.write(`weir: damaged: ${path}: ${trouble}\n`)
  return damaged.length === 0 ? EXIT.done : EXIT.badInput
}

/** The values of one file by the names that scripts know; octet sums keep all their digits. */
function valuesOf(file: ArchiveFile) {
  const time = (ns: bigint | null) => (ns === null ? null : formatTime(ns))
  return {
    path: file.path,
    stream: file.stream,
    kind: file.rollup === null ? 'raw' : 'rollup',
    state: file.state,
    from: time(file.from ?? file.receivedFrom),
    to: time(file.to ?? file.receivedTo),
    received_from: time(file.receivedFrom),
    received_to: time(file.receivedTo),
    rows: file.rows,
    other_rows: file.otherRows,
    octets: file.octets,
    packets: file.packets,
    file_octets: file.fileOctets,
    blocks: file.blocks,
    addresses: file.addresses,
    exporters: file.exporters,
    ...(file.rollup === null ? {} : { rollup: file.rollup.name }),
    ...(file.trouble === null ? {} : { trouble: file.trouble }),
  }
}

/** TypeScript does not know it yet (ES2026). */
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON

function asJson(files: readonly ArchiveFile[]): string {
  const exact = (_: string, value: unknown) => (typeof value === 'bigint' ? rawJson(String(value)) : value)
  const objects = files.map((file) => `  ${JSON.stringify(valuesOf(file), exact)}`)
  return objects.length === 0 ? '[]\n' : `[\n${objects.join(',\n')}\n]\n`
}

const CSV_NAMES = [
  'path',
  'stream',
  'kind',
  'state',
  'from',
  'to',
  'received_from',
  'received_to',
  'rows',
  'other_rows',
  'octets',
  'packets',
  'file_octets',
  'blocks',
  'addresses',
  'exporters',
] as const

function asCsv(files: readonly ArchiveFile[]): string {
  const lines = files.map((file) => {
    const values = { ...valuesOf(file), exporters: file.exporters.map(({ address }) => address).join(' ') }
    return CSV_NAMES.map((name) => quoted(String(values[name] ?? ''))).join(',')
  })
  return [CSV_NAMES.join(','), ...lines].map((line) => `${line}\n`).join('')
}

/** RFC 4180 §2. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const COLUMNS: readonly TextColumn[] = [
  { title: 'FROM (UTC)', rank: 3 },
  { title: 'TO', rank: 4 },
  { title: 'ROWS', isNumber: true, rank: 0 },
  { title: 'OCTETS', isNumber: true, rank: 2 },
  { title: 'ON DISK', isNumber: true, rank: 5 },
  { title: 'STATE', rank: 1 },
  { title: 'STREAM', rank: 7 },
  { title: 'EXPORTER', rank: 6 },
  { title: 'PATH', rank: 0, mayBeCut: true },
]

function asTable(files: readonly ArchiveFile[]): string {
  const time = (ns: bigint | null) => (ns === null ? '' : formatTime(ns).slice(0, 19).replace('T', ' '))
  const rows = files.map((file) => [
    time(file.from ?? file.receivedFrom),
    time(file.to ?? file.receivedTo),
    withCommas(file.rows),
    withUnit(file.octets),
    withUnit(file.fileOctets),
    file.state,
    file.rollup === null ? file.stream : `${file.stream} ${file.rollup.name}`,
    file.exporters.length > 1 ? `${file.exporters.length} exporters` : (file.exporters[0]?.address ?? ''),
    file.path,
  ])
  // Rollups repeat what records say: where both are listed, only one of both is added up.
  const records = files.filter(({ rollup }) => rollup === null)
  const summed = records.length > 0 ? records : files
  const rowSum = summed.reduce((sum, file) => sum + file.rows, 0)
  const octets = summed.reduce((sum, file) => sum + file.octets, 0n)
  const fileOctets = files.reduce((sum, file) => sum + file.fileOctets, 0)
  const footer = [
    '',
    '',
    withCommas(rowSum),
    withUnit(octets),
    withUnit(fileOctets),
    '',
    '',
    '',
    counted(files.length, 'file'),
  ]
  return formatTable(COLUMNS, rows, footer, terminalWidth())
}
