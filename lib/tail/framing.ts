/** How a source's content is made up of records, which follow one another from its first octet on. */
export interface Framing {
  readonly name: 'lines' | 'messages'
  /** Where the last whole record of `octets[0, to)` ends, 0 where none does; a record begins at 0. */
  lastEnd(octets: Buffer, to: number): number
}

/** Records that end with a line feed. */
export const LINES: Framing = {
  name: 'lines',
  lastEnd: (octets, to) => octets.lastIndexOf(0x0a, to - 1) + 1,
}
