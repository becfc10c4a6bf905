import type { BlockFacts } from '../flow/source.ts'
import {
  BLOCK_FIXED_OCTETS,
  BLOCK_STATISTICS_OCTETS,
  FOOTER_BLOCK_OCTETS,
  FOOTER_FRAME_OCTETS,
  RECORD_KINDS,
} from './encoding.ts'
import { padded } from './frame.ts'

/** What is known of a block without reading its columns, and where its frame begins and the lengths of its parts. */
export interface BlockInfo extends BlockFacts {
  readonly at: number
  readonly headOctets: number
  readonly bodyOctets: number
}

/** Where a frame that is no block begins. */
export interface FrameInfo {
  readonly at: number
  readonly type: string
}

export interface Footer {
  readonly blocks: readonly BlockInfo[]
  readonly frames: readonly FrameInfo[]
  readonly codes: number
}

/** The block that a B frame's head describes; null if the head is too short. */
export function blockInfo(
  at: number,
  headOctets: number,
  bodyOctets: number,
  fixed: Buffer,
): BlockInfo | null {
  if (fixed.length < BLOCK_STATISTICS_OCTETS || headOctets < BLOCK_FIXED_OCTETS) return null
  return {
    at,
    headOctets,
    bodyOctets,
    rows: fixed.readUInt32LE(0),
    kind: RECORD_KINDS[fixed[4]!] ?? null,
    leastReceived: fixed.readBigUInt64LE(8),
    greatestReceived: fixed.readBigUInt64LE(16),
    leastStart: fixed.readBigUInt64LE(24),
    greatestEnd: fixed.readBigUInt64LE(32),
    octets: fixed.readBigUInt64LE(40) | (fixed.readBigUInt64LE(48) << 64n),
    packets: fixed.readBigUInt64LE(56) | (fixed.readBigUInt64LE(64) << 64n),
  }
}

/** The parts of an F frame. */
export function encodeFooter(footer: Footer): { head: Buffer; body: Buffer } {
  const { blocks, frames, codes } = footer
  const head = Buffer.alloc(16)
  head.writeUInt32LE(blocks.length, 0)
  head.writeUInt32LE(frames.length, 4)
  head.writeUInt32LE(codes, 8)
  const framesAt = blocks.length * FOOTER_BLOCK_OCTETS
  const body = Buffer.alloc(padded(framesAt + frames.length * FOOTER_FRAME_OCTETS))
  for (const [i, block] of blocks.entries()) {
    const at = i * FOOTER_BLOCK_OCTETS
    body.writeBigUInt64LE(BigInt(block.at), at)
    body.writeUInt32LE(block.headOctets, at + 8)
    body.writeUInt32LE(block.bodyOctets, at + 12)
    body.writeUInt32LE(block.rows, at + 16)
    body[at + 20] = block.kind === null ? 255 : RECORD_KINDS.indexOf(block.kind)
    const numbers = [block.leastReceived, block.greatestReceived, block.leastStart, block.greatestEnd]
    for (const [k, value] of numbers.entries()) body.writeBigUInt64LE(value, at + 24 + k * 8)
    for (const [k, sum] of [block.octets, block.packets].entries()) {
      body.writeBigUInt64LE(BigInt.asUintN(64, sum), at + 56 + k * 16)
      body.writeBigUInt64LE(sum >> 64n, at + 64 + k * 16)
    }
  }
  for (const [i, frame] of frames.entries()) {
    const at = framesAt + i * FOOTER_FRAME_OCTETS
    body.writeBigUInt64LE(BigInt(frame.at), at)
    body.writeUInt32LE(frame.type.charCodeAt(0), at + 8)
  }
  return { head, body }
}

/** What an F frame says, or null where its lengths disagree. */
export function parseFooter(head: Buffer, body: Buffer): Footer | null {
  if (head.length < 16) return null
  const blockCount = head.readUInt32LE(0)
  const frameCount = head.readUInt32LE(4)
  const framesAt = blockCount * FOOTER_BLOCK_OCTETS
  if (framesAt + frameCount * FOOTER_FRAME_OCTETS > body.length) return null
  const blocks: BlockInfo[] = []
  for (let at = 0; at < framesAt; at += FOOTER_BLOCK_OCTETS) {
    const lengths = [body.readUInt32LE(at + 8), body.readUInt32LE(at + 12)] as const
    const statistics = body.subarray(at + 16, at + 16 + BLOCK_STATISTICS_OCTETS)
    const block = blockInfo(Number(body.readBigUInt64LE(at)), ...lengths, statistics)
    if (block === null) return null
    blocks.push(block)
  }
  const frames: FrameInfo[] = []
  for (let i = 0; i < frameCount; i++) {
    const at = framesAt + i * FOOTER_FRAME_OCTETS
    frames.push({
      at: Number(body.readBigUInt64LE(at)),
      type: String.fromCharCode(body.readUInt32LE(at + 8) & 0xffff),
    })
  }
  return { blocks, frames, codes: head.readUInt32LE(8) }
}
