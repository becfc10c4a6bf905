/** Jumps farther than this are restarts, not loss. */
const FARTHEST = 2 ** 24
/** Datagrams that are remembered one by one. */
const MOST_DATAGRAMS = 262_144

/**
 * What the sequence numbers of one domain say was sent, against what is there. Rows may come in any order: only how far
 * the numbers reach counts. `records`: numbers count records before the datagram (NetFlow v5, IPFIX); else datagrams.
 */
export class SourceSequence {
  lost = 0
  expected = 0
  restarts = 0
  readonly #unit: 'records' | 'datagrams'
  #first = -1
  #low = 0
  #high = 0
  #rowsOfHighest = 0
  #received = 0
  readonly #datagrams = new Set<number>()
  #last = Number.NaN

  constructor(unit: 'records' | 'datagrams') {
    this.#unit = unit
  }

  /** Notes a row by its datagram's number. */
  note(sequence: number): void {
    if (this.#first < 0) this.#first = sequence
    let place = (sequence - this.#first) | 0
    if (place > this.#high + FARTHEST || place < this.#low - FARTHEST) {
      this.#close()
      this.restarts++
      this.#first = sequence
      place = 0
    }
    if (place < this.#low) this.#low = place
    if (place > this.#high) {
      this.#high = place
      this.#rowsOfHighest = 0
    }
    if (this.#unit === 'records') {
      if (place === this.#high) this.#rowsOfHighest++
      this.#received++
    } else if (this.#last !== place) {
      this.#last = place
      if (this.#datagrams.size >= MOST_DATAGRAMS) this.#received++
      else if (!this.#datagrams.has(place)) {
        this.#datagrams.add(place)
        this.#received++
      }
    }
  }

  /** Adds up what is known so far; to be called once, at the end. */
  end(): void {
    this.#close()
  }

  #close(): void {
    if (this.#received === 0) return
    const sent = this.#high - this.#low + (this.#unit === 'records' ? this.#rowsOfHighest : 1)
    this.expected += Math.max(sent, this.#received)
    this.lost += Math.max(0, sent - this.#received)
    this.#low = 0
    this.#high = 0
    this.#rowsOfHighest = 0
    this.#received = 0
    this.#last = Number.NaN
    this.#datagrams.clear()
  }
}
