import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { crc32, zstdDecompressSync } from 'node:zlib'
import {
  compareKeys,
  type IndexRecord,
  KEY_AT,
  KEY_OCTETS,
  portKeyOf,
  putKey,
  readRecord,
  recordOctets,
} from './index-record.ts'
import { type StoredStretches, stretchesFrom } from './stored-stretches.ts'
import type { Stretches } from './stretches.ts'

// The index of one folder's translations: chunks of records in the order of their octets, what came of each exporter by
// archive file, a directory of both, and a tail that says where the directory is. It is a cache and nothing more: made
// of files that could be read without a problem, it holds for those whose stamps it knows, and who finds anything wrong
// in it reads the archive files instead.

/** The last octets of an index, behind where its directory begins, how long it is, and its checksum. */
export const INDEX_MAGIC = Buffer.from('weirnat1')
export const TAIL_OCTETS = 24
/** Of the table of chunks: the first key, where the chunk begins, its octets, those when decompressed, its checksum. */
export const CHUNK_ENTRY_OCTETS = KEY_OCTETS + 20
export const MOST_CHUNK_OCTETS = 2 ** 20
const MOST_DIRECTORY_OCTETS = 2 ** 28
const MOST_STRETCHES_OCTETS = 2 ** 26

/** Where octets of an index lie, and their checksum. */
export interface Piece {
  readonly at: number
  readonly octets: number
  readonly rawOctets: number
  readonly crc: number
}

/** What an index knows of one archive file. */
export interface IndexedFile {
  readonly name: string
  /** As `FlowFile.stamp`; empty where not all of the file is in the index. */
  readonly stamp: string
  /** Blocks that have translated plain flows. */
  readonly flowBlocks: readonly number[]
  readonly stretches: Piece
}

/** An index open for reading; its methods throw where it is damaged, and then nothing of it is to be believed. */
export class NatIndex {
  readonly files: readonly IndexedFile[]
  readonly #fd: number
  readonly #table: Buffer
  /** The chunk read last: neighbours are asked for one after the other. */
  #chunk: { readonly number: number; readonly records: Buffer } | null = null
  readonly #key = Buffer.alloc(KEY_AT + KEY_OCTETS)

  private constructor(fd: number, files: readonly IndexedFile[], table: Buffer) {
    this.#fd = fd
    this.files = files
    this.#table = table
  }

