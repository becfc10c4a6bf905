import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { conformance } from '../testing/project.ts'
import { payloadsOf } from './testing/payloads.ts'
import { newSubject, type Row, type Subject } from './testing/subject.ts'

const top = conformance()
const SKIPPED = 'skipped: no conformance data'

/** Decodes files in order with a fresh decoder. */
function decodeFiles(paths: readonly string[]): Subject {
  const subject = newSubject()
  for (const path of paths) for (const payload of payloadsOf(path)) subject.take(payload.octets, payload)
  return subject
}

function readJson<Shape>(...parts: string[]): Shape {
  return JSON.parse(readFileSync(join(top!, ...parts), 'utf8')) as Shape
}

/** Datagrams whose header counts more flows than the payload holds; goflow2 prints zeros for the rest. */
const BOGUS = new Set(['logstash-netflow5_test_invalid01', 'logstash-netflow5_test_invalid02'])

test('every group of datagrams gives at least the flows that goflow2 finds', () => {
  if (top === undefined) {
    console.log(SKIPPED)
    return
  }
  type Groups = Record<string, { inputs: string[]; flows: Record<string, number> }>
  for (const [group, { inputs, flows }] of Object.entries(readJson<Groups>('goflow2/golden/index.json'))) {
    const paths = inputs.map((input) =>
      join(
        top,
        input.replace('akvorado/outlet/flow/', 'akvorado/').replace('goflow2/logstash-codec-dat/', 'dat/'),
      ),
    )
    const found = decodeFiles(paths).rows.length
    if (BOGUS.has(group)) assert.is(found, 30, group)
    else assert.ok(found >= flows['v2.2.6']!, `${group}: ${found} of ${flows['v2.2.6']}`)
  }
})

test("every group of vendors' datagrams gives the flows and options records that Filebeat finds", () => {
  if (top === undefined) {
    console.log(SKIPPED)
    return
  }
  const folder = join(top, 'elastic/filebeat-netflow')
  const goldens = readdirSync(join(folder, 'golden'))
  const plain = (name: string) => name.replace(/[^a-z0-9]/gi, '')
  const { tests } = parse(readFileSync(join(folder, 'dat_tests.yaml'), 'utf8')) as {
    tests: Record<string, { files: string[] }>
  }
  let compared = 0
  for (const [name, { files }] of Object.entries(tests)) {
    const golden = goldens.find((file) => plain(file) === plain(`${name}.golden.json`))
    if (golden === undefined) continue
    const [flows, options] = countEvents(join(folder, 'golden', golden))
    const found = decodeFiles(files.map((file) => join(top, 'dat', file)))
    // Filebeat gives up on the datagram whose count is wrong; its three records are sound.
    const isOurs = name === 'Netflow 9 invalid 01'
    assert.is(found.rows.length, isOurs ? 2 : flows, name)
    assert.is(found.options.length, isOurs ? 1 : options, name)
    compared++
  }
  for (const file of readdirSync(join(folder, 'pcap'))) {
    const [flows] = countEvents(join(folder, 'golden', `${file}.golden.json`))
    assert.is(decodeFiles([join(folder, 'pcap', file)]).rows.length, flows, file)
    compared++
  }
  assert.ok(compared >= 34, String(compared))
})

function countEvents(path: string): [flows: number, options: number] {
  const golden = JSON.parse(readFileSync(path, 'utf8')) as {
    events?: Event[]
    flows?: Event[]
  }
  type Event = { Fields?: Event; netflow?: { type?: string } }
  const types = (golden.events ?? golden.flows ?? []).map((event) => (event.Fields ?? event).netflow?.type)
  return [
    types.filter((type) => type === 'netflow_flow').length,
    types.filter((type) => type === 'netflow_options').length,
  ]
}

test('no vendor file gives rows out of nothing or stops the decoder', () => {
  if (top === undefined) {
    console.log(SKIPPED)
    return
  }
  for (const file of readdirSync(join(top, 'dat'))) {
    const { rows } = decodeFiles([join(top, 'dat', file)])
    for (const row of rows) assert.ok(Object.keys(row).length > 12, file)
  }
})

type Expected = Readonly<Record<string, string | number | readonly number[]>>

