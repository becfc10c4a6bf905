const TYPE = Buffer.from('"type"')
const QUOTE = 0x22
const BLANK = 0x20
const COLON = 0x3a

/** Which decoder of goflow2's a line comes from, by its `type`; what says nothing is taken for sFlow. */
type LineKind = 'sflow' | 'netflow'

/** The kind of the JSON line `octets[from, to)`. */
export function lineKind(octets: Buffer, from: number, to: number): LineKind {
  // goflow2 writes it first, and nothing need be searched.
  let at = isTypeAt(octets, from + 1) ? from + 1 : -1
  if (at < 0) {
    const found = octets.subarray(from, to).indexOf(TYPE)
    if (found < 0) return 'sflow'
    at = from + found
  }
  at += TYPE.length
  while (octets[at] === BLANK || octets[at] === COLON) at++
  if (at + 1 >= to || octets[at] !== QUOTE) return 'sflow'
  // NETFLOW_V5, NETFLOW_V9, IPFIX.
  const letter = octets[at + 1]
  return letter === 0x4e || letter === 0x49 ? 'netflow' : 'sflow'
}

function isTypeAt(octets: Buffer, at: number): boolean {
  for (let i = 0; i < TYPE.length; i++) if (octets[at + i] !== TYPE[i]) return false
  return true
}
