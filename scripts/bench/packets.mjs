// Captures to flows on one core, beside softflowd and nfpcapd in the same run: packets per second of CPU time, user and
// system, of 64-octet frames and of mixed ones. And what a million flows at one time weigh as a whole process.
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { closeSync, existsSync, mkdirSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder, weir } from './peers.mjs'

const root = join(import.meta.dirname, '../..')
const folder = temporaryFolder()
const FLOWS = 20_000
const ROUNDS = 3
const SEED = 0x2545f491

/** Numbers that are the same in every run. */
function newRandom() {
  let state = SEED
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/**
 * Writes a capture of Ethernet frames: TCP and UDP over IPv4, a tenth over IPv6, both directions; `sizeOf` gives octets
 * of each. `flowOf` says which flow a packet is of.
 */
function writeCapture(path, packets, sizeOf, flowOf) {
  const random = newRandom()
  const fd = openSync(path, 'w')
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(65535, 16)
  header.writeUInt32LE(1, 20)
  writeSync(fd, header)
  const chunk = Buffer.alloc(4 << 20)
  let used = 0
  let at = 1_700_000_000_000_000
  for (let i = 0; i < packets; i++) {
    const flow = flowOf(i, random)
    const isIpv6 = flow % 10 === 0
    const protocol = flow % 3 === 0 ? 17 : 6
    const size = Math.max(sizeOf(random), isIpv6 ? 74 : 60)
    if (used + 16 + size > chunk.length) {
      writeSync(fd, chunk, 0, used)
      used = 0
    }
    at += 2
    chunk.writeUInt32LE(Math.floor(at / 1e6), used)
    chunk.writeUInt32LE(at % 1e6, used + 4)
    chunk.writeUInt32LE(size, used + 8)
    chunk.writeUInt32LE(size, used + 12)
    putFrame(chunk.subarray(used + 16, used + 16 + size), flow, protocol, isIpv6, random(2) === 0)
    used += 16 + size
  }
  writeSync(fd, chunk, 0, used)
  closeSync(fd)
  return statSync(path).size
}

function putFrame(frame, flow, protocol, isIpv6, isAnswer) {
  frame.fill(0, 0, Math.min(frame.length, 80))
  const mac = isAnswer ? [1, 2] : [2, 1]
  frame[0] = frame[6] = 2
  frame[5] = mac[0]
  frame[11] = mac[1]
  frame.writeUInt16BE(isIpv6 ? 0x86dd : 0x0800, 12)
  const ports = isIpv6 ? 54 : 34
  const [from, to] = isAnswer ? [443, 1024 + (flow % 60_000)] : [1024 + (flow % 60_000), 443]
  if (isIpv6) {
    frame[14] = 0x60
    frame.writeUInt16BE(frame.length - 54, 18)
    frame[20] = protocol
    frame[21] = 64
    frame.writeUInt32BE(0x2001_0db8, 22)
    frame.writeUInt32BE(0x2001_0db8, 38)
    frame.writeUInt32BE(isAnswer ? 7 : flow + 0x100, 34)
    frame.writeUInt32BE(isAnswer ? flow + 0x100 : 7, 50)
  } else {
    frame[14] = 0x45
    frame.writeUInt16BE(frame.length - 14, 16)
    frame[22] = 64
    frame[23] = protocol
    frame.writeUInt32BE(isAnswer ? 0xc000_0207 : 0x0a00_0000 + flow, 26)
    frame.writeUInt32BE(isAnswer ? 0x0a00_0000 + flow : 0xc000_0207, 30)
  }
  frame.writeUInt16BE(from, ports)
  frame.writeUInt16BE(to, ports + 2)
  if (protocol === 6) {
    frame[ports + 12] = 0x50
    frame[ports + 13] = 0x10
  } else frame.writeUInt16BE(frame.length - ports, ports + 4)
}

/** CPU seconds and greatest resident megabytes of a command on one core. */
function measure(command, args) {
  const line = [
    '-c',
    '1',
    '/usr/bin/env',
    'bash',
    '-c',
    'TIMEFORMAT="%U %S"; time "$@"',
    '-',
    command,
    ...args,
  ]
  const { stderr, status } = spawnSync('taskset', line, { encoding: 'utf8', cwd: folder })
  const [user = 'x', system = 'x'] = stderr.trim().split('\n').at(-1)?.split(' ') ?? []
  const seconds = Number(user) + Number(system)
  if (status !== 0 || Number.isNaN(seconds)) throw new Error(`${command}: status ${status}: ${stderr}`)
  return seconds
}

const softflowd = ['/usr/sbin/softflowd', '/usr/bin/softflowd'].find((path) => existsSync(path))
const nfpcapd = ['/usr/bin/nfpcapd'].find((path) => existsSync(path))
const [ours, ...first] =
  weir === undefined ? [process.execPath, '--experimental-ffi', join(root, 'cmd/main.ts')] : [weir]

/** A socket that nobody reads, so that what softflowd sends meets no ICMP errors. */
const sink = createSocket('udp4')
await new Promise((resolve) => sink.bind(0, '127.0.0.1', resolve))

const runs = {
  weir: (file) => {
    const archive = join(folder, 'archive')
    const seconds = measure(ours, [
      ...first,
      'collect',
      '--read-packets',
      file,
      '--archive',
      archive,
      '--log-level',
      'error',
    ])
    rmSync(archive, { recursive: true, force: true })
    return seconds
  },
  ...(softflowd !== undefined && {
    softflowd: (file) =>
      measure(softflowd, [
        '-r',
        file,
        '-n',
        `127.0.0.1:${sink.address().port}`,
        '-v',
        '9',
        '-m',
        '2000000',
        '-6',
      ]),
  }),
  ...(nfpcapd !== undefined && {
    nfpcapd: (file) => {
      const flows = join(folder, 'nf')
      mkdirSync(flows, { recursive: true })
      const seconds = measure(nfpcapd, ['-r', file, '-w', flows, '-y'])
      rmSync(flows, { recursive: true, force: true })
      return seconds
    },
  }),
}
for (const name of ['softflowd', 'nfpcapd'])
  if (runs[name] === undefined) console.log(`${name} is not installed`)

const MIX = [60, 60, 60, 60, 60, 60, 60, 576, 576, 576, 576, 1514]
const captures = [
  { name: '64-octet frames', packets: 4_000_000, sizeOf: () => 60 },
  { name: 'mixed frames', packets: 2_000_000, sizeOf: (random) => MIX[random(MIX.length)] },
]
for (const { name, packets, sizeOf } of captures) {
  const file = join(folder, 'packets.pcap')
  writeCapture(file, packets, sizeOf, (_, random) => random(FLOWS))
  const rates = new Map()
  for (let round = 0; round < ROUNDS; round++) {
    for (const [who, run] of Object.entries(runs)) {
      const rate = packets / run(file)
      rates.set(who, Math.max(rate, rates.get(who) ?? 0))
    }
  }
  const own = rates.get('weir')
  const parts = [...rates].map(([who, rate]) => {
    const compared = who === 'weir' ? '' : ` (weir is ${(own / rate).toFixed(2)}x)`
    return `${who} ${(rate / 1e6).toFixed(2)} M packets per CPU second${compared}`
  })
  console.log(`${name}, ${FLOWS} flows: ${parts.join(', ')}`)
  rmSync(file)
}

{
  const file = join(folder, 'many.pcap')
  writeCapture(
    file,
    1_200_000,
    () => 60,
    (i) => i % 1_000_000,
  )
  const status = 'VmHWM'
  const script = `"$@" & pid=$!; while kill -0 $pid 2>/dev/null; do grep ${status} /proc/$pid/status 2>/dev/null | tail -1 > high; sleep 0.1; done; cat high`
  const args = [
    ...first,
    'collect',
    '--read-packets',
    file,
    '--flow-period',
    '-1s',
    '--format',
    'json',
    '--output',
    '/dev/null',
    '--log-level',
    'error',
    '--max-flows',
    '1000000',
  ]
  const { stdout } = spawnSync('bash', ['-c', script, '-', ours, ...args], { encoding: 'utf8', cwd: folder })
  console.log(
    `a million flows at one time: ${(Number(/(\d+) kB/.exec(stdout)?.[1] ?? 0) / 1024).toFixed(0)} MB resident at most`,
  )
}
sink.close()