/** Akvorado's names for what our columns hold. */
const NAMES: Readonly<Record<string, (row: Row) => unknown>> = {
  SamplingRate: (row) => row['samplingRate'] ?? 0,
  SrcAddr: (row) => row['sourceAddress'],
  DstAddr: (row) => row['destinationAddress'],
  NextHop: (row) => row['nextHopAddress'] ?? row['bgpNextHopAddress'],
  InIf: (row) => row['ingressInterface'] ?? 0,
  OutIf: (row) => row['egressInterface'] ?? 0,
  SrcNetMask: (row) => row['sourcePrefixLength'],
  DstNetMask: (row) => row['destinationPrefixLength'],
  SrcAS: (row) => row['bgpSourceAsNumber'],
  DstAS: (row) => row['bgpDestinationAsNumber'],
  Packets: (row) => row['packetDeltaCount'],
  Proto: (row) => row['protocolIdentifier'],
  SrcPort: (row) => row['sourceTransportPort'],
  DstPort: (row) => row['destinationTransportPort'],
  TCPFlags: (row) => row['tcpControlBits'],
  IPTTL: (row) => row['ipTTL'] ?? row['minimumTTL'],
  IPTos: (row) => row['ipClassOfService'],
  IPv6FlowLabel: (row) => row['flowLabelIPv6'],
  IPFragmentID: (row) => row['fragmentIdentification'],
  ForwardingStatus: (row) => row['forwardingStatus'],
  IngressVRFID: (row) => row['ingressVRFID'],
  EgressVRFID: (row) => row['egressVRFID'],
  SrcAddrNAT: (row) => row['postNatSourceAddress'],
  DstAddrNAT: (row) => row['postNatDestinationAddress'],
  SrcPortNAT: (row) => row['postNAPTSourceTransportPort'],
  DstPortNAT: (row) => row['postNAPTDestinationTransportPort'],
  ICMPv4Type: (row) => (row['icmpTypeCode'] as number) >> 8,
  ICMPv6Type: (row) => (row['icmpTypeCode'] as number) >> 8,
  FlowDirection: (row) => (row['flowDirection'] as number) + 1,
  Bytes: (row) => row['ipTotalLength'] ?? row['octetDeltaCount'],
  SrcVlan: (row) => row['dot1qVlanId'] ?? row['vlanId'] ?? 0,
  // A sampled frame has one tag, which Akvorado shows on both sides.
  DstVlan: (row) =>
    row['postDot1qVlanId'] ?? row['postVlanId'] ?? (row['layerStack'] ? row['dot1qVlanId'] : 0) ?? 0,
  SrcMAC: (row) => macText(row['sourceMacAddress']),
  DstMAC: (row) => macText(row['destinationMacAddress'] ?? row['postDestinationMacAddress']),
  MPLSLabels: (row) =>
    ((row['mplsLabelStack'] ?? []) as number[])
      .map((entry) => entry >> 4)
      .filter((label) => label > 0)
      .join(),
}

function macText(value: unknown): string | undefined {
  const hex = typeof value === 'number' ? value.toString(16).padStart(12, '0') : ''
  return hex.match(/../g)?.join(':')
}

/** Where Akvorado tells what the exporter did not say. */
function isTheirWord(test: string, name: string, ours: unknown, theirs: unknown): boolean {
  // A header rate of 0 is unknown to us; "1" would be a guess.
  if (test.startsWith('TestDecodeNFv5') && name === 'SamplingRate') return ours === 0 && theirs === 1
  // The unspecified next hop, where both families' elements are in the template.
  return name === 'NextHop' && UNSPECIFIED.has(String(ours)) && UNSPECIFIED.has(String(theirs))
}

const UNSPECIFIED = new Set(['0.0.0.0', '::'])

test("flows have the values that Akvorado's tests state for the same captures", () => {
  if (top === undefined) {
    console.log(SKIPPED)
    return
  }
  type Case = {
    test: string
    dir: string
    pcaps_in_order: string[]
    options?: { DecapsulationProtocol?: string }
    expected_flows?: Expected[]
    expected_non_encapsulated_errors?: number
  }
  const differences: string[] = []
  for (const each of readJson<{ tests: Case[] }>('akvorado/expected-flows.json').tests) {
    if (!each.dir.endsWith('netflow') || each.expected_flows === undefined) continue
    if (each.expected_non_encapsulated_errors !== undefined || each.options?.DecapsulationProtocol) continue
    const paths = each.pcaps_in_order.map((pcap) => join(top, 'akvorado', each.dir, pcap))
    assert.ok(paths.every((path) => existsSync(path)))
    const { rows } = decodeFiles(paths)
    each.expected_flows.forEach((flow, i) => {
      for (const [name, value] of Object.entries(flow)) {
        const ours = rows[i] === undefined ? 'no row' : NAMES[name]?.(rows[i]!)
        const theirs = Array.isArray(value) ? value.join() : value
        if (NAMES[name] !== undefined && ours !== theirs && !isTheirWord(each.test, name, ours, theirs))
          differences.push(`${each.test} ${i} ${name}: ${String(ours)}, want ${String(value)}`)
      }
    })
    if (each.expected_flows.length === 0) assert.is(rows.length, 0, each.test)
  }
  assert.equal(differences, [])
})

test.run()
