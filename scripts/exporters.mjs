// Real exporters on loopback against the executable: softflowd (v1, v5, v9, IPFIX), pmacctd's nfprobe (v5, v9, IPFIX)
// and sfprobe (sFlow), nfreplay (v5, v9). The totals that arrive must equal what was sent; collect is restarted between
// the template and the data of one exporter and must have lost nothing. Exporters that are not installed are skipped.
// Usage: npm run exporters
import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { concat, ethernet, ip, pcap } from '../lib/testing/pcap.ts'
import { newRandom } from '../lib/testing/workload.ts'
import { nfcapd, settle, startCollector, temporaryFolder, weir } from './bench/peers.mjs'

const folder = temporaryFolder()
let port = 29_500
let passed = 0
let failed = 0
let skipped = 0

function installed(name) {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0
}

/** A trace of TCP and UDP conversations over both families, and what it adds up to at the IP layer. */
function makeTrace(path) {
  const random = newRandom(42)
  const packets = []
  const totals = { packets: 0, bytes: 0, ipv4Packets: 0, ipv4Bytes: 0 }
  const start = BigInt(Math.floor(Date.now() / 1000) - 120) * 1_000_000_000n
  for (let flow = 0; flow < 300; flow++) {
    const isIpv6 = flow % 5 === 4
    const source = isIpv6 ? `2001:db8:1::${(flow + 1).toString(16)}` : `10.1.${flow >> 8}.${flow & 255}`
    const destination = isIpv6 ? '2001:db8:2::1' : `198.51.100.${1 + (flow % 50)}`
    const count = 1 + random(8)
    for (let i = 0; i < count; i++) {
      const isTcp = flow % 2 === 0
      const header = new Uint8Array(isTcp ? 20 : 8)
      const view = new DataView(header.buffer)
      view.setUint16(0, 20_000 + flow)
      view.setUint16(2, isTcp ? 443 : 53)
      const payload = new Uint8Array(random(900))
      if (isTcp) {
        view.setUint8(12, 0x50)
        view.setUint8(13, 0x10)
      } else {
        view.setUint16(4, 8 + payload.length)
      }
      const packet = ip(source, destination, concat(header, payload), { protocol: isTcp ? 6 : 17 })
      const frame = ethernet(packet)
      packets.push({ timeNs: start + BigInt(flow * 100 + i) * 1_000_000n, octets: frame })
      totals.packets++
      totals.bytes += packet.length
      if (!isIpv6) {
        totals.ipv4Packets++
        totals.ipv4Bytes += packet.length
      }
    }
  }
  packets.sort((a, b) => Number(a.timeNs - b.timeNs))
  writeFileSync(path, pcap(packets))
  return totals
}

function readRows(file) {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

function sum(rows) {
  return rows.reduce(
    (total, row) => ({ packets: total.packets + row.packets, bytes: total.bytes + row.bytes }),
    {
      packets: 0,
      bytes: 0,
    },
  )
}

async function check(name, tool, protocol, send, wanted) {
  if (!installed(tool)) {
    console.log(`skipped ${name}: ${tool} is not installed`)
    skipped++
    return
  }
  port += 10
  const collector = await startCollector('weir', { protocol, port, folder })
  try {
    await send(port)
    await settle(collector.pid, 10)
  } finally {
    await collector.stop()
  }
  const rows = readRows(collector.file)
  const got = sum(rows)
  const complaint = wanted(got, rows)
  if (complaint === '') {
    console.log(`held    ${name}: ${rows.length} flows, ${got.packets} packets, ${got.bytes} bytes`)
    passed++
  } else {
    console.log(`BROKEN  ${name}: ${rows.length} flows: ${complaint}`)
    failed++
  }
}

function equal(packets, bytes) {
  return (got) =>
    got.packets === packets && got.bytes === bytes
      ? ''
      : `got ${got.packets} packets and ${got.bytes} bytes, want ${packets} and ${bytes}`
}

/** Runs an exporter to its end, or for `seconds` at most. */
function run(command, args, seconds = 20) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: folder, stdio: 'ignore' })
    const timer = setTimeout(() => child.kill('SIGTERM'), seconds * 1000)
    child.on('exit', (status) => {
      clearTimeout(timer)
      resolve(status)
    })
  })
}

if (weir === undefined) {
  console.error('dist/weir is missing: run npm run build first')
  process.exit(1)
}
const trace = join(folder, 'trace.pcap')
const totals = makeTrace(trace)

for (const version of ['1', '5', '9', '10']) {
  // v1 and v5 have no IPv6 flows.
  const [packets, bytes] =
    version === '1' || version === '5'
      ? [totals.ipv4Packets, totals.ipv4Bytes]
      : [totals.packets, totals.bytes]
  await check(
    `softflowd v${version}`,
    'softflowd',
    'netflow',
    (to) =>
      run('softflowd', [
        '-r',
        trace,
        '-a',
        '-d',
        '-n',
        `127.0.0.1:${to}`,
        '-v',
        version,
        '-c',
        'none',
        '-p',
        join(folder, 'sf.pid'),
      ]),
    equal(packets, bytes),
  )
}

