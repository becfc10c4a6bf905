import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAddress } from '../bytes/address.ts'
import { FlowError } from '../diagnostics/flow-error.ts'
import { SILENT } from '../diagnostics/log.ts'
import { concat, ethernet, ip, ipUdp, PcapngSection, pcap, udp } from '../testing/pcap.ts'
import { type CaptureOptions, readCapture } from './capture.ts'

const folder = mkdtempSync(join(tmpdir(), 'capture-'))
test.after(() => rmSync(folder, { recursive: true }))

interface Seen {
  payload: number[]
  from: string
  to: string
  timeNs: bigint
}

const packet = {
  source: '192.0.2.1',
  sourcePort: 40000,
  destination: '198.51.100.2',
  destinationPort: 2055,
  payload: Uint8Array.of(1, 2, 3, 4, 5),
}
const packet6 = { ...packet, source: '2001:db8::1', destination: '2001:db8::2' }
const timeNs = 1_700_000_000_123_456_789n
const timeUs = (timeNs / 1000n) * 1000n

async function read(octets: Uint8Array, options: Partial<CaptureOptions> = {}) {
  const path = join(folder, 'capture')
  writeFileSync(path, octets)
  const seen: Seen[] = []
  const statistics = await readCapture(path, {
    log: SILENT,
    onDatagram(datagram) {
      seen.push({
        payload: [...datagram.octets.subarray(datagram.from, datagram.to)],
        from: `${formatAddress(datagram.address, 0)} ${datagram.port}`,
        to: `${datagram.localAddress} ${datagram.localPort}`,
        timeNs: datagram.receivedNs[0]!,
      })
    },
    ...options,
  })
  return { seen, statistics }
}

const expected: Seen = {
  payload: [1, 2, 3, 4, 5],
  from: '192.0.2.1 40000',
  to: '198.51.100.2 2055',
  timeNs,
}

async function refusal(work: Promise<unknown>): Promise<FlowError> {
  try {
    await work
  } catch (error) {
    assert.instance(error, FlowError)
    assert.not.match((error as FlowError).message, /\n/)
    return error as FlowError
  }
  throw new Error('was not refused')
}

for (const littleEndian of [true, false]) {
  for (const nanoseconds of [true, false]) {
    test(`a ${littleEndian ? 'little' : 'big'}-endian pcap of ${nanoseconds ? 'ns' : 'µs'} gives its datagrams`, async () => {
      const octets = ethernet(ipUdp(packet))
      const file = pcap([{ timeNs, octets }], { littleEndian, nanoseconds })
      const { seen, statistics } = await read(file)
      assert.equal(seen, [{ ...expected, timeNs: nanoseconds ? timeNs : timeUs }])
      assert.equal(statistics, {
        packets: 1,
        datagrams: 1,
        skipped: 0,
        fragments: 0,
        incomplete: 0,
        cut: 0,
        unreadable: 0,
      })
    })
  }
}

test('what a snap length cut is given as far as it goes', async () => {
  const whole = ethernet(ipUdp(packet))
  const octets = whole.subarray(0, whole.length - 2)
  const { seen, statistics } = await read(pcap([{ timeNs, octets, originalLength: whole.length }]))
  assert.equal(seen[0]!.payload, [1, 2, 3])
  assert.is(statistics.cut, 1)
})

test('padding behind a short packet is not payload', async () => {
  const { seen } = await read(pcap([{ timeNs, octets: concat(ethernet(ipUdp(packet)), new Uint8Array(13)) }]))
  assert.equal(seen[0]!.payload, [1, 2, 3, 4, 5])
})

test('other protocols are skipped, and other ports where ports are named', async () => {
  const tcp = ethernet(ip('192.0.2.1', '192.0.2.2', new Uint8Array(20), { protocol: 6 }))
  const other = ethernet(ipUdp({ ...packet, destinationPort: 53 }))
  const arp = ethernet(new Uint8Array(28), { type: 0x0806 })
  const file = pcap([tcp, other, arp, ethernet(ipUdp(packet6))].map((octets) => ({ timeNs, octets })))
  const all = await read(file)
  assert.is(all.statistics.datagrams, 2)
  assert.is(all.statistics.skipped, 2)
  const some = await read(file, { ports: new Set([2055]) })
  assert.equal(
    some.seen.map(({ from, to }) => [from, to]),
    [['2001:db8::1 40000', '2001:db8::2 2055']],
  )
  assert.is(some.statistics.skipped, 3)
})

for (const littleEndian of [true, false]) {
  test(`a ${littleEndian ? 'little' : 'big'}-endian pcapng gives the packets of all its kinds of block`, async () => {
    const section = new PcapngSection(littleEndian)
    const frame = ethernet(ipUdp(packet))
    const file = concat(
      section.header(),
      section.block(0x0bad, new Uint8Array(7)),
      section.interface(1),
      section.interface(101, { resolution: 9 }),
      section.enhanced(0, timeNs / 1000n, frame),
      section.enhanced(1, timeNs, ipUdp(packet)),
      section.simple(frame),
      section.old(0, timeNs / 1000n, frame),
      section.block(4, new Uint8Array(400)),
    )
    const { seen, statistics } = await read(file)
    assert.equal(
      seen.map((datagram) => datagram.timeNs),
      [timeUs, timeNs, timeNs, timeUs],
    )
    for (const datagram of seen) assert.equal({ ...datagram, timeNs }, expected)
    assert.is(statistics.damage, undefined)
  })
}

