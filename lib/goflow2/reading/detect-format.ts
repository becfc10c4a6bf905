/** What a file of flows may be, by its first octets. */
export type LineFormat = 'json' | 'text' | 'bin' | 'gzip' | 'zstd' | 'weir' | 'unknown'

const MAGICS: readonly (readonly [LineFormat, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['weir', [0x57, 0x45, 0x49, 0x52]],
]

/** Padding, blanks, line ends, and the bracket of an array. */
const BLANKS: readonly number[] = [0, 9, 10, 13, 32, 0x5b]

/** Octets that `detectFormat` looks at. */
export const DETECT_OCTETS = 4096

/** Tells what `octets` begin; 256 of them are enough for what goflow2 writes. An empty file is JSON without lines. */
export function detectFormat(octets: Uint8Array): LineFormat {
  for (const [format, magic] of MAGICS) if (magic.every((octet, i) => octets[i] === octet)) return format
  let p = octets[0] === 0xef && octets[1] === 0xbb && octets[2] === 0xbf ? 3 : 0
  const most = Math.min(octets.length, DETECT_OCTETS)
  while (p < most && BLANKS.includes(octets[p]!)) p++
  // A message may have 10, 13, 32 or 91 octets, and its type comes first: look there before what was skipped.
  if (isMessageAt(octets, 0)) return 'bin'
  if (p === most) return 'json'
  if (octets[p] === 0x7b) return 'json'
  if (isTextAt(octets, p, most)) return 'text'
  // A rest of a line, as of a file cut by size: what does the next one look like?
  const feed = octets.indexOf(0x0a, p)
  if (feed >= 0 && feed + 1 < most) {
    if (octets[feed + 1] === 0x7b) return 'json'
    if (isTextAt(octets, feed + 1, most)) return 'text'
  }
  return 'unknown'
}

/** A length of up to three octets, and goflow2's type as the first field or another field that it begins with. */
function isMessageAt(octets: Uint8Array, p: number): boolean {
  let length = 0
  for (let shift = 0; shift < 21; shift += 7) {
    const octet = octets[p++]
    if (octet === undefined) return false
    length |= (octet & 127) << shift
    if (octet < 128) {
      return length > 10 && octets[p] === 0x08 && octets[p + 1]! >= 1 && octets[p + 1]! <= 4
    }
  }
  return false
}

function isTextAt(octets: Uint8Array, p: number, most: number): boolean {
  const from = p
  while (p < most && p - from < 64 && isWord(octets[p]!)) p++
  return p > from && octets[p] === 0x3d
}

function isWord(octet: number): boolean {
  return (
    (octet >= 97 && octet <= 122) ||
    (octet >= 65 && octet <= 90) ||
    (octet >= 48 && octet <= 57) ||
    octet === 95
  )
}
