import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { AddressFact } from '../flow/address-fact.ts'
import { FlowBatch } from '../flow/batch.ts'
import { blockOfBatch } from '../flow/batch-block.ts'
import { defineField } from '../flow/fields.ts'
import { type CellValue, fillRow } from '../testing/fill-row.ts'
import { compileFilter, type FilterNames, parseFilter } from './filter.ts'

const MS = 1_000_000n
const START = 1_795_255_200_000n // Saturday 2026-11-21T10:00:00Z

/** A fact that knows some addresses by their last octet: 10.x.x.1 is `one`. */
function factOf(name: string, names: readonly string[], isKnown: (word: number) => number): AddressFact {
  return {
    name,
    fill(words, from, to, out) {
      for (let i = from; i < to; i++) out[i] = words[i * 4 + 2] === 0xffff ? isKnown(words[i * 4 + 3]!) : 0
    },
    text: (value) => names[value] ?? '',
    find: (text) => names.indexOf(text),
  }
}
const local = factOf('local', ['', 'office', 'plant'], (word) =>
  word >>> 24 === 10 ? (((word >>> 16) & 255) === 0 ? 1 : 2) : 0,
)
const country = factOf('country', ['', 'DE', 'CH', 'IN'], (word) =>
  word >>> 24 === 192 ? 1 : word >>> 24 === 10 ? 3 : 0,
)
const customer = factOf('customer', ['', 'ACME', 'Bob & Sons'], (word) => (word === 0x0a000001 ? 1 : 0))
const as: AddressFact = {
  ...factOf('as', [], (word) => (word >>> 24 === 192 ? 15_169 : 0)),
  find: (text) => (text === 'google' ? 15_169 : -1),
}
const names: FilterNames = {
  local,
  as,
  facts: new Map([
    ['country', country],
    ['customer', customer],
  ]),
  nowMs: Number(START),
}

/** A flow with everything that the primitives ask for. */
const FLOW: Record<string, CellValue> = {
  sourceAddress: '10.0.0.1',
  destinationAddress: '192.0.2.7',
  nextHopAddress: '10.9.9.9',
  bgpNextHopAddress: '10.9.9.8',
  exporterAddress: '10.9.9.7',
  postNatSourceAddress: '198.51.100.7',
  postNatDestinationAddress: '198.51.100.8',
  innerSourceAddress: '172.16.0.1',
  innerDestinationAddress: '172.16.0.2',
  innerProtocolIdentifier: 17,
  innerSourceTransportPort: 53,
  sourceTransportPort: 40_000,
  destinationTransportPort: 443,
  postNAPTSourceTransportPort: 1025,
  postNAPTDestinationTransportPort: 444,
  protocolIdentifier: 6,
  ipClassOfService: 4,
  postIpClassOfService: 8,
  tcpControlBits: 0x1b,
  ingressInterface: 3,
  egressInterface: 5,
  bgpSourceAsNumber: 64_500,
  bgpDestinationAsNumber: 0,
  bgpNextAdjacentAsNumber: 7,
  bgpPrevAdjacentAsNumber: 8,
  sourcePrefixLength: 16,
  destinationPrefixLength: 24,
  vlanId: 12,
  postVlanId: 13,
  sourceMacAddress: '00:11:22:33:44:55',
  destinationMacAddress: '00:11:22:33:44:66',
  postSourceMacAddress: '00:11:22:33:44:77',
  postDestinationMacAddress: '00:11:22:33:44:88',
  octetDeltaCount: 15_000,
  packetDeltaCount: 10,
  postOctetDeltaCount: 150,
  postPacketDeltaCount: 1,
  samplingRate: 100,
  minimumTTL: 60,
  maximumTTL: 60,
  ipTTL: 61,
  ethernetType: 0x800,
  forwardingStatus: 64,
  flowDirection: 1,
  engineType: 2,
  engineId: 9,
  observationDomainId: 256,
  observationPointId: 70_000,
  flowStart: START * MS + 999_999n,
  flowEnd: (START + 2000n) * MS,
  mplsLabelStack: [(100 << 4) | (3 << 1), (200 << 4) | 1],
  firewallEvent: 3,
  fwExtEvent: 1001,
  natEvent: 4,
  portRangeStart: 1024,
  portRangeEnd: 50_000,
  portRangeStepSize: 1,
  portRangeNumPorts: 512,
  ingressVRFID: 11,
  egressVRFID: 12,
  ingressAclID: '000000010000000200000003',
  egressAclID: '000000040000000500000006',
  username: 'alice',
  asPath: [64_500, 3320],
}
defineField('meanLoad', 'f64')
FLOW['meanLoad'] = 0.5

