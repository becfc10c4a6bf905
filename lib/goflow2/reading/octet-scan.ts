/** Digits' values by octet; 255 for what is no hexadecimal digit. */
export const HEX_DIGIT = new Uint8Array(256).fill(255)
/** 1 for octets that may stand behind a value. */
const ENDS = new Uint8Array(256)
for (let i = 0; i < 10; i++) HEX_DIGIT[48 + i] = i
for (let i = 0; i < 6; i++) {
  HEX_DIGIT[65 + i] = 10 + i
  HEX_DIGIT[97 + i] = 10 + i
}
for (const octet of [0x2c, 0x7d, 0x5d, 0x20, 0x09, 0x0d, 0x0a, 0x22]) ENDS[octet] = 1

const POWERS = Array.from({ length: 20 }, (_, i) => 10 ** i)
const TWO_32 = 4_294_967_296
/** Flows of one moment begin and end within some seconds. */
const KNOWN_SECONDS = 64
/** Octets that `number` may look at. */
export const LOOK_AHEAD = 20

/**
 * Reads values that stand in octets; each method returns where the value ends, or -1 where it is none, and leaves it
 * in the fields. What is read ends in a line feed at the latest, so that no method asks how long the octets are.
 */
export class OctetScan {
  low = 0
  high = 0
  readonly words = new Uint32Array(4)
  /** Whether an IPv4 address was written as IPv6: `::ffff:192.0.2.1`. */
  isMapped = false
  /** Prefix length of a network; -1 for `invalid Prefix`. */
  bits = 0
  readonly #groups = new Uint16Array(8)

  /** An unsigned integer of up to 64 bits, all digits exact, into `low` and `high`. */
  unsigned(octets: Uint8Array, p: number): number {
    const start = p
    let value = 0
    let digit = octets[p]! - 48
    while (digit >= 0 && digit <= 9) {
      value = (Math.imul(value, 10) + digit) | 0
      digit = octets[++p]! - 48
      if (p - start === 9) break
    }
    if (p === start) return -1
    this.high = 0
    if (digit < 0 || digit > 9) {
      this.low = value
      return ENDS[digit + 48] === 1 ? p : -1
    }
    // More than nine digits: nine by nine, and at most two beyond them.
    const second = p
    let lower = 0
    while (digit >= 0 && digit <= 9) {
      lower = (Math.imul(lower, 10) + digit) | 0
      digit = octets[++p]! - 48
      if (p - second === 9) break
    }
    let tail = 0
    const third = p
    while (digit >= 0 && digit <= 9) {
      tail = tail * 10 + digit
      digit = octets[++p]! - 48
      if (p - third > 2) return -1
    }
    if (ENDS[octets[p]!] === 0) return -1
    return this.#join(value, lower, POWERS[third - second]!, tail, POWERS[p - third]!) ? p : -1
  }

  /**
   * As `unsigned`, four digits at a time, for most numbers have few, and nanoseconds 19. There must be LOOK_AHEAD octets
   * behind `p`.
   */
  number(octets: Uint8Array, view: DataView, p: number): number {
    this.high = 0
    const first = (view.getInt32(p, true) - 0x30303030) | 0
    let others = notDigits(first)
    if (others !== 0) {
      const count = (31 - Math.clz32(others & -others)) >> 3
      if (count === 0 || ENDS[octets[p + count]!] === 0) return -1
      this.low = fourDigits(first << ((4 - count) << 3))
      return p + count
    }
    const second = (view.getInt32(p + 4, true) - 0x30303030) | 0
    others = notDigits(second)
    if (others !== 0) {
      const count = (31 - Math.clz32(others & -others)) >> 3
      if (ENDS[octets[p + 4 + count]!] === 0) return -1
      const upper = fourDigits(first)
      this.low = count === 0 ? upper : upper * POWERS[count]! + fourDigits(second << ((4 - count) << 3))
      return p + 4 + count
    }
    if (ENDS[octets[p + 19]!] === 0) return this.unsigned(octets, p)
    return this.#nanoseconds(octets, view, p, fourDigits(first) * 10_000 + fourDigits(second))
  }

