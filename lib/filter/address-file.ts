import { FlowError } from '../diagnostics/flow-error.ts'
import { type AddressSet, AddressSetBuilder } from './address-set.ts'

/**
 * The addresses of a file: an address, a network or `first-last` a line, blanks and comments (`#`, `;`) aside; what
 * follows the first word of a line is left alone. Throws FILTER_INVALID with the number of the first bad line.
 */
export function addressFile(path: string, text: string): AddressSet {
  const builder = new AddressSetBuilder()
  let line = 0
  for (let at = 0; at < text.length; ) {
    line++
    let end = text.indexOf('\n', at)
    if (end < 0) end = text.length
    if (!addIpv4(text, at, end, builder)) addLine(path, line, text.slice(at, end), builder)
    at = end + 1
  }
  return builder.build()
}

/** Adds the line if it is an IPv4 address or network and nothing else; the common case, without a string. */
function addIpv4(text: string, at: number, end: number, builder: AddressSetBuilder): boolean {
  if (end > at && text.charCodeAt(end - 1) === 13) end--
  let word = 0
  let part = 0
  let digits = 0
  let dots = 0
  let i = at
  for (; i < end; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit >= 0 && digit <= 9) {
      part = part * 10 + digit
      if (++digits > 3 || part > 255) return false
    } else if (digit === -2 && digits > 0 && dots < 3) {
      word = word * 256 + part
      part = digits = 0
      dots++
    } else break
  }
  if (dots !== 3 || digits === 0) return false
  word = word * 256 + part
  if (i === end) {
    builder.add4(word, word)
    return true
  }
  const length = end - i - 1
  if (text.charCodeAt(i) !== 47 || length < 1 || length > 2) return false
  let bits = 0
  for (i++; i < end; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return false
    bits = bits * 10 + digit
  }
  if (bits > 32) return false
  const size = 2 ** (32 - bits)
  const start = word - (word % size)
  builder.add4(start, start + size - 1)
  return true
}

function addLine(path: string, line: number, text: string, builder: AddressSetBuilder): void {
  const word = /^\ufeff?\s*([^\s,#;]*)/.exec(text)![1]!
  if (word === '' && /^\ufeff?\s*(?:$|[#;])/.test(text)) return
  if (builder.addText(word)) return
  const [first, last] = word.split('-')
  if (first !== undefined && last !== undefined && builder.addRange(first, last)) return
  const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
  throw new FlowError(
    'FILTER_INVALID',
    `${path}, line ${line}: ${shown} is no address or network; write 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32, one a line`,
  )
}
