// Makes the captures of testdata/demo and testdata/captures again: a small office's traffic, invented here, goes
// through softflowd (Debian package), whose datagrams are recorded on loopback. The exporters' addresses and the times
// of receipt are put in afterwards (documentation addresses; the export time), so that a second run gives the same but
// for softflowd's process number in its options data.
//
//   node scripts/run.mjs make-capture        needs softflowd; nothing else of the project does
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { concat, ethernet, ip, ipUdp, pcap } from '../lib/testing/pcap.ts'
import { newRandom } from '../lib/testing/workload.ts'

const testdata = join(import.meta.dirname, '../testdata')
const START = Date.UTC(2026, 10, 20, 9) / 1000
const COLLECTOR = '192.0.2.250'
/** Version word of softflowd, name in testdata, address of the exporter, where its header has seconds and nanoseconds. */
const EXPORTERS = [
  { version: '1', name: 'v1', address: '192.0.2.251', secondsAt: 8, nanosecondsAt: 12 },
  { version: '5', name: 'v5', address: '192.0.2.252', secondsAt: 8, nanosecondsAt: 12 },
  { version: '9', name: 'v9', address: '192.0.2.253', secondsAt: 8 },
  { version: '10', name: 'ipfix', address: '192.0.2.254', secondsAt: 4 },
  { version: '10', name: 'ipfix-biflow', address: '192.0.2.254', secondsAt: 4, flags: ['-b'] },
]
/** The ones whose datagrams the demo shows together. */
const IN_DEMO = ['v5', 'v9', 'ipfix']

let random = newRandom(1)
const pick = (list) => list[random(list.length)]
const FLAGS = { fin: 1, syn: 2, rst: 4, push: 8, ack: 16 }

function tcp(sourcePort, destinationPort, flags, octets) {
  const head = new DataView(new ArrayBuffer(20))
  head.setUint16(0, sourcePort)
  head.setUint16(2, destinationPort)
  head.setUint8(12, 0x50)
  head.setUint8(13, flags)
  return concat(new Uint8Array(head.buffer), new Uint8Array(octets))
}

function icmp(type, code, octets) {
  return concat(Uint8Array.of(type, code, 0, 0, 0, 0, 0, 0), new Uint8Array(octets))
}

/** The packets of one conversation as [seconds after its start, IP packet]. */
function conversation(client, server, kind) {
  const port = 49_152 + random(16_000)
  if (kind === 'dns' || kind === 'ntp') {
    const service = kind === 'dns' ? 53 : 123
    const send = (source, sourcePort, destination, destinationPort, octets) =>
      ipUdp({ source, sourcePort, destination, destinationPort, payload: new Uint8Array(octets) })
    return [
      [0, send(client, port, server, service, kind === 'dns' ? 40 + random(20) : 48)],
      [0.02, send(server, service, client, port, kind === 'dns' ? 90 + random(300) : 48)],
    ]
  }
  if (kind === 'ping') {
    const isIpv6 = client.includes(':')
    const [ask, answer, protocol] = isIpv6 ? [128, 129, 58] : [8, 0, 1]
    return [0, 1, 2, 3].flatMap((i) => [
      [i, ip(client, server, icmp(ask, 0, 56), { protocol })],
      [i + 0.01, ip(server, client, icmp(answer, 0, 56), { protocol })],
    ])
  }
  if (kind === 'scan') {
    // Somebody knocks, and is sent away.
    return [22, 23, 80, 443, 445, 3389, 8080].flatMap((service, i) => [
      [i / 10, ip(client, server, tcp(port, service, FLAGS.syn, 0), { protocol: 6 })],
      [i / 10 + 0.001, ip(server, client, tcp(service, port, FLAGS.rst | FLAGS.ack, 0), { protocol: 6 })],
    ])
  }
  const service = { https: 443, http: 80, ssh: 22, smtp: 25, imap: 993 }[kind]
  const up = (flags, octets) => ip(client, server, tcp(port, service, flags, octets), { protocol: 6 })
  const down = (flags, octets) => ip(server, client, tcp(service, port, flags, octets), { protocol: 6 })
  const packets = [
    [0, up(FLAGS.syn, 0)],
    [0.01, down(FLAGS.syn | FLAGS.ack, 0)],
    [0.02, up(FLAGS.ack, 0)],
  ]
  const exchanges = kind === 'ssh' ? 20 + random(20) : 1 + random(8)
  let at = 0.03
  for (let i = 0; i < exchanges; i++) {
    packets.push([at, up(FLAGS.push | FLAGS.ack, 80 + random(400))])
    for (let answer = 0; answer < 1 + random(kind === 'ssh' ? 2 : 6); answer++) {
      at += 0.01
      packets.push([at, down(FLAGS.push | FLAGS.ack, 200 + random(1248))])
    }
    at += kind === 'ssh' ? 1 : 0.3
  }
  packets.push([at, up(FLAGS.fin | FLAGS.ack, 0)], [at + 0.01, down(FLAGS.fin | FLAGS.ack, 0)])
  return packets
}

