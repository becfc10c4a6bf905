const HEX = new TextEncoder().encode('0123456789abcdef')
/** How each octet below 128 is printed inside a JSON string: 0 as it is, 1 as \u00XX, else after a backslash. */
const ESCAPE = new Uint8Array(128)
ESCAPE.fill(1, 0, 32)
ESCAPE[0x7f] = 1
ESCAPE[0x22] = 0x22
ESCAPE[0x5c] = 0x5c
ESCAPE[0x0a] = 0x6e
ESCAPE[0x0d] = 0x72
ESCAPE[0x09] = 0x74

/**
 * Prints octets inside a JSON string, escaped as RFC 8259 §7 asks, and returns the position behind. What is no UTF-8 is
 * printed as U+FFFD, for Elasticsearch refuses the whole request else. At most six octets for each.
 */
export function putJsonText(
  out: Uint8Array,
  position: number,
  octets: Uint8Array,
  from: number,
  to: number,
): number {
  for (let i = from; i < to; i++) {
    const octet = octets[i]!
    if (octet >= 0x80) {
      const length = sequenceLength(octets, i, to)
      if (length === 0) {
        out[position] = 0xef
        out[position + 1] = 0xbf
        out[position + 2] = 0xbd
        position += 3
        continue
      }
      for (let k = 0; k < length; k++) out[position++] = octets[i + k]!
      i += length - 1
      continue
    }
    const how = ESCAPE[octet]!
    if (how === 0) out[position++] = octet
    else if (how === 1) {
      out[position] = 0x5c
      out[position + 1] = 0x75
      out[position + 2] = 0x30
      out[position + 3] = 0x30
      out[position + 4] = HEX[octet >>> 4]!
      out[position + 5] = HEX[octet & 15]!
      position += 6
    } else {
      out[position] = 0x5c
      out[position + 1] = how
      position += 2
    }
  }
  return position
}

/** Octets that `putJsonText` prints. */
export function escapedLength(octets: Uint8Array, from: number, to: number): number {
  let length = 0
  for (let i = from; i < to; i++) {
    const octet = octets[i]!
    if (octet >= 0x80) {
      const sequence = sequenceLength(octets, i, to)
      length += sequence === 0 ? 3 : sequence
      i += Math.max(0, sequence - 1)
    } else length += ESCAPE[octet] === 0 ? 1 : ESCAPE[octet] === 1 ? 6 : 2
  }
  return length
}

/** Octets of the well-formed sequence at `at` (RFC 3629 §4), or 0. */
function sequenceLength(octets: Uint8Array, at: number, to: number): number {
  const first = octets[at]!
  if (first < 0xc2 || first > 0xf4) return 0
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  if (at + length > to) return 0
  const second = octets[at + 1]!
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < least || second > most) return 0
  for (let i = 2; i < length; i++) if ((octets[at + i]! & 0xc0) !== 0x80) return 0
  return length
}

/** Copies text that is JSON already; what is no UTF-8 becomes U+FFFD, so at most three octets for each. */
export function putSoundText(
  out: Uint8Array,
  position: number,
  octets: Uint8Array,
  from: number,
  to: number,
): number {
  for (let i = from; i < to; i++) {
    const octet = octets[i]!
    if (octet < 0x80) {
      out[position++] = octet
      continue
    }
    const length = sequenceLength(octets, i, to)
    if (length === 0) {
      out[position] = 0xef
      out[position + 1] = 0xbf
      out[position + 2] = 0xbd
      position += 3
      continue
    }
    for (let k = 0; k < length; k++) out[position++] = octets[i + k]!
    i += length - 1
  }
  return position
}
