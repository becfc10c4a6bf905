/** Words that keys of one class are long: keys are stored in multiples of 16 octets. */
const CLASS_WORDS = 4
const CLASSES = 8
const FIRST_KEYS = 256

/** Keys of flows, each class of length in one array; what is freed is used again. */
export class KeyStore {
  readonly #words: Uint32Array[] = []
  readonly #used = new Uint32Array(CLASSES)
  readonly #free: Uint32Array[] = []
  readonly #freeCount = new Uint32Array(CLASSES)

  constructor() {
    for (let i = 0; i < CLASSES; i++) {
      this.#words.push(new Uint32Array(0))
      this.#free.push(new Uint32Array(0))
    }
  }

  /** Stores the first `octets` octets of `words`, zeros behind them; returns the key's place among those of its length. */
  add(words: Uint32Array, octets: number): number {
    const kind = (octets + 15) >> 4
    const stride = kind * CLASS_WORDS
    let place: number
    if (this.#freeCount[kind]! > 0) place = this.#free[kind]![--this.#freeCount[kind]!]!
    else {
      place = this.#used[kind]!++
      if ((place + 1) * stride > this.#words[kind]!.length) {
        const bigger = new Uint32Array(Math.max(FIRST_KEYS, place * 2) * stride)
        bigger.set(this.#words[kind]!)
        this.#words[kind] = bigger
      }
    }
    const store = this.#words[kind]!
    for (let i = 0, at = place * stride; i < stride; i++) store[at + i] = words[i]!
    return place
  }

  remove(place: number, octets: number): void {
    const kind = (octets + 15) >> 4
    let free = this.#free[kind]!
    const count = this.#freeCount[kind]!
    if (count === free.length) {
      const bigger = new Uint32Array(Math.max(FIRST_KEYS, count * 2))
      bigger.set(free)
      this.#free[kind] = bigger
      free = bigger
    }
    free[count] = place
    this.#freeCount[kind] = count + 1
  }

  isEqual(place: number, octets: number, words: Uint32Array): boolean {
    const kind = (octets + 15) >> 4
    const store = this.#words[kind]!
    const at = place * kind * CLASS_WORDS
    for (let i = 0, n = (octets + 3) >> 2; i < n; i++) if (store[at + i] !== words[i]) return false
    return true
  }

  /** The key's octets, in the memory of the store: good until the next key is added. */
  octets(place: number, octets: number): Uint8Array {
    const kind = (octets + 15) >> 4
    const store = this.#words[kind]!
    return new Uint8Array(store.buffer, place * kind * CLASS_WORDS * 4, octets)
  }
}
