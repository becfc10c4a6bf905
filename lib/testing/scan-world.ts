import type { BatchWriter } from '../flow/batch-writer.ts'
import { F } from '../flow/fields.ts'
import { setCell } from './nat-world.ts'
import { newRandom } from './workload.ts'

// An hour of the ten loudest kinds of normal hosts, and scans of every kind among them.

export const SCAN_START_MS = 1_767_225_600_000
const SECONDS = 10_800

export interface PlantedScan {
  readonly name: string
  /** Four words. */
  readonly source: readonly number[]
  readonly type: 'horizontal' | 'vertical' | 'block'
  readonly isSlow: boolean
}

interface WorldFlow {
  readonly ms: number
  readonly from: readonly number[]
  readonly to: readonly number[]
  readonly fromPort: number
  readonly toPort: number
  readonly protocol: number
  readonly packets: number
  readonly octets: number
  readonly flags: number
  readonly icmp: number
}

const v4 = (word: number) => [0, 0, 0xffff, word >>> 0] as const
const v6 = (net: number, host: number) => [0x20010db8, net, 0, host >>> 0] as const

/** The same seed gives the same world. `loudness` is how many conversations each normal host has. */
export function scanWorld(seed: number, loudness = 2000) {
  const random = newRandom(seed)
  const flows: WorldFlow[] = []
  const at = () => SCAN_START_MS + random(SECONDS * 1000)
  const say = (flow: Partial<WorldFlow> & Pick<WorldFlow, 'from' | 'to' | 'protocol'>) =>
    flows.push({ ms: at(), fromPort: 0, toPort: 0, packets: 1, octets: 60, flags: 0, icmp: 0, ...flow })
  /** A conversation; sometimes nobody answers, as in life. */
  const talk = (
    client: readonly number[],
    server: readonly number[],
    port: number,
    protocol: number,
    size: { packets: number; answered: number; fromPort?: number },
  ) => {
    const ms = at()
    const fromPort = size.fromPort ?? 32_768 + random(28_000)
    const isAnswered = random(100) < size.answered * 100
    const packets = isAnswered ? size.packets : Math.min(2, size.packets)
    const flags = protocol === 6 ? (isAnswered ? 0x1b : 2) : 0
    say({
      ms,
      from: client,
      to: server,
      fromPort,
      toPort: port,
      protocol,
      packets,
      octets: packets * 80,
      flags,
    })
    if (!isAnswered) return
    const back = { ms: ms + 20, from: server, to: client, fromPort: port, toPort: fromPort, protocol }
    say({ ...back, packets, octets: packets * 300, flags: protocol === 6 ? 0x1b : 0 })
  }
  const remote = (i: number) => v4(0x2d000000 + ((i * 7919) & 0xffffff))
  const normal = {
    resolver: v4(0x0a000001),
    webServer: v4(0x0a000002),
    proxy: v4(0x0a000003),
    ntpServer: v4(0x0a000004),
    mailServer: v4(0x0a000005),
    peer: v4(0x0a000006),
    monitor: v4(0x0a000007),
    nameServer: v4(0x0a000008),
    resolver6: v6(1, 0x53),
    gateway: v4(0x0a00000a),
  }
  for (let i = 0; i < loudness; i++) {
    talk(normal.resolver, remote(random(3000)), 53, 17, { packets: 1, answered: 0.85 })
    talk(remote(random(5000)), normal.webServer, 443, 6, { packets: 3 + random(30), answered: 0.98 })
    talk(normal.proxy, remote(random(4000)), 443, 6, { packets: 4 + random(60), answered: 0.95 })
    talk(remote(random(5000)), normal.ntpServer, 123, 17, { packets: 1, answered: 1, fromPort: 123 })
    talk(normal.mailServer, remote(random(2000)), 25, 6, { packets: 8 + random(20), answered: 0.8 })
    const peerPort = random(3) === 0 ? 6881 : 1024 + random(60_000)
    talk(normal.peer, remote(random(3000)), peerPort, 17, { packets: 1 + random(40), answered: 0.6 })
    talk(normal.monitor, v4(0x0a010000 + random(500)), 161, 17, { packets: 2, answered: 0.97 })
    talk(remote(random(5000)), normal.nameServer, 53, 17, { packets: 1, answered: 1 })
    talk(normal.resolver6, v6(0x100 + random(900), 0x35), 53, 17, { packets: 1, answered: 0.85 })
    talk(normal.gateway, remote(random(4000)), [443, 80, 22, 993][random(4)]!, 6, {
      packets: 2 + random(9),
      answered: 0.9,
    })
  }
  const scans: PlantedScan[] = []
  const plant = (name: string, type: PlantedScan['type'], source: readonly number[], isSlow = false) => {
    scans.push({ name, type, source, isSlow })
    return source
  }
  const probe = (
    ms: number,
    from: readonly number[],
    to: readonly number[],
    toPort: number,
    protocol = 6,
  ) => {
    const icmp = protocol === 1 ? 8 * 256 : 0
    say({
      ms,
      from,
      to,
      fromPort: protocol === 1 ? 0 : 40_000 + random(20_000),
      toPort,
      protocol,
      flags: 2,
      octets: 44,
      icmp,
    })
    // One in twenty is open: it answers, and nothing comes of it.
    if (protocol !== 6 || random(20) > 0) return
    say({
      ms: ms + 1,
      from: to,
      to: from,
      fromPort: toPort,
      toPort: 40_000,
      protocol,
      flags: 0x12,
      octets: 44,
    })
  }
  const step = (i: number, ms: number) => SCAN_START_MS + i * ms
  const host = (i: number) => v4(0x0a020000 + i)
  const fast = plant('fast horizontal', 'horizontal', v4(0xb9dc6507))
  for (let i = 0; i < 900; i++) probe(step(i, 30), fast, host(i), 445)
  const vertical = plant('vertical', 'vertical', v4(0xb9dc6508))
  for (let i = 1; i <= 1500; i++) probe(step(i, 700), vertical, host(7), i)
  const block = plant('block', 'block', v4(0xb9dc6509))
  for (let i = 0; i < 400; i++)
    probe(step(i, 100), block, host(i >> 3), [21, 22, 23, 25, 80, 110, 443, 8080][i & 7]!)
  const slow = plant('slow horizontal', 'horizontal', v4(0xb9dc650a), true)
  for (let i = 0; i < 60; i++) probe(step(i, 170_000), slow, host(i * 3), 22)
  const slowVertical = plant('slow vertical', 'vertical', v4(0xb9dc650b), true)
  for (let i = 0; i < 50; i++) probe(step(i, 200_000), slowVertical, host(9), 7000 + i * 13)
  const udp = plant('udp', 'horizontal', v4(0xb9dc650c))
  for (let i = 0; i < 300; i++) probe(step(i, 50), udp, host(i), 1900, 17)
  const ping = plant('icmp sweep', 'horizontal', v4(0xb9dc650d))
  for (let i = 0; i < 254; i++) probe(step(i, 10), ping, host(i), 0, 1)
  const horizontal6 = plant('IPv6 horizontal', 'horizontal', v6(0xbad, 1))
  for (let i = 0; i < 200; i++) probe(step(i, 20), horizontal6, v6(0x10, i + 1), 22)
  const vertical6 = plant('IPv6 vertical', 'vertical', v6(0xbad, 2))
  for (let i = 0; i < 300; i++) probe(step(i, 20), vertical6, v6(0x10, 7), 1 + i)
  flows.sort((a, b) => a.ms - b.ms)
  const write = (writer: BatchWriter) => {
    for (const flow of flows) writeFlow(writer, flow)
  }
  return { scans, normal, write }
}

