import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newDecoder } from '../lib/decode/decoder.ts'
import { DEFAULT_LIMITS } from '../lib/decode/settings.ts'
import { SILENT } from '../lib/diagnostics/log.ts'
import { batchBlock } from '../lib/export/batch-block.ts'
import { NfdumpCsv } from '../lib/export/nfdump-csv.ts'
import { BatchWriter } from '../lib/flow/batch-writer.ts'
import { NO_CAPTURES } from '../lib/flow/captures.ts'
import {
  dataSet,
  ipv4,
  ipv6,
  join as joined,
  mac,
  netflow9Datagram,
  received,
  type Specifier,
  templateSet,
  u8,
  u16,
  u32,
  u64,
  uint,
} from '../lib/testing/datagrams.ts'

// The same datagrams go to Debian's nfcapd and to our decoder; what nfdump prints of them is what we print.

const V4: readonly Specifier[] = [
  [8, 4],
  [12, 4],
  [15, 4],
  [18, 4],
  [10, 4],
  [14, 4],
  [2, 8],
  [1, 8],
  [24, 8],
  [23, 8],
  [22, 4],
  [21, 4],
  [7, 2],
  [11, 2],
  [4, 1],
  [5, 1],
  [6, 1],
  [16, 4],
  [17, 4],
  [9, 1],
  [13, 1],
  [61, 1],
  [55, 1],
  [58, 2],
  [59, 2],
  [56, 6],
  [80, 6],
  [81, 6],
  [57, 6],
  [70, 3],
  [71, 3],
  [89, 1],
  [32, 2],
]
const V6: readonly Specifier[] = [
  [27, 16],
  [28, 16],
  [62, 16],
  [2, 8],
  [1, 8],
  [22, 4],
  [21, 4],
  [7, 2],
  [11, 2],
  [4, 1],
  [29, 1],
  [30, 1],
]

function v4(protocol: number, flags: number, ports: readonly [number, number], octets: bigint): Uint8Array {
  return joined(
    ipv4('192.0.2.1'),
    ipv4('198.51.100.2'),
    ipv4('192.0.2.77'),
    ipv4('192.0.2.78'),
    u32(7),
    u32(4_000_000_000),
    u64(5),
    u64(octets),
    u64(3),
    u64(777),
    u32(1000),
    u32(4250),
    u16(ports[0]),
    u16(ports[1]),
    u8(protocol),
    u8(0xb8),
    u8(flags),
    u32(64_500),
    u32(4_200_000_000),
    u8(24),
    u8(16),
    u8(1),
    u8(0x10),
    u16(100),
    u16(200),
    mac('00:00:5e:00:53:01'),
    mac('00:00:5e:00:53:02'),
    mac('00:00:5e:00:53:03'),
    mac('00:00:5e:00:53:04'),
    uint((19 << 4) | (5 << 1), 3),
    uint((1_048_575 << 4) | 1, 3),
    u8(64),
    u16(protocol === 1 ? ports[1] : 0),
  )
}

function v6(protocol: number, ports: readonly [number, number]): Uint8Array {
  return joined(
    ipv6('2001:db8::1'),
    ipv6('2001:db8:1234:5678:9abc:def0:1234:5678'),
    ipv6('2001:db8::77'),
    u64(2),
    u64(99),
    u32(1000),
    u32(61_000),
    u16(ports[0]),
    u16(ports[1]),
    u8(protocol),
    u8(48),
    u8(64),
  )
}

