import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAddress } from '../lib/bytes/address.ts'
import { newDecoder } from '../lib/decode/decoder.ts'
import { DEFAULT_LIMITS } from '../lib/decode/settings.ts'
import { SILENT } from '../lib/diagnostics/log.ts'
import type { FixedColumn, FlowBatch } from '../lib/flow/batch.ts'
import { BatchWriter } from '../lib/flow/batch-writer.ts'
import { NO_CAPTURES } from '../lib/flow/captures.ts'
import { newDatagram } from '../lib/flow/datagram.ts'
import { F, type Field } from '../lib/flow/fields.ts'
import { readPacketCapture } from '../lib/receive/packet-capture.ts'
import { pcap } from '../lib/testing/pcap.ts'
import { conformance, testdata } from '../lib/testing/project.ts'
import { frame, packet, transport, udp } from '../lib/track/testing/packets.ts'
import { Tracker } from '../lib/track/tracker.ts'

// Octets and packets of each conversation, tracked by us and exported by softflowd, of the same captures.

const test = suite('packets-softflowd')

const softflowd = ['/usr/sbin/softflowd', '/usr/bin/softflowd'].find((path) => existsSync(path))
const PATIENCE_MS = 2000

type Sums = Map<string, { octets: number; packets: number }>

/** Adds the rows of a batch, by who talks to whom. */
function add(sums: Sums, batch: FlowBatch): void {
  const column = (field: Field) => batch.find(field) as FixedColumn | undefined
  const number = (field: Field, row: number) => {
    const found = column(field)
    return found?.present[row] === 1 ? found.values[row]! : 0
  }
  const wide = (field: Field, row: number) => {
    const found = column(field)
    return found?.present[row] === 1 ? Number(found.wide[row]!) : 0
  }
  for (let row = 0; row < batch.rowCount; row++) {
    const source = column(F.sourceAddress)
    // softflowd tells of IP only.
    if (source?.present[row] !== 1) continue
    const protocol = number(F.protocolIdentifier, row)
    const isIcmp = protocol === 1 || protocol === 58
    const ports = isIcmp ? [] : [number(F.sourceTransportPort, row), number(F.destinationTransportPort, row)]
    const ends = [source, column(F.destinationAddress)!].map(({ words }) => formatAddress(words, row * 4))
    const key = [...ends, protocol, ...ports].join(' ')
    const known = sums.get(key) ?? { octets: 0, packets: 0 }
    known.octets += wide(F.octetDeltaCount, row)
    known.packets += wide(F.packetDeltaCount, row)
    sums.set(key, known)
  }
}

async function tracked(path: string): Promise<Sums> {
  const sums: Sums = new Map()
  const writer = new BatchWriter('flow', (batch) => {
    add(sums, batch)
    batch.reset()
    return batch
  })
  const tracker = new Tracker({
    writer,
    observer: null,
    ingressInterface: 0,
    isReportingIdle: true,
    isDelta: false,
    timeoutMs: 30_000,
    periodMs: 10_000,
    alignMs: 10_000,
    mostFlows: 10_000,
    isMacKey: true,
  })
  await readPacketCapture(path, {
    log: SILENT,
    filterOf: () => null,
    onPacket: (...packet) => tracker.take(...packet),
  })
  tracker.close(null)
  writer.flush()
  return sums
}

/** What softflowd exports of a capture, as NetFlow v9; comes back when there are so many packets, or time is up. */
async function exported(path: string, packets: number): Promise<Sums> {
  const sums: Sums = new Map()
  const writer = new BatchWriter('flow', (batch) => {
    add(sums, batch)
    batch.reset()
    return batch
  })
  const decoder = newDecoder({
    writers: { flow: writer },
    captures: NO_CAPTURES,
    keepUnknown: false,
    sampling: { overrides: [], default: 0 },
    limits: DEFAULT_LIMITS,
    detectSequenceReset: false,
    log: SILENT,
  })
  const socket = createSocket('udp4')
  socket.on('message', (octets) => {
    const datagram = newDatagram()
    datagram.octets = Uint8Array.from(octets)
    datagram.view = new DataView(datagram.octets.buffer)
    datagram.from = 0
    datagram.to = octets.length
    datagram.address.set([0, 0, 0xffff, 0x7f00_0001])
    decoder.decode(datagram, 'netflow')
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const to = `127.0.0.1:${socket.address().port}`
  const { status, stderr } = spawnSync(softflowd!, ['-r', path, '-n', to, '-v', '9', '-6', '-d'], {
    encoding: 'utf8',
    cwd: tmpdir(),
  })
  assert.is(status, 0, stderr)
  for (let ms = 0; ms < PATIENCE_MS && packetsOf(sums) < packets; ms += 5) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    writer.flush()
  }
  socket.close()
  writer.flush()
  return sums
}

function packetsOf(sums: Sums): number {
  return [...sums.values()].reduce((sum, { packets }) => sum + packets, 0)
}

async function compare(path: string): Promise<void> {
  const ours = await tracked(path)
  const theirs = await exported(path, packetsOf(ours))
  assert.equal(Object.fromEntries([...ours].sort()), Object.fromEntries([...theirs].sort()), path)
}

if (softflowd === undefined) {
  console.log('skipped: softflowd is not installed')
} else {
  test('conversations of our captures have the octets and packets that softflowd exports', async () => {
    await compare(testdata('demo/office.pcap'))
    await compare(testdata('captures/softflowd-v9.pcap'))
  })

  test('tunnels, tags and protocols without ports, too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-softflowd-'))
    try {
      const path = join(folder, 'made.pcap')
      const inner = packet(17, udp([7, 8], new Uint8Array(4)), { from: '192.168.0.1', to: '192.168.0.2' })
      const frames = [
        frame(0x0800, packet(4, inner)),
        frame(0x0800, packet(47, new Uint8Array(20))),
        frame(0x0800, packet(132, new Uint8Array(20), { to: '10.0.0.3' })),
        transport({ protocol: 6, ports: [40_000, 443], vlans: [7] }),
        transport({ protocol: 6, ports: [40_000, 443], from: '2001:db8::1', to: '2001:db8::2' }),
      ]
      writeFileSync(
        path,
        pcap(
          frames.map((octets, i) => ({
            timeNs: 1_767_225_605_000_000_000n + BigInt(i) * 1_000_000n,
            octets,
          })),
        ),
      )
      await compare(path)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  const folder = conformance('elastic')
  if (folder === undefined) console.log('skipped: no conformance data (elastic)')
  else {
    for (const name of [
      'packetbeat/pcap/mysql_long.pcap',
      'packetbeat/pcap/dns_google_com.pcap',
      'packetbeat/pcap/http_over_vlan.pcap',
      'packetbeat/pcap/ipv6_thrift.pcap',
      'packetbeat/pcap/icmp_2_pings.pcap',
      'communityid/pcap/icmp6.pcap',
      'communityid/pcap/sctp.pcap',
    ]) {
      test(`${name} gives the sums that softflowd exports`, () => compare(join(folder, name)))
    }
  }
}

test.run()
