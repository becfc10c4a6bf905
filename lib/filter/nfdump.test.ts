import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatIpv4 } from '../bytes/address.ts'
import { FlowBatch } from '../flow/batch.ts'
import { blockOfBatch } from '../flow/batch-block.ts'
import { type CellValue, fillRow } from '../testing/fill-row.ts'
import { newRandom } from '../testing/workload.ts'
import { compileFilter, parseFilter } from './filter.ts'

// The same flows in nfdump's file and in a batch: each filter must select the same of them. nfdump 1.7.1 is Debian 12's:
// it asks for AS numbers only with a database, knows no prefix lengths of NetFlow v5, and `net` with a mask matches IPv6's low words.

const FLOWS = 300
const UPTIME = 1_000_000
const SECONDS = 1_795_255_200
const random = newRandom(5)
const pick = <T>(values: readonly T[]): T => values[random(values.length)]!

/** A flow, whose egress interface is its number from 1 on. Odd ones go out as NetFlow v9 with IPv6, even ones as v5. */
function newFlow(number: number) {
  const protocol = pick([1, 6, 6, 17])
  return {
    isIpv6: number % 2 === 1,
    source: pick([0x0a000001, 0x0a010203, 0xc0000207]),
    destination: pick([0x0a000001, 0xc0000208, 0xac100001]),
    next: pick([0x0a090909, 0x0a090908]),
    input: pick([1, 3, 40]),
    output: number + 1,
    packets: pick([1, 2, 10, 1000]),
    octets: pick([40, 60, 1500, 15_000, 2_000_000]),
    first: UPTIME - pick([5000, 2001, 2000]),
    last: UPTIME - pick([2000, 1999, 1]),
    sourcePort: protocol === 1 ? 0 : pick([53, 80, 443, 40_000]),
    destinationPort: protocol === 1 ? pick([0x0800, 0x0304]) : pick([53, 80, 443, 50_000]),
    flags: protocol === 6 ? pick([2, 0x12, 0x1b, 4, 0x3f]) : 0,
    protocol,
    tos: pick([0, 4, 184]),
    sourceAs: pick([0, 64_500, 65_000]),
    destinationAs: pick([3320, 65_000]),
    sourceMask: pick([8, 24]),
    destinationMask: pick([16, 24]),
    vlan: pick([1, 12]),
    postVlan: pick([12, 13]),
    mac: pick([0x55, 0x66]),
  }
}
type Flow = ReturnType<typeof newFlow>
const flows = Array.from({ length: FLOWS }, (_, i) => newFlow(i))
const ipv6Of = (word: number) => `2001:db8::${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`

function rowOf(flow: Flow): Record<string, CellValue> {
  const address = flow.isIpv6 ? ipv6Of : formatIpv4
  const ns = (uptime: number) => BigInt(SECONDS * 1000 - (UPTIME - uptime)) * 1_000_000n
  return {
    sourceAddress: address(flow.source),
    destinationAddress: address(flow.destination),
    ...(flow.isIpv6 ? {} : { nextHopAddress: formatIpv4(flow.next) }),
    ingressInterface: flow.input,
    egressInterface: flow.output,
    packetDeltaCount: flow.packets,
    octetDeltaCount: flow.octets,
    flowStart: ns(flow.first),
    flowEnd: ns(flow.last),
    sourceTransportPort: flow.sourcePort,
    destinationTransportPort: flow.destinationPort,
    ...(flow.protocol === 1 ? { icmpTypeCode: flow.destinationPort } : {}),
    tcpControlBits: flow.flags,
    protocolIdentifier: flow.protocol,
    ipClassOfService: flow.tos,
    bgpSourceAsNumber: flow.sourceAs,
    bgpDestinationAsNumber: flow.destinationAs,
    sourcePrefixLength: flow.sourceMask,
    destinationPrefixLength: flow.destinationMask,
    ...(flow.isIpv6
      ? {
          vlanId: flow.vlan,
          postVlanId: flow.postVlan,
          sourceMacAddress: `00:11:22:33:44:${flow.mac.toString(16)}`,
        }
      : {}),
  }
}