test('times follow if_tsresol of both bases and if_tsoffset', async () => {
  const section = new PcapngSection()
  const octets = ipUdp(packet)
  const file = concat(
    section.header(),
    section.interface(101, { resolution: 3 }),
    section.interface(101, { resolution: 12 }),
    section.interface(101, { resolution: 0x80 + 20 }),
    section.interface(101, { resolution: 9, offsetS: 1_600_000_000n }),
    section.interface(101, { resolution: 0 }),
    section.interface(101, { resolution: 0xff }),
    section.enhanced(0, 1_700_000_000_123n, octets),
    section.enhanced(1, 1_700_000_000_123_456n * 1000n, octets),
    section.enhanced(2, (1_700_000_000n << 20n) + (1n << 19n), octets),
    section.enhanced(3, 100_000_000_000_000_005n, octets),
    section.enhanced(4, 1_700_000_000n, octets),
    section.enhanced(5, 2n ** 63n, octets),
  )
  const { seen } = await read(file)
  assert.equal(
    seen.map((datagram) => datagram.timeNs),
    [
      1_700_000_000_123_000_000n,
      1_700_000_000_123_456_000n / 1000n,
      1_700_000_000_500_000_000n,
      1_700_000_000_000_000_005n,
      1_700_000_000_000_000_000n,
      0n,
    ],
  )
})

test('a new section forgets the interfaces and may change the byte order', async () => {
  const first = new PcapngSection(true)
  const second = new PcapngSection(false)
  const file = concat(
    first.header(),
    first.interface(1),
    first.enhanced(0, timeNs / 1000n, ethernet(ipUdp(packet))),
    second.header(),
    second.enhanced(0, 0n, ethernet(ipUdp(packet))),
    second.interface(101, { resolution: 9 }),
    second.enhanced(0, timeNs, ipUdp(packet)),
  )
  const { seen, statistics } = await read(file)
  assert.equal(
    seen.map((datagram) => datagram.timeNs),
    [timeUs, timeNs],
  )
  assert.is(statistics.unreadable, 1)
})

for (const [kind, compress] of [
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
] as const) {
  const records = Array.from({ length: 3000 }, (_, i) => {
    const payload = Uint8Array.from({ length: 40 }, (_, k) => (i * 31 + k * 7) & 255)
    return { timeNs: timeNs + BigInt(i), octets: ethernet(ipUdp({ ...packet, payload })) }
  })
  const file = pcap(records, { nanoseconds: true })

  test(`a capture in ${kind} of several members is read like the plain one`, async () => {
    const half = file.length >> 1
    const { seen, statistics } = await read(
      concat(compress(file.subarray(0, half)), compress(file.subarray(half))),
    )
    assert.is(statistics.damage, undefined)
    assert.is(seen.length, 3000)
    assert.is(seen[2999]!.timeNs, timeNs + 2999n)
  })

  test(`a cut capture in ${kind} gives what could be read, and says that it is cut`, async () => {
    const compressed = compress(file)
    const { seen, statistics } = await read(compressed.subarray(0, compressed.length - 4))
    assert.match(statistics.damage!, /cut off at octet \d+/)
    // gzip gives all but its checksum, zstd all blocks but the last.
    assert.ok(seen.length > (kind === 'gzip' ? 2999 : 1000), `${seen.length}`)
  })
}

test('damage inside compressed data is told apart from a cut, and what comes before it is given', async () => {
  let state = 1
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 28
  }
  const records = Array.from({ length: 400 }, () => {
    const payload = Uint8Array.from({ length: 1000 }, random)
    return { timeNs, octets: ethernet(ipUdp({ ...packet, payload })) }
  })
  const compressed = gzipSync(pcap(records))
  compressed.fill(0xff, compressed.length >> 1)
  const { seen, statistics } = await read(compressed)
  // What the damaged half inflates to may be noise before it is an error.
  assert.match(statistics.damage!, /(damaged|a packet of \d+ octets).* at octet \d+/)
  assert.ok(seen.length > 100 && seen.length < 300, `${seen.length}`)
})

test('a file that is no capture is refused in one line', async () => {
  for (const octets of [
    new Uint8Array(0),
    Uint8Array.of(1, 2),
    new Uint8Array(100),
    gzipSync('no capture'),
  ]) {
    const error = await refusal(read(octets))
    assert.is(error.code, 'CAPTURE_CORRUPT')
  }
  assert.match((await refusal(read(new Uint8Array(0)))).message, /empty/)
})

