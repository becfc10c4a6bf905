import { readFileSync } from 'node:fs'
import { parseAddress } from '../bytes/address.ts'
import { type Datagram, newDatagram } from '../flow/datagram.ts'

/**
 * The datagrams of a file as the conformance data means them: a classic little-endian capture of Ethernet frames, or
 * else the file is one bare payload, received at 1,700,000,000 s from 192.0.2.1. The port is always 50000, whatever a
 * capture says. Reads only what such captures hold: UDP over IPv4 or IPv6, with VLAN tags, without fragments.
 */
export function capturedDatagrams(file: string): Datagram[] {
  const octets = new Uint8Array(readFileSync(file))
  const view = new DataView(octets.buffer)
  if (octets.length < 24 || view.getUint32(0, true) !== 0xa1b2c3d4) {
    const bare = datagramOf(octets, 0, octets.length, 1_700_000_000_000_000_000n)
    parseAddress('192.0.2.1', bare.address)
    return [bare]
  }
  const datagrams: Datagram[] = []
  for (let at = 24; at + 16 <= octets.length; ) {
    const ns =
      BigInt(view.getUint32(at, true)) * 1_000_000_000n + BigInt(view.getUint32(at + 4, true)) * 1000n
    const end = at + 16 + view.getUint32(at + 8, true)
    const datagram = fromFrame(octets, view, at + 16, ns)
    if (datagram !== null) datagrams.push(datagram)
    at = end
  }
  return datagrams
}

function fromFrame(octets: Uint8Array, view: DataView, frame: number, ns: bigint): Datagram | null {
  let at = frame + 12
  while (view.getUint16(at) === 0x8100 || view.getUint16(at) === 0x88a8) at += 4
  const type = view.getUint16(at)
  at += 2
  const address = new Uint32Array([0, 0, 0xffff, 0])
  if (type === 0x0800 && octets[at + 9] === 17) {
    address[3] = view.getUint32(at + 12)
    at += (octets[at]! & 15) * 4
  } else if (type === 0x86dd && octets[at + 6] === 17) {
    for (let i = 0; i < 4; i++) address[i] = view.getUint32(at + 8 + i * 4)
    at += 40
  } else {
    return null
  }
  const datagram = datagramOf(octets, at + 8, at + view.getUint16(at + 4), ns)
  datagram.address.set(address)
  return datagram
}

function datagramOf(octets: Uint8Array, from: number, to: number, ns: bigint): Datagram {
  const datagram = newDatagram()
  datagram.octets = octets
  datagram.view = new DataView(octets.buffer)
  datagram.from = from
  datagram.to = Math.min(to, octets.length)
  datagram.port = 50_000
  datagram.receivedNs[0] = ns
  return datagram
}