  /** The index at `path`; null where there is none that can be believed. */
  static open(path: string): NatIndex | null {
    let fd: number
    try {
      fd = openSync(path, 'r')
    } catch {
      return null
    }
    try {
      const tailAt = fstatSync(fd).size - TAIL_OCTETS
      const tail = readAt(fd, tailAt, TAIL_OCTETS)
      const [at, octets] = [Number(tail.readBigUInt64BE(0)), tail.readUInt32BE(8)]
      if (!tail.subarray(16).equals(INDEX_MAGIC) || octets > MOST_DIRECTORY_OCTETS || at + octets !== tailAt)
        throw new RangeError('no tail')
      const directory = readAt(fd, at, octets)
      if (crc32(directory) !== tail.readUInt32BE(12)) throw new RangeError('a wrong checksum')
      const filesEnd = 4 + directory.readUInt32BE(0)
      const files: unknown = JSON.parse(directory.toString('utf8', 4, filesEnd))
      if (!Array.isArray(files) || !files.every(isIndexedFile)) throw new RangeError('no list of files')
      return new NatIndex(fd, files, directory.subarray(filesEnd))
    } catch {
      closeSync(fd)
      return null
    }
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** All records of one address and side whose keys lie from `from` to `to`, with their keys. */
  *find(
    isPrivate: boolean,
    words: Uint32Array,
    from: number,
    to: number,
  ): Iterable<{ readonly portKey: number; readonly record: IndexRecord }> {
    const key = this.#key
    putKey(key, KEY_AT, isPrivate, words, 0, from)
    let number = this.#firstChunk(key)
    const first = Buffer.from(key)
    putKey(key, KEY_AT, isPrivate, words, 0, to)
    const last = Buffer.from(key)
    for (; number < this.#chunks && this.#compareFirst(number, last) <= 0; number++) {
      const records = this.#records(number)
      for (let at = 0; at < records.length; at += recordOctets(records, at)) {
        if (compareKeys(records, at, first, 0) < 0) continue
        if (compareKeys(records, at, last, 0) > 0) return
        yield { portKey: portKeyOf(records, at), record: readRecord(records, at) }
      }
    }
  }

  /** All records in order, chunk by chunk. */
  *chunks(): Iterable<Buffer> {
    for (let number = 0; number < this.#chunks; number++) yield this.#records(number)
  }

  /**
   * What came of which exporter in a file, by block: read now and understood when asked for; null where it cannot be
   * understood.
   */
  stretches(file: number): () => ReadonlyMap<number, Stretches> | null {
    const { stretches: piece } = this.files[file]!
    const stored = this.#stored(piece, MOST_STRETCHES_OCTETS)
    let known: ReadonlyMap<number, Stretches> | null | undefined
    return () => {
      if (known === undefined) {
        try {
          known = stretchesFrom(JSON.parse(unpacked(stored, piece).toString('utf8')) as StoredStretches)
        } catch {
          known = null
        }
      }
      return known
    }
  }

  /** The same of a file in the form that it is stored in, but unpacked. */
  storedStretches({ stretches }: IndexedFile): Buffer {
    return unpacked(this.#stored(stretches, MOST_STRETCHES_OCTETS), stretches)
  }

  get #chunks(): number {
    return Math.floor(this.#table.length / CHUNK_ENTRY_OCTETS)
  }

  /** The last chunk that begins before a key: where the key's records begin. */
  #firstChunk(key: Buffer): number {
    let [low, high] = [0, this.#chunks]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compareFirst(middle, key) < 0) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }

  #compareFirst(number: number, key: Buffer): number {
    const at = number * CHUNK_ENTRY_OCTETS
    return this.#table.compare(key, KEY_AT, KEY_AT + KEY_OCTETS, at, at + KEY_OCTETS)
  }

  #records(number: number): Buffer {
    if (this.#chunk?.number === number) return this.#chunk.records
    const at = number * CHUNK_ENTRY_OCTETS + KEY_OCTETS
    const table = this.#table
    const [octets, rawOctets, crc] = [8, 12, 16].map((offset) => table.readUInt32BE(at + offset))
    const piece = { at: Number(table.readBigUInt64BE(at)), octets: octets!, rawOctets: rawOctets!, crc: crc! }
    const records = unpacked(this.#stored(piece, MOST_CHUNK_OCTETS), piece)
    this.#chunk = { number, records }
    return records
  }

  #stored({ at, octets, rawOctets, crc }: Piece, most: number): Buffer {
    if (octets > most || rawOctets > most) throw new RangeError('a piece that is too long')
    const stored = readAt(this.#fd, at, octets)
    if (crc32(stored) !== crc) throw new RangeError('a wrong checksum')
    return stored
  }
}

function isIndexedFile(value: unknown): value is IndexedFile {
  if (typeof value !== 'object' || value === null) return false
  const { name, stamp, flowBlocks, stretches } = value as Partial<IndexedFile>
  const { at, octets, rawOctets, crc } = (stretches ?? {}) as Partial<Piece>
  return (
    typeof name === 'string' &&
    typeof stamp === 'string' &&
    Array.isArray(flowBlocks) &&
    [...flowBlocks, at, octets, rawOctets, crc].every((number) => Number.isSafeInteger(number) && number >= 0)
  )
}

function unpacked(stored: Buffer, { rawOctets }: Piece): Buffer {
  const raw = zstdDecompressSync(stored, { maxOutputLength: rawOctets, chunkSize: Math.max(64, rawOctets) })
  if (raw.length !== rawOctets) throw new RangeError('a piece of another length')
  return raw
}

function readAt(fd: number, at: number, octets: number): Buffer {
  if (at < 0) throw new RangeError('octets before the start')
  const out = Buffer.allocUnsafeSlow(octets)
  if (readSync(fd, out, 0, octets, at) !== octets) throw new RangeError('octets beyond the end')
  return out
}
