/** What a JSON value is. */
export const JSON_KIND = { broken: 0, string: 1, escaped: 2, number: 3, literal: 4, nested: 5 } as const

/** Deepest nesting of an array or object that is taken. */
const MAX_DEPTH = 64

/** Finds where a JSON value ends; reads up to a line feed at the latest. */
export class JsonValue {
  kind = 0
  /** One past the value's last octet. */
  end = 0
  readonly #closers = new Uint8Array(MAX_DEPTH)

  /** Returns the JSON_KIND of the value at `p`; `end` says where it ends. */
  read(octets: Uint8Array, p: number): number {
    this.kind = this.#kindAt(octets, p)
    return this.kind
  }

  #kindAt(octets: Uint8Array, p: number): number {
    const octet = octets[p]!
    if (octet === 0x22) return this.#string(octets, p + 1)
    if (octet === 0x5b || octet === 0x7b) return this.#nested(octets, p)
    if (octet === 0x2d || (octet >= 48 && octet <= 57)) return this.#number(octets, p)
    for (const word of WORDS) {
      if (octet !== word[0]) continue
      for (let i = 1; i < word.length; i++) if (octets[p + i] !== word[i]) return JSON_KIND.broken
      this.end = p + word.length
      return JSON_KIND.literal
    }
    return JSON_KIND.broken
  }

  #string(octets: Uint8Array, p: number): number {
    let kind: number = JSON_KIND.string
    for (;;) {
      const octet = octets[p++]!
      if (octet === 0x22) {
        this.end = p
        return kind
      }
      // goflow2 never prints control characters: the line is broken.
      if (octet < 0x20) return JSON_KIND.broken
      if (octet !== 0x5c) continue
      kind = JSON_KIND.escaped
      if (octets[p]! < 0x20) return JSON_KIND.broken
      p++
    }
  }

  #number(octets: Uint8Array, p: number): number {
    if (octets[p] === 0x2d) p++
    let from = p
    while (isDigit(octets[p]!)) p++
    if (p === from) return JSON_KIND.broken
    if (octets[p] === 0x2e) {
      from = ++p
      while (isDigit(octets[p]!)) p++
      if (p === from) return JSON_KIND.broken
    }
    if (octets[p] === 0x65 || octets[p] === 0x45) {
      p++
      if (octets[p] === 0x2b || octets[p] === 0x2d) p++
      from = p
      while (isDigit(octets[p]!)) p++
      if (p === from) return JSON_KIND.broken
    }
    this.end = p
    return JSON_KIND.number
  }

  /** Brackets and strings are checked, what stands between them is not. */
  #nested(octets: Uint8Array, p: number): number {
    const closers = this.#closers
    let depth = 0
    for (;;) {
      const octet = octets[p]!
      if (octet === 0x22) {
        if (this.#string(octets, p + 1) === JSON_KIND.broken) return JSON_KIND.broken
        p = this.end
        continue
      }
      p++
      if (octet === 0x5b || octet === 0x7b) {
        if (depth === MAX_DEPTH) return JSON_KIND.broken
        closers[depth++] = octet + 2
      } else if (octet === 0x5d || octet === 0x7d) {
        if (closers[--depth] !== octet) return JSON_KIND.broken
        if (depth === 0) {
          this.end = p
          return JSON_KIND.nested
        }
      } else if (octet < 0x20 && octet !== 0x09) {
        return JSON_KIND.broken
      }
    }
  }
}

/** The first octet from `p` on that is no blank; a line feed is none. */
export function blanks(octets: Uint8Array, p: number): number {
  while (octets[p] === 0x20 || octets[p] === 0x09 || octets[p] === 0x0d) p++
  return p
}

const WORDS = ['true', 'false', 'null'].map((word) => Uint8Array.from(word, (c) => c.charCodeAt(0)))

function isDigit(octet: number): boolean {
  return octet >= 48 && octet <= 57
}

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** The octets of a JSON string without its quotes, escapes resolved; octets that are no UTF-8 stay as they are. */
export function unescaped(octets: Uint8Array, from: number, to: number): Uint8Array {
  const out = new Uint8Array((to - from) * 3)
  let used = 0
  for (let p = from; p < to; p++) {
    const octet = octets[p]!
    if (octet !== 0x5c) {
      out[used++] = octet
      continue
    }
    const letter = octets[++p]!
    if (letter !== 0x75) {
      const at = 'bfnrt'.indexOf(String.fromCharCode(letter))
      out[used++] = at < 0 ? letter : [8, 12, 10, 13, 9][at]!
      continue
    }
    // \uXXXX, and what follows it while it is the second half of a pair.
    let text = ''
    let at = p - 1
    while (text.length < 2 && at + 6 <= to && octets[at] === 0x5c && octets[at + 1] === 0x75) {
      const code = Number.parseInt(decoder.decode(octets.subarray(at + 2, at + 6)), 16)
      if (Number.isNaN(code) || (text !== '' && (code & 0xfc00) !== 0xdc00)) break
      text += String.fromCharCode(code)
      at += 6
      if ((code & 0xfc00) !== 0xd800) break
    }
    if (text === '') {
      out[used++] = 0x75
      continue
    }
    used += encoder.encodeInto(text, out.subarray(used)).written
    p = at - 1
  }
  return out.subarray(0, used)
}
