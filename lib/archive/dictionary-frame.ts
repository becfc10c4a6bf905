import type { AddressDictionary } from './address-dictionary.ts'
import type { EncodedFrame } from './block-writer.ts'
import { ATTRIBUTES, DICTIONARY_FIXED_OCTETS, INDEX_ADDRESSES, INDEX_FIXED_OCTETS } from './encoding.ts'
import { padded } from './frame.ts'
import { StreamWriter } from './stream-writer.ts'

/** A D frame with the codes from `from` on; attributes nobody gave become 0 for good. */
export function encodeDictionary(addresses: AddressDictionary, from: number): EncodedFrame {
  const count = addresses.size - from
  const families = new Uint32Array(count)
  let count6 = 0
  for (let i = 0; i < count; i++) if (!addresses.isIpv4(from + i)) count6 += families[i] = 1
  const ipv4 = new Uint32Array(count - count6)
  const ipv6 = [0, 1, 2, 3].map(() => new Uint32Array(count6))
  let at4 = 0
  let at6 = 0
  for (let i = 0; i < count; i++) {
    const at = (from + i) * 4
    if (families[i] === 0) {
      ipv4[at4++] = addresses.words[at + 3]!
      continue
    }
    for (let k = 0; k < 4; k++) ipv6[k]![at6] = addresses.words[at + k]!
    at6++
  }
  const out = new StreamWriter()
  const numbers = [out.narrow(families, count), out.narrow(ipv4, ipv4.length)]
  for (const words of ipv6) numbers.push(out.narrow(words, count6))
  const values = new Uint32Array(count)
  for (const known of addresses.attributes) {
    for (let i = 0; i < count; i++) {
      const value = Math.max(0, known[from + i]!)
      known[from + i] = value
      values[i] = value
    }
    numbers.push(out.narrow(values, count))
  }
  const head = Buffer.alloc(padded(DICTIONARY_FIXED_OCTETS + numbers.length * 4))
  const fixed = [from, count, out.streamCount, out.planeCount, ATTRIBUTES, 0, ...numbers]
  for (const [i, value] of fixed.entries()) head.writeUInt32LE(value, i * 4)
  return { head: Buffer.concat([head, out.tables()]), body: out.body }
}

/** The I frame that says which blocks use each address (FORMAT.md 7). */
export function encodeAddressDirectory(addresses: AddressDictionary): EncodedFrame {
  const out = new StreamWriter()
  const { size } = addresses
  const first = addresses.firstBlock.slice(0, size)
  for (let code = 0; code < size; code++) if (first[code] === 0xffffffff) first[code] = 1
  const s1 = out.narrow(first, size)
  const s2 = out.narrow(addresses.lastBlock, size)
  const head = Buffer.alloc(INDEX_FIXED_OCTETS)
  const fixed = [INDEX_ADDRESSES, size, out.streamCount, out.planeCount, s1, s2]
  for (const [i, value] of fixed.entries()) head.writeUInt32LE(value, i * 4)
  return { head: Buffer.concat([head, out.tables()]), body: out.body }
}
