import { hashKeys, newVector, type Vector } from './group-table.ts'
import { VECTOR_ROWS } from './kernels.ts'
import { SpillFile } from './spill-file.ts'

export const PARTITIONS = 256
const CHUNK = 256

/** Records of a partition that lie together: in the arena, or in the file where `inFile`. */
interface Chunk {
  readonly inFile: boolean
  /** Record number in the arena, or octets into the file. */
  readonly keysAt: number
  readonly lanesAt: number
  count: number
}

/**
 * Keys and lanes of rows or groups, dealt into partitions by the hash of the key's head, so that all records of a head
 * come back together. What exceeds the bound of memory goes to a file.
 */
export class RecordLog {
  records = 0
  spilledOctets = 0
  readonly #words: number
  readonly #headWords: number
  readonly #lanes: number
  readonly #mostRecords: number
  readonly #directory: string
  #file: SpillFile | null = null
  #capacity = 0
  #keys = new Uint32Array(0)
  #values = new BigUint64Array(0)
  /** Where the next chunk of the arena begins, in records. */
  #next = 0
  readonly #chunks: Chunk[][] = Array.from({ length: PARTITIONS }, () => [])
  /** Where the next record of each partition goes; at a multiple of CHUNK there is no room. */
  readonly #cursors = new Uint32Array(PARTITIONS)
  readonly #hashes = new Uint32Array(VECTOR_ROWS)
  readonly #places = new Uint32Array(VECTOR_ROWS)

  constructor(shape: { words: number; headWords: number; lanes: number }, octets: number, directory: string) {
    this.#words = shape.words
    this.#headWords = shape.headWords
    this.#lanes = shape.lanes
    // Doubling holds the old arena and the new one for a while.
    const records = Math.floor(octets / (shape.words * 4 + shape.lanes * 8) / 1.5)
    this.#mostRecords = Math.max(PARTITIONS * CHUNK + 2 * VECTOR_ROWS, records)
    this.#directory = directory
  }

