const MAPPED = 0xffff
const groups = new Uint16Array(8)

/**
 * Parses the address in `octets[from, to)` into four words (IPv4 mapped) and returns whether it is one: IPv4 without
 * leading zeros, or IPv6 as RFC 4291 §2.2 has it.
 */
export function parseOctetAddress(
  octets: Uint8Array,
  from: number,
  to: number,
  words: Uint32Array,
  at: number,
): boolean {
  for (let i = from; i < to && i < from + 5; i++) {
    if (octets[i] === 0x2e) {
      const word = parseDotted(octets, from, to)
      if (word < 0) return false
      words[at] = 0
      words[at + 1] = 0
      words[at + 2] = MAPPED
      words[at + 3] = word
      return true
    }
    if (octets[i] === 0x3a) return parseColons(octets, from, to, words, at)
  }
  return false
}

/** The word of a dotted address, or -1. */
function parseDotted(octets: Uint8Array, from: number, to: number): number {
  let word = 0
  let part = -1
  let dots = 0
  for (let i = from; i < to; i++) {
    const octet = octets[i]!
    if (octet === 0x2e) {
      if (part < 0 || ++dots > 3) return -1
      word = word * 256 + part
      part = -1
    } else if (octet >= 0x30 && octet <= 0x39) {
      if (part === 0) return -1
      part = Math.max(part, 0) * 10 + octet - 0x30
      if (part > 255) return -1
    } else return -1
  }
  return part < 0 || dots !== 3 ? -1 : word * 256 + part
}

function parseColons(octets: Uint8Array, from: number, to: number, words: Uint32Array, at: number): boolean {
  let count = 0
  /** Groups before `::`, or -1. */
  let gap = -1
  let i = from
  if (octets[i] === 0x3a) {
    if (octets[i + 1] !== 0x3a || i + 2 > to) return false
    gap = 0
    i += 2
  }
  while (i < to) {
    if (count === 8) return false
    const start = i
    let group = 0
    while (i < to && i - start < 5) {
      const digit = hexDigit(octets[i]!)
      if (digit < 0) break
      group = group * 16 + digit
      i++
    }
    if (i < to && octets[i] === 0x2e) {
      const word = count <= 6 ? parseDotted(octets, start, to) : -1
      if (word < 0) return false
      groups[count++] = word >>> 16
      groups[count++] = word & 0xffff
      i = to
      break
    }
    if (i === start || i - start > 4) return false
    groups[count++] = group
    if (i === to) break
    if (octets[i] !== 0x3a) return false
    i++
    if (i < to && octets[i] === 0x3a) {
      if (gap >= 0) return false
      gap = count
      i++
    } else if (i === to) return false
  }
  if (gap < 0 ? count !== 8 : count > 7) return false
  for (let k = 0; k < 4; k++)
    words[at + k] = groupAt(2 * k, gap, count) * 65_536 + groupAt(2 * k + 1, gap, count)
  return true
}

/** The group at a place of eight, zeros filling the gap. */
function groupAt(place: number, gap: number, count: number): number {
  if (gap < 0 || place < gap) return groups[place]!
  const fromEnd = place - (8 - count)
  return fromEnd >= gap ? groups[fromEnd]! : 0
}

function hexDigit(octet: number): number {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30
  const letter = octet | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
