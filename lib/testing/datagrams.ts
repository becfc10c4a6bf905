import { parseAddress } from '../bytes/address.ts'
import { type Datagram, newDatagram } from '../flow/datagram.ts'

// Builds datagrams as exporters do, from the words of the formats but with code of its own, so that a wrong table in
// a decoder is not mirrored here.

/** Octets given as an array, a view or hexadecimal text. */
export type Octets = readonly number[] | Uint8Array | string

/** Joins octets. */
export function join(...parts: readonly Octets[]): Uint8Array {
  const joined: number[] = []
  for (const part of parts) joined.push(...(typeof part === 'string' ? hex(part) : part))
  return Uint8Array.from(joined)
}

export function hex(text: string): number[] {
  const digits = text.replace(/[^0-9a-f]/gi, '')
  return [...(digits.match(/../g) ?? [])].map((pair) => Number.parseInt(pair, 16))
}

/** A big-endian integer of `octets` octets; negative values in two's complement. */
export function uint(value: number | bigint, octets: number): number[] {
  let rest = BigInt.asUintN(octets * 8, BigInt(value))
  const out: number[] = []
  for (let i = 0; i < octets; i++, rest >>= 8n) out.unshift(Number(rest & 255n))
  return out
}

export const u8 = (value: number): number[] => uint(value, 1)
export const u16 = (value: number): number[] => uint(value, 2)
export const u32 = (value: number): number[] => uint(value, 4)
export const u64 = (value: number | bigint): number[] => uint(value, 8)

export function ipv4(text: string): number[] {
  return text.split('.').map(Number)
}

export function ipv6(text: string): number[] {
  const words = new Uint32Array(4)
  if (!parseAddress(text, words)) throw new Error(`not an address: ${text}`)
  return [...words].flatMap((word) => u32(word))
}

export function mac(text: string): number[] {
  return hex(text)
}

export function text(value: string): number[] {
  return [...new TextEncoder().encode(value)]
}

/** `octets` zeros. */
export function zeros(octets: number): number[] {
  return new Array<number>(octets).fill(0)
}

/** A variable-length value with its length in front, in the three-octet form if asked for (RFC 7011 §7). */
export function variable(value: Octets, form: 'short' | 'long' = 'short'): Uint8Array {
  const octets = join(value)
  if (form === 'short' && octets.length < 255) return join(u8(octets.length), octets)
  return join(u8(255), u16(octets.length), octets)
}

/** An NTP timestamp (RFC 7011 §6.1.9) of a count of nanoseconds since 1970, rounded up so that reading floors back. */
export function ntp(ns: bigint): number[] {
  const seconds = ns / 1_000_000_000n + 2_208_988_800n
  const fraction = (((ns % 1_000_000_000n) << 32n) + 999_999_999n) / 1_000_000_000n
  return [...uint(seconds, 4), ...uint(fraction, 4)]
}

/** A datagram as a receiver hands it over, from 192.0.2.1 port 50000 unless told otherwise. */
export function received(
  octets: Octets,
  options: { address?: string; port?: number; receivedNs?: bigint; at?: number } = {},
): Datagram {
  const payload = join(octets)
  const datagram = newDatagram()
  // The payload does not start at the memory's start, as in a receive ring.
  const at = options.at ?? 7
  datagram.octets = new Uint8Array(at + payload.length + 5).fill(0xee)
  datagram.octets.set(payload, at)
  datagram.view = new DataView(datagram.octets.buffer)
  datagram.from = at
  datagram.to = at + payload.length
  parseAddress(options.address ?? '192.0.2.1', datagram.address)
  datagram.port = options.port ?? 50_000
  datagram.localAddress = '127.0.0.1'
  datagram.localPort = 2055
  datagram.receivedNs[0] = options.receivedNs ?? 1_700_000_000_000_000_000n
  return datagram
}

/** [element, octets] of IANA, or [element, octets, enterprise]. Octets 65535 mean variable length. */
export type Specifier = readonly [element: number, octets: number, enterprise?: number]

/** Field Specifiers as IPFIX writes them; NetFlow v9's are the same for enterprise 0. */
export function specifiers(fields: readonly Specifier[]): Uint8Array {
  return join(
    ...fields.map(([element, octets, enterprise]) =>
      enterprise === undefined
        ? [...u16(element), ...u16(octets)]
        : [...u16(element | 0x8000), ...u16(octets), ...u32(enterprise)],
    ),
  )
}

/** A Set with its header, and zero octets after it that count into its length. */
export function set(id: number, body: Octets, paddingOctets = 0): Uint8Array {
  const octets = join(body, zeros(paddingOctets))
  return join(u16(id), u16(octets.length + 4), octets)
}

/** A Data Set. */
export function dataSet(id: number, records: readonly Octets[], paddingOctets = 0): Uint8Array {
  return set(id, join(...records), paddingOctets)
}

