import { Address, addressText } from './address.ts'
import { Text } from './sflow-tree.ts'

/**
 * JSON of a tree as Go's encoding/json writes it: members in order of the object's, octets in base64, text with
 * HTML's characters escaped. A string of one character per octet.
 */
export function goJson(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return `"${value}"`
  if (typeof value !== 'object') return String(value)
  if (value instanceof Uint8Array) {
    return `"${Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')}"`
  }
  if (value instanceof Address) return `"${addressText(value.octets)}"`
  if (value instanceof Text) return goString(value.octets)
  if (Array.isArray(value)) {
    let items = ''
    for (const item of value) items += items === '' ? goJson(item) : `,${goJson(item)}`
    return `[${items}]`
  }
  let members = ''
  for (const name in value) {
    const member = `"${name}":${goJson((value as Record<string, unknown>)[name])}`
    members += members === '' ? member : `,${member}`
  }
  return `{${members}}`
}

const SHORT_ESCAPES: Readonly<Record<number, string>> = {
  8: '\\b',
  9: '\\t',
  10: '\\n',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
}

/** A JSON string of octets that should be UTF-8; every octet that is not becomes one replacement character. */
function goString(octets: Uint8Array): string {
  let text = '"'
  for (let i = 0; i < octets.length; ) {
    const octet = octets[i]!
    const length = runeLength(octets, i)
    if (octet < 0x80) {
      const isEscaped = octet < 32 || octet === 38 || octet === 60 || octet === 62
      text += SHORT_ESCAPES[octet] ?? (isEscaped ? unicodeEscape(octet) : String.fromCharCode(octet))
    } else if (length === 0) {
      text += '\\ufffd'
    } else {
      const rune = String.fromCharCode(...octets.subarray(i, i + length))
      text += rune === '\xe2\x80\xa8' ? '\\u2028' : rune === '\xe2\x80\xa9' ? '\\u2029' : rune
    }
    i += Math.max(1, length)
  }
  return `${text}"`
}

function unicodeEscape(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`
}

/** Octets of the UTF-8 character at `at` (RFC 3629 §4), or 0 where there is none. */
function runeLength(octets: Uint8Array, at: number): number {
  const first = octets[at]!
  const length =
    first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  if (at + length > octets.length) return 0
  for (let i = 1; i < length; i++) if ((octets[at + i]! & 0xc0) !== 0x80) return 0
  if (length < 3) return length
  const second = octets[at + 1]!
  // Longer forms than needed, surrogates, and what lies beyond U+10FFFF.
  if (first === 0xe0 && second < 0xa0) return 0
  if (first === 0xed && second > 0x9f) return 0
  if (first === 0xf0 && second < 0x90) return 0
  return first === 0xf4 && second > 0x8f ? 0 : length
}

/**
 * What Go makes of JSON that a message wrote itself: blanks between its parts removed and HTML's characters escaped;
 * null where it is not JSON. Both are strings of one character per octet.
 */
export function compactJson(json: string): string | null {
  try {
    JSON.parse(json)
  } catch {
    return null
  }
  const compact = /[\t\n\r ]/.test(json)
    ? json.replace(/("(?:[^"\\]|\\.)*")|[\t\n\r ]+/g, (_, quoted: string | undefined) => quoted ?? '')
    : json
  return compact
    .replace(/[<>&]/g, (character) => unicodeEscape(character.charCodeAt(0)))
    .replace(/\xe2\x80[\xa8\xa9]/g, (character) => (character.charCodeAt(2) === 0xa8 ? '\\u2028' : '\\u2029'))
}