async function pmacct(to, plugin, version) {
  const lines = [
    'daemonize: false',
    `pcap_savefile: ${trace}`,
    'pcap_savefile_delay: 1',
    `plugins: ${plugin}[p]`,
    'aggregate[p]: src_host, dst_host, src_port, dst_port, proto, tos',
  ]
  if (plugin === 'nfprobe') {
    lines.push(
      `nfprobe_receiver[p]: 127.0.0.1:${to}`,
      `nfprobe_version[p]: ${version}`,
      'nfprobe_timeouts[p]: general=2:maxlife=4:expint=1:tcp=2:udp=2',
    )
  } else {
    lines.push(`sfprobe_receiver[p]: 127.0.0.1:${to}`, 'sampling_rate[p]: 1')
  }
  const config = join(folder, `pmacctd-${plugin}-${version}.conf`)
  writeFileSync(config, `${lines.join('\n')}\n`)
  await run('pmacctd', ['-f', config], 14)
}
for (const version of [5, 9, 10]) {
  const [packets, bytes] =
    version === 5 ? [totals.ipv4Packets, totals.ipv4Bytes] : [totals.packets, totals.bytes]
  await check(
    `pmacctd nfprobe v${version}`,
    'pmacctd',
    'netflow',
    (to) => pmacct(to, 'nfprobe', version),
    equal(packets, bytes),
  )
}
// sfprobe keeps the samples of its last datagram when it ends: what it sent is counted on the way.
let samplesSent = 0
await check(
  'pmacctd sfprobe',
  'pmacctd',
  'sflow',
  async (to) => {
    const relay = createSocket('udp4')
    relay.on('message', (message) => {
      samplesSent += message.readUInt32BE(24)
      relay.send(message, to, '127.0.0.1')
    })
    await new Promise((resolve) => relay.bind(to + 5, '127.0.0.1', resolve))
    await pmacct(to + 5, 'sfprobe', 5)
    relay.close()
  },
  (got, rows) =>
    got.packets === samplesSent && samplesSent > 1300 && rows.every((row) => row.type === 'SFLOW_5')
      ? ''
      : `got ${got.packets} packets, want ${samplesSent}`,
)

// nfreplay sends what nfcapd has stored from softflowd.
if (nfcapd !== undefined && installed('nfreplay') && installed('softflowd')) {
  port += 10
  const store = await startCollector('nfcapd', { protocol: 'v9', port, folder })
  await run('softflowd', [
    '-r',
    trace,
    '-a',
    '-d',
    '-n',
    `127.0.0.1:${port}`,
    '-v',
    '9',
    '-c',
    'none',
    '-p',
    join(folder, 'sf.pid'),
  ])
  await settle(store.pid, 10)
  await store.stop()
  const files = join(folder, `nfcapd-${port}`)
  for (const version of ['5', '9']) {
    const [packets, bytes] =
      version === '5' ? [totals.ipv4Packets, totals.ipv4Bytes] : [totals.packets, totals.bytes]
    await check(
      `nfreplay v${version}`,
      'nfreplay',
      'netflow',
      async (to) => {
        for (const name of readdirSync(files)
          .filter((file) => file.startsWith('nfcapd.'))
          .sort()) {
          await run('nfreplay', [
            '-r',
            join(files, name),
            '-H',
            '127.0.0.1',
            '-p',
            String(to),
            '-v',
            version,
            '-d',
            '100',
          ])
        }
      },
      equal(packets, bytes),
    )
  }
} else {
  console.log('skipped nfreplay: nfcapd, nfreplay or softflowd is not installed')
  skipped++
}

// A restart between template and data: the templates come from the state folder.
if (installed('softflowd')) {
  port += 10
  const state = join(folder, 'state')
  mkdirSync(state)
  const file = join(folder, 'restart.out')
  const { makeWorkload } = await import('../lib/testing/workload.ts')
  const workload = makeWorkload('v9', 50)
  const socket = createSocket('udp4')
  const send = (octets) => new Promise((resolve) => socket.send(octets, port, '127.0.0.1', resolve))
  const start = async () => {
    const child = spawn(
      weir,
      [
        'collect',
        '--listen',
        `netflow://127.0.0.1:${port}`,
        '--output',
        file,
        '--state',
        state,
        '--addr',
        '',
      ],
      { stdio: 'ignore' },
    )
    await new Promise((resolve) => setTimeout(resolve, 800))
    return {
      child,
      stop: () =>
        new Promise((resolve) => {
          child.on('exit', resolve)
          child.kill('SIGTERM')
        }),
    }
  }
  let collector = await start()
  for (const template of workload.templates) await send(template)
  await new Promise((resolve) => setTimeout(resolve, 300))
  await collector.stop()
  collector = await start()
  for (const datagram of workload.datagrams) await send(datagram)
  await new Promise((resolve) => setTimeout(resolve, 500))
  await collector.stop()
  socket.close()
  const rows = readRows(file).length
  const want = workload.datagrams.length * workload.flowsPerDatagram
  if (rows === want) {
    console.log(`held    restart between template and data: ${rows} flows`)
    passed++
  } else {
    console.log(`BROKEN  restart between template and data: ${rows} of ${want} flows`)
    failed++
  }
}

console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(failed > 0 ? 1 : 0)
