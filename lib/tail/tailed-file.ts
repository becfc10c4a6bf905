import { type Content, openContent, type Packing } from './content.ts'
import { hashOf } from './fingerprint.ts'
import type { Framing } from './framing.ts'
import type { Position } from './position-store.ts'

/** Octets read at a time. */
const READ_OCTETS = 1 << 20
const LARGE_OCTETS = 8 << 20
/** A longer line is cut here: what follows up to its end is passed over. */
export const MOST_LINE_OCTETS = 10 << 20

/** What is known of a file before it is opened to be read. */
export interface TailedFacts {
  readonly inode: bigint
  readonly packing: Packing
  readonly framing: Framing
}

/** Whole records of one source, borrowed until the next is asked for. */
export interface Piece {
  readonly source: Position
  readonly framing: Framing
  readonly octets: Buffer
  readonly from: number
  /** Behind the last record's end; the last line of a source that ended without one has none. */
  readonly to: number
  /** Where `from` lies in the source's content. */
  readonly offset: number
  /** Where the content goes on behind this piece: what to acknowledge. Beyond `to` where a line was cut. */
  readonly end: number
}

/** One source being read, from where it was acknowledged on. */
export class TailedFile {
  readonly position: Position
  readonly path: string
  readonly packing: Packing
  /** Of the open file, so that it is known when the name stands for another. */
  readonly inode: bigint
  readonly #framing: Framing
  readonly #content: Content
  #buffer = Buffer.allocUnsafe(READ_OCTETS * 2)
  /** Octets of an unfinished record at the start of the buffer. */
  #carried = 0
  /** Octets before it that the last piece holds. */
  #given = 0
  /** Where the buffer's start lies in the content. */
  #at: number
  #isPassingLine = false
  cutLines = 0
  /** The file was truncated or written anew: what follows is another source. */
  isReplaced = false

  constructor(position: Position, path: string, file: TailedFacts, content: Content, at: number) {
    this.position = position
    this.path = path
    this.inode = file.inode
    this.packing = file.packing
    this.#framing = file.framing
    this.#content = content
    this.#at = at
  }

  /** Where the next piece will begin. */
  get offset(): number {
    return this.#at
  }

  /** Octets of the file that were read, compressed or not. */
  get fileOctets(): number {
    return this.#content.fileOctets
  }

  get damage(): string | null {
    return this.#content.damage
  }

  /** The next whole records, or null where there are none now; `isLast`: a line without an end counts too. */
  async read(isLast: boolean): Promise<Piece | null> {
    for (;;) {
      this.#makeRoom()
      const count = await this.#content.read(
        this.#buffer,
        this.#carried,
        Math.min(this.#buffer.length, this.#carried + READ_OCTETS),
      )
      // Looked at after reading, so that what was read is surely of this source.
      if (await this.#wasReplaced()) return null
      const length = this.#carried + count
      if (count === 0) {
        const isEnded = isLast || this.packing !== 'plain'
        if (!isEnded || length === 0) return null
        this.#carried = 0
        return this.#take(length, length)
      }
      const end = this.#framing.lastEnd(this.#buffer, length)
      // The line's end may lie before the octets just read only if it was seen before.
      if (end > 0) return this.#take(end, length)
      this.#carried = length
      if (length >= MOST_LINE_OCTETS) {
        const piece = this.#isPassingLine ? null : this.#take(length, length)
        this.#at += piece === null ? length : 0
        this.#carried = 0
        this.#isPassingLine = true
        this.cutLines += piece === null ? 0 : 1
        if (piece !== null) return piece
      }
    }
  }

  /** To be called before the first read where it begins within a line: the rest of that is passed over. */
  passLine(): void {
    this.#isPassingLine = true
  }

  async #wasReplaced(): Promise<boolean> {
    const { headOctets, key, marks } = this.position
    const last = marks.at(-1) ?? { octets: headOctets, hash: '' }
    const head = await this.#content.readHead(Math.max(headOctets, last.octets))
    if (head === null) return false
    const isSame = (octets: number, hash: string) =>
      head.length >= octets && hashOf(head.subarray(0, octets)).startsWith(hash)
    this.isReplaced ||= !isSame(headOctets, key) || !isSame(last.octets, last.hash)
    return this.isReplaced
  }

  /** Gives `[0, to)` of the buffer; what lies behind it moves to the start when the next piece is asked for. */
  #take(to: number, length: number): Piece {
    const octets = this.#buffer
    const offset = this.#at
    this.#given = to
    this.#carried = length - to
    this.#at += to
    let from = 0
    if (this.#isPassingLine) {
      from = Math.min(to, octets.indexOf(0x0a) + 1 || to)
      this.#isPassingLine = false
    }
    const { position: source } = this
    return { source, framing: this.#framing, octets, from, to, offset: offset + from, end: this.#at }
  }

  /** Takes back what was given, and makes room for the next read. */
  #makeRoom(): void {
    if (this.#given > 0) {
      const end = this.#given + this.#carried
      // A buffer that a long line has made large is not kept.
      if (this.#buffer.length > LARGE_OCTETS && this.#carried < READ_OCTETS) {
        const smaller = Buffer.allocUnsafe(READ_OCTETS * 2)
        this.#buffer.copy(smaller, 0, this.#given, end)
        this.#buffer = smaller
      } else this.#buffer.copyWithin(0, this.#given, end)
      this.#given = 0
    }
    if (this.#buffer.length - this.#carried < READ_OCTETS) this.#grow()
  }

  #grow(): void {
    const bigger = Buffer.allocUnsafe(this.#buffer.length * 2)
    this.#buffer.copy(bigger, 0, 0, this.#carried)
    this.#buffer = bigger
  }

  async close(): Promise<void> {
    await this.#content.close()
  }
}

/** Opens `path` to be read from octet `at` of its content on; throws the system's error where it cannot be opened. */
export async function openTailed(
  position: Position,
  path: string,
  file: TailedFacts,
  at: number,
): Promise<TailedFile> {
  return new TailedFile(position, path, file, await openContent(path, file.packing, at), at)
}
