import type { CaptureInput } from './capture-input.ts'

/** What `next` found at the start of the window. */
export const STEP = {
  /** A packet: `packet` describes it, and the window has moved behind it. */
  packet: 0,
  /** Something that is no packet; the window has moved behind it. */
  other: 1,
  /** The window must hold `needed` octets; nothing has moved. */
  more: 2,
  /** The next `needed` octets, all or part of a block, are to be stepped over. */
  skip: 3,
  /** The file cannot be read beyond this place; `damage` says why. */
  damaged: 4,
} as const

export type Step = (typeof STEP)[keyof typeof STEP]

/** One packet of a capture, whose octets are the window's. One object is reused for all. */
export interface CapturePacket {
  link: number
  from: number
  to: number
  /** Octets that the packet had on the wire. */
  originalOctets: number
  /** Capture time as one count since the epoch, and its words (low, high). */
  readonly timeNs: BigUint64Array
  readonly timeWords: Uint32Array
}

/** An empty packet to be filled by a format. */
export function newCapturePacket(): CapturePacket {
  const timeNs = new BigUint64Array(1)
  return {
    link: 0,
    from: 0,
    to: 0,
    originalOctets: 0,
    timeNs,
    timeWords: new Uint32Array(timeNs.buffer),
  }
}

/** Reads one kind of capture file, block by block. */
export interface CaptureFormat {
  readonly packet: CapturePacket
  readonly needed: number
  readonly damage: string
  /** Packets that the format could not give: of an interface that was not described, or malformed. */
  readonly unreadable: number
  next(input: CaptureInput): Step
}

/** A packet longer than this is no packet: libpcap's own limit is a quarter of it. */
export const MOST_PACKET_OCTETS = 1 << 20
