import { newEscapes, putEscape } from '../bytes/put-text.ts'

const ESCAPE = newEscapes([0x7f])

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
      position = putSequence(out, position, octets, i, length)
      i += Math.max(0, length - 1)
      continue
    }
    const how = ESCAPE[octet]!
    if (how === 0) out[position++] = octet
    else position = putEscape(out, position, octet, how)
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

/** Copies a well-formed sequence of `length` octets; for 0, which is none, prints U+FFFD. */
function putSequence(
  out: Uint8Array,
  position: number,
  octets: Uint8Array,
  at: number,
  length: number,
): number {
  if (length === 0) {
    out[position] = 0xef
    out[position + 1] = 0xbf
    out[position + 2] = 0xbd
    return position + 3
  }
  for (let k = 0; k < length; k++) out[position + k] = octets[at + k]!
  return position + length
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
    position = putSequence(out, position, octets, i, length)
    i += Math.max(0, length - 1)
  }
  return position
}
