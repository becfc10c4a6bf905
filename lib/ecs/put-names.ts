import { putU32 } from '../bytes/put-number.ts'

/** Words of up to eight letters, as double words, and how many letters each has. */
const WORD_TEXTS = ['internal', 'external', 'outbound', 'inbound', 'tcp', 'udp', 'icmp'] as const
export const [INTERNAL, EXTERNAL, OUTBOUND, INBOUND] = [0, 1, 2, 3] as const
const [TCP, UDP, ICMP] = [4, 5, 6] as const
const WORD_VALUES = new BigUint64Array(WORD_TEXTS.length)
const WORD_LENGTHS = Uint8Array.from(WORD_TEXTS, (text) => text.length)
WORD_TEXTS.forEach((text, i) => {
  new Uint8Array(WORD_VALUES.buffer).set(new TextEncoder().encode(text), i * 8)
})

/** Prints one of the words; up to seven octets more are written. */
export function putWord(view: DataView, position: number, word: number): number {
  view.setBigUint64(position, WORD_VALUES[word]!, true)
  return position + WORD_LENGTHS[word]!
}

/** Prints ASCII text. */
export function putAscii(out: Uint8Array, position: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[position + i] = text.charCodeAt(i)
  return position + text.length
}

/** Prints the names of the four protocols that Elastic's netflow input knows. */
export function putTransport(out: Uint8Array, view: DataView, position: number, protocol: number): number {
  if (protocol === 6) return putWord(view, position, TCP)
  if (protocol === 17) return putWord(view, position, UDP)
  if (protocol === 1) return putWord(view, position, ICMP)
  if (protocol === 58) return putAscii(out, position, 'ipv6-icmp')
  return putUnknown(out, view, position, protocol)
}

/** Prints what flowDirection says. */
export function putFlowDirection(
  out: Uint8Array,
  view: DataView,
  position: number,
  direction: number,
): number {
  if (direction === 0) return putWord(view, position, INBOUND)
  if (direction === 1) return putWord(view, position, OUTBOUND)
  return putUnknown(out, view, position, direction)
}

function putUnknown(out: Uint8Array, view: DataView, position: number, value: number): number {
  position = putU32(view, putAscii(out, position, 'unknown ('), value)
  out[position] = 0x29
  return position + 1
}