  /** 19 digits, of which the first eight are `upper`: seconds and nanoseconds. */
  #nanoseconds(octets: Uint8Array, view: DataView, p: number, upper: number): number {
    const third = (view.getInt32(p + 10, true) - 0x30303030) | 0
    const fourth = (view.getInt32(p + 14, true) - 0x30303030) | 0
    const tens = octets[p + 8]! - 48
    const ones = octets[p + 9]! - 48
    const last = octets[p + 18]! - 48
    if (notDigits(third) !== 0 || notDigits(fourth) !== 0) return this.unsigned(octets, p)
    if (!isDigit(tens) || !isDigit(ones) || !isDigit(last)) return this.unsigned(octets, p)
    const seconds = upper * 100 + tens * 10 + ones
    const place = seconds & (KNOWN_SECONDS - 1)
    if (seconds !== this.#seconds[place]) this.#setSeconds(seconds, place)
    const nanos = fourDigits(third) * 100_000 + fourDigits(fourth) * 10 + last
    const low = (this.#secondsLow[place]! + nanos) | 0
    this.low = low
    this.high = (this.#secondsHigh[place]! + (low >>> 0 < nanos ? 1 : 0)) | 0
    return p + 19
  }

  /** Seconds that were met, and as nanoseconds in two words. */
  readonly #seconds = new Float64Array(KNOWN_SECONDS).fill(-1)
  readonly #secondsLow = new Int32Array(KNOWN_SECONDS)
  readonly #secondsHigh = new Int32Array(KNOWN_SECONDS)

  #setSeconds(seconds: number, place: number): void {
    this.#seconds[place] = seconds
    // By 16-bit halves, so that every product is below 2^53.
    const upper = Math.floor(seconds / 65_536) * 1_000_000_000
    const lower = (seconds % 65_536) * 1_000_000_000
    const high = upper + Math.floor(lower / 65_536)
    this.#secondsLow[place] = ((high % 65_536) * 65_536 + (lower % 65_536)) | 0
    this.#secondsHigh[place] = Math.floor(high / 65_536) | 0
  }

  /** (first * scale + second) * tailScale + tail, in two words; false beyond 64 bits. */
  #join(first: number, second: number, scale: number, tail: number, tailScale: number): boolean {
    // Up to 18 digits: 30 bits times 30 bits, split so that every product is below 2^53.
    const upper = (first >>> 15) * scale
    const lower = (first & 0x7fff) * scale + second
    // upper * 2^15 + lower
    let high = Math.floor(upper / 131_072)
    let low = (upper - high * 131_072) * 32_768 + lower
    let carry = Math.floor(low / TWO_32)
    low -= carry * TWO_32
    high += carry
    if (tailScale > 1) {
      low = low * tailScale + tail
      carry = Math.floor(low / TWO_32)
      low -= carry * TWO_32
      high = high * tailScale + carry
    }
    this.low = low | 0
    this.high = high | 0
    return high < TWO_32
  }

  /** Hexadecimal digits up to a quote, at most 16, into `low` and `high`. */
  hexadecimal(octets: Uint8Array, p: number): number {
    const start = p
    let low = 0
    let high = 0
    let digit = HEX_DIGIT[octets[p]!]!
    while (digit < 16) {
      high = (high << 4) | (low >>> 28)
      low = (low << 4) | digit
      digit = HEX_DIGIT[octets[++p]!]!
    }
    this.low = low
    this.high = high
    return octets[p] === 0x22 && p - start <= 16 && p > start ? p : -1
  }

  /** Six octets with colons. */
  mac(octets: Uint8Array, p: number): number {
    let low = 0
    let high = 0
    for (let i = 0; i < 6; i++) {
      const upper = HEX_DIGIT[octets[p]!]!
      if (upper > 15) return -1
      const lower = HEX_DIGIT[octets[p + 1]!]!
      if (lower > 15) return -1
      p += 2
      if (i < 5 && octets[p++] !== 0x3a) return -1
      high = (high << 8) | (low >>> 24)
      low = (low << 8) | (upper << 4) | lower
    }
    this.low = low
    this.high = high
    return p
  }

  /** An address as Go's netip writes it, or 4 or 16 octets in hexadecimal, into `words`. */
  address(octets: Uint8Array, p: number): number {
    const words = this.words
    let word = 0
    let part = 0
    let digits = 0
    let dots = 0
    for (let q = p; ; q++) {
      const octet = octets[q]!
      const digit = octet - 48
      if (digit >= 0 && digit <= 9) {
        part = part * 10 + digit
        if (++digits > 3) break
      } else if (octet === 0x2e) {
        if (digits === 0 || part > 255 || ++dots > 3) return -1
        word = (word << 8) | part
        part = 0
        digits = 0
      } else if (dots === 3 && digits > 0 && part <= 255) {
        words[0] = 0
        words[1] = 0
        words[2] = 0xffff
        words[3] = (word << 8) | part
        this.isMapped = false
        return q
      } else {
        break
      }
    }
    return dots > 0 ? -1 : this.#ipv6(octets, p)
  }

