/** The keys of goflow2's line that Elastic's integration maps, in the order of its documentation. */
export const LINE_KEYS = [
  'type',
  'time_flow_start_ns',
  'sampler_address',
  'sequence_num',
  'in_if',
  'out_if',
  'src_addr',
  'dst_addr',
  'etype',
  'proto',
  'src_port',
  'dst_port',
  'src_vlan',
  'dst_vlan',
  'sampling_rate',
  'bytes',
] as const

/** Number of each key. */
export const KEY = Object.fromEntries(LINE_KEYS.map((name, i) => [name, i])) as Record<
  (typeof LINE_KEYS)[number],
  number
>

/** What a value is. */
export const VALUE = { absent: 0, text: 1, number: 2, literal: 3, nested: 4 } as const

const DEEPEST = 512
const QUOTE = 0x22
const BACKSLASH = 0x5c
const encoder = new TextEncoder()
const KEY_OCTETS = LINE_KEYS.map((name) => encoder.encode(name))

/** One of 128 places, so chosen that each key has its own. */
function placeOf(octets: Uint8Array, from: number, to: number): number {
  const length = to - from
  return (length + octets[from]! + octets[to - 1]! + octets[from + (length >> 1)]! * 3) & 127
}
const PLACES = new Int8Array(128).fill(-1)
for (const [key, octets] of KEY_OCTETS.entries()) {
  const place = placeOf(octets, 0, octets.length)
  if (PLACES[place] !== -1) throw new Error('two keys share a place')
  PLACES[place] = key
}

/** Where the values of one line are. One object is reused. */
export class LineValues {
  /** By key: a VALUE, and its octets, quotes excluded. */
  readonly kinds = new Uint8Array(LINE_KEYS.length)
  readonly starts = new Uint32Array(LINE_KEYS.length)
  readonly ends = new Uint32Array(LINE_KEYS.length)
  /** Other keys: where `"key":value` begins and ends, two numbers each. */
  others = new Uint32Array(2 * 32)
  otherCount = 0
  /** Whether no octet of the line's texts is above 127. */
  isAscii = true
  /** Why the line is no object of JSON, else the empty text. */
  fault = ''
  #octets: Uint8Array = new Uint8Array(0)
  #at = 0
  #to = 0
  /** The keys of the line before, in their order: lines of one log have the same. */
  readonly #order = new Int8Array(64)
  #member = 0

