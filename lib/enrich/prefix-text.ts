import { parseAddress } from '../bytes/address.ts'

const MAPPED = 0xffff

/**
 * Puts the address of `10.0.0.0/8`, `2001:db8::/32` or a single address into `words` and returns the length of its prefix
 * (IPv4's plus 96), or -1. What parseNetwork says, without an object: tables have a million lines.
 */
export function readPrefix(text: string, words: Uint32Array): number {
  const slash = text.indexOf('/')
  const end = slash < 0 ? text.length : slash
  const isV4 = readIpv4(text, end, words)
  if (!isV4 && !parseAddress(text.slice(0, end), words)) return -1
  const most = isV4 ? 32 : 128
  const bits = slash < 0 ? most : readBits(text, slash + 1)
  if (bits < 0 || bits > most) return -1
  return isV4 ? bits + 96 : bits
}

function readBits(text: string, from: number): number {
  const digits = text.length - from
  if (digits < 1 || digits > 3) return -1
  let bits = 0
  for (let i = from; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    bits = bits * 10 + digit
  }
  return bits
}

function readIpv4(text: string, end: number, words: Uint32Array): boolean {
  let word = 0
  let part = 0
  let digits = 0
  let dots = 0
  for (let i = 0; i < end; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit >= 0 && digit <= 9) {
      part = part * 10 + digit
      if (++digits > 3 || part > 255) return false
    } else {
      if (digit !== -2 || digits === 0 || ++dots > 3) return false
      word = word * 256 + part
      part = 0
      digits = 0
    }
  }
  if (dots !== 3 || digits === 0) return false
  words[0] = 0
  words[1] = 0
  words[2] = MAPPED
  words[3] = word * 256 + part
  return true
}
