import { putIpv4, putIpv6, putMac } from '../bytes/put-address.ts'
import { putU32, putU64 } from '../bytes/put-number.ts'
import type { DocumentPage } from '../flow/documents.ts'
import { type GeoText, putGeoText } from './geo-texts.ts'
import { putTime } from './put-time.ts'
import { word } from './tracked-flow.ts'

const BASE64 = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1')
const DIGITS = Buffer.from('0123456789ABCDEF', 'latin1')
const COMMA = 0x2c
const OPENING = 0x7b
const LIST = 0x5b

/**
 * Writes a document's text into a page piece by piece. Keys are given as octets that end with a colon; commas are put
 * where something stands before. The caller has seen to room for the longest document.
 */
export class DocumentText {
  octets: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(new ArrayBuffer(0))
  at = 0

  begin(page: DocumentPage, at: number): void {
    this.octets = page.octets
    this.view = page.view
    this.at = at
  }

  /** Puts a key, and a comma before it unless it is the first of its object. */
  key(name: Uint8Array): void {
    const last = this.octets[this.at - 1]!
    if (last !== OPENING && last !== LIST) this.octets[this.at++] = COMMA
    this.octets.set(name, this.at)
    this.at += name.length
  }

  raw(octets: Uint8Array): void {
    this.octets.set(octets, this.at)
    this.at += octets.length
  }

  /** An object of geography or AS; up to seven octets behind it are spoiled. */
  place(text: GeoText): void {
    this.at = putGeoText(this.view, this.at, text)
  }

  octet(octet: number): void {
    this.octets[this.at++] = octet
  }

  u32(value: number): void {
    this.at = putU32(this.view, this.at, value | 0)
  }

  u64(low: number, high: number): void {
    this.at = putU64(this.view, this.at, low | 0, high | 0)
  }

  time(low: number, high: number): void {
    this.octets[this.at++] = 0x22
    this.at = putTime(this.view, this.at, low, high)
    this.octets[this.at++] = 0x22
  }

  /** An address of four or sixteen octets, in quotes. */
  address(octets: Uint8Array, from: number, isIpv6: boolean): void {
    this.octets[this.at++] = 0x22
    const first = word(octets, from) | 0
    this.at = isIpv6
      ? putIpv6(
          this.view,
          this.at,
          first,
          word(octets, from + 4) | 0,
          word(octets, from + 8) | 0,
          word(octets, from + 12) | 0,
        )
      : putIpv4(this.view, this.at, first)
    this.octets[this.at++] = 0x22
  }

  /** A MAC address as ECS writes it, in quotes: upper case, hyphens. */
  mac(octets: Uint8Array, from: number): void {
    this.octets[this.at++] = 0x22
    for (let i = 0; i < 6; i++) {
      if (i > 0) this.octets[this.at++] = 0x2d
      this.octets[this.at++] = DIGITS[octets[from + i]! >>> 4]!
      this.octets[this.at++] = DIGITS[octets[from + i]! & 15]!
    }
    this.octets[this.at++] = 0x22
  }

  /** A MAC address in lower case with colons, in quotes. */
  macWithColons(octets: Uint8Array, from: number): void {
    this.octets[this.at++] = 0x22
    const high = (octets[from]! << 8) | octets[from + 1]!
    this.at = putMac(this.view, this.at, high, word(octets, from + 2))
    this.octets[this.at++] = 0x22
  }

  /** Base64 of `octets[from, to)` without padding, in quotes (RFC 4648 §4). */
  base64(octets: Uint8Array, from: number, to: number): void {
    const out = this.octets
    let { at } = this
    out[at++] = 0x22
    let i = from
    for (; i + 3 <= to; i += 3) {
      const group = (octets[i]! << 16) | (octets[i + 1]! << 8) | octets[i + 2]!
      out[at++] = BASE64[group >>> 18]!
      out[at++] = BASE64[(group >>> 12) & 63]!
      out[at++] = BASE64[(group >>> 6) & 63]!
      out[at++] = BASE64[group & 63]!
    }
    const rest = to - i
    if (rest > 0) {
      const group = (octets[i]! << 16) | (rest === 2 ? octets[i + 1]! << 8 : 0)
      out[at++] = BASE64[group >>> 18]!
      out[at++] = BASE64[(group >>> 12) & 63]!
      if (rest === 2) out[at++] = BASE64[(group >>> 6) & 63]!
    }
    out[at++] = 0x22
    this.at = at
  }
}
