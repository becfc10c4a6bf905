import { hashKeys, newVector, type Vector } from './group-table.ts'
import { VECTOR_ROWS } from './kernels.ts'
import {
  type LaneValues,
  scatterPairs,
  scatterWords,
  takePairs,
  takeWords,
  wordsOfWide,
} from './lane-kernels.ts'
import { SpillFile } from './spill-file.ts'

export const PARTITIONS = 256
const CHUNK = 64
/** Records that a slab has room for at most. */
const MOST_SLAB = 2 ** 20
const NO_WORDS = new Uint32Array(0)

/** How records look: the words of their keys, then those of each lane: none for ones, one below 2^32, else two. */
interface RecordForm {
  readonly widths: readonly number[]
  /** Words of a record. */
  readonly stride: number
}

/** Memory for many records of one form. */
interface Slab {
  readonly form: RecordForm
  words: Uint32Array
  /** Records that fit. */
  readonly room: number
  /** Records for which chunks were opened. */
  used: number
  /** Where it lies in the file; -1 in memory. */
  at: number
  file: SpillFile | null
}

/** What a log holds, as it goes from one thread to another. */
export interface RecordLogPart {
  readonly records: number
  readonly spilledOctets: number
  readonly directory: string
  readonly descriptor: number | null
  readonly slabs: readonly {
    readonly form: RecordForm
    readonly words: Uint32Array
    readonly room: number
    readonly used: number
    readonly at: number
  }[]
  /** By partition, three numbers a chunk: its slab, where it begins there, its records. */
  readonly chunks: readonly Uint32Array[]
}

/** Records of a partition that lie together, from record `at` of a slab on. */
interface Chunk {
  readonly slab: Slab
  readonly at: number
  count: number
}

/**
 * Keys and lanes of rows or groups, dealt into partitions by the hash of the key's head, so that all records of a head
 * come back together. What exceeds the bound of memory goes to a file.
 */
export class RecordLog {
  records = 0
  /** Files of other threads. */
  readonly #files: SpillFile[] = []
  #adopted = 0
  readonly #words: number
  readonly #headWords: number
  readonly #lanes: number
  readonly #mostWords: number
  readonly #directory: string
  #file: SpillFile | null = null
  /** Slabs in memory, the last of which takes records, and how many words they have. */
  #slabs: Slab[] = []
  #memoryWords = 0
  /** Whether the last slab takes no more. */
  #isSealed = false
  readonly #chunks: Chunk[][] = Array.from({ length: PARTITIONS }, () => [])
  /** Where the next record of each partition goes in the last slab; at a multiple of CHUNK there is no room. */
  readonly #cursors = new Uint32Array(PARTITIONS)
  readonly #hashes = new Uint32Array(VECTOR_ROWS)
  readonly #places = new Uint32Array(VECTOR_ROWS)

  constructor(shape: { words: number; headWords: number; lanes: number }, octets: number, directory: string) {
    this.#words = shape.words
    this.#headWords = shape.headWords
    this.#lanes = shape.lanes
    this.#mostWords = Math.floor(octets / 4)
    this.#directory = directory
  }

