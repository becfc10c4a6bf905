/**
 * One fact about addresses, as a number: the AS, the local network, the country, a label of the user's. Reports and
 * filters ask for it once per distinct address.
 */
export interface AddressFact {
  readonly name: string
  /**
   * Puts the fact of addresses `from` to `to` into `out` at the same places; 0 where nothing is known. `words` has four
   * words per address in network order, IPv4 mapped (RFC 4291 §2.5.5.2).
   */
  fill(words: Uint32Array, from: number, to: number, out: Uint32Array): void
  /** What a number that `fill` gave is called in outputs; the empty text for 0. */
  text(value: number): string
  /** The number that `text` stands for, or -1: how filters find `as @name` or `net @name`. */
  find(text: string): number
  /** All numbers that `text` may stand for, where that can be several: a list of the user's, systems of one name. */
  findAll?(text: string): readonly number[]
}
