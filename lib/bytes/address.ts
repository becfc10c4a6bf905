const MAPPED = 0xffff

/** Whether the four words at `at` are an IPv4 address in mapped form (RFC 4291 §2.5.5.2). */
export function isIpv4(words: Uint32Array, at: number): boolean {
  return words[at] === 0 && words[at + 1] === 0 && words[at + 2] === MAPPED
}

/** Whether all four words at `at` are zero: the unspecified IPv6 address. */
export function isUnspecified(words: Uint32Array, at: number): boolean {
  return (words[at]! | words[at + 1]! | words[at + 2]! | words[at + 3]!) === 0
}

/** Text of the address at `at`: dotted for mapped IPv4, else RFC 5952. */
export function formatAddress(words: Uint32Array, at: number): string {
  if (isIpv4(words, at)) return formatIpv4(words[at + 3]!)
  return formatIpv6(words, at)
}

/** Text of an IPv4 address given as one word. */
export function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
}

/** RFC 5952 text of the four words, `::ffff:1.2.3.4` for mapped ones. */
export function formatIpv6(words: Uint32Array, at: number): string {
  if (isIpv4(words, at)) return `::ffff:${formatIpv4(words[at + 3]!)}`
  const groups: number[] = []
  for (let i = 0; i < 4; i++) {
    const word = words[at + i]!
    groups.push(word >>> 16, word & 0xffff)
  }
  let bestStart = -1
  let bestLength = 1
  for (let i = 0; i < 8; ) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > bestLength) {
      bestStart = i
      bestLength = end - i
    }
    i = end === i ? i + 1 : end
  }
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':')
  if (bestStart < 0) return hex(0, 8)
  return `${hex(0, bestStart)}::${hex(bestStart + bestLength, 8)}`
}

/** Parses an address of either family into four words, or returns false and leaves them as they are. */
export function parseAddress(text: string, words: Uint32Array, at = 0): boolean {
  const v4 = parseIpv4(text)
  if (v4 >= 0) {
    words[at] = 0
    words[at + 1] = 0
    words[at + 2] = MAPPED
    words[at + 3] = v4
    return true
  }
  return parseIpv6(text, words, at)
}

/** The IPv4 address as one word, or -1. */
export function parseIpv4(text: string): number {
  const parts = text.split('.')
  if (parts.length !== 4) return -1
  let word = 0
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part)) return -1
    const value = Number(part)
    if (value > 255) return -1
    word = word * 256 + value
  }
  return word
}

function parseIpv6(text: string, words: Uint32Array, at: number): boolean {
  let rest = text
  let tail: number[] = []
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(rest)
  if (dotted !== null) {
    const v4 = parseIpv4(dotted[2]!)
    if (v4 < 0) return false
    tail = [v4 >>> 16, v4 & 0xffff]
    rest = dotted[1]!
    rest = rest.endsWith('::') ? rest : rest.slice(0, -1)
  }
  const halves = rest.split('::')
  if (halves.length > 2) return false
  const head = parseGroups(halves[0]!)
  const back = halves.length === 2 ? parseGroups(halves[1]!) : []
  if (head === null || back === null) return false
  const known = head.length + back.length + tail.length
  if (halves.length === 1 ? known !== 8 : known > 7) return false
  const groups = [...head, ...new Array<number>(8 - known).fill(0), ...back, ...tail]
  for (let i = 0; i < 4; i++) words[at + i] = groups[i * 2]! * 65536 + groups[i * 2 + 1]!
  return true
}

function parseGroups(text: string): number[] | null {
  if (text === '') return []
  const groups: number[] = []
  for (const part of text.split(':')) {
    if (!/^[0-9a-f]{1,4}$/i.test(part)) return null
    groups.push(Number.parseInt(part, 16))
  }
  return groups
}

/** A network: four words of address, and a prefix length in 0..128 (IPv4's plus 96). */
export interface Network {
  readonly words: Uint32Array
  readonly bits: number
}

/** Parses `10.0.0.0/8`, `2001:db8::/32` or a single address, or returns null. */
export function parseNetwork(text: string): Network | null {
  const [address, length, ...more] = text.split('/')
  if (address === undefined || more.length > 0) return null
  const words = new Uint32Array(4)
  if (!parseAddress(address, words)) return null
  const most = address.includes(':') ? 128 : 32
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return null
  const bits = length === undefined ? most : Number(length)
  if (bits > most) return null
  return { words, bits: most === 32 ? bits + 96 : bits }
}

/** Whether the address at `at` lies in the network. */
export function isInNetwork(words: Uint32Array, at: number, network: Network): boolean {
  let bits = network.bits
  for (let i = 0; i < 4 && bits > 0; i++, bits -= 32) {
    const shift = bits >= 32 ? 0 : 32 - bits
    if (words[at + i]! >>> shift !== network.words[i]! >>> shift) return false
  }
  return true
}
