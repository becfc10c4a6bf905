import { crc32 } from '../bytes/crc32.ts'
import type { OctetWindow } from '../bytes/octet-window.ts'
import { FlowError } from '../diagnostics/flow-error.ts'
import { BlockMemory } from '../flow/block-memory.ts'
import type { FlowStream, Problem } from '../flow/source.ts'
import { AddressTable } from './address-table.ts'
import { type Block, openBlock } from './block-reader.ts'
import { Damage } from './damage.ts'
import { blockInfo } from './footer.ts'
import {
  FLAG_SKIPPABLE,
  FRAME_MAGIC,
  FRAME_VERSION,
  type FrameHeader,
  HEADER_OCTETS,
  headCrcOf,
  padded,
  parseFrameHeader,
  TAIL_MAGIC,
  TAIL_OCTETS,
} from './frame.ts'
import { addSchemaFrame, newSchema, type Schema } from './schema.ts'

const MAGIC = Buffer.alloc(4)
MAGIC.writeUInt32LE(FRAME_MAGIC)
/** File ids whose frames may come mixed: as many writers may share a pipe. */
const MOST_IDS = 16
/** Problems told one by one; a stream of garbage has more. */
const MOST_PROBLEMS = 1000

/**
 * Reads a flow stream (FORMAT.md 11), or archive files one after the other, from front to back. Memory grows with a
 * frame and with the addresses of the last file ids. What is damaged is a problem and is left out; throws ARCHIVE_VERSION.
 */
export class StreamIn implements FlowStream {
  readonly path: string
  readonly problems: Problem[] = []
  /** Of the block that `next` gave. */
  schema: Schema = newSchema()
  /** Frames or blocks that were left out. */
  rejected = 0
  readonly #window: OctetWindow
  readonly #memory = new BlockMemory()
  /** By file id, the one that began last at the end. */
  readonly #known = new Map<number, { readonly schema: Schema; readonly addresses: AddressTable }>()
  /** The frame that `next` gave: its octets are used up by the next call. */
  #held = 0

  constructor(path: string, window: OctetWindow) {
    this.path = path
    this.#window = window
  }

  /** JSON of how the lines looked from which the block that `next` gave was read (FORMAT.md 3), or an empty text. */
  get lineShape(): string {
    return this.schema.lineShape
  }

  /** The next whole block, good until the next call; null at the end. */
  async next(): Promise<Block | null> {
    const window = this.#window
    this.#memory.reset()
    for (;;) {
      window.from += this.#held
      this.#held = 0
      const header = await this.#header()
      if (header === null) return null
      const { frameOctets } = header
      if (!(await window.more(frameOctets))) {
        this.#reject(`the stream ends within a frame of type ${header.type}`)
        window.from = window.to
        return null
      }
      const frame = Buffer.from(window.octets.buffer, window.octets.byteOffset + window.from, frameOctets)
      this.#held = frameOctets
      if (crc32(frame.subarray(frameOctets - header.bodyOctets)) !== header.bodyCrc) {
        this.#reject(`the body of a frame of type ${header.type} is damaged`)
        continue
      }
      const block = this.#take(header, frame)
      if (header.type === 'F') await this.#skipTail(frameOctets)
      if (block !== null) return block
    }
  }

  close(): void {
    void this.#window.close()
  }

