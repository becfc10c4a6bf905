/** Bits of a part that stand together in one word of a packed key. */
export interface Piece {
  readonly part: number
  /** Bits of the part below this piece. */
  readonly shift: number
  readonly mask: number
  readonly word: number
  /** Bits of the word below this piece. */
  readonly left: number
}

/** How the parts of a key are packed into 32-bit words, so that tables hash and compare few of them. */
export interface KeyLayout {
  readonly words: number
  /** Words of the parts that decide the partition; the tail's words follow. */
  readonly headWords: number
  /** Bits of head and tail. */
  readonly headBits: number
  readonly tailBits: number
  readonly pieces: readonly Piece[]
}

/**
 * Packs parts of so many bits each; parts from `tailFrom` on begin a word of their own. Wide parts come first, so that
 * those of 32 bits are never cut, and single bits last, so that a word without them is a small number.
 */
export function layoutOf(bits: readonly number[], tailFrom: number): KeyLayout {
  const pieces: Piece[] = []
  const pack = (parts: readonly number[], firstWord: number): number => {
    let at = firstWord * 32
    for (const part of [...parts].sort((a, b) => bits[b]! - bits[a]!)) {
      let done = 0
      while (done < bits[part]!) {
        const left = at % 32
        const take = Math.min(32 - left, bits[part]! - done)
        const mask = take === 32 ? 0xffffffff : 2 ** take - 1
        pieces.push({ part, shift: done, mask, word: Math.floor(at / 32), left })
        done += take
        at += take
      }
    }
    return at - firstWord * 32
  }
  const parts = bits.map((_, part) => part)
  const headBits = pack(parts.slice(0, tailFrom), 0)
  const headWords = Math.ceil(headBits / 32)
  const tailBits = pack(parts.slice(tailFrom), headWords)
  return { words: headWords + Math.ceil(tailBits / 32), headWords, headBits, tailBits, pieces }
}

/** Bits that numbers below `count` need. */
export function bitsFor(count: number): number {
  return count <= 1 ? 0 : 32 - Math.clz32(count - 1)
}
