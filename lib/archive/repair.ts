import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { FlowError } from '../diagnostics/flow-error.ts'
import type { Problem } from '../flow/source.ts'
import { ARCHIVE_CALLS } from './archive-calls.ts'
import { type ArchiveReader, scanArchive, type TakenFrame } from './archive-reader.ts'
import { type FileAccess, openFile } from './file-access.ts'
import { type BlockInfo, encodeFooter } from './footer.ts'
import { encodeFrame, encodeTail, HEADER_OCTETS, headCrcOf, padded } from './frame.ts'
import { readFrame } from './frame-scan.ts'

/** What a repair did. */
export interface RepairReport {
  /** The finished file. */
  readonly path: string
  /** Where octets that could not be used are kept, or null. */
  readonly bad: string | null
  /** `whole`: nothing was wrong; `finished`: cut off, all whole blocks kept; `rebuilt`: damage left out; `removed`: the
   * writer died before its first frame, and there was nothing to keep. */
  readonly outcome: 'whole' | 'finished' | 'rebuilt' | 'removed'
  readonly blocks: number
  readonly rows: number
  /** Octets that were no whole frame. */
  readonly lostOctets: number
  readonly problems: readonly Problem[]
}

/**
 * Makes a finished file of what a crash or a bad disk left: a cut end is taken off in place, and with `keepsRest` put
 * into a file beside it first; where frames within are damaged the good ones are copied and the damaged original stays
 * beside it as `.bad`. At every point of a crash one of the two is whole. Nobody may be writing the file. Throws as
 * `openArchive`, and FILE_UNWRITABLE.
 */
export function repairArchive(path: string, keepsRest = false): RepairReport {
  const octets = statSync(path, { throwIfNoEntry: false })?.size ?? MOST_BEGUN_OCTETS
  if (path.endsWith('.part') && octets < MOST_BEGUN_OCTETS && !hasFirstFrame(path)) {
    unlinkSync(path)
    return { path, bad: null, outcome: 'removed', blocks: 0, rows: 0, lostOctets: octets, problems: [] }
  }
  const reader = scanArchive(path)
  try {
    const final = path.replace(/\.part$/, '')
    let rows = 0
    for (const block of reader.blocks) rows += block.rows
    const facts = { path: final, blocks: reader.blocks.length, rows, problems: reader.problems }
    const isWhole = reader.problems.length === 0 && reader.hasRightEnd
    if (isWhole && final === path) return { ...facts, bad: null, outcome: 'whole', lostOctets: 0 }
    const end = contiguousEnd(reader.taken)
    const file = openFile(path)
    try {
      const kept = reader.taken.reduce((sum, frame) => sum + frame.octets, 0)
      const lostOctets = isWhole ? 0 : Math.max(0, file.size() - kept)
      if (isWhole) {
        place(path, final)
        return { ...facts, bad: null, outcome: 'finished', lostOctets }
      }
      const bad = freeName(`${path}.bad`)
      if (end < 0) {
        rebuild(file, path, final, bad, reader)
        return { ...facts, bad, outcome: 'rebuilt', lostOctets }
      }
      const isKept = keepsRest && lostOctets > 0
      if (isKept) keepRest(file, end, bad)
      finishInPlace(path, final, end, reader)
      return { ...facts, bad: isKept ? bad : null, outcome: 'finished', lostOctets }
    } finally {
      file.close()
    }
  } catch (error) {
    if (error instanceof FlowError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new FlowError('FILE_UNWRITABLE', `cannot repair archive: ${path}: ${reason}`, { cause: error })
  } finally {
    reader.close()
  }
}

/** A file shorter than this has no room for more than its first frame. */
const MOST_BEGUN_OCTETS = 256

function hasFirstFrame(path: string): boolean {
  const file = openFile(path)
  try {
    return typeof readFrame(file, 0, null) !== 'string'
  } finally {
    file.close()
  }
}

/** Where frames that follow one another from the start end; -1 where there are gaps between them. */
function contiguousEnd(frames: readonly TakenFrame[]): number {
  let end = 0
  for (const { at, octets } of frames) {
    if (at !== end) return -1
    end = at + octets
  }
  return end
}

function finishInPlace(path: string, final: string, end: number, reader: ArchiveReader): void {
  const fd = openSync(path, 'r+')
  try {
    ftruncateSync(fd, end)
    const index = { blocks: reader.blocks, frames: reader.taken.filter(({ type }) => type !== 'B') }
    const octets = closing(end, reader.taken.length, reader, index)
    writeAll(fd, octets, end)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  place(path, final)
}

/** Copies what is behind the whole frames. */
function keepRest(file: FileAccess, from: number, to: string): void {
  const fd = openSync(to, 'wx', 0o644)
  try {
    for (let at = from; at < file.size(); at += COPIED_OCTETS) {
      writeAll(fd, file.read(at, Math.min(COPIED_OCTETS, file.size() - at)), at - from)
    }
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

const COPIED_OCTETS = 2 ** 20

function freeName(wanted: string): string {
  let name = wanted
  for (let n = 1; existsSync(name); n++) name = `${wanted}.${n}`
  return name
}

function rebuild(file: FileAccess, path: string, final: string, bad: string, reader: ArchiveReader): void {
  const temporary = `${final}.repair`
  const fd = openSync(temporary, 'w', 0o644)
  try {
    let end = 0
    const blocks: BlockInfo[] = []
    const frames: { at: number; type: string }[] = []
    const infos = new Map(reader.blocks.map((block) => [block.at, block]))
    for (const [number, frame] of reader.taken.entries()) {
      const octets = file.read(frame.at, frame.octets)
      renumber(octets, number)
      writeAll(fd, octets, end)
      const block = infos.get(frame.at)
      if (block === undefined) frames.push({ at: end, type: frame.type })
      else blocks.push({ ...block, at: end })
      end += frame.octets
    }
    writeAll(fd, closing(end, reader.taken.length, reader, { blocks, frames }), end)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(path, bad)
  place(temporary, final)
}

function renumber(frame: Buffer, number: number): void {
  frame.writeUInt32LE(number, 16)
  const headEnd = HEADER_OCTETS + padded(frame.readUInt32LE(8))
  frame.writeUInt32LE(headCrcOf(frame.subarray(0, headEnd)), 28)
}

/** Footer and tail for a file whose frames end at `at`. */
function closing(
  at: number,
  number: number,
  reader: ArchiveReader,
  index: {
    readonly blocks: readonly BlockInfo[]
    readonly frames: readonly { readonly at: number; readonly type: string }[]
  },
): Buffer {
  const footer = encodeFooter({ ...index, codes: reader.addresses.codes })
  const frame = encodeFrame('F', { number, fileId: reader.schema.fileId }, footer.head, [footer.body])
  return Buffer.concat([frame, encodeTail(at, frame.length)])
}

function writeAll(fd: number, octets: Buffer, at: number): void {
  for (let from = 0; from < octets.length; )
    from += writeSync(fd, octets, from, octets.length - from, at + from)
}

function place(from: string, to: string): void {
  if (from !== to) renameSync(from, to)
  ARCHIVE_CALLS.syncDirectory(dirname(to))
}