/** A flow of a made-up world as one exporter tells it. */
export function writeFlow(writer: BatchWriter, flow: WorldFlow & { readonly lastingMs?: number }): void {
  const batch = writer.reserve(1)
  const row = batch.rowCount
  const ns = BigInt(Math.floor(flow.ms)) * 1_000_000n
  setCell(batch, row, F.timeReceived, ns + 5_000_000_000n)
  setCell(batch, row, F.flowStart, ns)
  setCell(batch, row, F.flowEnd, ns + BigInt(Math.floor(flow.lastingMs ?? 0)) * 1_000_000n)
  setCell(batch, row, F.exporterAddress, v4(0xc0000201))
  setCell(batch, row, F.sourceAddress, flow.from)
  setCell(batch, row, F.destinationAddress, flow.to)
  setCell(batch, row, F.sourceTransportPort, flow.fromPort)
  setCell(batch, row, F.destinationTransportPort, flow.toPort)
  setCell(batch, row, F.protocolIdentifier, flow.protocol)
  setCell(batch, row, F.tcpControlBits, flow.flags)
  setCell(batch, row, F.packetDeltaCount, BigInt(flow.packets))
  setCell(batch, row, F.octetDeltaCount, BigInt(flow.octets))
  if (flow.icmp > 0) setCell(batch, row, F.icmpTypeCode, flow.icmp)
  batch.rowCount++
}