  /** Reads the line in `octets[from, to)`; false where it is not one JSON object, with `fault` set. */
  read(octets: Uint8Array, from: number, to: number): boolean {
    this.#octets = octets
    this.#at = from
    this.#to = to
    this.kinds.fill(VALUE.absent)
    this.otherCount = 0
    this.isAscii = true
    this.#member = 0
    this.fault = ''
    this.#space()
    if (octets[this.#at] !== 0x7b || this.#at >= to) return this.#fail('no object')
    this.#at++
    this.#space()
    if (this.#take(0x7d)) return this.#isEnd()
    for (;;) {
      if (!this.#readMember()) return false
      this.#space()
      if (this.#take(0x2c)) {
        this.#space()
        continue
      }
      if (!this.#take(0x7d)) return this.#fail('a comma or the end of the object is missing')
      return this.#isEnd()
    }
  }

  #readMember(): boolean {
    const octets = this.#octets
    const keyStart = this.#at
    const place = this.#member++ & 63
    let key = this.#order[place]!
    if (!this.#takeKey(key)) {
      if (!this.#take(QUOTE) || !this.#string()) return this.#fail('a key is missing')
      key = keyOf(octets, keyStart + 1, this.#at - 1)
      this.#order[place] = key
    }
    this.#space()
    if (!this.#take(0x3a)) return this.#fail('a colon is missing')
    this.#space()
    const start = this.#at
    const kind = this.#value(0)
    if (kind === VALUE.absent) return this.#fail('a value is damaged')
    if (key < 0) {
      this.#addOther(keyStart, this.#at)
      return true
    }
    if (this.kinds[key] !== VALUE.absent) return this.#fail('a key stands there twice')
    this.kinds[key] = kind
    this.starts[key] = kind === VALUE.text ? start + 1 : start
    this.ends[key] = kind === VALUE.text ? this.#at - 1 : this.#at
    return true
  }

  /** Goes behind the quoted name of a key if it stands here. */
  #takeKey(key: number): boolean {
    if (key < 0) return false
    const octets = this.#octets
    const expected = KEY_OCTETS[key]!
    const from = this.#at + 1
    const end = from + expected.length
    if (end >= this.#to || octets[from - 1] !== QUOTE || octets[end] !== QUOTE) return false
    for (let i = 0; i < expected.length; i++) if (octets[from + i] !== expected[i]) return false
    this.#at = end + 1
    return true
  }

  #addOther(start: number, end: number): void {
    if (this.otherCount * 2 === this.others.length) {
      const more = new Uint32Array(this.others.length * 2)
      more.set(this.others)
      this.others = more
    }
    this.others[this.otherCount * 2] = start
    this.others[this.otherCount * 2 + 1] = end
    this.otherCount++
  }

  /** Behind the object only white space may stand. */
  #isEnd(): boolean {
    this.#space()
    return this.#at === this.#to || this.#fail('something stands behind the object')
  }

  #fail(fault: string): false {
    if (this.fault === '') this.fault = fault
    return false
  }

  #take(octet: number): boolean {
    if (this.#at >= this.#to || this.#octets[this.#at] !== octet) return false
    this.#at++
    return true
  }

  #space(): void {
    const octets = this.#octets
    while (this.#at < this.#to) {
      const octet = octets[this.#at]!
      if (octet !== 0x20 && octet !== 0x09 && octet !== 0x0d && octet !== 0x0a) return
      this.#at++
    }
  }

  /** Goes behind a value and returns its VALUE, or VALUE.absent where there is none. */
  #value(depth: number): number {
    if (this.#at >= this.#to) return VALUE.absent
    const octet = this.#octets[this.#at]!
    if (octet === QUOTE) {
      this.#at++
      return this.#string() ? VALUE.text : VALUE.absent
    }
    if (octet === 0x2d || (octet >= 0x30 && octet <= 0x39))
      return this.#number() ? VALUE.number : VALUE.absent
    if (octet === 0x7b || octet === 0x5b) {
      return depth < DEEPEST && this.#nested(octet + 2, depth + 1) ? VALUE.nested : VALUE.absent
    }
    const isWord = this.#word(TRUE) || this.#word(FALSE) || this.#word(NULL)
    return isWord ? VALUE.literal : VALUE.absent
  }

  /** Goes behind the closing quote of a string whose opening one was taken. */
  #string(): boolean {
    const octets = this.#octets
    const to = this.#to
    let all = 0
    for (let at = this.#at; at < to; at++) {
      const octet = octets[at]!
      all |= octet
      if (octet === QUOTE) {
        this.#at = at + 1
        if (all > 127) this.isAscii = false
        return true
      }
      if (octet < 0x20) return false
      if (octet !== BACKSLASH) continue
      const escaped = octets[++at]!
      if (at >= to || ESCAPED[escaped] === 0) return false
      if (escaped === 0x75) {
        for (let i = 1; i <= 4; i++) if (at + i >= to || HEX[octets[at + i]!] === 0) return false
        at += 4
      }
    }
    return false
  }

  #number(): boolean {
    const octets = this.#octets
    const to = this.#to
    let at = this.#at
    if (octets[at] === 0x2d) at++
    const first = at
    while (at < to && octets[at]! >= 0x30 && octets[at]! <= 0x39) at++
    if (at === first || (octets[first] === 0x30 && at > first + 1)) return false
    if (at < to && octets[at] === 0x2e) {
      const point = ++at
      while (at < to && octets[at]! >= 0x30 && octets[at]! <= 0x39) at++
      if (at === point) return false
    }
    if (at < to && (octets[at]! | 0x20) === 0x65) {
      at++
      if (octets[at] === 0x2b || octets[at] === 0x2d) at++
      const exponent = at
      while (at < to && octets[at]! >= 0x30 && octets[at]! <= 0x39) at++
      if (at === exponent || at > to) return false
    }
    this.#at = at
    return true
  }

  /** Goes behind an object or array that ends with `close`. */
  #nested(close: number, depth: number): boolean {
    this.#at++
    this.#space()
    if (this.#take(close)) return true
    for (;;) {
      if (close === 0x7d) {
        if (!this.#take(QUOTE) || !this.#string()) return false
        this.#space()
        if (!this.#take(0x3a)) return false
        this.#space()
      }
      if (this.#value(depth) === VALUE.absent) return false
      this.#space()
      if (this.#take(close)) return true
      if (!this.#take(0x2c)) return false
      this.#space()
    }
  }

  #word(word: Uint8Array): boolean {
    const octets = this.#octets
    if (this.#at + word.length > this.#to) return false
    for (let i = 0; i < word.length; i++) if (octets[this.#at + i] !== word[i]) return false
    this.#at += word.length
    return true
  }
}

function keyOf(octets: Uint8Array, from: number, to: number): number {
  if (to === from) return -1
  const key = PLACES[placeOf(octets, from, to)]!
  if (key < 0) return -1
  const expected = KEY_OCTETS[key]!
  if (expected.length !== to - from) return -1
  for (let i = 0; i < expected.length; i++) if (octets[from + i] !== expected[i]) return -1
  return key
}

const TRUE = encoder.encode('true')
const FALSE = encoder.encode('false')
const NULL = encoder.encode('null')
/** What may stand behind a backslash (RFC 8259 §7). */
const ESCAPED = new Uint8Array(256)
for (const octet of encoder.encode('"\\/bfnrtu')) ESCAPED[octet] = 1
const HEX = new Uint8Array(256)
for (const octet of encoder.encode('0123456789abcdefABCDEF')) HEX[octet] = 1