/** Five minutes of twelve desks, a mail server, and somebody who scans. */
function officeTrace(seed) {
  random = newRandom(seed)
  const packets = []
  for (let i = 0; i < 150; i++) {
    const isIpv6 = random(4) === 0
    const desk = 10 + random(12)
    const client = isIpv6 ? `2001:db8:1::${desk}` : `192.0.2.${desk}`
    const server = isIpv6
      ? `2001:db8:${pick(['a', 'b', 'c'])}::${1 + random(6)}`
      : `${pick(['198.51.100', '203.0.113'])}.${1 + random(40)}`
    const kind = pick([
      'https',
      'https',
      'https',
      'https',
      'http',
      'dns',
      'dns',
      'dns',
      'ntp',
      'ssh',
      'imap',
      'ping',
    ])
    const start = random(300_000) / 1000
    for (const [after, octets] of conversation(client, server, kind)) packets.push([start + after, octets])
  }
  for (const [after, octets] of conversation('198.51.100.66', '192.0.2.25', 'scan'))
    packets.push([100 + after, octets])
  for (const [after, octets] of conversation('203.0.113.9', '192.0.2.25', 'smtp'))
    packets.push([60 + after, octets])
  packets.sort((a, b) => a[0] - b[0])
  return pcap(
    packets.map(([after, octets]) => ({
      timeNs: BigInt(START) * 1_000_000_000n + BigInt(Math.round(after * 1e6)) * 1000n,
      octets: ethernet(octets),
    })),
  )
}

/** What softflowd sends for the trace. */
async function exported(trace, { version, flags = [] }) {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const datagrams = []
  socket.on('message', (payload) => datagrams.push(new Uint8Array(payload)))
  const folder = mkdtempSync(join(tmpdir(), 'weir-softflowd-'))
  const child = spawn(
    'softflowd',
    [
      // The name of the file becomes the interface's name in the options data.
      ...['-r', basename(trace), '-a', '-d', '-6', '-v', version, '-n', `127.0.0.1:${socket.address().port}`],
      ...['-p', join(folder, 'pid'), '-c', 'none', ...flags],
    ],
    { stdio: 'ignore', cwd: dirname(trace) },
  )
  await once(child, 'exit')
  await new Promise((resolve) => setTimeout(resolve, 200))
  socket.close()
  rmSync(folder, { recursive: true })
  return datagrams
}

/** The datagrams of an exporter that saw the trace, as they would be captured before the collector. */
async function captured(exporter, trace) {
  const datagrams = await exported(trace, exporter)
  return datagrams.map((payload, i) => {
    const view = new DataView(payload.buffer)
    const ns = exporter.nanosecondsAt === undefined ? 0 : view.getUint32(exporter.nanosecondsAt)
    return {
      timeNs: BigInt(view.getUint32(exporter.secondsAt)) * 1_000_000_000n + BigInt(ns) + BigInt(i) * 1000n,
      octets: ethernet(
        ipUdp({
          source: exporter.address,
          sourcePort: 50_000,
          destination: COLLECTOR,
          destinationPort: exporter.version === '10' ? 4739 : 2055,
          payload,
        }),
      ),
    }
  })
}

const folder = mkdtempSync(join(tmpdir(), 'weir-trace-'))
const trace = join(folder, 'office.pcap')
for (const name of ['demo', 'captures']) mkdirSync(join(testdata, name), { recursive: true })

writeFileSync(trace, officeTrace(20261120))
for (const exporter of EXPORTERS) {
  const file = join(testdata, `captures/softflowd-${exporter.name}.pcap`)
  writeFileSync(file, pcap(await captured(exporter, trace)))
  console.log(file)
}

// In the demo each exporter has traffic of its own.
const demo = []
for (const [i, name] of IN_DEMO.entries()) {
  writeFileSync(trace, officeTrace(i + 1))
  demo.push(
    ...(await captured(
      EXPORTERS.find((exporter) => exporter.name === name),
      trace,
    )),
  )
}
demo.sort((a, b) => Number(a.timeNs - b.timeNs))
writeFileSync(join(testdata, 'demo/office.pcap'), pcap(demo))
rmSync(folder, { recursive: true })
