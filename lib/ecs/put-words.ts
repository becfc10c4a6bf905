const encoder = new TextEncoder()
/** Two upper-case hexadecimal digits of each octet, low octet first. */
const HEX_PAIR = new Uint16Array(256)
for (let octet = 0; octet < 256; octet++) {
  const pair = octet.toString(16).toUpperCase().padStart(2, '0')
  HEX_PAIR[octet] = pair.charCodeAt(0) | (pair.charCodeAt(1) << 8)
}

/** Prints a MAC address, given as its upper 16 and lower 32 bits, as `AA-BB-CC-DD-EE-FF`. */
export function putMac(view: DataView, position: number, high: number, low: number): number {
  const hyphen = 0x2d0000
  view.setUint32(position, HEX_PAIR[(high >>> 8) & 255]! | hyphen, true)
  view.setUint32(position + 3, HEX_PAIR[high & 255]! | hyphen, true)
  view.setUint32(position + 6, HEX_PAIR[low >>> 24]! | hyphen, true)
  view.setUint32(position + 9, HEX_PAIR[(low >>> 16) & 255]! | hyphen, true)
  view.setUint32(position + 12, HEX_PAIR[(low >>> 8) & 255]! | hyphen, true)
  view.setUint16(position + 15, HEX_PAIR[low & 255]!, true)
  return position + 17
}

/** Bit 7 first: the order in which Elastic's pipeline names them. */
const FLAG_NAMES = ['CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN']
const FLAG_LISTS: readonly Uint8Array[] = Array.from({ length: 256 }, (_, flags) =>
  encoder.encode(JSON.stringify(FLAG_NAMES.filter((_name, i) => (flags & (0x80 >> i)) !== 0))),
)

/** Prints the names of the bits that are set in the low octet, as a list. */
export function putTcpFlags(out: Uint8Array, position: number, bits: number): number {
  const list = FLAG_LISTS[bits & 255]!
  for (let i = 0; i < list.length; i++) out[position + i] = list[i]!
  return position + list.length
}
