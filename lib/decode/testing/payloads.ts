import { readFileSync } from 'node:fs'

/** A UDP payload with what its capture says of it. */
export interface Payload {
  readonly octets: Uint8Array
  readonly address: string
  readonly port: number
  readonly receivedNs: bigint
}

/** The UDP payloads of a classic capture of Ethernet or cooked frames; other files are one bare payload. */
export function payloadsOf(path: string): Payload[] {
  const octets = new Uint8Array(readFileSync(path))
  if (!path.endsWith('.pcap'))
    return [{ octets, address: '192.0.2.1', port: 50_000, receivedNs: 1_700_000_000_000_000_000n }]
  const view = new DataView(octets.buffer)
  const isLittle = view.getUint32(0, true) >>> 8 === 0xa1b2c3 || view.getUint32(0, true) >>> 8 === 0xa1b23c
  const isNano = view.getUint32(0, isLittle) === 0xa1b23c4d
  const link = view.getUint32(20, isLittle) & 0xffff
  const payloads: Payload[] = []
  for (let at = 24; at + 16 <= octets.length; ) {
    const seconds = BigInt(view.getUint32(at, isLittle))
    const fraction = BigInt(view.getUint32(at + 4, isLittle)) * (isNano ? 1n : 1000n)
    const length = view.getUint32(at + 8, isLittle)
    const frame = octets.subarray(at + 16, at + 16 + length)
    const payload = udpOf(frame, link)
    if (payload !== null) payloads.push({ ...payload, receivedNs: seconds * 1_000_000_000n + fraction })
    at += 16 + length
  }
  return payloads
}

function udpOf(frame: Uint8Array, link: number): Omit<Payload, 'receivedNs'> | null {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
  let at = link === 1 ? 14 : link === 113 ? 16 : link === 276 ? 20 : link === 0 ? 4 : 0
  if (link === 1 && view.getUint16(12) === 0x8100) at += 4
  const version = frame[at]! >> 4
  let address: string
  if (version === 4) {
    if (frame[at + 9] !== 17) return null
    address = frame.subarray(at + 12, at + 16).join('.')
    at += (frame[at]! & 15) * 4
  } else {
    if (frame[at + 6] !== 17) return null
    const groups: string[] = []
    for (let i = 8; i < 24; i += 2) groups.push(view.getUint16(at + i).toString(16))
    address = groups.join(':')
    at += 40
  }
  const port = view.getUint16(at)
  return { octets: frame.slice(at + 8, at + view.getUint16(at + 4)), address, port }
}