  #ipv6(octets: Uint8Array, p: number): number {
    const groups = this.#groups
    const start = p
    let count = 0
    let gap = -1
    if (octets[p] === 0x3a) {
      if (octets[p + 1] !== 0x3a) return -1
      gap = 0
      p += 2
    }
    for (;;) {
      let value = 0
      const from = p
      let digit = HEX_DIGIT[octets[p]!]!
      while (digit < 16 && p - from < 4) {
        value = (value << 4) | digit
        digit = HEX_DIGIT[octets[++p]!]!
      }
      if (p === from) {
        // Only a gap at the end may have no digits behind it.
        if (gap !== count) return -1
        break
      }
      const octet = octets[p]!
      if (octet === 0x2e) {
        // The last 32 bits in decimal.
        if (count > 6) return -1
        p = this.address4(octets, from)
        if (p < 0) return -1
        groups[count++] = this.low >>> 16
        groups[count++] = this.low & 0xffff
        break
      }
      if (digit < 16) {
        // More than four digits: no colons at all, perhaps the octets in hexadecimal.
        return count === 0 && gap < 0 ? this.#addressHex(octets, start) : -1
      }
      if (count === 8) return -1
      groups[count++] = value
      if (octet !== 0x3a) break
      p++
      if (octets[p] === 0x3a) {
        if (gap >= 0) return -1
        gap = count
        p++
      } else if (HEX_DIGIT[octets[p]!]! > 15) {
        return -1
      }
    }
    if (gap < 0 ? count !== 8 : count > 7) return -1
    const words = this.words
    for (let i = 0; i < 4; i++) words[i] = this.#pair(i * 2, count, gap)
    this.isMapped = (words[0]! | words[1]!) === 0 && words[2] === 0xffff
    return p
  }

  /** Groups `i` and `i + 1` after the gap is filled with zeros. */
  #pair(i: number, count: number, gap: number): number {
    return ((this.#group(i, count, gap) << 16) | this.#group(i + 1, count, gap)) >>> 0
  }

  #group(i: number, count: number, gap: number): number {
    if (gap < 0 || i < gap) return this.#groups[i]!
    const behind = i - (8 - count)
    return behind < gap ? 0 : this.#groups[behind]!
  }

  /** Four decimal octets into `low`. */
  address4(octets: Uint8Array, p: number): number {
    let word = 0
    for (let i = 0; i < 4; i++) {
      const from = p
      let part = 0
      let digit = octets[p]! - 48
      while (digit >= 0 && digit <= 9 && p - from < 3) {
        part = part * 10 + digit
        digit = octets[++p]! - 48
      }
      if (p === from || part > 255) return -1
      word = (word << 8) | part
      if (i < 3 && octets[p++] !== 0x2e) return -1
    }
    this.low = word
    return p
  }

  #addressHex(octets: Uint8Array, p: number): number {
    const words = this.words
    let length = 0
    while (HEX_DIGIT[octets[p + length]!]! < 16 && length <= 32) length++
    if (length !== 8 && length !== 32) return -1
    words[0] = 0
    words[1] = 0
    words[2] = 0xffff
    const first = length === 8 ? 3 : 0
    for (let i = first; i < 4; i++) {
      let word = 0
      for (let j = 0; j < 8; j++) word = (word << 4) | HEX_DIGIT[octets[p++]!]!
      words[i] = word
    }
    this.isMapped = length === 32 && (words[0]! | words[1]!) === 0 && words[2] === 0xffff
    return p
  }

  /** An address, a slash and a prefix length, or `invalid Prefix`. */
  network(octets: Uint8Array, p: number): number {
    if (octets[p] === 0x69) {
      for (let i = 0; i < INVALID_PREFIX.length; i++) if (octets[p + i] !== INVALID_PREFIX[i]) return -1
      this.bits = -1
      return p + INVALID_PREFIX.length
    }
    p = this.address(octets, p)
    if (p < 0 || octets[p] !== 0x2f) return -1
    const end = this.unsigned(octets, p + 1)
    if (end < 0 || this.high !== 0 || this.low >>> 0 > 128) return -1
    this.bits = this.low
    return end
  }
}

/** Bits in the octets of `digits` that are not 0 to 9; right up to the first such octet. */
function notDigits(digits: number): number {
  return (digits | (digits + 0x76767676)) & 0x80808080
}

/** The number of four digits, the first in the lowest octet. */
function fourDigits(digits: number): number {
  const pairs = (Math.imul(digits, 10) + (digits >>> 8)) & 0x00ff00ff
  return Math.imul(pairs & 0xff, 100) + (pairs >>> 16)
}

function isDigit(value: number): boolean {
  return value >= 0 && value <= 9
}

const INVALID_PREFIX = Uint8Array.from('invalid Prefix', (c) => c.charCodeAt(0))
