import type { Fault } from './fault.ts'
import type { FrameReader } from './frame.ts'
import { FlowMessage } from './message.ts'
import type {
  ExpandedFlowSample,
  ExtendedGateway,
  ExtendedRouter,
  ExtendedSwitch,
  FlowSample,
  SampledHeader,
  SampledIp,
  SampleRecord,
  SflowPacket,
} from './sflow-tree.ts'

/** One message for each flow sample, plain or expanded; counters and drops make none. */
export function produceSflow(packet: SflowPacket, frames: FrameReader): FlowMessage[] | Fault {
  const messages: FlowMessage[] = []
  for (const sample of packet.samples) {
    const format = sample?.header.format
    if (sample === null || (format !== 1 && format !== 3)) continue
    const message = new FlowMessage()
    message.type = 1
    if (format === 1) {
      const { input, output, 'sampling-rate': rate } = sample as FlowSample
      message.samplingRate = BigInt(rate)
      message.inIf = input
      message.outIf = output
    } else {
      const expanded = sample as ExpandedFlowSample
      message.samplingRate = BigInt(expanded['sampling-rate'])
      message.inIf = expanded['input-if-value']
      message.outIf = expanded['output-if-value']
    }
    message.packets = 1n
    for (const record of sample.records) {
      const fault = fill(message, record, frames)
      if (fault !== null) return fault
    }
    message.samplerAddress = packet['agent-ip'].octets
    message.sequenceNum = packet['sequence-number']
    messages.push(message)
  }
  return messages
}

function fill(message: FlowMessage, { header, data }: SampleRecord, frames: FrameReader): Fault | null {
  if (data === null) return null
  switch (header['data-format']) {
    case 1: {
      const sampled = data as SampledHeader
      message.bytes = BigInt(sampled['frame-length'])
      // Frames that begin with anything but Ethernet are not looked at.
      return sampled.protocol === 1 ? frames.read(message, sampled['header-data']) : null
    }
    case 3:
    case 4:
      fillIp(message, data as SampledIp, header['data-format'] === 4)
      return null
    case 1001: {
      const { 'src-vlan': source, 'dst-vlan': destination } = data as ExtendedSwitch
      message.srcVlan = source
      message.dstVlan = destination
      return null
    }
    case 1002: {
      const router = data as ExtendedRouter
      message.nextHop = router['next-hop'].octets
      message.srcNet = router['src-mask-len']
      message.dstNet = router['dst-mask-len']
      return null
    }
    case 1003:
      fillGateway(message, data as ExtendedGateway)
      return null
    default:
      return null
  }
}

function fillIp(message: FlowMessage, ip: SampledIp, isIpv6: boolean): void {
  message.srcAddr = ip['src-ip'].octets
  message.dstAddr = ip['dst-ip'].octets
  message.bytes = BigInt(ip.length)
  message.proto = ip.protocol
  message.srcPort = ip['src-port']
  message.dstPort = ip['dst-port']
  message.ipTos = (isIpv6 ? ip.priority : ip.tos)!
  message.etype = isIpv6 ? 0x86dd : 0x0800
}

function fillGateway(message: FlowMessage, gateway: ExtendedGateway): void {
  const path = gateway['as-path'] ?? []
  message.bgpNextHop = gateway['next-hop'].octets
  message.bgpCommunities = [...gateway.communities]
  message.asPath = [...path]
  if (path.length > 0) {
    message.dstAs = path[path.length - 1]!
    message.nextHopAs = path[0]!
  } else {
    message.dstAs = gateway.as
  }
  message.srcAs = gateway['src-as'] > 0 ? gateway['src-as'] : gateway.as
}
