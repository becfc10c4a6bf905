import { suite } from 'uvu'
import { newTrafficDocuments } from '../lib/ecs/traffic-documents.ts'
import { BatchWriter } from '../lib/flow/batch-writer.ts'
import { clearPage, newDocumentPage } from '../lib/flow/documents.ts'
import { join, u16, u32, zeros } from '../lib/testing/datagrams.ts'
import { golden } from '../lib/testing/golden.ts'
import { frame, packet, transport, udp } from '../lib/track/testing/packets.ts'
import { Tracker } from '../lib/track/tracker.ts'

// Packets of every shape through tracker and documents, in either form: layers and keys, directions, fragments, ticks.

const test = suite('packets-golden')

const START_MS = 1_767_225_605_000
const V6 = { from: '2001:db8::1', to: '2001:db8::2' }
const MACS_BACK = { fromMac: '02:00:00:00:00:02', toMac: '02:00:00:00:00:01' }
const BACK6 = { from: V6.to, to: V6.from, ...MACS_BACK }
const BACK = { from: '10.0.0.2', to: '10.0.0.1', ...MACS_BACK }
/** The flow id that is worked out in documentation of Packetbeat's key. */
const WORKED = {
  fromMac: '01:02:03:04:05:06',
  toMac: '06:05:04:03:02:01',
  vlans: [171],
  from: '203.0.113.3',
  to: '198.51.100.2',
  ports: [38_901, 80],
  protocol: 6,
} as const

const icmp = (type: number, code: number) => Uint8Array.of(type, code, 0, 0, 0, 1, 0, 1)
const inner4 = packet(17, udp([7, 8], zeros(4)), { from: '192.168.0.1', to: '192.168.0.2' })
const inner6 = packet(58, icmp(128, 0), V6)
const long = udp([5353, 53], zeros(100))
const fragment6 = (from: number, to: number, more: number) =>
  frame(0x86dd, packet(44, join([17, 0], u16(from | more), u32(77), long.subarray(from, to)), V6))

/** What comes, each at so many milliseconds after the start. */
const PACKETS: readonly (readonly [number, Uint8Array])[] = [
  [0, transport(WORKED)],
  [10, transport({ ports: [40_000, 443], protocol: 6, flags: 2 })],
  [11, transport({ ...BACK, ports: [443, 40_000], protocol: 6, flags: 0x12 })],
  [12, transport({ ...V6, ports: [1000, 53] })],
  [13, transport({ ...BACK6, ports: [53, 1000], payload: zeros(500) })],
  [20, transport({ vlans: [101, 600], ports: [9, 10] })],
  [30, frame(0x0800, packet(1, icmp(8, 0), { to: '10.0.0.3' }))],
  [31, frame(0x0800, packet(1, icmp(0, 0), { to: '10.0.0.4' }))],
  [32, frame(0x86dd, packet(58, icmp(135, 0), V6))],
  [40, frame(0x0800, packet(4, inner4))],
  [41, frame(0x0800, packet(41, inner6))],
  [42, frame(0x86dd, packet(4, inner4, { from: '2001:db8::8', to: '2001:db8::9' }))],
  [50, frame(0x0806, new Uint8Array(28))],
  [60, frame(0x0800, packet(17, long.subarray(0, 56), { to: '10.0.0.5' }, 0x2000))],
  [61, frame(0x0800, packet(17, long.subarray(56), { to: '10.0.0.5' }, 7))],
  [62, fragment6(0, 56, 1)],
  [63, fragment6(56, long.length, 0)],
  [12_000, transport({ ports: [40_000, 443], protocol: 6, flags: 0x11 })],
  [90_000, transport({ ports: [1, 1], from: '10.0.0.1', to: '10.0.0.1' })],
]

function documentsOf(form: 'ecs' | 'packetbeat6', isDelta: boolean): string {
  let text = ''
  const documents = newTrafficDocuments({
    form,
    communityIdForm: 'specified',
    dataset: 'flow',
    members: '',
    geo: null,
  })
  const page = newDocumentPage()
  const writer = new BatchWriter('flow', (batch) => {
    for (let from = 0; from < batch.rowCount; ) {
      from = documents.write(batch, from, batch.rowCount, page)
      text += Buffer.from(page.octets.subarray(0, page.used)).toString()
      clearPage(page)
    }
    batch.reset()
    return batch
  })
  const tracker = new Tracker({
    writer,
    observer: null,
    ingressInterface: 0,
    isReportingIdle: true,
    isDelta,
    timeoutMs: 30_000,
    periodMs: 10_000,
    alignMs: 10_000,
    mostFlows: 1000,
    isMacKey: true,
  })
  const timeNs = new BigUint64Array(1)
  const timeWords = new Uint32Array(timeNs.buffer)
  for (const [ms, octets] of PACKETS) {
    timeNs[0] = BigInt(START_MS + ms) * 1_000_000n
    const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
    tracker.take(octets, view, 1, 0, octets.length, octets.length, timeNs, timeWords)
  }
  tracker.close(null)
  writer.flush()
  return text
}

test("packets of every shape make today's documents", () => {
  golden('testdata/packets/shapes-ecs.golden.ndjson', documentsOf('ecs', false))
})

test("and Packetbeat 6's", () => {
  golden('testdata/packets/shapes-packetbeat6.golden.ndjson', documentsOf('packetbeat6', false))
})

test('delta reports begin at zero again', () => {
  golden('testdata/packets/shapes-delta.golden.ndjson', documentsOf('ecs', true))
})

test.run()