function netflow5(flow: Flow): Buffer {
  const octets = Buffer.alloc(72)
  octets.writeUInt16BE(5, 0)
  octets.writeUInt16BE(1, 2)
  octets.writeUInt32BE(UPTIME, 4)
  octets.writeUInt32BE(SECONDS, 8)
  const words: readonly (readonly [number, number])[] = [
    [24, flow.source],
    [28, flow.destination],
    [32, flow.next],
    [40, flow.packets],
    [44, flow.octets],
    [48, flow.first],
    [52, flow.last],
  ]
  for (const [at, value] of words) octets.writeUInt32BE(value, at)
  const halves: readonly (readonly [number, number])[] = [
    [36, flow.input],
    [38, flow.output],
    [56, flow.sourcePort],
    [58, flow.destinationPort],
    [64, flow.sourceAs],
    [66, flow.destinationAs],
  ]
  for (const [at, value] of halves) octets.writeUInt16BE(value, at)
  octets.set([flow.flags, flow.protocol, flow.tos], 61)
  octets.set([flow.sourceMask, flow.destinationMask], 68)
  return octets
}

/** Elements of the IPv6 template, their octets, and the flow's value. */
const TEMPLATE: readonly (readonly [number, number, (flow: Flow) => number])[] = [
  [10, 4, (flow) => flow.input],
  [14, 4, (flow) => flow.output],
  [2, 4, (flow) => flow.packets],
  [1, 4, (flow) => flow.octets],
  [22, 4, (flow) => flow.first],
  [21, 4, (flow) => flow.last],
  [7, 2, (flow) => flow.sourcePort],
  [11, 2, (flow) => flow.destinationPort],
  [32, 2, (flow) => (flow.protocol === 1 ? flow.destinationPort : 0)],
  [6, 1, (flow) => flow.flags],
  [4, 1, (flow) => flow.protocol],
  [5, 1, (flow) => flow.tos],
  [16, 4, (flow) => flow.sourceAs],
  [17, 4, (flow) => flow.destinationAs],
  [29, 1, (flow) => flow.sourceMask],
  [30, 1, (flow) => flow.destinationMask],
  [58, 2, (flow) => flow.vlan],
  [59, 2, (flow) => flow.postVlan],
  [56, 6, (flow) => 0x001122334400 + flow.mac],
]

function netflow9(flow: Flow): Buffer {
  const template = [
    256,
    TEMPLATE.length + 2,
    27,
    16,
    28,
    16,
    ...TEMPLATE.flatMap((entry) => entry.slice(0, 2) as number[]),
  ]
  const data: number[] = []
  for (const word of [flow.source, flow.destination])
    data.push(
      0x20,
      1,
      0x0d,
      0xb8,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      ...Buffer.from([word >>> 24, word >>> 16, word >>> 8, word]),
    )
  for (const [, octets, value] of TEMPLATE) {
    const field = Buffer.alloc(octets)
    field.writeUIntBE(value(flow), 0, octets)
    data.push(...field)
  }
  while (data.length % 4 !== 0) data.push(0)
  const header = Buffer.alloc(20)
  header.writeUInt16BE(9, 0)
  header.writeUInt16BE(2, 2)
  header.writeUInt32BE(UPTIME, 4)
  header.writeUInt32BE(SECONDS, 8)
  const halves = (values: readonly number[]) =>
    Buffer.from(values.flatMap((value) => [value >>> 8, value & 255]))
  return Buffer.concat([
    header,
    halves([0, template.length * 2 + 4, ...template]),
    halves([256, data.length + 4]),
    Buffer.from(data),
  ])
}

