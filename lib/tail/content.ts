import { createReadStream, type ReadStream } from 'node:fs'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { reasonOf } from '../diagnostics/reason.ts'
import { MOST_HEAD_OCTETS } from './fingerprint.ts'
import { type OpenFile, openFile } from './open-file.ts'

const GZIP_MAGIC = 0x1f8b
const ZSTD_MAGIC = 0x28b52ffd
/** Compressed octets read to have the first 1024 of the content: zstd has its first ones with a whole block (RFC 8878 §3.1.1.2). */
export const PACKED_HEAD_OCTETS = (128 << 10) + 1024

/** What a file's octets are before they can be read as lines. */
export type Packing = 'plain' | 'gzip' | 'zstd'

/** The octets that a file's content begins with, decompressed, and whether those are all of it. */
export interface Head {
  readonly packing: Packing
  readonly octets: Buffer
  readonly isWhole: boolean
}

/** Content that is read from a given octet on. */
export interface Content {
  readonly packing: Packing
  /** Why the content ended before its end, if it did. */
  readonly damage: string | null
  /** Octets of the file that were read, compressed or not. */
  readonly fileOctets: number
  /** Fills `into[from, to)` as far as it can; 0 where there is nothing more, which for plain files may change. */
  read(into: Buffer, from: number, to: number): Promise<number>
  /** What the file begins with now, to see that it was not truncated and written anew; null for compressed files. */
  readHead(octets: number): Promise<Buffer | null>
  close(): Promise<void>
}

/** Tells by the first octets how a file is packed. */
export function packingOf(octets: Buffer): Packing {
  if (octets.length >= 2 && octets.readUInt16BE(0) === GZIP_MAGIC) return 'gzip'
  return octets.length >= 4 && octets.readUInt32BE(0) === ZSTD_MAGIC ? 'zstd' : 'plain'
}

/** Reads what the content of an open file begins with; throws where the file cannot be read. */
export async function readHead(file: OpenFile): Promise<Head> {
  const raw = Buffer.alloc(MOST_HEAD_OCTETS)
  const count = await readAt(file, raw, 0)
  const packing = packingOf(raw.subarray(0, count))
  if (packing === 'plain') {
    return { packing, octets: raw.subarray(0, count), isWhole: count < MOST_HEAD_OCTETS }
  }
  const packed = Buffer.alloc(PACKED_HEAD_OCTETS)
  const packedCount = await readAt(file, packed, 0)
  const content = new PackedContent([packed.subarray(0, packedCount)], packing)
  const octets = Buffer.alloc(MOST_HEAD_OCTETS)
  let length = 0
  for (;;) {
    const got = await content.read(octets, length, octets.length)
    if (got === 0) break
    length += got
  }
  await content.close()
  return { packing, octets: octets.subarray(0, length), isWhole: length < MOST_HEAD_OCTETS }
}

/** Opens a file's content at octet `from` of what it is decompressed; throws where the file cannot be opened. */
export async function openContent(path: string, packing: Packing, from: number): Promise<Content> {
  if (packing === 'plain') return new PlainContent(await openFile(path), from)
  const content = new PackedContent(createReadStream(path), packing)
  await content.skip(from)
  return content
}

async function readAt(file: OpenFile, into: Buffer, at: number): Promise<number> {
  let length = 0
  while (length < into.length) {
    const count = await file.read(into, length, into.length, at + length)
    if (count === 0) break
    length += count
  }
  return length
}

class PlainContent implements Content {
  readonly packing = 'plain'
  readonly damage = null
  fileOctets = 0
  readonly #file: OpenFile
  #at: number

  constructor(file: OpenFile, at: number) {
    this.#file = file
    this.#at = at
  }

  async read(into: Buffer, from: number, to: number): Promise<number> {
    const count = await this.#file.read(into, from, to, this.#at)
    this.#at += count
    this.fileOctets += count
    return count
  }

  async readHead(octets: number): Promise<Buffer> {
    const head = Buffer.alloc(octets)
    return head.subarray(0, await readAt(this.#file, head, 0))
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/** Compressed content is read once, from its start to its end. */
class PackedContent implements Content {
  readonly packing: Packing
  damage: string | null = null
  readonly #source: ReadStream | readonly Buffer[]
  readonly #pieces: AsyncIterator<Buffer>
  #piece: Buffer = Buffer.alloc(0)

  constructor(source: ReadStream | readonly Buffer[], packing: Packing) {
    this.packing = packing
    this.#source = source
    this.#pieces = inflate(source, packing)
  }

  get fileOctets(): number {
    return 'bytesRead' in this.#source ? this.#source.bytesRead : 0
  }

  async skip(octets: number): Promise<void> {
    const waste = Buffer.alloc(Math.min(octets, 1 << 20))
    for (let left = octets; left > 0; ) {
      const got = await this.read(waste, 0, Math.min(waste.length, left))
      if (got === 0) return
      left -= got
    }
  }

  async read(into: Buffer, from: number, to: number): Promise<number> {
    if (this.damage !== null) return 0
    if (this.#piece.length === 0) {
      try {
        const next = await this.#pieces.next()
        if (next.done === true) return 0
        this.#piece = next.value
      } catch (error) {
        this.damage = reasonOf(error)
        return 0
      }
    }
    const count = this.#piece.copy(into, from, 0, to - from)
    this.#piece = this.#piece.subarray(count)
    return count
  }

  async readHead(): Promise<null> {
    return null
  }

  async close(): Promise<void> {
    await this.#pieces.return?.()
    if ('destroy' in this.#source) this.#source.destroy()
  }
}

/** Gives what the source inflates to piece by piece; throws at the first damage, after all that was whole. */
async function* inflate(
  source: AsyncIterable<Buffer> | Iterable<Buffer>,
  packing: Packing,
): AsyncGenerator<Buffer, undefined> {
  const unpack = packing === 'gzip' ? createGunzip() : createZstdDecompress()
  const feed = async () => {
    for await (const piece of source) {
      if (unpack.destroyed) return
      if (!unpack.write(piece)) await new Promise<void>((done) => waitForRoom(unpack, done))
    }
    unpack.end()
  }
  const feeding = feed().catch((error: unknown) => unpack.destroy(error as Error))
  try {
    for await (const piece of unpack) yield piece as Buffer
  } finally {
    unpack.destroy()
    await feeding
  }
  return undefined
}

function waitForRoom(unpack: ReturnType<typeof createGunzip>, done: () => void): void {
  const settle = () => {
    unpack.off('drain', settle)
    unpack.off('close', settle)
    done()
  }
  unpack.on('drain', settle)
  unpack.on('close', settle)
}
