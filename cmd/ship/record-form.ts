import type { RecordForm, RecordReader } from '../../lib/goflow2/reading/line-reader.ts'
import { messageEnd } from '../../lib/goflow2/reading/message-end.ts'

const LINE_FEED = 0x0a
const END = Uint8Array.of(LINE_FEED)
const OPEN_BRACE = 0x7b
const EQUALS = 0x3d
/** A key of goflow2's text format is not longer. */
const MOST_KEY_OCTETS = 64

/** Where the record of a form that begins at `from` ends: behind its line feed, or behind the message; at most `to`. */
export function recordEnd(form: RecordForm, octets: Uint8Array, from: number, to: number): number {
  if (form === 'bin') {
    const end = messageEnd(octets, from, to)
    return end < 0 ? to : end
  }
  const feed = octets.indexOf(LINE_FEED, from)
  return feed < 0 || feed >= to ? to : feed + 1
}

/** Reads the record `octets[from, to)`, a line with the feed that it may lack at the end of a file. */
export function pushRecord(
  form: RecordForm,
  reader: RecordReader,
  octets: Uint8Array,
  from: number,
  to: number,
): void {
  reader.push(octets, from, to)
  if (form !== 'bin' && octets[to - 1] !== LINE_FEED) reader.push(END, 0, 1)
}

/** What a line is written as: text begins with a key and `=`. What is neither is taken for JSON, and will say that it is none. */
export function lineForm(octets: Uint8Array, from: number, to: number): 'json' | 'text' {
  if (octets[from] === OPEN_BRACE) return 'json'
  const most = Math.min(to, from + MOST_KEY_OCTETS)
  let at = from
  while (at < most && isWord(octets[at]!)) at++
  return at > from && at < most && octets[at] === EQUALS ? 'text' : 'json'
}

function isWord(octet: number): boolean {
  const letter = octet | 0x20
  return (letter >= 0x61 && letter <= 0x7a) || (octet >= 0x30 && octet <= 0x39) || octet === 0x5f
}
