import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { crc32, constants as zlib, zstdCompressSync } from 'node:zlib'
import { KEY_AT, KEY_END, KEY_OCTETS, MOST_RECORD_OCTETS, recordOctets } from './index-record.ts'
import { CHUNK_ENTRY_OCTETS, INDEX_MAGIC, type IndexedFile, type Piece, TAIL_OCTETS } from './nat-index.ts'

/** A chunk is closed when it is as long as this: one is read for each part of a question. */
const CHUNK_OCTETS = 32_768

/** Neighbours are so alike that more effort saves little. */
const QUICK = { params: { [zlib.ZSTD_c_compressionLevel]: 1 } }

/** Nobody writes for so long without writing anything. */
const ABANDONED_MS = 600_000

/** An index being written: nobody sees it before it is whole. Throws what the system does. */
export class IndexDraft {
  readonly #path: string
  readonly #draft: string
  readonly #fd: number
  #at = 0
  readonly #chunk = Buffer.alloc(CHUNK_OCTETS + MOST_RECORD_OCTETS)
  #used = 0
  readonly #table: Buffer[] = []

  constructor(path: string) {
    this.#path = path
    this.#draft = `${path}.part`
    removeOld(this.#draft)
    // Where somebody else is at it, one index is enough.
    this.#fd = openSync(this.#draft, 'wx', 0o644)
  }

  /** Appends a record, none of those before being greater. */
  append(records: Buffer, at: number): void {
    const octets = recordOctets(records, at)
    records.copy(this.#chunk, this.#used, at, at + octets)
    this.#used += octets
    if (this.#used >= CHUNK_OCTETS) this.#closeChunk()
  }

  #closeChunk(): void {
    if (this.#used === 0) return
    const { at, octets, rawOctets, crc } = this.add(this.#chunk.subarray(0, this.#used))
    const entry = Buffer.alloc(CHUNK_ENTRY_OCTETS)
    this.#chunk.copy(entry, 0, KEY_AT, KEY_END)
    entry.writeBigUInt64BE(BigInt(at), KEY_OCTETS)
    for (const [i, number] of [octets, rawOctets, crc].entries())
      entry.writeUInt32BE(number, KEY_OCTETS + 8 + i * 4)
    this.#table.push(entry)
    this.#used = 0
  }

  /** Adds octets that are no records; returns where they are. */
  add(raw: Buffer): Piece {
    const stored = zstdCompressSync(raw, QUICK)
    const at = this.#at
    this.#write(stored)
    return { at, octets: stored.length, rawOctets: raw.length, crc: crc32(stored) }
  }

  #write(octets: Buffer): void {
    for (let done = 0; done < octets.length; )
      done += writeSync(this.#fd, octets, done, octets.length - done, this.#at + done)
    this.#at += octets.length
  }

  /** Writes the directory and puts the index in its place. */
  finish(files: readonly IndexedFile[]): void {
    this.#closeChunk()
    const text = Buffer.from(JSON.stringify(files))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(text.length)
    const directory = Buffer.concat([length, text, ...this.#table])
    const tail = Buffer.alloc(TAIL_OCTETS)
    tail.writeBigUInt64BE(BigInt(this.#at), 0)
    tail.writeUInt32BE(directory.length, 8)
    tail.writeUInt32BE(crc32(directory), 12)
    INDEX_MAGIC.copy(tail, 16)
    this.#write(Buffer.concat([directory, tail]))
    closeSync(this.#fd)
    renameSync(this.#draft, this.#path)
  }

  /** Gives up. */
  abandon(): void {
    try {
      closeSync(this.#fd)
    } catch {
      // It was closed before it could not be renamed.
    }
    rmSync(this.#draft, { force: true })
  }
}

/** Removes what a process that was killed has not finished. */
function removeOld(draft: string): void {
  const stat = statSync(draft, { throwIfNoEntry: false })
  if (stat?.isFile() && Date.now() - stat.mtimeMs > ABANDONED_MS) rmSync(draft, { force: true })
}