/** A Template Record without its Set Header. */
export function templateRecord(id: number, fields: readonly Specifier[]): Uint8Array {
  return join(u16(id), u16(fields.length), specifiers(fields))
}

/** A Template Set of NetFlow v9 (set 0) or IPFIX (set 2). */
export function templateSet(
  version: 9 | 10,
  templates: readonly (readonly [id: number, fields: readonly Specifier[]])[],
  paddingOctets = 0,
): Uint8Array {
  const records = templates.map(([id, fields]) => templateRecord(id, fields))
  return set(version === 9 ? 0 : 2, join(...records), paddingOctets)
}

/** An Options Template Set: v9's counts octets (RFC 3954 §6.1), IPFIX's counts fields (RFC 7011 §3.4.2.2). */
export function optionsTemplateSet(
  version: 9 | 10,
  id: number,
  scopes: readonly Specifier[],
  fields: readonly Specifier[],
  paddingOctets = 0,
): Uint8Array {
  const all = specifiers([...scopes, ...fields])
  const head =
    version === 9
      ? [...u16(id), ...u16(scopes.length * 4), ...u16(fields.length * 4)]
      : [...u16(id), ...u16(scopes.length + fields.length), ...u16(scopes.length)]
  return set(version === 9 ? 1 : 3, join(head, all), paddingOctets)
}

export interface Netflow9Parts {
  readonly sets: readonly Octets[]
  readonly count?: number
  readonly uptime?: number
  readonly exportTime?: number
  readonly sequence?: number
  readonly sourceId?: number
}

export function netflow9Datagram(parts: Netflow9Parts): Uint8Array {
  return join(
    u16(9),
    u16(parts.count ?? parts.sets.length),
    u32(parts.uptime ?? 1_000_000),
    u32(parts.exportTime ?? 1_700_000_000),
    u32(parts.sequence ?? 1),
    u32(parts.sourceId ?? 0),
    ...parts.sets,
  )
}

export interface IpfixParts {
  readonly sets: readonly Octets[]
  readonly exportTime?: number
  readonly sequence?: number
  readonly domain?: number
}

export function ipfixMessage(parts: IpfixParts): Uint8Array {
  const body = join(...parts.sets)
  return join(
    u16(10),
    u16(16 + body.length),
    u32(parts.exportTime ?? 1_700_000_000),
    u32(parts.sequence ?? 1),
    u32(parts.domain ?? 0),
    body,
  )
}

/** What a NetFlow v5 record holds; what is left out is 0. */
export interface Netflow5Record {
  readonly source?: string
  readonly destination?: string
  readonly nextHop?: string
  readonly input?: number
  readonly output?: number
  readonly packets?: number
  readonly octets?: number
  readonly first?: number
  readonly last?: number
  readonly sourcePort?: number
  readonly destinationPort?: number
  readonly tcpFlags?: number
  readonly protocol?: number
  readonly tos?: number
  readonly sourceAs?: number
  readonly destinationAs?: number
  readonly sourceMask?: number
  readonly destinationMask?: number
}

export function netflow5Record(record: Netflow5Record): Uint8Array {
  return join(
    ipv4(record.source ?? '0.0.0.0'),
    ipv4(record.destination ?? '0.0.0.0'),
    ipv4(record.nextHop ?? '0.0.0.0'),
    u16(record.input ?? 0),
    u16(record.output ?? 0),
    u32(record.packets ?? 0),
    u32(record.octets ?? 0),
    u32(record.first ?? 0),
    u32(record.last ?? 0),
    u16(record.sourcePort ?? 0),
    u16(record.destinationPort ?? 0),
    u8(0),
    u8(record.tcpFlags ?? 0),
    u8(record.protocol ?? 0),
    u8(record.tos ?? 0),
    u16(record.sourceAs ?? 0),
    u16(record.destinationAs ?? 0),
    u8(record.sourceMask ?? 0),
    u8(record.destinationMask ?? 0),
    u16(0),
  )
}

export interface Netflow5Header {
  readonly count?: number
  readonly uptime?: number
  readonly exportTime?: number
  readonly nanoseconds?: number
  readonly sequence?: number
  readonly engineType?: number
  readonly engineId?: number
  /** Mode in the upper two bits, rate in the others. */
  readonly sampling?: number
}

export function netflow5Datagram(
  records: readonly Netflow5Record[],
  header: Netflow5Header = {},
): Uint8Array {
  return join(
    u16(5),
    u16(header.count ?? records.length),
    u32(header.uptime ?? 1_000_000),
    u32(header.exportTime ?? 1_700_000_000),
    u32(header.nanoseconds ?? 0),
    u32(header.sequence ?? 1),
    u8(header.engineType ?? 0),
    u8(header.engineId ?? 0),
    u16(header.sampling ?? 0),
    ...records.map(netflow5Record),
  )
}
