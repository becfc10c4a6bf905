import { accessSync, constants, existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { BlockFacts, FlowFile } from '../../flow/source.ts'
import { IndexBuilding } from './index-building.ts'
import {
  ALL_KEYS,
  type IndexRecord,
  isFirstOfSeveral,
  MINUTE_NS,
  type PortTime,
  rangesOf,
} from './index-record.ts'
import { type IndexedFile, NatIndex } from './nat-index.ts'
import { MOST_EVIDENCE, type NatSearch } from './nat-search.ts'
import type { Reception } from './reception.ts'

/** The index of a folder; its name begins as that of the catalog does, and goes with the folder's last archive file. */
const NAME = '.catalog.nat'
/** Of one address: more ports are not looked up one by one. */
const MOST_PORTS = 8

/** Who asks, and whom indexes tell. */
interface Asking {
  readonly search: NatSearch
  readonly reception: Reception
  /** An index is made where so many rows are in none. */
  readonly leastIndexed: number
  /** Told of rows read for that. */
  readonly onRows: (rows: number) => Promise<void>
}

/** What indexes told. */
export interface IndexedAnswer {
  /** Files that need not be read but for these blocks. */
  readonly files: readonly FlowFile[]
  readonly flowBlocks: ReadonlySet<BlockFacts>
  /** Rows that are evidence. */
  readonly rows: number
}

export const NOT_INDEXED: IndexedAnswer = { files: [], flowBlocks: new Set(), rows: 0 }

/**
 * Asks the indexes beside archive files what they know, and makes them know more where that pays. What no index knows is
 * not among the answer's files.
 */
export async function askIndexes(
  files: readonly FlowFile[],
  { search, reception, leastIndexed, onRows }: Asking,
): Promise<IndexedAnswer> {
  const known: FlowFile[] = []
  const flowBlocks = new Set<BlockFacts>()
  let rows = 0
  for (const [folder, own] of byFolder(files)) {
    const index = await indexOf(folder, own, leastIndexed, onRows)
    const told = index === null ? null : allTold(index, own, search)
    index?.close()
    for (const { file, stretches, hasFlows } of told?.files ?? []) {
      known.push(file)
      reception.addFile(file, stretches)
      if (hasFlows) search.isAnyFlow = true
    }
    for (const { place, facts, record } of told?.records ?? []) {
      if (record.type === 'evidence') {
        if (search.takeKnown(place, record.toldNs, record.evidence)) rows++
      } else if (record.type === 'exporter') {
        if (search.isReached(record.hourNs)) search.noteTelling(place, record.exporter, true)
      } else if (facts !== undefined && search.isNear(facts)) {
        search.noteTelling(place, record.exporter, false)
        if (record.ports?.some((each) => mayMatter(search, place, each)) !== false) flowBlocks.add(facts)
      }
    }
  }
  return { files: known, flowBlocks, rows }
}

/** What an index tells of files and of addresses asked about. */
interface Told {
  readonly files: readonly {
    readonly file: FlowFile
    readonly stretches: ReturnType<NatIndex['stretches']>
    /** Whether blocks near the moments have translated plain flows. */
    readonly hasFlows: boolean
  }[]
  readonly records: readonly {
    readonly place: number
    /** Of the block that a record is about. */
    readonly facts: BlockFacts | undefined
    readonly record: IndexRecord
  }[]
}

/** All that an index tells, before any of it is believed; null where something is damaged. */
function allTold(index: NatIndex, own: readonly FlowFile[], search: NatSearch): Told | null {
  const there = filesIn(index, own)
  try {
    const records = recordsOf(index, there, search).map(({ place, record }) => {
      const block = record.type === 'flows' ? record.block : -1
      return { place, record, facts: there.get(record.file)!.blocks[block] }
    })
    const files = [...there].map(([number, file]) => {
      const near = index.files[number]!.flowBlocks.map((block) => file.blocks[block])
      const hasFlows = near.some((facts) => facts !== undefined && search.isNear(facts))
      return { file, stretches: index.stretches(number), hasFlows }
    })
    return { files, records }
  } catch (error) {
    if (!isOfIndex(error)) throw error
    return null
  }
}

function byFolder(files: readonly FlowFile[]): Map<string, FlowFile[]> {
  const folders = new Map<string, FlowFile[]>()
  for (const file of files) {
    if (file.stamp === null) continue
    const folder = dirname(file.path)
    const own = folders.get(folder)
    if (own === undefined) folders.set(folder, [file])
    else own.push(file)
  }
  return folders
}

/** The index of a folder, made or made to know more files where that pays; null where there is none. */
async function indexOf(
  folder: string,
  files: readonly FlowFile[],
  leastRows: number,
  onRows: (rows: number) => Promise<void>,
): Promise<NatIndex | null> {
  const path = join(folder, NAME)
  const index = NatIndex.open(path)
  const there = index === null ? new Set<FlowFile>() : new Set(filesIn(index, files).values())
  const unknown = files.filter((file) => !there.has(file) && file.problems.length === 0)
  const rows = unknown.reduce(
    (sum, { blocks }) => sum + blocks.reduce((all, block) => all + block.rows, 0),
    0,
  )
  if (rows < leastRows || !isWritable(folder)) return index
  index?.close()
  let building: IndexBuilding | null = null
  try {
    building = new IndexBuilding(path, (file) => isThere(folder, file, files))
    for (const file of unknown) await building.add(file, onRows)
    building.finish()
  } catch (error) {
    // A full disk, or a folder that is not ours after all.
    if (!isOfIndex(error)) throw error
  } finally {
    building?.close()
  }
  return NatIndex.open(path)
}

/** What a damaged index, a hostile one or the system throws: then the files themselves are read. */
function isOfIndex(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  return (
    error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError || code !== ''
  )
}

/** Whether flows of a port may be what is asked about. */
function mayMatter(search: NatSearch, place: number, { port, fromMinute, toMinute }: PortTime): boolean {
  const { ports } = search.asked.list[place]!
  if (ports !== null && ports[port] === 0) return false
  return search.isMomentAround(BigInt((fromMinute - 1) * MINUTE_NS), BigInt((toMinute + 2) * MINUTE_NS))
}

/** The files of an index that were opened and are as they were, by their numbers in it. */
function filesIn(index: NatIndex, files: readonly FlowFile[]): Map<number, FlowFile> {
  const byName = new Map(files.map((file) => [basename(file.path), file]))
  const there = new Map<number, FlowFile>()
  for (const [number, { name, stamp }] of index.files.entries()) {
    const file = byName.get(name)
    if (file !== undefined && file.stamp === stamp) there.set(number, file)
  }
  return there
}

/** Whether a file that an index knows is still worth its room: opened and as it was, or at least there. */
function isThere(folder: string, { name, stamp }: IndexedFile, files: readonly FlowFile[]): boolean {
  if (stamp === '') return false
  const opened = files.find(({ path }) => basename(path) === name)
  return opened === undefined ? existsSync(join(folder, name)) : opened.stamp === stamp
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** What an index says of the addresses asked about, as far as it is of files that are there. */
function recordsOf(
  index: NatIndex,
  there: ReadonlyMap<number, FlowFile>,
  search: NatSearch,
): { place: number; record: IndexRecord }[] {
  const found: { place: number; record: IndexRecord }[] = []
  for (const [place, { words, ports, sortedPorts }] of search.asked.list.entries()) {
    const isAll = ports === null || sortedPorts.length > MOST_PORTS
    const ranges = isAll ? [ALL_KEYS] : rangesOf(sortedPorts)
    for (const [from, to] of ranges) {
      for (const { portKey, record } of index.find(search.isPrivate, words, from, to)) {
        if (!there.has(record.file)) continue
        if (isAll && record.type === 'evidence' && !isFirstOfSeveral(portKey, record.evidence)) continue
        if (found.length === MOST_EVIDENCE) throw new RangeError('more than can be kept')
        found.push({ place, record })
      }
    }
  }
  return found
}