test('a missing file and a directory are refused in one line', async () => {
  const options = { log: SILENT, onDatagram() {} }
  const missing = await refusal(readCapture(join(folder, 'missing'), options))
  assert.is(missing.code, 'FILE_UNREADABLE')
  assert.match(missing.message, /missing: there is no such file/)
  const directory = await refusal(readCapture(folder, options))
  assert.is(directory.code, 'FILE_UNREADABLE')
  assert.match(directory.message, /it is a directory/)
})

test('standard input is read as it comes, compressed or not', async () => {
  const file = pcap([{ timeNs, octets: ethernet(ipUdp(packet)) }])
  const script = `import(process.argv[1]).then(async ({ readCapture }) => {
    const log = { warn() {} }
    const { datagrams, damage } = await readCapture('-', { log, onDatagram() {} })
    console.log(datagrams, damage)
  })`
  const module = new URL('./capture.ts', import.meta.url).href
  const runs = [file, gzipSync(file)].map(async (input) => {
    const child = spawn(process.execPath, ['-e', script, module], { stdio: ['pipe', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (data) => {
      output += data
    })
    child.stdin.write(input.subarray(0, 10))
    setTimeout(() => child.stdin.end(input.subarray(10)), 20)
    await new Promise((resolve) => child.once('close', resolve))
    assert.is(output, '1 undefined\n')
  })
  await Promise.all(runs)
})

test('a receiver that returns a promise is waited for', async () => {
  const octets = ethernet(ipUdp(packet))
  let running = 0
  let most = 0
  const { statistics } = await read(pcap(Array.from({ length: 5 }, () => ({ timeNs, octets }))), {
    async onDatagram() {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
    },
  })
  assert.is(statistics.datagrams, 5)
  assert.is(most, 1)
})

const section = new PcapngSection()
const samples = {
  pcap: pcap([
    { timeNs, octets: ethernet(ipUdp(packet)) },
    { timeNs, octets: ethernet(ipUdp(packet6), { tags: [0x88a8, 0x8100] }) },
  ]),
  pcapng: concat(
    section.header(),
    section.interface(1, { resolution: 9, offsetS: 0n }),
    section.enhanced(0, timeNs, ethernet(ipUdp(packet))),
    section.enhanced(0, timeNs, ethernet(ipUdp(packet6))),
  ),
}
for (const [kind, file] of Object.entries(samples)) {
  test(`a ${kind} cut at any octet gives its whole packets and says that it is damaged`, async () => {
    let most = 0
    for (let length = 24; length < file.length; length++) {
      const { seen, statistics } = await read(file.subarray(0, length))
      assert.ok(seen.length >= most, 'longer files give no less')
      most = seen.length
      assert.ok(seen.length < 2)
      const isWhole = statistics.damage === undefined
      // Only a file that ends between two packets looks whole.
      assert.ok(!isWhole || seen.length === 1 || length === 24 || kind === 'pcapng', `octet ${length}`)
    }
    assert.is(most, 1)
    assert.is((await read(file)).seen.length, 2)
  })

  test(`a ${kind} with any one octet changed neither throws nor gives more than it holds`, async () => {
    for (let at = 24; at < file.length; at++) {
      const changed = file.slice()
      changed[at] = at % 2 === 0 ? 255 : file[at]! ^ 0x80
      const { seen } = await read(changed)
      assert.ok(seen.length <= 2)
      for (const { payload } of seen) assert.ok(payload.length <= 100)
    }
  })
}

test('block lengths that cannot be are damage at their place', async () => {
  for (const length of [0, 1, 4, 8, 11, 13, 2 ** 32 - 1, 2 ** 32 - 4]) {
    for (const type of [1, 2, 3, 6, 0x0bad]) {
      const bad = section.block(type, new Uint8Array(32), length)
      const { statistics } = await read(
        concat(section.header(), section.interface(1), section.enhanced(0, 1n, new Uint8Array(60)), bad),
      )
      assert.is(statistics.packets, 1)
      assert.match(statistics.damage!, /at octet \d+$/)
    }
  }
})

test('packet lengths that cannot be are damage', async () => {
  const file = pcap([{ timeNs, octets: ethernet(ipUdp(packet)) }])
  for (const length of [2 ** 32 - 1, 2 ** 31, 2 ** 20 + 1]) {
    new DataView(file.buffer).setUint32(24 + 8, length, true)
    const { statistics } = await read(file)
    assert.is(statistics.packets, 0)
    assert.match(statistics.damage!, /a packet of \d+ octets at octet 24/)
  }
})

test('a UDP length that cannot be costs that packet only', async () => {
  const wrong = udp(packet)
  new DataView(wrong.buffer).setUint16(4, 7)
  const long = udp(packet)
  new DataView(long.buffer).setUint16(4, 60000)
  const packets = [wrong, long, udp(packet)].map((body) => ip(packet.source, packet.destination, body))
  const { seen } = await read(
    pcap(
      packets.map((octets) => ({ timeNs, octets })),
      { link: 101 },
    ),
  )
  assert.is(seen.length, 2)
  assert.equal(seen[0]!.payload, [1, 2, 3, 4, 5])
})

test.run()