function datagrams(): Uint8Array[] {
  const header = { sequence: 1, sourceId: 42, uptime: 3_600_000, exportTime: 1_767_225_600 }
  const rows4 = [
    v4(6, 0x1b, [1234, 443], 1234n),
    v4(1, 0, [0, 2048], 84n),
    v4(17, 0, [53, 5353], 4_294_967_296n),
    v4(132, 0xff, [1, 2], 9_007_199_254_740_993n),
    ...Array.from({ length: 32 }, (_, i) => v4(i * 8, 0, [0, 0], BigInt(i))),
  ]
  return [
    netflow9Datagram({
      ...header,
      sets: [
        templateSet(9, [
          [256, V4],
          [257, V6],
        ]),
      ],
    }),
    ...rows4.map((row, i) => netflow9Datagram({ ...header, sequence: 2 + i, sets: [dataSet(256, [row])] })),
    netflow9Datagram({
      ...header,
      sequence: 99,
      sets: [dataSet(257, [v6(6, [80, 40_000]), v6(58, [0, 0])])],
    }),
  ]
}

function ours(payloads: readonly Uint8Array[]): string[] {
  const pieces: Buffer[] = []
  const sink = new NfdumpCsv({
    header: true,
    write: (octets, from, to) => void pieces.push(Buffer.from(octets.subarray(from, to))),
  })
  const writer = new BatchWriter('flow', (batch) => {
    sink.write(batchBlock(batch), null, [])
    batch.reset()
    return batch
  })
  const decoder = newDecoder({
    writers: { flow: writer },
    captures: NO_CAPTURES,
    keepUnknown: false,
    sampling: { overrides: [], default: 0 },
    limits: DEFAULT_LIMITS,
    log: SILENT,
  })
  for (const payload of payloads) decoder.decode(received(payload, { address: '127.0.0.1' }), 'flow')
  writer.flush()
  sink.close()
  return Buffer.concat(pieces).toString().trimEnd().split('\n')
}

/** What nfdump prints; null where it is not installed or catches nothing. */
async function nfdumps(payloads: readonly Uint8Array[]): Promise<string[] | null> {
  if (spawnSync('nfdump', ['-V']).status !== 0) return null
  const folder = mkdtempSync(join(tmpdir(), 'weir-nfdump-'))
  const socket = createSocket('udp4')
  try {
    // A port that was free a moment ago: nfcapd takes no 0.
    const probe = createSocket('udp4')
    await new Promise<void>((resolve) => probe.bind(0, '127.0.0.1', resolve))
    const { port } = probe.address()
    await new Promise<void>((resolve) => probe.close(() => resolve()))
    const nfcapd = spawn('nfcapd', ['-p', String(port), '-b', '127.0.0.1', '-w', folder, '-t', '3600'], {
      stdio: 'ignore',
    })
    const exited = new Promise<void>((resolve) => nfcapd.on('exit', () => resolve()))
    nfcapd.on('error', () => {})
    await sleep(400)
    for (const payload of payloads) {
      await new Promise<void>((resolve) => socket.send(payload, port, '127.0.0.1', () => resolve()))
    }
    await sleep(300)
    nfcapd.kill('SIGTERM')
    await exited
    const file = readdirSync(folder).find((name) => name.startsWith('nfcapd.'))
    if (file === undefined) return null
    const environment = { ...process.env, TZ: 'UTC' }
    const run = spawnSync('nfdump', ['-r', join(folder, file), '-o', 'csv'], { env: environment })
    const lines = run.stdout.toString().split('\n')
    return lines.slice(0, lines.indexOf('Summary'))
  } finally {
    socket.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** `tr` is when it was received, which differs; nfdump gives the next hop for the BGP next hop of IPv6 flows. */
function comparable(line: string): string {
  const cells = line.split(',').slice(0, -1)
  if (cells[3]?.includes(':') === true) cells[24] = ''
  return cells.join(',')
}

const payloads = datagrams()
const theirs = await nfdumps(payloads)
if (theirs === null || theirs.length < 3) {
  console.log('skipped: nfdump is not installed')
} else {
  test('flows are printed as nfdump prints them', () => {
    assert.equal(ours(payloads).map(comparable), theirs.map(comparable))
  })
}

test('there are 48 columns, whatever a flow has', () => {
  const lines = ours(payloads)
  assert.is(lines.length, 1 + 36 + 2)
  for (const line of lines) assert.is(line.split(',').length, 48)
})

test.run()
