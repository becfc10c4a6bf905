import { addressText } from './address.ts'
import { goJson } from './go-json.ts'
import { rfc3339Nano } from './go-time.ts'
import { type IpfixPacket, Netflow9Packet } from './netflow.ts'
import { Netflow5Packet } from './netflow5.ts'
import { SflowPacket } from './sflow-tree.ts'

export type Packet = Netflow5Packet | Netflow9Packet | IpfixPacket | SflowPacket

/** The whole packet as JSON, one character per octet. `source` is address and port. */
export function rawJson(packet: Packet, source: string, receivedNs: bigint): string {
  const type =
    packet instanceof Netflow5Packet
      ? 'netflowv5'
      : packet instanceof Netflow9Packet
        ? 'netflowv9'
        : packet instanceof SflowPacket
          ? 'sflow'
          : 'ipfix'
  return goJson({ type, message: packet, src: source, time_received: rfc3339Nano(receivedNs) })
}

/** A summary of the packet in one line. */
export function rawText(packet: Packet, source: string, receivedNs: bigint): string {
  const received = rfc3339Nano(receivedNs).replace('T', ' ').replace('Z', ' +0000 UTC')
  return `${received} ${source}: ${summary(packet)}`
}

function summary(packet: Packet): string {
  if (packet instanceof Netflow5Packet) {
    return `NetFlowV5 seq:${packet['flow-sequence']} count:${packet.count}`
  }
  if (packet instanceof Netflow9Packet) {
    return `NetFlowV9 count:${packet.count} seq:${packet['sequence-number']}`
  }
  if (packet instanceof SflowPacket) {
    const agent = addressText(packet['agent-ip'].octets)
    return `sFlow5 agent:${agent} seq:${packet['sequence-number']} count:${packet['samples-count']}`
  }
  return `IPFIX count:${packet['flow-sets']?.length ?? 0} seq:${packet['sequence-number']}`
}