  get spilledOctets(): number {
    return (this.#file?.octets ?? 0) + this.#adopted
  }

  /** Takes all rows of a vector; lanes without values count 1. Throws FILE_UNWRITABLE. */
  append(vector: Vector): void {
    const { count } = vector
    // Each partition may begin a chunk, and each CHUNK rows one more.
    const room = (PARTITIONS + Math.ceil(count / CHUNK)) * CHUNK
    let slab = this.#slabs.at(-1)
    if (slab === undefined || this.#isSealed || slab.used + room > slab.room)
      slab = this.#nextSlab(vector, room)
    else if (!holds(slab.form, vector.lanes)) slab = this.#nextSlab(vector, room)
    hashKeys(vector, this.#headWords, this.#hashes)
    const places = this.#places
    this.#place(count, slab)
    const { words, form } = slab
    for (let word = 0; word < this.#words; word++)
      scatterWords(vector.words[word]!, places, count, words, form.stride, word)
    let offset = this.#words
    for (let lane = 0; lane < this.#lanes; lane++) {
      const width = form.widths[lane]!
      const values = vector.lanes[lane] ?? null
      if (width === 2) scatterPairs(this.#pairs(values, count), places, count, words, form.stride, offset)
      else if (width === 1)
        scatterWords(this.#narrow(values, count), places, count, words, form.stride, offset)
      offset += width
    }
    this.records += count
  }

  /** What comes next need not have the form of what came before. */
  seal(): void {
    this.#endChunks()
    this.#cursors.fill(0)
    this.#isSealed = true
  }

  /** Lanes of a narrower vector than the slab's. */
  #pairs(values: LaneValues | null, count: number): Uint32Array {
    if (values !== null && !(values instanceof Uint32Array)) return wordsOfWide(values)
    const out = new Uint32Array(count * 2)
    for (let i = 0; i < count; i++) out[i * 2] = values === null ? 1 : values[i]!
    return out
  }

  #narrow(values: LaneValues | null, count: number): Uint32Array {
    return values === null ? new Uint32Array(count).fill(1) : (values as Uint32Array)
  }

  #place(count: number, slab: Slab): void {
    const [hashes, places, cursors] = [this.#hashes, this.#places, this.#cursors]
    for (let i = 0; i < count; i++) {
      const partition = hashes[i]! >>> 24
      let place = cursors[partition]!
      if (place % CHUNK === 0) {
        place = slab.used
        slab.used += CHUNK
        this.#chunks[partition]!.push({ slab, at: place, count: CHUNK })
      }
      places[i] = place
      cursors[partition] = place + 1
    }
  }

  #nextSlab(vector: Vector, needed: number): Slab {
    this.#endChunks()
    this.#cursors.fill(0)
    const last = this.#isSealed ? undefined : this.#slabs.at(-1)
    // Vectors of different widths may follow one another: the form holds both, or each would begin a slab.
    const widths = Array.from({ length: this.#lanes }, (_, lane) =>
      Math.max(widthOf(vector.lanes[lane] ?? null), last?.form.widths[lane] ?? 0),
    )
    const stride = widths.reduce((sum, width) => sum + width, this.#words)
    const most = Math.floor(this.#mostWords / stride / 8)
    // As much again as there is: short logs stay small, and of long ones little is left over.
    const room = Math.max(needed, Math.min(MOST_SLAB, most, Math.floor(this.#memoryWords / stride)))
    if (this.#slabs.length > 0 && this.#memoryWords + room * stride > this.#mostWords) this.#spill()
    const slab = {
      form: { widths, stride },
      words: new Uint32Array(room * stride),
      room,
      used: 0,
      at: -1,
      file: null,
    }
    this.#slabs.push(slab)
    this.#memoryWords += room * stride
    this.#isSealed = false
    return slab
  }

  /** Writes all slabs as they are. */
  #spill(): void {
    this.#file ??= new SpillFile(this.#directory)
    for (const slab of this.#slabs) {
      slab.at = this.#file.append(slab.words.subarray(0, slab.used * slab.form.stride))
      slab.file = this.#file
      slab.words = NO_WORDS
    }
    this.#slabs = []
    this.#memoryWords = 0
  }

  /** Gives the last chunks their true counts. */
  #endChunks(): void {
    const slab = this.#slabs.at(-1)
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const last = this.#chunks[partition]!.at(-1)
      const used = this.#cursors[partition]! % CHUNK
      if (last !== undefined && last.slab === slab && used !== 0) last.count = used
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
    const keyWords = this.#words
    // Partitions of small answers are many and small.
    const room = Math.min(VECTOR_ROWS, this.partitionRecords(partition))
    const vector = newVector(keyWords, this.#lanes, room)
    const narrow = Array.from({ length: this.#lanes }, () => new Uint32Array(room))
    const wide = Array.from({ length: this.#lanes }, () => new BigUint64Array(room))
    let form: RecordForm | null = null
    let read = new Uint32Array(0)
    for (const { slab, at, count } of this.#chunks[partition]!) {
      const { stride, widths } = slab.form
      if (slab.form !== form || vector.count + count > VECTOR_ROWS) {
        if (vector.count > 0) take(vector)
        vector.count = 0
        form = slab.form
        for (let lane = 0; lane < this.#lanes; lane++)
          vector.lanes[lane] = [null, narrow[lane]!, wide[lane]!][widths[lane]!]!
      }
      if (slab.at >= 0) {
        if (read.length < count * stride) read = new Uint32Array(CHUNK * stride)
        slab.file!.read(read.subarray(0, count * stride), slab.at + at * stride * 4)
      }
      const records = slab.at >= 0 ? read : slab.words
      const from = slab.at >= 0 ? 0 : at * stride
      for (let word = 0; word < keyWords; word++)
        takeWords(records, from + word, stride, count, vector.words[word]!, vector.count)
      let offset = from + keyWords
      for (let lane = 0; lane < this.#lanes; lane++) {
        const width = widths[lane]!
        if (width === 1) takeWords(records, offset, stride, count, narrow[lane]!, vector.count)
        else if (width === 2)
          takePairs(records, offset, stride, count, wordsOfWide(wide[lane]!), vector.count)
        offset += width
      }
      vector.count += count
    }
    if (vector.count > 0) take(vector)
  }

  /** All that is here, to be given away: the log is not to be used any more, and its file stays open. */
  part(): RecordLogPart {
    this.seal()
    const slabs: Slab[] = []
    const numbers = new Map<Slab, number>()
    const chunks = this.#chunks.map((own) => {
      const out = new Uint32Array(own.length * 3)
      for (const [i, { slab, at, count }] of own.entries()) {
        let number = numbers.get(slab)
        if (number === undefined) {
          number = slabs.push(slab) - 1
          numbers.set(slab, number)
        }
        out.set([number, at, count], i * 3)
      }
      return out
    })
    return {
      records: this.records,
      spilledOctets: this.spilledOctets,
      directory: this.#directory,
      descriptor: this.#file?.descriptor ?? null,
      slabs: slabs.map(({ form, words, room, used, at }) => ({ form, words, room, used, at })),
      chunks,
    }
  }

  /** Takes over what another log of the same shape gave away. */
  adopt(part: RecordLogPart): void {
    this.seal()
    const file = part.descriptor === null ? null : new SpillFile(part.directory, part.descriptor)
    const slabs: Slab[] = part.slabs.map((slab) => ({ ...slab, file: slab.at < 0 ? null : file }))
    for (const slab of slabs) {
      if (slab.at >= 0) continue
      // Whoever writes next finds them full.
      this.#slabs.push(slab)
      this.#memoryWords += slab.words.length
    }
    for (const [partition, own] of part.chunks.entries())
      for (let i = 0; i < own.length; i += 3)
        this.#chunks[partition]!.push({ slab: slabs[own[i]!]!, at: own[i + 1]!, count: own[i + 2]! })
    this.#adopted += part.spilledOctets
    if (file !== null) this.#files.push(file)
    this.records += part.records
  }

  close(): void {
    this.#file?.close()
    this.#file = null
    for (const file of this.#files.splice(0)) file.close()
  }
}

function widthOf(values: LaneValues | null): number {
  return values === null ? 0 : values instanceof Uint32Array ? 1 : 2
}

function holds(form: RecordForm, lanes: readonly (LaneValues | null)[]): boolean {
  for (let lane = 0; lane < form.widths.length; lane++)
    if (widthOf(lanes[lane] ?? null) > form.widths[lane]!) return false
  return true
}