/** The FLOW, an ICMP one over IPv6, and one that holds nothing. */
function block() {
  const batch = new FlowBatch()
  fillRow(batch, FLOW)
  fillRow(batch, {
    sourceAddress: '2001:db8::1',
    destinationAddress: '2001:db8::2',
    protocolIdentifier: 58,
    icmpTypeCode: 0x8004,
    octetDeltaCount: 80,
    packetDeltaCount: 1,
    flowStart: START * MS,
    flowEnd: START * MS,
  })
  fillRow(batch, {})
  return blockOfBatch(batch)
}
const theBlock = block()

/** Which rows match: 1 is FLOW, 2 the ICMP flow, 4 the row that holds nothing. */
function rowsOf(text: string, more: FilterNames = {}): number {
  const filter = compileFilter(parseFilter(text, { ...names, ...more }))
  const selection = new Uint8Array(3).fill(9)
  const count = filter.select(theBlock, selection, [])
  assert.is(count, selection[0]! + selection[1]! + selection[2]!, text)
  if (count > 0) assert.ok(filter.mayMatch(theBlock), `${text}: mayMatch`)
  return selection[0]! + selection[1]! * 2 + selection[2]! * 4
}

/** Rows and the filters that match just them. */
const TABLE: readonly (readonly [number, string])[] = [
  [7, ''],
  [7, '# nothing'],
  [7, 'any'],
  [0, 'not any'],
  [1, 'ipv4'],
  [1, 'inet'],
  [2, 'ipv6'],
  [2, 'inet6'],
  [1, 'proto tcp'],
  [1, 'PROTO TCP'],
  [1, 'proto 6'],
  [1, 'proto = 0x6'],
  [2, 'proto icmp6'],
  [2, 'proto in [58 1]'],
  [1, 'tun proto 6'],
  [1, 'inner proto udp'],
  [1, 'ip 10.0.0.1'],
  [1, 'host 192.0.2.7'],
  [1, 'src ip 10.0.0.1'],
  [0, 'dst ip 10.0.0.1'],
  [1, 'src host 10.0.0.1'],
  [2, 'src ip 2001:db8::1'],
  [2, 'host 2001:DB8:0::2'],
  [1, 'ip in [192.0.2.7]'],
  [3, 'ip in [1.2.3.4, 192.0.0.0/16 2001:db8::/32]'],
  [1, 'src ip in [10.0.0.0-10.0.0.9]'],
  [1, 'net 10.0.0.0/8'],
  [1, 'net 10/8'],
  [1, 'src net 10.0/16'],
  [1, 'net 10.0.0.0 255.0.0.0'],
  [0, 'dst net 10.0.0.0 255.0.0.0'],
  [2, 'dst net 2001:db8::/64'],
  [2, 'net ::/0'],
  [1, 'net 0.0.0.0/0'],
  [1, 'tun ip 10.0.0.1'],
  [1, 'src tunip 10.0.0.1'],
  [1, 'inner ip 172.16.0.2'],
  [1, 'dst inner ip 172.16.0.2'],
  [1, 'port 443'],
  [1, 'port = 443'],
  [1, 'dst port 443'],
  [0, 'src port 443'],
  [1, 'src port > 1024'],
  [1, 'src port GT 1k'],
  [1, 'dst port < 1024'],
  [1, 'dst port LE 443'],
  [1, 'dst port ge 443'],
  [0, 'dst port lt 443'],
  [1, 'port in [80 443, 8000-8080]'],
  [1, 'port 400-450'],
  [1, 'src or dst port 443'],
  [0, 'src and dst port 443'],
  [1, 'dst or src port 443'],
  [1, 'inner port 53'],
  [1, 'nat port 1025'],
  [1, 'src nat port 1025'],
  [1, 'xport 444'],
  [1, 'dst nport 444'],
  [1, 'src nat ip 198.51.100.7'],
  [1, 'xip 198.51.100.8'],
  [1, 'nip 198.51.100.8'],
  [1, 'nat net 198.51.100.0/24'],
  [1, 'dst xnet 198.51.100.0/24'],
  [1, 'xlate ip 198.51.100.8'],
  [2, 'icmp-type 128'],
  [2, 'icmp type 128'],
  [2, 'icmp-code 4'],
  [2, 'icmp code > 3'],
  [1, 'engine-type 2'],
  [1, 'engine type 2'],
  [1, 'engine-id 9'],
  [1, 'engine id > 8'],
  [1, 'if 5'],
  [1, 'in if 3'],
  [0, 'out if 3'],
  [1, 'out if 5'],
  [1, 'in if in [3 4]'],
  [1, 'as 64500'],
  [1, 'src as 64500'],
  [1, 'src as AS64500'],
  [1, 'as in [1, 64500]'],
  [1, 'dst as 15169'],
  [1, 'dst as > 15000'],
  [1, 'dst as @google'],
  [0, 'src as @google'],
  [1, 'next as 7'],
  [1, 'prev as 8'],
  [0, 'prev as in [7]'],
  [1, 'mask 16'],
  [1, 'dst mask 24'],
  [1, 'vlan 12'],
  [1, 'dst vlan 13'],
  [1, 'flags S'],
  [1, 'flags SA'],
  [0, 'flags U'],
  [6, 'not flags S'],
  // Any of the letters is enough to be excluded.
  [6, 'not flags SU'],
  [1, 'not not flags SA'],
  [1, 'flags 0x1b'],
  [1, 'flags = SAPF'],
  [0, 'flags = S'],
  [1, 'flags S and not flags R'],
  [1, 'flags > 3'],
  [1, 'router ip 10.9.9.7'],
  [1, 'exporter ip 10.9.9.7'],
  [1, 'next ip 10.9.9.9'],
  [1, 'bgp next ip 10.9.9.8'],
  [1, 'bgpnext ip 10.9.9.8'],
  [1, 'mac 00:11:22:33:44:77'],
  [1, 'src mac 0:11:22:33:44:55'],
  [1, 'in src mac 00:11:22:33:44:55'],
  [1, 'in dst mac 00:11:22:33:44:66'],
  [1, 'out src mac 00:11:22:33:44:77'],
  [1, 'out dst mac 00:11:22:33:44:88'],
  [1, 'in mac 00-11-22-33-44-66'],
  [0, 'out mac 0011.2233.4466'],
  [1, 'mpls label1 100'],
  [1, 'mpls label2 > 150'],
  [0, 'mpls label3 100'],
  [1, 'mpls exp1 3'],
  [1, 'mpls any 200'],
  [1, 'mpls eos 200'],
  [0, 'mpls eos 100'],
  [1, 'packets > 100'],
  [1, 'packets 1000'],
  [1, 'in packets 1k'],
  [1, 'out packets 100'],
  [1, 'bytes = 1.5m'],
  [1, 'bytes > 1M'],
  [3, 'bytes < 2G'],
  [2, 'bytes 80'],
  [1, 'raw bytes 15k'],
  [1, 'scaled bytes 1500000'],
  [1, 'bytes in [80-90, 1500000] and ipv4'],
  [1, 'out bytes 15000'],
  [7, 'flows 1'],
  [7, 'flow = 1'],
  [1, 'tos 4'],
  [1, 'src tos 4'],
  [1, 'dst tos 8'],
  [1, 'ttl 61'],
  [1, 'min ttl 60'],
  [1, 'max ttl < 61'],
  [1, 'ttl equal'],
  [1, 'ethertype 0x800'],
  [1, 'etherType 2048'],
  [1, 'fwdstat 64'],
  [1, 'fwdstat Forw'],
  [1, 'flowdir egress'],
  [0, 'flowdir 0'],
  [1, 'flowdir 1'],
  [1, 'duration 2000'],
  [2, 'duration < 10'],
  [1, 'pps 500'],
  [2, 'pps 0'],
  [1, 'bps 6m'],
  [1, 'bps > 5999999'],
  [1, 'bpp 1500'],
  [2, 'bpp < 100'],
  [1, 'observation domain id 256'],
  [1, 'observation point id > 60k'],
  [3, 'first seen = 2026-11-21T10:00:00'],
  [1, 'last seen > 2026-11-21T10:00:01'],
  [3, 'first seen > -1d'],
  [0, 'first seen > now'],
  [3, 'last seen < 2026-11-22'],
  [1, 'last seen == 1795255202'],
  [1, 'asa event deny'],
  [1, 'asa event 3'],
  [1, 'asa event > 2'],
  [1, 'asa event denied ingress'],
  [1, 'asa denied ingress'],
  [1, 'asa xevent 1001'],
  [1, 'asa user alice'],
  [1, 'asa user "alice"'],
  [1, 'nat event add44'],
  [1, 'nat event 4'],
  [1, 'nat pblock start 1024'],
  [1, 'pblock end > 40000'],
  [1, 'nat pblock step 1'],
  [1, 'nat pblock size 512'],
  [1, 'port in nat pblock'],
  [1, 'src port in pblock'],
  [0, 'dst port in nat pblock'],
  [1, 'ingress acl 1'],
  [1, 'ingress ace 2'],
  [1, 'ingress xace 3'],
  [1, 'egress ACL 4'],
  [0, 'egress ace 4'],
  [1, 'ingress vrf 11'],
  [1, 'egress vrf > 11'],
  [1, 'country IN'],
  [1, 'src geo IN'],
  [1, "src geo 'in'"],
  [1, 'dst country DE'],
  [0, 'src country DE'],
  [1, 'dst country in [CH DE]'],
  [2 | 1, 'not country CH and ip in [0.0.0.0/0 ::/0]'],
  // Words of ours.
  [3, 'local or transit'],
  [1, 'local'],
  [3, 'remote'],
  [0, 'in'],
  [1, 'out'],
  [0, 'internal'],
  [2, 'transit'],
  [1, 'src local'],
  [3, 'dst remote'],
  [1, '(out)'],
  [1, 'out and in if 3'],
  [1, 'net @office'],
  [1, 'src net @office'],
  [0, 'net @plant'],
  [1, 'net @ACME'],
  [1, 'ip @office'],
  [1, 'customer "ACME"'],
  [1, 'customer ACME'],
  [0, 'customer "Bob & Sons"'],
  [1, 'local ip 10.0.0.1'],
  [1, 'local port 40000'],
  [1, 'remote port 443'],
  [1, 'remote country DE'],
  [0, 'remote ip 10.0.0.1'],
  [1, 'remote as 15169'],
  [3, 'between 10:00 and 10:01'],
  [0, 'between 08:00 and 18:00 weekdays'],
  [3, 'between 08:00 and 18:00 weekends'],
  [3, 'between 08:00 and 18:00 fri, saturday'],
  [3, 'between 08:00 and 18:00 fri-sun'],
  [3, 'between 22:00 and 10:30 friday'],
  [0, 'between 22:00 and 10:30 saturday'],
  [1, 'pair(10.0.0.1, 192.0.2.0/24)'],
  [1, 'pair(192.0.2.7,10.0.0.1)'],
  [0, 'pair(10.0.0.1, 10.0.0.1)'],
  [1, 'bytes/packets > 100'],
  [2, 'bytes/packets == 80'],
  [1, 'bytes * 8 > 1M'],
  [1, '8 * bytes > 1M'],
  [1, '(bytes + packets) * 2 > 1M'],
  [2, 'bytes - packets == 79'],
  [1, 'src port > dst port'],
  [0, 'src port == dst port'],
  [1, 'src port == dst port + 39557'],
  [1, 'bytes > 10 * 1k'],
  [1, 'bps / 8 > 700k'],
  [1, 'destination.port == 443'],
  [1, 'source.ip == 10.0.0.0/8'],
  [1, 'source.ip: 10.0.0.1'.replace(':', '')],
  [1, 'network.transport == tcp'],
  [1, 'network.bytes > 1M'],
  [1, 'network.type == ipv4'],
  [1, 'network.direction == outbound'],
  [1, 'source.locality == internal'],
  [1, 'source.as.number 64500'],
  [1, 'observer.ip 10.9.9.7'],
  [1, 'observer.ingress.interface.id 3'],
  [1, 'event.duration == 2000000000'],
  [3, 'event.start >= 2026-11-21T10:00Z'],
  [1, 'src.ip 10.0.0.1'],
  [1, 'dst.port 443'],
  [1, 'ipTTL > 60'],
  [1, 'sourceAddress 10.0.0.0/8'],
  [1, 'sourceMacAddress == 00:11:22:33:44:55'],
  [1, 'tcpControlBits 27'],
  [1, 'octetDeltaCount == 15000'],
  [1, 'asPath 3320'],
  [1, 'username == "alice"'],
  [0, 'username != alice'],
  [1, 'username in ["bob" "alice"]'],
  [1, 'meanLoad < 0.75'],
  [3, 'flowStart > 2026-11-20'],
  [1, 'sampled'],
  // Absent fields never match, and neither does their negated comparison.
  [2, 'bytes != 1500000'],
  [0, 'port != 443'],
  [1, 'port != 80'],
  [2, 'ip != 10.0.0.0/8'],
  [6, 'not ip 10.0.0.0/8'],
  [6, 'not dst port 443'],
  [7, 'not port 80'],
  // Structure.
  [1, 'port 443 and proto tcp or proto udp'],
  [3, 'proto icmp6 or port 443 and proto tcp'],
  [1, '! (proto icmp6 || not port 443) && any'],
  [1, 'not not port 443'],
  [1, 'port 443 # comment\n and # another\n proto tcp'],
  [1, '((((port 443))))'],
]

