import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { AddressFact } from '../flow/address-fact.ts'
import { FlowBatch } from '../flow/batch.ts'
import { blockOfBatch } from '../flow/batch-block.ts'
import { defineField } from '../flow/fields.ts'
import { type CellValue, fillRow } from '../testing/fill-row.ts'
import { compileFilter, type FilterNames, parseFilter } from './filter.ts'
import { PRIMITIVES } from './testing/primitive-table.ts'

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
  findAll: (text) => ({ google: [15_169], cdn: [13_335, 15_169] })[text] ?? [],
}
const names: FilterNames = {
  local,
  as,
  facts: new Map([
    ['country', country],
    ['customer', customer],
    ['local.name', factOf('local.name', ['', 'ACME'], (word) => (word >>> 24 === 192 ? 1 : 0))],
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

test('every primitive matches the flows that it is about', () => {
  for (const [rows, text] of PRIMITIVES) assert.is(rowsOf(text), rows, text)
})

test('counters can be asked for as the exporter counted them', () => {
  assert.is(rowsOf('bytes 15000', { counters: 'raw' }), 1)
  assert.is(rowsOf('scaled bytes 1500000', { counters: 'raw' }), 1)
  assert.is(rowsOf('bps 60000', { counters: 'raw' }), 1)
})

test('a product beyond 64 bits is above the greatest number that there is', () => {
  const batch = new FlowBatch()
  fillRow(batch, { octetDeltaCount: 2n ** 64n - 1n, samplingRate: 1000 })
  const block = blockOfBatch(batch)
  const matches = (text: string) =>
    compileFilter(parseFilter(text, names)).select(block, new Uint8Array(1), []) === 1
  for (const text of ['bytes > 18446744073709551614', 'bytes >= 18446744073709551615'])
    assert.ok(matches(`scaled ${text}`), text)
  for (const text of ['bytes <= 18446744073709551615', 'bytes < 18446744073709551615'])
    assert.not.ok(matches(`scaled ${text}`), text)
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
