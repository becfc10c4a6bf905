import { LAYER } from '../../flow/fields.ts'
import { icmpName, layerName, protoName } from '../names.ts'

/** Names of one enum by their octets. */
export class EnumNames {
  readonly #byHash = new Map<number, { readonly name: Uint8Array; readonly value: number }[]>()

  constructor(pairs: Iterable<readonly [name: string, value: number]>) {
    for (const [text, value] of pairs) {
      const name = Uint8Array.from(text, (c) => c.charCodeAt(0))
      const hash = hashOf(name, 0, name.length)
      const same = this.#byHash.get(hash) ?? []
      if (same.length === 0) this.#byHash.set(hash, same)
      same.push({ name, value })
    }
  }

  /** The value of the name in `octets[from, to)`; -1 where it is none. */
  find(octets: Uint8Array, from: number, to: number): number {
    const same = this.#byHash.get(hashOf(octets, from, to))
    if (same === undefined) return -1
    for (const { name, value } of same) if (isSame(name, octets, from, to)) return value
    return -1
  }
}

function hashOf(octets: Uint8Array, from: number, to: number): number {
  let hash = to - from
  for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + octets[i]!) | 0
  return hash
}

function isSame(name: Uint8Array, octets: Uint8Array, from: number, to: number): boolean {
  if (name.length !== to - from) return false
  for (let i = 0; i < name.length; i++) if (name[i] !== octets[from + i]) return false
  return true
}

function* protocols(): Generator<[string, number]> {
  // Names that stand for many numbers are none; HEAD and 2.2 have all, 2.1 five with its own name of 58.
  for (let i = 0; i <= 145; i++) yield [protoName(i, '2.2'), i]
  yield ['reserved', 255]
  yield ['ICMPv6', 58]
}

export const PROTOCOL_NAMES = new EnumNames(protocols())
export const FLOW_TYPE_NAMES = new EnumNames([
  ['FLOWUNKNOWN', 0],
  ['SFLOW_5', 1],
  ['NETFLOW_V5', 2],
  ['NETFLOW_V9', 3],
  ['IPFIX', 4],
  // goflow2 1.x had other enums' spellings, and NetFlow v1 and v7 could stand in them.
  ['SFLOW_4', 1],
  ['NETFLOW_LEGACY', 2],
])
export const ETYPE_NAMES = new EnumNames([
  ['IPv4', 0x0800],
  ['IPv6', 0x86dd],
  ['ARP', 0x0806],
])
export const LAYER_NAMES = new EnumNames(
  [...Array.from({ length: LAYER.teredo + 1 }, (_, i) => i), LAYER.custom].map((i) => [layerName(i), i]),
)

function* icmpTypes(proto: number): Generator<[string, number]> {
  for (let type = 0; type < 256; type++) {
    const name = icmpName(proto, type)
    if (name !== '') yield [name, type]
  }
}

export const ICMP_NAMES = new EnumNames(icmpTypes(1))
export const ICMP6_NAMES = new EnumNames(icmpTypes(58))