/** A file of nfcapd's with the flows. */
async function collected(directory: string): Promise<string> {
  const probe = createSocket('udp4').bind(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  const args = ['-w', directory, '-b', '127.0.0.1', '-p', String(port), '-t', '3600']
  const collector = spawn('nfcapd', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const isUp = new Promise<void>((resolve) => {
    collector.stderr.on('data', (text: Buffer) => text.includes('Startup') && resolve())
  })
  try {
    await Promise.race([isUp, sleep(3000)])
    const sender = createSocket('udp4')
    for (const flow of flows) {
      sender.send(flow.isIpv6 ? netflow9(flow) : netflow5(flow), port, '127.0.0.1')
      if (flow.output % 50 === 0) await sleep(2)
    }
    await sleep(150)
    sender.close()
  } finally {
    collector.kill('SIGTERM')
    await once(collector, 'exit')
  }
  const name = readdirSync(directory).find((file) => /^nfcapd\.\d/.test(file))
  return join(directory, name!)
}

const FILTERS = [
  'any',
  'ipv4',
  'inet6',
  'proto tcp',
  'not proto udp',
  'proto 1',
  'ip 10.0.0.1',
  'src host 10.0.0.1',
  'dst ip 172.16.0.1',
  'ip 2001:db8::a00:1',
  'ip in [10.0.0.1 192.0.2.7]',
  'src ip in [10.0.0.0/16 172.16.0.1]',
  'net 10.0.0.0/8',
  'ipv4 and src net 192.0.2.0 255.255.255.0',
  'dst net 172.16/12',
  'net 2001:db8::/96',
  'port 443',
  'src port 443',
  'port > 1024',
  'dst port < 100',
  'port in [53 80]',
  'src port in [53,443]',
  'src or dst port 80',
  'src and dst port 80',
  'icmp-type 8',
  'icmp-code 4',
  'in if 3',
  'if 40',
  'src mask 24 and ipv6',
  'ipv6 and mask 16',
  'vlan 12',
  'src vlan 1',
  'dst vlan 13',
  'mac 00:11:22:33:44:55',
  'in src mac 00:11:22:33:44:66',
  'flags S',
  'flags SA',
  'flags S and not flags AFRPU',
  'flags X',
  'not flags SA',
  'not (flags SA or dst port 80)',
  'not (not flags SA)',
  'not flags R',
  'next ip 10.9.9.9',
  'tos 4',
  'src tos 184',
  'packets > 2',
  'packets < 10',
  'packets 1k',
  'bytes >= 1500',
  'bytes LT 60',
  'bytes > 1m',
  'in bytes EQ 40',
  'flows 1',
  'duration > 2000',
  'duration < 2',
  'duration 1',
  'pps > 100',
  'pps < 10',
  'pps 0',
  'bps > 10k',
  'bps < 1m',
  'bpp > 100',
  'bpp 15',
  'proto tcp and port 80 or proto udp',
  'proto udp or proto tcp and port 80',
  '(proto udp or proto tcp) and port 80',
  'not proto tcp and port 53',
  'not (proto tcp and port 80)',
  '! src net 10.0.0.0/8 and (dst port 443 || packets > 5)',
  'PROTO TCP AND PORT 80 # comment',
]

const has = (command: string) => spawnSync(command, ['-V']).error === undefined
const isThere = has('nfdump') && has('nfcapd')
if (!isThere) console.log('skipped: nfdump is not installed')

;(isThere ? test : test.skip)('nfdump selects the same flows', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-nfdump-'))
  try {
    const file = await collected(directory)
    const batch = new FlowBatch()
    for (const flow of flows) fillRow(batch, rowOf(flow))
    const block = blockOfBatch(batch)
    const selection = new Uint8Array(FLOWS)
    const differing: string[] = []
    for (const text of FILTERS) {
      compileFilter(parseFilter(text)).select(block, selection, [])
      const ours = flows.filter((_, row) => selection[row] === 1).map((flow) => flow.output)
      const { stdout, stderr } = spawnSync('nfdump', ['-r', file, '-q', '-N', '-o', 'fmt:%out', text], {
        encoding: 'utf8',
      })
      if (stderr !== '') differing.push(`${text}: ${stderr}`)
      const theirs = stdout
        .split('\n')
        .map(Number)
        .filter((number) => number > 0)
      const other = theirs.filter((number) => !ours.includes(number)).length
      if (other > 0 || theirs.length !== ours.length)
        differing.push(`${text}: ${ours.length} here, ${theirs.length} there, ${other} of them not here`)
    }
    assert.equal(differing, [])
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test.run()
