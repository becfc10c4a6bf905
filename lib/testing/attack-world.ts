import type { BatchWriter } from '../flow/batch-writer.ts'
import { SCAN_START_MS, scanWorld, writeFlow } from './scan-world.ts'
import { newRandom } from './workload.ts'

export interface PlantedAttack {
  readonly target: string
  readonly vector: string
  readonly firstMinute: number
  readonly lastMinute: number
}

type Flow = Parameters<typeof writeFlow>[1]

/** Normal hosts and scans, a download, and attacks by volume of several kinds on 10.0.5.0/24 to 10.0.9.0/24 and IPv6. */
export function attackWorld(seed: number) {
  const random = newRandom(seed)
  const normal = scanWorld(seed, 400)
  const flows: Flow[] = []
  const v4 = (word: number) => [0, 0, 0xffff, word >>> 0] as const
  const v6 = (host: number) => [0x20010db8, 0x50, 0, host] as const
  const attacks: PlantedAttack[] = []
  const stranger = (count: number) => v4(0x2e000000 + random(count) * 977)
  const plain = { fromPort: 0, toPort: 0, flags: 0, icmp: 0, lastingMs: 5000 }
  const attack = (
    planted: PlantedAttack,
    perSecond: number,
    flow: () => Pick<Flow, 'from' | 'to' | 'protocol' | 'packets' | 'octets'> & Partial<Flow>,
  ) => {
    attacks.push(planted)
    const seconds = (planted.lastMinute - planted.firstMinute + 1) * 60 - 6
    for (let i = 0; i < seconds * perSecond; i++) {
      const ms = SCAN_START_MS + planted.firstMinute * 60_000 + random(seconds * 1000)
      flows.push({ ms, ...plain, ...flow() })
    }
  }
  attack({ target: '10.0.5.1', vector: 'NTP amp udp/123', firstMinute: 20, lastMinute: 24 }, 6, () => ({
    from: stranger(800),
    to: v4(0x0a000501),
    protocol: 17,
    fromPort: 123,
    toPort: 1024 + random(60_000),
    packets: 900,
    octets: 900 * 468,
  }))
  attack({ target: '10.0.6.1', vector: 'SYN flood tcp/443', firstMinute: 40, lastMinute: 43 }, 30, () => ({
    from: stranger(4000),
    to: v4(0x0a000601),
    protocol: 6,
    fromPort: 1024 + random(60_000),
    toPort: 443,
    flags: 2,
    packets: 150,
    octets: 150 * 44,
  }))
  attack({ target: '10.0.7.1', vector: 'ICMP flood', firstMinute: 60, lastMinute: 62 }, 5, () => ({
    from: stranger(300),
    to: v4(0x0a000701),
    protocol: 1,
    icmp: 2048,
    packets: 1000,
    octets: 1000 * 84,
  }))
  attack({ target: '10.0.8.0/24', vector: 'UDP flood', firstMinute: 80, lastMinute: 84 }, 25, () => ({
    from: stranger(900),
    to: v4(0x0a000800 + random(250)),
    protocol: 17,
    fromPort: 1024 + random(60_000),
    toPort: 1024 + random(60_000),
    packets: 200,
    octets: 200 * 700,
  }))
  attack(
    { target: '2001:db8:0:50::7', vector: 'DNS amp udp/53', firstMinute: 100, lastMinute: 103 },
    5,
    () => ({
      from: v6(1000 + random(500)),
      to: v6(7).map((word, i) => (i === 1 ? 0x50 : word)),
      protocol: 17,
      fromPort: 53,
      toPort: 1024 + random(60_000),
      packets: 500,
      octets: 500 * 1200,
    }),
  )
  // A download is as large, and nobody is attacked.
  for (let i = 0; i < 240; i++) {
    const ms = SCAN_START_MS + 120 * 60_000 + i * 1000
    const packets = 3000
    flows.push({
      ...plain,
      ms,
      from: v4(0x2e010101),
      to: v4(0x0a000901),
      protocol: 6,
      fromPort: 443,
      toPort: 50_000,
      flags: 0x18,
      packets,
      octets: packets * 1400,
    })
  }
  const write = (writer: BatchWriter) => {
    normal.write(writer)
    for (const flow of flows) writeFlow(writer, flow)
  }
  return { attacks, write }
}
