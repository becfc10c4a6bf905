/** `d.` of each octet, low octet first, and its length with the dot. */
const DOTTED = new Uint32Array(256)
const DOTTED_LENGTH = new Uint8Array(256)
/** Two hexadecimal digits of each octet, low octet first. */
const HEX_PAIR = new Uint16Array(256)
/** For each mask of zero groups (bit 7 is the first group): 16 * start + length of the longest run, the first of equals. */
const ZERO_RUN = new Uint8Array(256)

for (let octet = 0; octet < 256; octet++) {
  const text = `${octet}.`
  DOTTED_LENGTH[octet] = text.length
  for (let i = 0; i < text.length; i++) DOTTED[octet]! |= text.charCodeAt(i) << (8 * i)
  const pair = octet.toString(16).padStart(2, '0')
  HEX_PAIR[octet] = pair.charCodeAt(0) | (pair.charCodeAt(1) << 8)
  ZERO_RUN[octet] = longestRun(octet)
}

function longestRun(mask: number): number {
  let best = 0
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && (mask & (0x80 >> (start + length))) !== 0) length++
    // RFC 5952 §4.2.2: a single group is not shortened.
    if (length > 1 && length > (best & 15)) best = (start << 4) | length
  }
  return best
}

/** Prints an IPv4 address. */
export function putIpv4(view: DataView, position: number, word: number): number {
  let octet = word >>> 24
  view.setUint32(position, DOTTED[octet]!, true)
  position += DOTTED_LENGTH[octet]!
  octet = (word >>> 16) & 255
  view.setUint32(position, DOTTED[octet]!, true)
  position += DOTTED_LENGTH[octet]!
  octet = (word >>> 8) & 255
  view.setUint32(position, DOTTED[octet]!, true)
  position += DOTTED_LENGTH[octet]!
  octet = word & 255
  view.setUint32(position, DOTTED[octet]!, true)
  return position + DOTTED_LENGTH[octet]! - 1
}

const groups = new Uint16Array(8)

/** Prints an IPv6 address as RFC 5952 and Go's netip do: `::ffff:1.2.3.4` for mapped ones. */
export function putIpv6(
  view: DataView,
  position: number,
  a: number,
  b: number,
  c: number,
  d: number,
): number {
  if ((a | b) === 0 && c === 0xffff) {
    // "::ffff:"
    view.setUint32(position, 0x66663a3a, true)
    view.setUint32(position + 4, 0x003a6666, true)
    return putIpv4(view, position + 7, d)
  }
  groups[0] = a >>> 16
  groups[1] = a
  groups[2] = b >>> 16
  groups[3] = b
  groups[4] = c >>> 16
  groups[5] = c
  groups[6] = d >>> 16
  groups[7] = d
  let mask = 0
  for (let i = 0; i < 8; i++) mask = (mask << 1) | (groups[i] === 0 ? 1 : 0)
  const run = ZERO_RUN[mask]!
  const start = run === 0 ? 8 : run >> 4
  const end = start + (run & 15)
  for (let i = 0; i < start; i++) {
    position = putGroup(view, position, groups[i]!)
    view.setUint8(position++, 58)
  }
  if (start === 8) return position - 1
  // Before the run stands a colon already, unless it comes first.
  if (start === 0) view.setUint8(position++, 58)
  view.setUint8(position++, 58)
  for (let i = end; i < 8; i++) {
    position = putGroup(view, position, groups[i]!)
    view.setUint8(position++, 58)
  }
  return end === 8 ? position : position - 1
}

function putGroup(view: DataView, position: number, group: number): number {
  if (group >= 0x1000) {
    view.setUint32(position, HEX_PAIR[group >>> 8]! | (HEX_PAIR[group & 255]! << 16), true)
    return position + 4
  }
  if (group >= 0x100) {
    view.setUint32(position, (HEX_PAIR[group >>> 8]! >>> 8) | (HEX_PAIR[group & 255]! << 8), true)
    return position + 3
  }
  if (group >= 0x10) {
    view.setUint16(position, HEX_PAIR[group]!, true)
    return position + 2
  }
  view.setUint8(position, HEX_PAIR[group]! >>> 8)
  return position + 1
}

/**
 * Whether the address of four words at `at` is to be shown as IPv4. `form` is an ADDRESS_FORM: 1 means that IPv6 was
 * sent whatever the address, 2 and 3 which family a zero is of.
 */
export function isShownAsIpv4(words: Uint32Array, at: number, form: number): boolean {
  if (form === 1 || (words[at]! | words[at + 1]!) !== 0) return false
  const third = words[at + 2]!
  if (form >= 2 && words[at + 3] === 0 && (third === 0 || third === 0xffff)) return form === 2
  return third === 0xffff
}

/** Prints the address of four words at `at` in an ADDRESS_FORM. */
export function putAddress(
  view: DataView,
  position: number,
  words: Uint32Array,
  at: number,
  form: number,
): number {
  if (isShownAsIpv4(words, at, form)) return putIpv4(view, position, words[at + 3]! | 0)
  // The zero that an IPv4 element sent, where IPv6's counts.
  const third = form === 3 && words[at + 3] === 0 ? 0 : words[at + 2]! | 0
  return putIpv6(view, position, words[at]! | 0, words[at + 1]! | 0, third, words[at + 3]! | 0)
}

/** Prints a MAC address given as its upper 16 and lower 32 bits. */
export function putMac(view: DataView, position: number, high: number, low: number): number {
  const colon = 0x3a0000
  view.setUint32(position, HEX_PAIR[(high >>> 8) & 255]! | colon, true)
  view.setUint32(position + 3, HEX_PAIR[high & 255]! | colon, true)
  view.setUint32(position + 6, HEX_PAIR[low >>> 24]! | colon, true)
  view.setUint32(position + 9, HEX_PAIR[(low >>> 16) & 255]! | colon, true)
  view.setUint32(position + 12, HEX_PAIR[(low >>> 8) & 255]! | colon, true)
  view.setUint16(position + 15, HEX_PAIR[low & 255]!, true)
  return position + 17
}

/** Prints the octets `[from, to)` in lower-case hexadecimal. */
export function putHex(
  view: DataView,
  position: number,
  octets: Uint8Array,
  from: number,
  to: number,
): number {
  for (let i = from; i < to; i++, position += 2) view.setUint16(position, HEX_PAIR[octets[i]!]!, true)
  return position
}

/** Prints a 32-bit word as eight hexadecimal digits. */
export function putHexWord(view: DataView, position: number, word: number): number {
  view.setUint32(position, HEX_PAIR[word >>> 24]! | (HEX_PAIR[(word >>> 16) & 255]! << 16), true)
  view.setUint32(position + 4, HEX_PAIR[(word >>> 8) & 255]! | (HEX_PAIR[word & 255]! << 16), true)
  return position + 8
}
