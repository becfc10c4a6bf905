/** Octets set aside for each name: the longest protocol name has 29. */
const WIDTH = 32

/** Names by number, kept so that one is copied with a few stores. */
export class NameTable {
  readonly #words: BigUint64Array
  readonly #lengths: Uint8Array

  constructor(count: number, nameOf: (number: number) => string) {
    const octets = new Uint8Array(count * WIDTH)
    this.#words = new BigUint64Array(octets.buffer)
    this.#lengths = new Uint8Array(count)
    for (let i = 0; i < count; i++) {
      const { written } = new TextEncoder().encodeInto(nameOf(i), octets.subarray(i * WIDTH, (i + 1) * WIDTH))
      this.#lengths[i] = written
    }
  }

  /** Copies the name of `number`; writes up to 32 octets. */
  put(view: DataView, position: number, number: number): number {
    const word = number * (WIDTH / 8)
    const words = this.#words
    const length = this.#lengths[number]!
    view.setBigUint64(position, words[word]!, true)
    if (length > 8) {
      view.setBigUint64(position + 8, words[word + 1]!, true)
      view.setBigUint64(position + 16, words[word + 2]!, true)
      view.setBigUint64(position + 24, words[word + 3]!, true)
    }
    return position + length
  }
}
