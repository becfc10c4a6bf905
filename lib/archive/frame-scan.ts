import { crc32 } from '../bytes/crc32.ts'
import type { FileAccess } from './file-access.ts'
import {
  FLAG_SKIPPABLE,
  FRAME_MAGIC,
  FRAME_VERSION,
  type FrameHeader,
  HEADER_OCTETS,
  headCrcOf,
  padded,
  parseFrameHeader,
} from './frame.ts'

const NONE = Buffer.alloc(0)
/** Most heads are shorter, so that one read is enough. */
const FIRST_READ = 8192

/** Reads octets of a frame's body, into `room` where it is given; none where the body has not so many. */
export type BodyReader = (from: number, octets: number, room?: (octets: number) => Uint8Array) => Buffer

/** A frame whose header and head are right; the body is read when asked for. */
export interface Frame {
  readonly at: number
  readonly header: FrameHeader
  readonly head: Buffer
  readonly body: BodyReader
}

/** Why no frame could be read: the file ends there, inside a frame or not, or what stands there is no frame of it. */
export type NoFrame = 'end' | 'cut' | 'damaged'

/** Reads header and head of the frame at `at` and proves them right; `fileId` null: not known yet. */
export function readFrame(file: FileAccess, at: number, fileId: number | null): Frame | NoFrame {
  const first = file.read(at, FIRST_READ)
  if (first.length === 0) return 'end'
  const header = parseFrameHeader(first)
  if (header === null) return first.length < HEADER_OCTETS ? 'cut' : 'damaged'
  if (fileId !== null && header.fileId !== fileId) return 'damaged'
  const bodyAt = at + HEADER_OCTETS + padded(header.headOctets)
  let whole = first.subarray(0, bodyAt - at)
  if (bodyAt - at > first.length) {
    // Lengths are held against the file before anything is allocated for them.
    if (first.length < FIRST_READ || bodyAt > file.size()) return 'cut'
    whole = file.read(at, bodyAt - at)
    if (whole.length < bodyAt - at) return 'cut'
  }
  if (headCrcOf(whole) !== header.headCrc) return 'damaged'
  const head = whole.subarray(HEADER_OCTETS, HEADER_OCTETS + header.headOctets)
  return {
    at,
    header,
    head,
    body: (from, octets, room) =>
      from + octets > header.bodyOctets ? NONE : file.read(bodyAt + from, octets, room?.(octets)),
  }
}

/** Bodies are proven right by pieces, in the same memory for all. */
const PIECE = 2 ** 17
const room = new Uint8Array(PIECE)

/** Whether the frame's whole body is there and has the checksum it should. */
export function hasWholeBody(frame: Frame): boolean {
  const { bodyOctets, bodyCrc } = frame.header
  let crc = 0
  for (let from = 0; from < bodyOctets; from += PIECE) {
    const octets = Math.min(PIECE, bodyOctets - from)
    const piece = frame.body(from, octets, () => room)
    if (piece.length < octets) return false
    crc = crc32(piece, crc)
  }
  return crc === bodyCrc
}

/** Whether we know how to read the frame. */
export function isKnown({ header }: Frame): boolean {
  return header.version === FRAME_VERSION && 'SDBIF'.includes(header.type)
}

/** Whether a frame that we cannot read may be skipped. */
export function isSkippable({ header }: Frame): boolean {
  return (header.flags & FLAG_SKIPPABLE) !== 0
}

const WINDOW = 2 ** 20

/** Where the next right frame begins at or after `from`, of a number above `above`; -1 if there is none. */
export function findFrame(file: FileAccess, from: number, fileId: number, above: number): number {
  const size = file.size()
  for (let base = Math.ceil(from / 8) * 8; base < size; base += WINDOW) {
    const window = file.read(base, Math.min(WINDOW, size - base))
    for (let at = 0; at + 4 <= window.length; at += 8) {
      if (window.readUInt32LE(at) !== FRAME_MAGIC) continue
      const frame = readFrame(file, base + at, fileId)
      if (typeof frame !== 'string' && frame.header.number > above) return base + at
    }
  }
  return -1
}
