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
  /** By record, a number that is greater only where the key is: most pairs differ in it. */
  #ranks: number[] = []

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
    this.#ranks.push(rankOf(isPrivate, words, at, portKey))
    this.#used = putRecord(this.octets, this.#used, record)
  }

  /** Where the records begin in `octets`, in order, without those that need not be there twice; the pool is empty then. */
  take(): number[] {
    const { octets } = this
    const places = this.#places
    const ranks = Float64Array.from(this.#ranks)
    const order = Uint32Array.from(places.keys()).sort(
      (a, b) => ranks[a]! - ranks[b]! || compareRecords(octets, places[a]!, octets, places[b]!),
    )
    this.#places = []
    this.#ranks = []
    this.#used = 0
    const kept: number[] = []
    for (let i = 0; i < order.length; i++) {
      const at = places[order[i]!]!
      const isSame =
        i > 0 &&
        ranks[order[i]!] === ranks[order[i - 1]!] &&
        compareRecords(octets, at, octets, places[order[i - 1]!]!) === 0
      if (!isSame || !countsOnce(octets, at)) kept.push(at)
    }
    return kept
  }
}

const PORT_KEYS = 2 ** 17
const ADDRESSES = 2 ** 34

/** Side, then IPv4 addresses with their keys; of others only how they begin. */
function rankOf(isPrivate: boolean, words: Uint32Array, at: number, portKey: number): number {
  const side = isPrivate ? ADDRESSES : 0
  const [first, second, third, last] = [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!]
  if (first !== 0 || second !== 0 || third > 0xffff) return (side + 2 ** 32 + 1 + first) * PORT_KEYS
  return third < 0xffff ? side * PORT_KEYS : (side + 1 + last) * PORT_KEYS + portKey
}