  /** Takes all rows of a vector; lanes without values count 1. Throws FILE_UNWRITABLE. */
  append(vector: Vector): void {
    const { count } = vector
    this.#reserve((PARTITIONS + Math.ceil(count / CHUNK)) * CHUNK)
    hashKeys(vector, this.#headWords, this.#hashes)
    const [hashes, places, cursors] = [this.#hashes, this.#places, this.#cursors]
    for (let i = 0; i < count; i++) {
      const partition = hashes[i]! >>> 24
      let place = cursors[partition]!
      if (place % CHUNK === 0) place = this.#openChunk(partition)
      places[i] = place
      cursors[partition] = place + 1
    }
    const words = this.#words
    for (let word = 0; word < words; word++)
      scatterWords(vector.words[word]!, places, count, this.#keys, words, word)
    for (let lane = 0; lane < this.#lanes; lane++) {
      const values = vector.lanes[lane] ?? null
      if (values === null) scatterOnes(places, count, this.#values, this.#lanes, lane)
      else scatterWide(values, places, count, this.#values, this.#lanes, lane)
    }
    this.records += count
  }

  #openChunk(partition: number): number {
    const place = this.#next
    this.#next += CHUNK
    this.#chunks[partition]!.push({ inFile: false, keysAt: place, lanesAt: place, count: CHUNK })
    return place
  }

  #reserve(records: number): void {
    if (this.#next + records <= this.#capacity) return
    if (this.#capacity * 2 <= this.#mostRecords || this.#capacity === 0) {
      const least = Math.max(this.#capacity * 2, PARTITIONS * CHUNK * 2, this.#next + records)
      this.#capacity = Math.min(least, Math.max(this.#mostRecords, this.#next + records))
      const keys = new Uint32Array(this.#capacity * this.#words)
      keys.set(this.#keys.subarray(0, this.#next * this.#words))
      this.#keys = keys
      const values = new BigUint64Array(this.#capacity * this.#lanes)
      values.set(this.#values.subarray(0, this.#next * this.#lanes))
      this.#values = values
      if (this.#next + records <= this.#capacity) return
    }
    this.#spill()
  }

  /** Writes the arena as it is, and remembers where each chunk came to lie. */
  #spill(): void {
    this.#file ??= new SpillFile(this.#directory)
    this.#endChunks()
    const keysAt = this.#file.append(this.#keys.subarray(0, this.#next * this.#words))
    const lanesAt = this.#file.append(this.#values.subarray(0, this.#next * this.#lanes))
    for (const chunks of this.#chunks) {
      for (let i = chunks.length - 1; i >= 0 && !chunks[i]!.inFile; i--) {
        const { keysAt: place, count } = chunks[i]!
        chunks[i] = {
          inFile: true,
          keysAt: keysAt + place * this.#words * 4,
          lanesAt: lanesAt + place * this.#lanes * 8,
          count,
        }
      }
    }
    this.#next = 0
    this.#cursors.fill(0)
    this.spilledOctets = this.#file.octets
  }

  /** Gives the last chunks their true counts. */
  #endChunks(): void {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const last = this.#chunks[partition]!.at(-1)
      const used = this.#cursors[partition]! % CHUNK
      if (last !== undefined && !last.inFile) last.count = used === 0 ? CHUNK : used
    }
  }

  /** Records of a partition. */
  partitionRecords(partition: number): number {
    this.#endChunks()
    let records = 0
    for (const { count } of this.#chunks[partition]!) records += count
    return records
  }

  /** Hands on the records of a partition; the vector is used again for the next ones. */
  forEach(partition: number, take: (vector: Vector) => void): void {
    this.#endChunks()
    const vector = newVector(this.#words, this.#lanes)
    const columns = Array.from({ length: this.#lanes }, () => new BigUint64Array(VECTOR_ROWS))
    for (const [lane, column] of columns.entries()) vector.lanes[lane] = column
    const keysRead = new Uint32Array(CHUNK * this.#words)
    const valuesRead = new BigUint64Array(CHUNK * this.#lanes)
    for (const { inFile, keysAt, lanesAt, count } of this.#chunks[partition]!) {
      if (vector.count + count > VECTOR_ROWS) {
        take(vector)
        vector.count = 0
      }
      if (inFile) {
        this.#file!.read(keysRead.subarray(0, count * this.#words), keysAt)
        this.#file!.read(valuesRead.subarray(0, count * this.#lanes), lanesAt)
      }
      const keys = inFile ? keysRead : this.#keys
      const values = inFile ? valuesRead : this.#values
      const at = inFile ? 0 : keysAt
      for (let word = 0; word < this.#words; word++)
        columnOfWords(keys, at, this.#words, word, count, vector.words[word]!, vector.count)
      for (let lane = 0; lane < this.#lanes; lane++)
        columnOfWide(values, at, this.#lanes, lane, count, columns[lane]!, vector.count)
      vector.count += count
    }
    if (vector.count > 0) take(vector)
  }

  close(): void {
    this.#file?.close()
    this.#file = null
  }
}

function scatterWords(
  values: Uint32Array,
  places: Uint32Array,
  count: number,
  out: Uint32Array,
  stride: number,
  offset: number,
): void {
  for (let i = 0; i < count; i++) out[places[i]! * stride + offset] = values[i]!
}

function scatterWide(
  values: BigUint64Array,
  places: Uint32Array,
  count: number,
  out: BigUint64Array,
  stride: number,
  offset: number,
): void {
  for (let i = 0; i < count; i++) out[places[i]! * stride + offset] = values[i]!
}

function scatterOnes(
  places: Uint32Array,
  count: number,
  out: BigUint64Array,
  stride: number,
  offset: number,
): void {
  for (let i = 0; i < count; i++) out[places[i]! * stride + offset] = 1n
}

function columnOfWords(
  records: Uint32Array,
  at: number,
  stride: number,
  offset: number,
  count: number,
  out: Uint32Array,
  outAt: number,
): void {
  for (let i = 0, k = at * stride + offset; i < count; i++, k += stride) out[outAt + i] = records[k]!
}

function columnOfWide(
  records: BigUint64Array,
  at: number,
  stride: number,
  offset: number,
  count: number,
  out: BigUint64Array,
  outAt: number,
): void {
  for (let i = 0, k = at * stride + offset; i < count; i++, k += stride) out[outAt + i] = records[k]!
}
