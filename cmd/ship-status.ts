import { existsSync, statSync } from 'node:fs'
import { readFileFacts } from '../lib/archive/file-facts.ts'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { type Position, PositionStore } from '../lib/tail/position-store.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import { FlagReader } from './flag-reader.ts'
import type { GivenFlags } from './flags.ts'
import { print } from './print.ts'
import { positionsPath } from './ship/ship-state.ts'
import { stateFolder } from './ship-flags.ts'
import { SHIP_STATUS } from './ship-status-table.ts'
import { formatTable, type TextColumn, terminalWidth, withCommas } from './text-table.ts'
import { UsageError } from './usage-error.ts'

/** What `weir ship status` was asked to do, checked; throws UsageError. */
export function shipStatus(given: GivenFlags): () => Promise<ExitStatus> {
  const flags = new FlagReader(SHIP_STATUS.flags, given)
  const format = flags.choice('format')
  const folder = stateFolder(flags.text('state'), false, process.env)
  return async () => {
    if (folder === null) throw new UsageError('ship status: no folder is named; want --state DIR')
    if (!existsSync(folder)) {
      throw new FlowError('FILE_UNREADABLE', `cannot read ${folder}: there is no such folder`)
    }
    const sources = new PositionStore(positionsPath(folder)).all().map(statusOf)
    print(format === 'json' ? `${JSON.stringify(sources, null, 2)}\n` : asTable(sources))
    return EXIT.done
  }
}

/** How far one source was sent; octets of a log, rows of an archive file. */
interface SourceStatus {
  readonly path: string
  readonly kind: 'log' | 'archive'
  readonly sent: number
  readonly rejected: number
  readonly position: number
  /** What is not acknowledged yet, octets or rows; null where that is not known: compressed logs, files that are gone. */
  readonly lag: number | null
  readonly done: boolean
  readonly updated: string
}

function statusOf(position: Position): SourceStatus {
  const { key, path, sent, rejected, offset, isDone, updatedMs } = position
  const isArchive = key.startsWith('archive-')
  return {
    path,
    kind: isArchive ? 'archive' : 'log',
    sent,
    rejected,
    position: offset,
    lag: isDone ? 0 : isArchive ? archiveLag(path, offset) : logLag(path, offset),
    done: isDone,
    updated: new Date(updatedMs).toISOString(),
  }
}

/** Octets of a log behind `offset`; a name that stands for another file now is behind by nothing that could be told. */
function logLag(path: string, offset: number): number | null {
  const stat = statSync(path, { throwIfNoEntry: false })
  const isPlain = stat !== undefined && !/\.(gz|zst)$/.test(path)
  return isPlain && stat.size >= offset ? stat.size - offset : null
}

/** Rows of an archive file behind `offset`, as far as they are written. */
function archiveLag(path: string, offset: number): number | null {
  // It was being written when it was opened, maybe.
  for (const name of [path, path.replace(/\.part$/, '')]) {
    const stat = statSync(name, { throwIfNoEntry: false })
    if (stat?.isFile() !== true) continue
    const { rows, otherRows } = readFileFacts(name, stat.size)
    return Math.max(0, rows + otherRows - offset)
  }
  return null
}

const COLUMNS: readonly TextColumn[] = [
  { title: 'SENT', isNumber: true, rank: 0 },
  { title: 'REFUSED', isNumber: true, rank: 1 },
  { title: 'POSITION', isNumber: true, rank: 3 },
  { title: 'LAG', isNumber: true, rank: 2 },
  { title: 'UPDATED', rank: 4 },
  { title: 'SOURCE', rank: 0, mayBeCut: true },
]

function asTable(sources: readonly SourceStatus[]): string {
  const rows = sources.map(({ path, kind, sent, rejected, position, lag, updated }) => [
    withCommas(sent),
    withCommas(rejected),
    `${withCommas(position)} ${kind === 'archive' ? 'rows' : 'octets'}`,
    lag === null ? '' : withCommas(lag),
    updated.slice(0, 19).replace('T', ' '),
    path,
  ])
  const sum = (of: (source: SourceStatus) => number) => sources.reduce((total, one) => total + of(one), 0)
  const footer = [
    withCommas(sum(({ sent }) => sent)),
    withCommas(sum(({ rejected }) => rejected)),
    '',
    withCommas(sum(({ lag }) => lag ?? 0)),
    '',
    '',
  ]
  return formatTable(COLUMNS, rows, footer, terminalWidth())
}
