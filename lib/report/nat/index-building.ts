import { basename } from 'node:path'
import { BlockMemory } from '../../flow/block-memory.ts'
import type { FlowFile } from '../../flow/source.ts'
import { IndexDraft } from './index-draft.ts'
import { gatherBlock } from './index-gathering.ts'
import { compareRecords, fileOf, putFile, recordOctets } from './index-record.ts'
import { type IndexedFile, NatIndex } from './nat-index.ts'
import { RecordPool } from './record-pool.ts'
import { storedOf } from './stored-stretches.ts'
import { type Stretches, stretchesOf } from './stretches.ts'

/** What is known of an archive file, and of a new one what came in which block. */
interface KnownFile {
  readonly name: string
  stamp: string
  readonly flowBlocks: number[]
  readonly stretches: Map<number, Stretches>
  /** Of one that the old index knows. */
  readonly old: IndexedFile | null
}

/** Makes the index at a path know more archive files. Throws what the system does; then the old index is in place. */
export class IndexBuilding {
  readonly #path: string
  #base: NatIndex | null
  /** The files by their numbers; and numbers by those that the old index has. */
  readonly #files: KnownFile[] = []
  #numbers: ReadonlyMap<number, number>
  readonly #pool = new RecordPool()
  readonly #memory = new BlockMemory()

  /** `isThere`: whether the file that an old index knows still is as it was. */
  constructor(path: string, isThere: (file: IndexedFile) => boolean) {
    this.#path = path
    this.#base = NatIndex.open(path)
    const numbers = new Map<number, number>()
    for (const [number, file] of (this.#base?.files ?? []).entries()) {
      if (!isThere(file)) continue
      numbers.set(number, this.#files.length)
      this.#files.push({ ...file, flowBlocks: [...file.flowBlocks], stretches: new Map(), old: file })
    }
    this.#numbers = numbers
  }

  /** Takes all of a file, unless something of it cannot be read; `onBlock` is told of each block's rows. */
  async add(file: FlowFile, onBlock: (rows: number) => Promise<void>): Promise<void> {
    const name = basename(file.path)
    const known: KnownFile = { name, stamp: '', flowBlocks: [], stretches: new Map(), old: null }
    this.#files.push(known)
    const place = this.#files.length - 1
    for (const [number, { kind, rows }] of file.blocks.entries()) {
      const block = kind === 'flow' ? file.block(number, this.#memory) : null
      if (block === null) continue
      if (gatherBlock(block, file.problems, this.#pool, { file: place, number }))
        known.flowBlocks.push(number)
      known.stretches.set(number, stretchesOf(block, file.problems))
      if (this.#pool.isFull) this.#merge()
      await onBlock(rows)
    }
    // What is damaged is to be told to everybody who asks, so that all of them read the file.
    if (file.problems.length === 0) known.stamp = file.stamp ?? ''
  }

  /** Writes what was taken. */
  finish(): void {
    this.#merge()
    this.close()
  }

  close(): void {
    this.#base?.close()
    this.#base = null
  }

  /** Puts the records of the old index and those of the pool, each in order, into a new one. */
  #merge(): void {
    const draft = new IndexDraft(this.#path)
    try {
      const places = this.#pool.take()
      const { octets } = this.#pool
      let next = 0
      for (const chunk of this.#base?.chunks() ?? []) {
        for (let at = 0; at < chunk.length; at += recordOctets(chunk, at)) {
          const number = this.#numbers.get(fileOf(chunk, at))
          if (number === undefined) continue
          putFile(chunk, at, number)
          while (next < places.length && compareRecords(octets, places[next]!, chunk, at) < 0)
            draft.append(octets, places[next++]!)
          draft.append(chunk, at)
        }
      }
      for (; next < places.length; next++) draft.append(octets, places[next]!)
      draft.finish(
        this.#files.map(({ name, stamp, flowBlocks, stretches, old }) => {
          const text =
            old === null ? Buffer.from(JSON.stringify(storedOf(stretches))) : this.#oldStretches(old)
          return { name, stamp, flowBlocks, stretches: draft.add(text) }
        }),
      )
    } catch (error) {
      draft.abandon()
      throw error
    }
    this.#base?.close()
    this.#base = NatIndex.open(this.#path)
    // From now on numbers are the same there and here, and so is the order of old files.
    this.#numbers = new Map([...this.#files.keys()].map((number) => [number, number]))
  }

  #oldStretches(old: IndexedFile): Buffer {
    const now = this.#base!.files.find(({ name, stamp }) => name === old.name && stamp === old.stamp)
    if (now === undefined) throw new RangeError('an index without a file that it had')
    return this.#base!.storedStretches(now)
  }
}
