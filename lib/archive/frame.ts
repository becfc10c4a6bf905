import { crc32 } from '../bytes/crc32.ts'

/** First octets of every frame, and last of a finished file (FORMAT.md 2). */
export const FRAME_MAGIC = 0x52494557
export const TAIL_MAGIC = 0x57454952
export const FRAME_VERSION = 1
export const FORMAT_VERSION = 1
export const HEADER_OCTETS = 32
export const TAIL_OCTETS = 16
export const MOST_HEAD_OCTETS = 2 ** 24
export const MOST_BODY_OCTETS = 2 ** 28
/** A reader that does not know the frame's type or version may skip it. */
export const FLAG_SKIPPABLE = 1

export type FrameType = 'S' | 'D' | 'B' | 'I' | 'F'

export interface FrameHeader {
  readonly type: string
  readonly version: number
  readonly flags: number
  readonly headOctets: number
  readonly bodyOctets: number
  readonly number: number
  readonly fileId: number
  readonly bodyCrc: number
  readonly headCrc: number
  /** Octets of the whole frame. */
  readonly frameOctets: number
}

/** `octets` up to the next multiple of 8. */
export function padded(octets: number): number {
  return Math.ceil(octets / 8) * 8
}

/** One whole frame; `body` is padded with zeros, and its pieces are copied. */
export function encodeFrame(
  type: FrameType,
  facts: { readonly number: number; readonly fileId: number; readonly flags?: number },
  head: Uint8Array,
  body: readonly Uint8Array[],
): Buffer {
  const bodyAt = HEADER_OCTETS + padded(head.length)
  let bodyOctets = 0
  for (const piece of body) bodyOctets += padded(piece.length)
  const frame = Buffer.alloc(bodyAt + bodyOctets)
  frame.set(head, HEADER_OCTETS)
  let at = bodyAt
  for (const piece of body) {
    frame.set(piece, at)
    at += padded(piece.length)
  }
  frame.writeUInt32LE(FRAME_MAGIC, 0)
  frame[4] = type.charCodeAt(0)
  frame[5] = FRAME_VERSION
  frame.writeUInt16LE(facts.flags ?? 0, 6)
  frame.writeUInt32LE(head.length, 8)
  frame.writeUInt32LE(bodyOctets, 12)
  frame.writeUInt32LE(facts.number, 16)
  frame.writeUInt32LE(facts.fileId, 20)
  frame.writeUInt32LE(crc32(frame.subarray(bodyAt)), 24)
  frame.writeUInt32LE(headCrcOf(frame.subarray(0, bodyAt)), 28)
  return frame
}

/** CRC of a header's first 28 octets and of the padded head behind it. */
export function headCrcOf(headerAndHead: Uint8Array): number {
  return crc32(headerAndHead.subarray(HEADER_OCTETS), crc32(headerAndHead.subarray(0, 28)))
}

/** The header in 32 octets, or null where magic or lengths are wrong; checksums are the caller's to compare. */
export function parseFrameHeader(octets: Buffer): FrameHeader | null {
  if (octets.length < HEADER_OCTETS || octets.readUInt32LE(0) !== FRAME_MAGIC) return null
  const headOctets = octets.readUInt32LE(8)
  const bodyOctets = octets.readUInt32LE(12)
  if (headOctets > MOST_HEAD_OCTETS || bodyOctets > MOST_BODY_OCTETS || bodyOctets % 8 !== 0) return null
  return {
    type: String.fromCharCode(octets[4]!),
    version: octets[5]!,
    flags: octets.readUInt16LE(6),
    headOctets,
    bodyOctets,
    number: octets.readUInt32LE(16),
    fileId: octets.readUInt32LE(20),
    bodyCrc: octets.readUInt32LE(24),
    headCrc: octets.readUInt32LE(28),
    frameOctets: HEADER_OCTETS + padded(headOctets) + bodyOctets,
  }
}

/** The last octets of a finished file, whose F frame of `octets` begins at `at`. */
export function encodeTail(at: number, octets: number): Buffer {
  const tail = Buffer.alloc(TAIL_OCTETS)
  tail.writeBigUInt64LE(BigInt(at), 0)
  tail.writeUInt32LE(octets, 8)
  tail.writeUInt32LE(TAIL_MAGIC, 12)
  return tail
}
