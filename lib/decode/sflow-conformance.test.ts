import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { BatchWriter } from '../flow/batch-writer.ts'
import { type Captures, NO_CAPTURES } from '../flow/captures.ts'
import { defineField } from '../flow/fields.ts'
import { cells } from '../testing/cells.ts'
import { received } from '../testing/datagrams.ts'
import { conformance } from '../testing/project.ts'
import { Issues } from './issues.ts'
import { fillOrigin } from './origin.ts'
import { FrameReader } from './packet.ts'
import { SflowReader } from './sflow.ts'

// Against what goflow2 2.2.6 and Akvorado make of the same captures.

type Row = Record<string, unknown>
type Line = Record<string, unknown>

const skip = conformance() === undefined
if (skip) console.log('sflow-conformance: skipped, no conformance data beside the checkout')
const when = skip ? test.skip : test

/** The packets of a classic capture. */
function capturedFrames(file: string): Uint8Array[] {
  const octets = readFileSync(file)
  const isLittle = octets[0] === 0xd4
  const frames: Uint8Array[] = []
  for (let at = 24; at + 16 <= octets.length; ) {
    const length = isLittle ? octets.readUInt32LE(at + 8) : octets.readUInt32BE(at + 8)
    frames.push(Uint8Array.from(octets.subarray(at + 16, at + 16 + length)))
    at += 16 + length
  }
  return frames
}

/** The UDP payload of an Ethernet frame with IPv4 or IPv6. */
function payload(frame: Uint8Array): Uint8Array {
  const ip = 14
  const udp = frame[12] === 0x86 ? ip + 40 : ip + (frame[ip]! & 15) * 4
  const length = frame[udp + 4]! * 256 + frame[udp + 5]!
  return frame.slice(udp + 8, udp + length)
}

function payloadsOf(file: string): Uint8Array[] {
  if (file.endsWith('.bin')) return [Uint8Array.from(readFileSync(file))]
  return capturedFrames(file).map(payload)
}

/** The flow rows of datagrams. */
function flows(payloads: readonly Uint8Array[], captures: Captures = NO_CAPTURES): Row[] {
  const issues = new Issues()
  const rows: Row[] = []
  const writer = new BatchWriter('flow', (full) => {
    for (let row = 0; row < full.rowCount; row++) rows.push(cells(full, row))
    full.reset()
    return full
  })
  const reader = new SflowReader(new FrameReader(captures, issues), { flow: writer })
  for (const octets of payloads) {
    const datagram = received(octets)
    const origin = {
      ...{ protocol: 0, datagram, exportTime: new BigUint64Array(1), systemUptime: 0, sequenceNumber: 0 },
      ...{ domain: -1, engineType: -1, engineId: -1, templateId: 0, layout: null },
      ...{ samplingWord: -1, aggregation: -1, aggregationVersion: -1 },
      ...{ samplingRate: 0, samplingSource: 0 },
    }
    reader.decode(datagram, origin, { finish: fillOrigin }, issues)
  }
  writer.flush()
  return rows
}

const number = (value: unknown): number => Number(value ?? 0)
const LAYERS = [
  ...['Ethernet', 'IPv4', 'IPv6', 'TCP', 'UDP', 'MPLS', 'Dot1Q', 'ICMP', 'ICMPv6', 'GRE'],
  ...['IPv6HeaderRouting', 'IPv6HeaderFragment', 'Geneve', 'Teredo'],
]
const ETYPES: Record<number, string> = { 2048: 'IPv4', 34525: 'IPv6', 2054: 'ARP' }

/** What goflow2's line says of the facts that our columns hold, in its notation. */
function asLine(row: Row): Line {
  const list = (name: string) => (row[name] as number[] | undefined) ?? []
  return {
    sequence_num: row['sequenceNumber'],
    sampling_rate: number(row['samplingRate']),
    sampler_address: row['agentAddress'],
    bytes: number(row['octetDeltaCount']),
    packets: number(row['packetDeltaCount']),
    src_addr: row['sourceAddress'] ?? '',
    dst_addr: row['destinationAddress'] ?? '',
    etype: ETYPES[number(row['ethernetType'])] ?? '',
    src_port: number(row['sourceTransportPort']),
    dst_port: number(row['destinationTransportPort']),
    in_if: row['ingressInterfaceRaw'],
    out_if: row['egressInterfaceRaw'],
    src_mac: row['sourceMacAddress'] ?? '00:00:00:00:00:00',
    dst_mac: row['destinationMacAddress'] ?? '00:00:00:00:00:00',
    vlan_id: number(row['dot1qTci']),
    ip_tos: number(row['ipClassOfService']),
    ip_ttl: number(row['ipTTL']),
    ip_flags: number(row['fragmentFlags']) >> 5,
    tcp_flags: number(row['tcpControlBits']) & 255,
    ipv6_flow_label: number(row['flowLabelIPv6']),
    fragment_id: number(row['fragmentIdentification']),
    fragment_offset: number(row['fragmentOffset']),
    src_as: number(row['bgpSourceAsNumber']),
    dst_as: number(row['bgpDestinationAsNumber']),
    next_hop: row['nextHopAddress'] ?? '',
    next_hop_as: number(row['bgpNextHopAsNumber']),
    bgp_next_hop: row['bgpNextHopAddress'] ?? '',
    bgp_communities: list('bgpCommunities'),
    as_path: list('asPath'),
    mpls_ttl: list('mplsLabelTtl'),
    mpls_label: list('mplsLabelStack').map((label) => label >>> 4),
    layer_stack: list('layerStack').map((layer) => LAYERS[layer]),
    ipv6_routing_header_addresses: (row['ipv6RoutingAddresses'] as string[] | undefined) ?? [],
    ipv6_routing_header_seg_left: number(row['ipv6RoutingSegmentsLeft']),
  }
}