test('every primitive matches the flows that it is about', () => {
  for (const [rows, text] of TABLE) assert.is(rowsOf(text), rows, text)
})

test('counters can be asked for as the exporter counted them', () => {
  assert.is(rowsOf('bytes 15000', { counters: 'raw' }), 1)
  assert.is(rowsOf('scaled bytes 1500000', { counters: 'raw' }), 1)
  assert.is(rowsOf('bps 60000', { counters: 'raw' }), 1)
})

test('times of day are those of the time zone', () => {
  assert.is(rowsOf('between 10:00 and 10:30', { timeZone: 'Europe/Zurich' }), 0)
  assert.is(rowsOf('between 11:00 and 11:30', { timeZone: 'Europe/Zurich' }), 3)
  assert.is(rowsOf('first seen == 2026-11-21T11:00', { timeZone: 'Europe/Zurich' }), 3)
  assert.is(rowsOf('between 15:30 and 15:31', { timeZone: 'Asia/Kolkata' }), 3)
})

test('words whose data flows never hold are named with the reason', () => {
  for (const text of [
    'ident upstream',
    'count > 5',
    "payload content 'GET'",
    'payload ja3 defined',
    'in payload regex "x"',
    'pf action pass',
    'client latency > 4',
    'server latency > 4',
    'exporter id 4',
    'sysid 3',
    'src tz Europe/Zurich',
    'src ip tor',
  ]) {
    try {
      parseFilter(text, names)
      assert.unreachable(text)
    } catch (error) {
      assert.match((error as Error).message, /cannot be asked for: /, text)
    }
  }
})

test.run()
