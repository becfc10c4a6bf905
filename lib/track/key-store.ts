/** Words that keys of one class are long: keys are stored in multiples of 16 octets. */
const CLASS_WORDS = 4
const CLASSES = 8
/** Keys of a page, as a power of two: what is stored is never copied. */
const PAGE_BITS = 12
const PAGE_KEYS = 1 << PAGE_BITS
const FIRST_FREE = 256

/** Keys of flows, each class of length in pages of its own; what is freed is used again. */
export class KeyStore {
  readonly #pages: Uint32Array[][] = []
  readonly #used = new Uint32Array(CLASSES)
  readonly #free: Uint32Array[] = []
  readonly #freeCount = new Uint32Array(CLASSES)

  constructor() {
    for (let i = 0; i < CLASSES; i++) {
      this.#pages.push([])
      this.#free.push(new Uint32Array(0))
    }
  }

  /** Stores the first `octets` octets of `words`, zeros behind them; returns the key's place among those of its length. */
  add(words: Uint32Array, octets: number): number {
    const kind = (octets + 15) >> 4
    const stride = kind * CLASS_WORDS
    const pages = this.#pages[kind]!
    let place: number
    if (this.#freeCount[kind]! > 0) place = this.#free[kind]![--this.#freeCount[kind]!]!
    else {
      place = this.#used[kind]!++
      if (place >>> PAGE_BITS === pages.length) pages.push(new Uint32Array(PAGE_KEYS * stride))
    }
    const page = pages[place >>> PAGE_BITS]!
    for (let i = 0, at = (place & (PAGE_KEYS - 1)) * stride; i < stride; i++) page[at + i] = words[i]!
    return place
  }

  remove(place: number, octets: number): void {
    const kind = (octets + 15) >> 4
    let free = this.#free[kind]!
    const count = this.#freeCount[kind]!
    if (count === free.length) {
      const bigger = new Uint32Array(Math.max(FIRST_FREE, count * 2))
      bigger.set(free)
      this.#free[kind] = bigger
      free = bigger
    }
    free[count] = place
    this.#freeCount[kind] = count + 1
  }

  isEqual(place: number, octets: number, words: Uint32Array): boolean {
    const kind = (octets + 15) >> 4
    const page = this.#pages[kind]![place >>> PAGE_BITS]!
    const at = (place & (PAGE_KEYS - 1)) * kind * CLASS_WORDS
    for (let i = 0, n = (octets + 3) >> 2; i < n; i++) if (page[at + i] !== words[i]) return false
    return true
  }

  /** The key's octets, in the memory of the store: good until the key is removed. */
  octets(place: number, octets: number): Uint8Array {
    const kind = (octets + 15) >> 4
    const page = this.#pages[kind]![place >>> PAGE_BITS]!
    return new Uint8Array(page.buffer, (place & (PAGE_KEYS - 1)) * kind * CLASS_WORDS * 4, octets)
  }
}
