import { etypeName, icmpName, protoName } from '../names.ts'
import { addressText, networkText } from './address.ts'
import { rfc3339, rfc3339Nano } from './go-time.ts'
import type { FlowMessage } from './message.ts'

/**
 * A field's value on its way out. Go's types stand behind it: uint32 as number, uint64 as bigint, octets, an enum
 * by its name, a list; null where the field does not exist.
 */
export type Value = number | bigint | Uint8Array | string | readonly Value[] | null

/** What is printed: a string in quotes (one character per octet), anything else bare, null not at all. */
export type Renderer = (value: Value, message: FlowMessage) => Value

/** Numbers as they are, octets as hexadecimal digits. */
export const renderPlain: Renderer = (value) =>
  value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')
    : value

const renderAddress: Renderer = (value, message) =>
  value instanceof Uint8Array ? addressText(value) : renderPlain(value, message)

/** Two hexadecimal digits of every octet. */
const PAIRS = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'))

const renderMac: Renderer = (value, message) => {
  if (typeof value !== 'bigint') return renderPlain(value, message)
  const low = Number(value & 0xffffffffn)
  const high = Number((value >> 32n) & 0xffffn)
  const tail = `${PAIRS[low >>> 24]}:${PAIRS[(low >>> 16) & 255]}:${PAIRS[(low >>> 8) & 255]}:${PAIRS[low & 255]}`
  return `${PAIRS[high >> 8]}:${PAIRS[high & 255]}:${tail}`
}

const renderEtype: Renderer = (value) =>
  typeof value === 'number' || typeof value === 'bigint' ? etypeName(toUint32(value)) : 'unknown'

const renderProto: Renderer = (value) =>
  typeof value === 'number' || typeof value === 'bigint' ? protoName(toUint32(value), '2.2') : 'unknown'

function toUint32(value: number | bigint): number {
  return typeof value === 'number' ? value : Number(BigInt.asUintN(32, value))
}

const renderSeconds: Renderer = (value, message) => {
  if (typeof value === 'number') return rfc3339(BigInt(value), 0)
  return typeof value === 'bigint' ? rfc3339(BigInt.asIntN(64, value), 0) : renderPlain(value, message)
}

const renderNanoseconds: Renderer = (value, message) =>
  typeof value === 'bigint' ? rfc3339Nano(BigInt.asIntN(64, value)) : renderPlain(value, message)

const renderString: Renderer = (value, message) =>
  value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')
    : renderPlain(value, message)

const renderSourceNetwork: Renderer = (value, message) =>
  typeof value === 'number' ? networkText(message.srcAddr, value) : 'unknown'

const renderDestinationNetwork: Renderer = (value, message) =>
  typeof value === 'number' ? networkText(message.dstAddr, value) : 'unknown'

const renderIcmp: Renderer = (_, message) => icmpName(message.proto, message.icmpType)

/** What `formatter.render` can name. */
export const RENDERERS: ReadonlyMap<string, Renderer> = new Map([
  ['none', renderPlain],
  ['ip', renderAddress],
  ['mac', renderMac],
  ['etype', renderEtype],
  ['proto', renderProto],
  ['datetime', renderSeconds],
  ['datetimenano', renderNanoseconds],
  ['string', renderString],
])

/** How fields print that no mapping says anything of, by Go's names and the one virtual field's. */
export const DEFAULT_RENDERERS: ReadonlyMap<string, Renderer> = new Map([
  ['SrcMac', renderMac],
  ['DstMac', renderMac],
  ['SrcAddr', renderAddress],
  ['DstAddr', renderAddress],
  ['SamplerAddress', renderAddress],
  ['NextHop', renderAddress],
  ['BgpNextHop', renderAddress],
  ['MplsLabelIp', renderAddress],
  ['MplsIp', renderAddress],
  ['Etype', renderEtype],
  ['Proto', renderProto],
  ['SrcNet', renderSourceNetwork],
  ['DstNet', renderDestinationNetwork],
  ['icmp_name', renderIcmp],
  ['Ipv6RoutingHeaderAddresses', renderAddress],
])

/** Whether what the renderer makes of octets may hold any character. */
export function isFreeText(renderer: Renderer): boolean {
  return renderer === renderString
}
