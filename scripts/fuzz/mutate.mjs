// Mutations that find decoders' mistakes: flips, cuts, splices, and length fields set to what they should not be.

const NASTY_16 = [0, 1, 2, 3, 4, 5, 7, 8, 255, 256, 257, 258, 0x7fff, 0x8000, 0xfffe, 0xffff, 29305]
const NASTY_32 = [0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x10000, 0x3fffffff]

/** Returns a changed copy of one of `corpus`; `random(n)` gives an integer below n. */
export function mutate(corpus, random) {
  let octets = Uint8Array.from(corpus[random(corpus.length)])
  const rounds = 1 + random(6)
  for (let i = 0; i < rounds && octets.length > 0; i++) octets = mutateOnce(octets, corpus, random)
  return octets.subarray(0, 65_507)
}

function mutateOnce(octets, corpus, random) {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
  const at = random(octets.length)
  switch (random(9)) {
    case 0:
      octets[at] ^= 1 << random(8)
      return octets
    case 1:
      octets[at] = random(256)
      return octets
    case 2:
      return octets.slice(0, at)
    case 3: {
      // Headers and set lengths lie on even offsets near the start more often than elsewhere.
      const even = (random(2) === 0 ? random(Math.min(64, octets.length)) : at) & ~1
      if (even + 2 <= octets.length) view.setUint16(even, NASTY_16[random(NASTY_16.length)])
      return octets
    }
    case 4: {
      const word = at & ~3
      if (word + 4 <= octets.length) view.setUint32(word, NASTY_32[random(NASTY_32.length)])
      return octets
    }
    case 5: {
      const other = corpus[random(corpus.length)]
      const from = random(other.length)
      return join(octets.subarray(0, at), other.subarray(from))
    }
    case 6: {
      const end = Math.min(octets.length, at + 1 + random(64))
      return join(octets.subarray(0, end), octets.subarray(at))
    }
    case 7: {
      const end = Math.min(octets.length, at + 1 + random(16))
      return join(octets.subarray(0, at), octets.subarray(end))
    }
    default: {
      const end = Math.min(octets.length, at + 1 + random(32))
      octets.fill(random(3) === 0 ? 255 : 0, at, end)
      return octets
    }
  }
}

function join(a, b) {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