  /** The header of the next frame, whose head is in the window and right; null at the end. */
  async #header(): Promise<FrameHeader | null> {
    const window = this.#window
    let lost = 0
    for (;;) {
      if (!(await window.more(HEADER_OCTETS))) {
        lost += window.to - window.from
        window.from = window.to
        if (lost > 0 || window.damage !== undefined) {
          this.#reject(window.damage ?? `${lost} octets at the end are no whole frame`)
        }
        return null
      }
      const header = await this.#headerHere()
      if (header !== null) {
        if (lost > 0) this.#reject(`${lost} octets before are no frame`)
        return header
      }
      const { octets, from, to } = window
      const found = Buffer.from(octets.buffer, octets.byteOffset, to).indexOf(MAGIC, from + 1)
      // The last three octets may be the beginning of the next frame's magic.
      const next = found >= 0 ? found : to - 3
      lost += next - from
      window.from = next
    }
  }

  async #headerHere(): Promise<FrameHeader | null> {
    const window = this.#window
    const header = parseFrameHeader(view(window, HEADER_OCTETS))
    if (header === null) return null
    const octets = HEADER_OCTETS + padded(header.headOctets)
    if (!(await window.more(octets))) return null
    return headCrcOf(view(window, octets)) === header.headCrc ? header : null
  }

  /** Learns what a whole frame says; returns its block, if it is one that can be read. */
  #take(header: FrameHeader, frame: Buffer): Block | null {
    const { type, version, flags, headOctets, bodyOctets, fileId } = header
    if (version !== FRAME_VERSION || !'SDBIF'.includes(type)) {
      if ((flags & FLAG_SKIPPABLE) === 0) throw this.#unknownVersion(header)
      return null
    }
    const head = frame.subarray(HEADER_OCTETS, HEADER_OCTETS + headOctets)
    let known = this.#known.get(fileId)
    if (known === undefined) {
      if (type === 'I' || type === 'F') return null
      if (type !== 'S' || header.number !== 0) {
        this.#reject(`a frame of type ${type} comes without its schema`)
        return null
      }
      known = { schema: newSchema(), addresses: new AddressTable() }
      this.#known.set(fileId, known)
      for (const oldest of this.#known.keys()) if (this.#known.size > MOST_IDS) this.#known.delete(oldest)
    }
    const { schema, addresses } = known
    if (type === 'S') {
      if (addSchemaFrame(schema, Buffer.from(head))) return null
      if (schema.columns.length === 0 && header.number === 0) throw this.#unknownVersion(header)
      this.#reject('a schema needs one that is lost')
    } else if (type === 'D') {
      // A dictionary is read when its first address is asked for, and the window has moved on by then.
      const kept = Buffer.from(frame.subarray(frame.length - bodyOctets))
      if (!addresses.add(Buffer.from(head), (from, octets) => kept.subarray(from, from + octets))) {
        this.#reject('a dictionary needs one that is lost')
      }
    } else if (type === 'B') {
      this.schema = schema
      return this.#block(head, frame.subarray(frame.length - bodyOctets), addresses)
    } else if (type === 'F') this.#known.delete(fileId)
    return null
  }

  #block(head: Buffer, body: Buffer, addresses: AddressTable): Block | null {
    const info = blockInfo(this.#window.position, head.length, body.length, head)
    try {
      if (info === null) throw new Damage('its head is too short')
      const part = (from: number, octets: number) => body.subarray(from, from + octets)
      return openBlock(info, head, part, this.schema, addresses, this.#memory)
    } catch (error) {
      if (!(error instanceof Damage)) throw error
      this.#reject(`a block cannot be read: ${error.message}`)
      return null
    }
  }

  /** A finished file's tail, where one was put into the stream as it is. */
  async #skipTail(before: number): Promise<void> {
    const window = this.#window
    if (!(await window.more(before + TAIL_OCTETS))) return
    const tail = view(window, before + TAIL_OCTETS).subarray(before)
    if (tail.readUInt32LE(12) === TAIL_MAGIC) this.#held += TAIL_OCTETS
  }

  #reject(what: string): void {
    this.rejected++
    if (this.problems.length < MOST_PROBLEMS) this.problems.push({ at: this.#window.position, what })
  }

  #unknownVersion({ type, version }: FrameHeader): FlowError {
    return new FlowError(
      'ARCHIVE_VERSION',
      `flow stream of a later version: ${this.path}: frame of type ${type}, version ${version}; a newer weir reads it`,
    )
  }
}

/** The next octets of the window, which holds them. */
function view({ octets, from }: OctetWindow, count: number): Buffer {
  return Buffer.from(octets.buffer, octets.byteOffset + from, count)
}
