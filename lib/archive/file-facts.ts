import { basename } from 'node:path'
import { formatAddress } from '../bytes/address.ts'
import { F } from '../flow/fields.ts'
import { type ArchiveReader, openArchive } from './archive-reader.ts'
import { Damage } from './damage.ts'
import { type FilePart, rowsByKind } from './file-parts.ts'
import type { BlockInfo } from './footer.ts'
import { EXTENSION, PART_EXTENSION, parseArchiveName } from './naming.ts'
import type { FileIdentity, RollupFacts } from './schema.ts'

/** `open`: being written, or left so by a crash; `damaged`: not all of it can be read. */
export type FileState = 'finished' | 'open' | 'damaged'

/** What is known of an archive file without reading its rows. Times are nanoseconds since the epoch. */
export interface ArchiveFile {
  readonly path: string
  readonly stream: string
  readonly identity: FileIdentity
  readonly state: FileState
  /** What cannot be read, where the state is `damaged`. */
  readonly trouble: string | null
  readonly replaces: readonly FileIdentity[]
  /** Where the rows of a joined file were first written, in order. */
  readonly parts: readonly FilePart[]
  /** Null where the file holds records. */
  readonly rollup: RollupFacts | null
  /** Octets on disk. */
  readonly fileOctets: number
  readonly blocks: number
  /** Rows of flows, or of the rollup; and of all other kinds of records. */
  readonly rows: number
  readonly otherRows: number
  /** Rows of each record kind, by the kinds' numbers. */
  readonly kindRows: readonly number[]
  /** Sums over flows as the exporters counted them. */
  readonly octets: bigint
  readonly packets: bigint
  /** From the earliest start of a flow to the latest end; null where no flow says. */
  readonly from: bigint | null
  readonly to: bigint | null
  /** When records of any kind were received. */
  readonly receivedFrom: bigint | null
  readonly receivedTo: bigint | null
  /** Distinct addresses. */
  readonly addresses: number
  /** Rows of flows by exporter, most first. */
  readonly exporters: readonly { readonly address: string; readonly rows: number }[]
}

/** More exporters than a network has are damage or mischief: they need not all be listed. */
const MOST_EXPORTERS = 4096

/** Reads what a file says of itself; a file that cannot be read is `damaged`. Throws where there is no such file. */
export function readFileFacts(path: string, fileOctets: number): ArchiveFile {
  let reader: ArchiveReader
  try {
    reader = openArchive(path)
  } catch (error) {
    return unreadable(path, fileOctets, error as Error)
  }
  try {
    const { schema, blocks, problems } = reader
    const exporters = exportersOf(reader)
    const isCut = reader.state === 'open' && path.endsWith(EXTENSION)
    const trouble = isCut ? 'the footer is missing or wrong' : (problems[0]?.what ?? null)
    const isFlow = ({ kind }: BlockInfo) => kind === 'flow' || kind === 'rollup'
    const flows = blocks.filter(isFlow)
    const rows = sum(flows)
    return {
      path,
      stream: schema.stream,
      identity: { fileId: schema.fileId, createdNs: schema.createdNs },
      state: trouble === null ? reader.state : 'damaged',
      trouble,
      replaces: schema.replaces,
      parts: schema.parts,
      rollup: schema.rollup,
      fileOctets,
      blocks: blocks.length,
      rows,
      otherRows: sum(blocks) - rows,
      kindRows: rowsByKind(blocks),
      octets: flows.reduce((total, { octets }) => total + octets, 0n),
      packets: flows.reduce((total, { packets }) => total + packets, 0n),
      ...spanOf(flows, 'leastStart', 'greatestEnd', 'from', 'to'),
      ...spanOf(blocks, 'leastReceived', 'greatestReceived', 'receivedFrom', 'receivedTo'),
      addresses: reader.addresses.codes - 1,
      exporters,
    }
  } finally {
    reader.close()
  }
}

function sum(blocks: readonly BlockInfo[]): number {
  return blocks.reduce((total, { rows }) => total + rows, 0)
}

/** Least and greatest over the blocks, by the names that the caller wants; null where no row says. */
function spanOf<A extends string, B extends string>(
  blocks: readonly BlockInfo[],
  least: 'leastStart' | 'leastReceived',
  greatest: 'greatestEnd' | 'greatestReceived',
  from: A,
  to: B,
): Record<A | B, bigint | null> {
  let [low, high] = [2n ** 64n - 1n, 0n]
  for (const block of blocks) {
    if (block[least] < low) low = block[least]
    if (block[greatest] > high) high = block[greatest]
  }
  // Of a flow that says only one of both, that one is all there is.
  if (low > high) [low, high] = high === 0n ? [low, low] : [high, high]
  const none = low === 2n ** 64n - 1n && high === low
  return { [from]: none ? null : low, [to]: none ? null : high } as Record<A | B, bigint | null>
}

function unreadable(path: string, fileOctets: number, error: Error & { code?: string }): ArchiveFile {
  const cause = error.cause as NodeJS.ErrnoException | undefined
  if (cause?.code === 'ENOENT') throw cause
  // What a writer has only just begun has no whole frame yet.
  const isBegun = path.endsWith(PART_EXTENSION) && error.code === 'ARCHIVE_CORRUPT'
  return {
    path,
    stream: parseArchiveName(basename(path))?.stream ?? '',
    identity: { fileId: 0, createdNs: 0n },
    state: isBegun ? 'open' : 'damaged',
    trouble: isBegun ? null : error.message,
    replaces: [],
    parts: [],
    rollup: null,
    fileOctets,
    blocks: 0,
    rows: 0,
    otherRows: 0,
    kindRows: [],
    octets: 0n,
    packets: 0n,
    from: null,
    to: null,
    receivedFrom: null,
    receivedTo: null,
    addresses: 0,
    exporters: [],
  }
}

function exportersOf(reader: ArchiveReader): ArchiveFile['exporters'] {
  const byCode = new Map<number, number>()
  const count = (code: number, rows: number) => {
    if (byCode.has(code) || byCode.size < MOST_EXPORTERS) byCode.set(code, (byCode.get(code) ?? 0) + rows)
  }
  const counted = reader.exporterRows()
  counted?.codes.forEach((code, i) => {
    count(code, counted.rows[i]!)
  })
  for (const [index, { kind, rows }] of counted === null ? reader.blocks.entries() : []) {
    if (kind !== 'flow') continue
    const block = reader.block(index)
    const column = block?.columns.find(({ field }) => field === F.exporterAddress)
    if (block === null || column === undefined) continue
    if (column.presence === 0 && column.least === column.greatest) {
      count(Number(column.least), rows)
      continue
    }
    const counts = block.countCodes(F.exporterAddress, reader.problems)
    for (const [code, more] of counts ?? []) count(code, more)
  }
  return [...byCode]
    .map(([code, rows]) => ({ address: addressOf(reader, code), rows }))
    .filter(({ address }) => address !== '')
    .sort((a, b) => b.rows - a.rows || (a.address < b.address ? -1 : 1))
}

/** A code's address as text; '' where it cannot be read, which is then a problem. */
function addressOf(reader: ArchiveReader, code: number): string {
  try {
    return formatAddress(reader.addresses.wordsOf(code), 0)
  } catch (error) {
    if (!(error instanceof Damage)) throw error
    reader.problems.push({ at: 0, what: error.message })
    return ''
  }
}
