import {
  compareRecords,
  countsOnce,
  type IndexRecord,
  KEY_AT,
  MOST_RECORD_OCTETS,
  putKey,
  putRecord,
} from './index-record.ts'

const FIRST_OCTETS = 2 ** 20
/** Records wait in memory up to this. */
const MOST_OCTETS = 2 ** 26

/** Records of an index before they are in order. */
export class RecordPool {
  octets = Buffer.alloc(FIRST_OCTETS)
  #used = 0
  #places: number[] = []

  get isFull(): boolean {
    return this.#used >= MOST_OCTETS
  }

  add(isPrivate: boolean, words: Uint32Array, at: number, portKey: number, record: IndexRecord): void {
    if (this.#used + MOST_RECORD_OCTETS > this.octets.length) {
      const octets = Buffer.alloc(this.octets.length * 2)
      this.octets.copy(octets, 0, 0, this.#used)
      this.octets = octets
    }
    putKey(this.octets, this.#used + KEY_AT, isPrivate, words, at, portKey)
    this.#places.push(this.#used)
    this.#used = putRecord(this.octets, this.#used, record)
  }

  /** Where the records begin in `octets`, in order, without those that need not be there twice; the pool is empty then. */
  take(): number[] {
    const { octets } = this
    const places = this.#places.sort((a, b) => compareRecords(octets, a, octets, b, null))
    this.#places = []
    this.#used = 0
    return places.filter(
      (at, i) =>
        i === 0 || !countsOnce(octets, at) || compareRecords(octets, at, octets, places[i - 1]!, null) !== 0,
    )
  }
}