/** Groups of sFlow whose inputs lie beside the checkout. */
function sflowGroups(): [group: string, inputs: string[]][] {
  const index = JSON.parse(readFileSync(conformance('goflow2/golden/index.json')!, 'utf8')) as Record<
    string,
    { inputs: string[] }
  >
  return Object.entries(index)
    .filter(([group]) => group.includes('sflow'))
    .map(([group, { inputs }]) => {
      const files = inputs.map((input) => {
        const local = input.replace('akvorado/outlet/flow/', 'akvorado/')
        return conformance(local) ?? conformance(local.replace('decoder/', 'decoder/sflow/')) ?? ''
      })
      return [group, files]
    })
}

function lines(group: string, file: string): Line[] {
  const text = readFileSync(conformance(`goflow2/golden/${group}/${file}`)!, 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

when('the columns hold what goflow2 prints, but for its defects', () => {
  let compared = 0
  for (const [group, files] of sflowGroups()) {
    if (files.includes('')) continue
    const rows = flows(files.flatMap(payloadsOf))
    const expected = lines(group, 'v2.2.6.jsonl')
    assert.is(rows.length, expected.length, group)
    for (const [i, row] of rows.entries()) {
      const line = asLine(row)
      for (const [key, value] of Object.entries(line))
        assert.equal(value, expected[i]![key], `${group} ${i} ${key}`)
      // goflow2 takes the size of TCP from the wrong octet.
      const sizes = expected[i]!['layer_size'] as number[]
      const tcp = (line['layer_stack'] as string[]).indexOf('TCP')
      const ours = [...((row['layerSize'] as number[] | undefined) ?? [])]
      if (tcp >= 0) ours[tcp] = sizes[tcp]!
      assert.equal(ours, sizes, `${group} ${i} layer_size`)
      compared++
    }
  }
  assert.ok(compared >= 15, `${compared}`)
})

when('captures of the mapping that goflow2 ships give its values', () => {
  const field = defineField('test-csum', 'octets')
  const captures: Captures = {
    elements: [],
    frames: [
      { layer: 'udp', encapsulated: false, offsetBits: 48, lengthBits: 16, field },
      { layer: 'tcp', encapsulated: false, offsetBits: 128, lengthBits: 16, field },
    ],
    ports: [
      { transport: 'udp', direction: 'dst', port: 3544, parser: 'teredo-dst' },
      { transport: 'udp', direction: 'both', port: 4754, parser: 'gre' },
      { transport: 'udp', direction: 'both', port: 6081, parser: 'geneve' },
    ],
  }
  let compared = 0
  for (const [group, files] of sflowGroups()) {
    if (files.includes('')) continue
    const rows = flows(files.flatMap(payloadsOf), captures)
    for (const [i, line] of lines(group, 'v2.2.6.stock-mapping.jsonl').entries()) {
      const hex = rows[i]!['test-csum'] as string | undefined
      const value = hex === undefined ? undefined : Number.parseInt(hex === '' ? '0' : hex, 16)
      assert.is(value, line['csum'], `${group} ${i}`)
      compared++
    }
  }
  assert.ok(compared >= 15)
})

/** Akvorado's names for our columns; those of a tunnel's inner packet where it decapsulates. */
function asAkvorado(row: Row, isInner: boolean): Line {
  const of = (outer: string, inner: string) => row[isInner ? inner : outer]
  const icmp = of('icmpTypeCode', 'innerIcmpTypeCode') as number | undefined
  const proto = of('protocolIdentifier', 'innerProtocolIdentifier')
  const address = of('sourceAddress', 'innerSourceAddress') as string | undefined
  const labels = (row['mplsLabelStack'] as number[] | undefined) ?? []
  // A VLAN that the switch does not know is that of the tag.
  const tag = number(row['dot1qTci']) & 0xfff
  return {
    SamplingRate: number(row['samplingRate']),
    ExporterAddress: row['agentAddress'],
    InIf: number(row['ingressInterface']),
    OutIf: number(row['egressInterface']),
    ForwardingStatus: number(row['forwardingStatus']),
    SrcVlan: number(row['vlanId'] ?? tag),
    DstVlan: number(row['postVlanId'] ?? tag),
    SrcAddr: address ?? '',
    DstAddr: of('destinationAddress', 'innerDestinationAddress') ?? '',
    EType: address === undefined ? 0 : address.includes(':') ? 34525 : 2048,
    Proto: number(proto),
    SrcPort: number(of('sourceTransportPort', 'innerSourceTransportPort')),
    DstPort: number(of('destinationTransportPort', 'innerDestinationTransportPort')),
    TCPFlags: number(of('tcpControlBits', 'innerTcpControlBits')),
    IPTTL: number(of('ipTTL', 'innerIpTTL')),
    IPTos: number(of('ipClassOfService', 'innerIpClassOfService')),
    IPFragmentID: number(of('fragmentIdentification', 'innerFragmentIdentification')),
    IPv6FlowLabel: number(of('flowLabelIPv6', 'innerFlowLabelIPv6')),
    ICMPv4Type: icmp !== undefined && proto === 1 ? icmp >> 8 : 0,
    ICMPv6Type: icmp !== undefined && proto === 58 ? icmp >> 8 : 0,
    Bytes: number(of('ipTotalLength', 'innerIpTotalLength')),
    Packets: number(row['packetDeltaCount']),
    SrcAS: number(row['bgpSourceAsNumber']),
    DstAS: number(row['bgpDestinationAsNumber']),
    SrcNetMask: number(row['sourcePrefixLength']),
    DstNetMask: number(row['destinationPrefixLength']),
    NextHop: row['nextHopAddress'] ?? row['bgpNextHopAddress'] ?? '',
    DstASPath: row['asPath'] ?? [],
    DstCommunities: row['bgpCommunities'] ?? [],
    SrcMAC: row[isInner ? 'innerSourceMacAddress' : 'sourceMacAddress'],
    DstMAC: row[isInner ? 'innerDestinationMacAddress' : 'destinationMacAddress'],
    MPLSLabels: labels.map((label) => label >>> 4),
  }
}

interface AkvoradoTest {
  readonly test: string
  readonly dir: string
  readonly pcaps_in_order: readonly string[]
  readonly options: Record<string, string>
  readonly expected_flows?: readonly Line[]
  readonly l3_length_returned?: number
}

function akvoradoTests(dir: string): AkvoradoTest[] {
  const all = JSON.parse(readFileSync(conformance('akvorado/expected-flows.json')!, 'utf8')) as {
    tests: AkvoradoTest[]
  }
  return all.tests.filter((one) => one.dir === dir)
}

function compare(name: string, row: Row, expected: Line, isInner: boolean): void {
  const ours = asAkvorado(row, isInner)
  for (const [key, value] of Object.entries(expected)) {
    assert.ok(key in ours, `${name}: ${key} is not compared`)
    assert.equal(ours[key], value, `${name} ${key}`)
  }
}

when('sFlow captures give what Akvorado reads in them', () => {
  let compared = 0
  for (const one of akvoradoTests('decoder/sflow')) {
    const files = one.pcaps_in_order.map((pcap) => conformance('akvorado/decoder/sflow', pcap))
    if (files.includes(undefined)) continue
    const isInner = (one.options['Decapsulation'] ?? 'DECAP_NONE') !== 'DECAP_NONE'
    const rows = flows(files.flatMap((file) => payloadsOf(file!)))
    const inner = isInner ? rows.filter((row) => 'innerSourceAddress' in row) : rows
    assert.is(inner.length, one.expected_flows!.length, one.test)
    for (const [i, expected] of one.expected_flows!.entries()) {
      compare(`${one.test} ${i}`, inner[i]!, expected, isInner)
      compared++
    }
  }
  assert.ok(compared >= 10, `${compared}`)
})

when('sampled frames give what Akvorado reads in them', () => {
  let compared = 0
  for (const one of akvoradoTests('decoder')) {
    for (const pcap of one.pcaps_in_order) {
      const file = conformance('akvorado/decoder', pcap)
      if (file === undefined) continue
      const isInner = one.options['Decapsulation'] !== 'DECAP_NONE'
      const batch = new FlowBatch()
      const reader = new FrameReader(NO_CAPTURES, new Issues())
      const frame = capturedFrames(file)[0]!
      reader.read(frame, new DataView(frame.buffer), 0, frame.length, 1, batch, 0)
      const row = cells(batch, 0)
      compare(one.test, row, one.expected_flows![0]!, isInner)
      assert.is(asAkvorado(row, isInner)['Bytes'], one.l3_length_returned, one.test)
      compared++
    }
  }
  assert.ok(compared >= 5, `${compared}`)
})

when('each capture of other people decodes without a fault', () => {
  const folder = conformance('goflow2/datagrams')!
  for (const file of readdirSync(folder).filter((name) => name.startsWith('sflow'))) {
    assert.not.throws(() => flows([Uint8Array.from(readFileSync(`${folder}/${basename(file)}`))]))
  }
})

test.run()
