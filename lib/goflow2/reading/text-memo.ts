/** Texts that are remembered: a protocol is most often one of few. */
const MOST = 4
const MOST_OCTETS = 16

/** The values of a few texts, which are known again by words rather than by octets. */
export class TextMemo {
  readonly lengths = new Uint8Array(MOST)
  readonly values = new Int32Array(MOST)
  readonly #words = new Int32Array(MOST * 4)
  readonly #masks = new Int32Array(MOST * 4)
  #count = 0
  #next = 0

  /** Which text begins at `p`, behind which there are 16 octets; -1 where none does. */
  find(view: DataView, p: number): number {
    const words = this.#words
    const masks = this.#masks
    const first = view.getInt32(p, true)
    const second = view.getInt32(p + 4, true)
    for (let place = 0, at = 0; place < this.#count; place++, at += 4) {
      if ((first & masks[at]!) !== words[at] || (second & masks[at + 1]!) !== words[at + 1]) continue
      if (masks[at + 2] === 0) return place
      const third = view.getInt32(p + 8, true) & masks[at + 2]!
      const fourth = view.getInt32(p + 12, true) & masks[at + 3]!
      if (third === words[at + 2] && fourth === words[at + 3]) return place
    }
    return -1
  }

  /** Remembers the text `octets[from, to)` in place of the oldest. A text in quotes is not the beginning of another. */
  add(octets: Uint8Array, from: number, to: number, value: number): void {
    if (to - from > MOST_OCTETS || octets[from] !== 0x22) return
    const place = this.#next
    this.#next = (place + 1) % MOST
    this.#count = Math.max(this.#count, place + 1)
    this.lengths[place] = to - from
    this.values[place] = value
    for (let word = 0; word < 4; word++) {
      let bits = 0
      let mask = 0
      for (let i = 0; i < 4 && from + word * 4 + i < to; i++) {
        bits |= octets[from + word * 4 + i]! << (i * 8)
        mask |= 0xff << (i * 8)
      }
      this.#words[place * 4 + word] = bits
      this.#masks[place * 4 + word] = mask
    }
  }
}
