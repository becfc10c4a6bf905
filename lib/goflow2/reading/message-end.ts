/** A message may have so many octets. */
export const MAX_MESSAGE = 65_536
/** Octets of the length before a message, at most. */
export const MAX_PREFIX = 3

/** A message begins with its type: field 1, a varint. */
const TYPE_FIELD = 0x08

/**
 * Where the record of goflow2's `bin` format that begins at `from` ends: a message behind its length, with the separator
 * behind it where that is there already. A separator, or an octet that begins no message, is a record of its own, so that
 * behind damage the next message is found. -1 where `octets[from, to)` holds only a part of it.
 */
export function messageEnd(octets: Uint8Array, from: number, to: number): number {
  if (isSeparator(octets[from]!)) return from + 1
  let length = 0
  let p = from
  for (let shift = 0; shift < MAX_PREFIX * 7; shift += 7) {
    if (p === to) return -1
    const octet = octets[p++]!
    length |= (octet & 127) << shift
    if (octet >= 128) continue
    if (p === to) return -1
    if (length === 0 || length > MAX_MESSAGE || octets[p] !== TYPE_FIELD) break
    const end = p + length
    if (end > to) return -1
    return end < to && isSeparator(octets[end]!) ? end + 1 : end
  }
  return from + 1
}

/** Where the last whole record of `octets[0, to)` ends, 0 where none does. */
export function lastMessageEnd(octets: Uint8Array, to: number): number {
  let end = 0
  while (end < to) {
    const next = messageEnd(octets, end, to)
    if (next < 0) break
    end = next
  }
  return end
}

/** A line feed, goflow2's default, or a carriage return before it: no message of goflow2 is as short as they would mean. */
function isSeparator(octet: number): boolean {
  return octet === 0x0a || octet === 0x0d
}
