import { sha256 } from '../bytes/sha256.ts'

/** Characters of an id: 128 bits in base64url (RFC 4648 §5). */
export const DOCUMENT_ID_OCTETS = 22
const DIGITS = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', 'latin1')

/**
 * Ids of one source's documents: the same key and position give the same id, whenever and in whatever batch they are sent,
 * so that what is sent twice is known to be there. Within a source no two positions share an id, because the mixing can
 * be undone; of different sources two are alike with a chance of 2^-128.
 */
export class DocumentIds {
  readonly #key: Uint32Array
  readonly #state = new Uint32Array(4)

  /** `key` names the source: what its content begins with, or an archive's file and when it was begun. */
  constructor(key: string) {
    const digest = Buffer.from(sha256(Buffer.from(key)))
    this.#key = new Uint32Array([0, 4, 8, 12].map((at) => digest.readUInt32BE(at)))
  }

  /** Writes the id of what stands at `position`, a whole number below 2^53, into `octets` from `at` on. */
  put(octets: Uint8Array, at: number, position: number): void {
    const state = this.#state
    const key = this.#key
    state[0] = key[0]! ^ (position >>> 0)
    state[1] = key[1]! ^ Math.floor(position / 0x1_0000_0000)
    state[2] = key[2]!
    state[3] = key[3]!
    for (let round = 0; round < 4; round++) mix(state)
    const [a, b, c, d] = [state[0]!, state[1]!, state[2]!, state[3]!]
    // Six bits a digit, across the words.
    putDigits(octets, at, a, 26, 5)
    octets[at + 5] = DIGITS[((a & 3) << 4) | (b >>> 28)]!
    putDigits(octets, at + 6, b, 22, 4)
    octets[at + 10] = DIGITS[((b & 15) << 2) | (c >>> 30)]!
    putDigits(octets, at + 11, c, 24, 5)
    putDigits(octets, at + 16, d, 26, 5)
    octets[at + 21] = DIGITS[(d & 3) << 4]!
  }
}

/** Writes `count` digits of six bits each, the first from `shift` on. */
function putDigits(octets: Uint8Array, at: number, word: number, shift: number, count: number): void {
  for (let i = 0; i < count; i++) octets[at + i] = DIGITS[(word >>> (shift - i * 6)) & 63]!
}

/** The quarter round of ChaCha (RFC 8439 §2.1): every step can be undone. */
function mix(state: Uint32Array): void {
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  a = (a + b) | 0
  d = rotate(d ^ a, 16)
  c = (c + d) | 0
  b = rotate(b ^ c, 12)
  a = (a + b) | 0
  d = rotate(d ^ a, 8)
  c = (c + d) | 0
  b = rotate(b ^ c, 7)
  state[0] = a
  state[1] = b
  state[2] = c
  state[3] = d
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by))
}
