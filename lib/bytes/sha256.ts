const BLOCK_OCTETS = 64
/** Rounds' constants: the first 32 bits of the fractions of cube roots of the first 64 primes (FIPS 180-4 §4.2.2). */
let roundWords: Uint32Array | null = null

/**
 * SHA-256 (FIPS 180-4 §6.2) of a few octets, such as a name or a file's first line: node:crypto takes longer to load than
 * they to digest. For much, node:crypto is quicker.
 */
export function sha256(octets: Uint8Array): Uint8Array {
  roundWords ??= fractions(64, Math.cbrt)
  const state = fractions(8, Math.sqrt)
  const padded = withPadding(octets)
  const view = new DataView(padded.buffer)
  const words = new Uint32Array(64)
  for (let at = 0; at < padded.length; at += BLOCK_OCTETS) {
    for (let i = 0; i < 16; i++) words[i] = view.getUint32(at + 4 * i)
    addBlock(state, words, roundWords)
  }
  const digest = new DataView(new ArrayBuffer(32))
  for (let i = 0; i < 8; i++) digest.setUint32(4 * i, state[i]!)
  return new Uint8Array(digest.buffer)
}

/** A one bit, zeros, and the length in bits, up to a whole block (§5.1.1). */
function withPadding(octets: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil((octets.length + 9) / BLOCK_OCTETS) * BLOCK_OCTETS)
  padded.set(octets)
  padded[octets.length] = 0x80
  new DataView(padded.buffer).setBigUint64(padded.length - 8, BigInt(octets.length) * 8n)
  return padded
}

function addBlock(state: Uint32Array, words: Uint32Array, constants: Uint32Array): void {
  for (let i = 16; i < 64; i++) {
    const near = words[i - 2]!
    const far = words[i - 15]!
    const s0 = rotated(far, 7) ^ rotated(far, 18) ^ (far >>> 3)
    const s1 = rotated(near, 17) ^ rotated(near, 19) ^ (near >>> 10)
    words[i] = words[i - 16]! + s0 + words[i - 7]! + s1
  }
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  let e = state[4]!
  let f = state[5]!
  let g = state[6]!
  let h = state[7]!
  for (let i = 0; i < 64; i++) {
    const s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + constants[i]! + words[i]!) | 0
    const s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i] = state[i]! + word
}

function rotated(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by))
}

/** The first 32 bits of the fractions of roots of the first `count` primes. */
function fractions(count: number, root: (prime: number) => number): Uint32Array {
  const found = new Uint32Array(count)
  for (let number = 2, i = 0; i < count; number++) {
    let isPrime = true
    for (let part = 2; part * part <= number; part++) if (number % part === 0) isPrime = false
    if (isPrime) found[i++] = (root(number) % 1) * 2 ** 32
  }
  return found
}
