import { BatchWriter } from '../../flow/batch-writer.ts'
import { newRandom } from '../../testing/workload.ts'
import { newLineReader } from './line-reader.ts'

// goflow2's lines of several shapes, read into batches, beside JSON.parse of the same lines in the same run.

const LINES = 4_000
/** Rounds over the same octets, which so stay as near as those of a file that was just read. */
const TIMES = 10
const random = newRandom(11)
const pick = <T>(items: readonly T[]): T => items[random(items.length)]!

const hosts = Array.from({ length: 4096 }, () => `10.${random(256)}.${random(256)}.${random(256)}`)
const hosts6 = Array.from(
  { length: 4096 },
  () =>
    `2001:db8:${random(65_536).toString(16)}::${random(65_536).toString(16)}:${random(65_536).toString(16)}`,
)
/** Few addresses are in most flows. */
const zipf = (items: readonly string[]): string => items[random(1 + random(1 + random(items.length)))]!
const mac = () => `00:00:5e:00:53:${(16 + random(200)).toString(16)}`

function flow(i: number): Record<string, string> {
  const isIpv6 = Math.floor(i / 11) % 10 > 6
  const packets = 1 + (random(10) < 6 ? 0 : random(400))
  const seconds = 1_767_225_600 + Math.floor(i / 4000)
  const nanos = (): string => String(random(1000) * 1_000_000).padStart(9, '0')
  const address = (): string => zipf(isIpv6 ? hosts6 : hosts)
  const [source, destination] = [address(), address()]
  const net = (text: string): string => (isIpv6 ? '::/0' : `${text.split('.').slice(0, 3).join('.')}.0/24`)
  const hasMac = random(3) === 0
  return {
    type: '"NETFLOW_V9"',
    time_received_ns: `${seconds}${String(Math.floor(i / 22) % 1000).padStart(9, '0')}`,
    sequence_num: String(3_000_000 + Math.floor(i / 22)),
    sampling_rate: '1000',
    sampler_address: `"192.0.2.${1 + (Math.floor(i / 22) % 3)}"`,
    time_flow_start_ns: `${seconds - 30 + random(20)}${nanos()}`,
    time_flow_end_ns: `${seconds - 9 + random(9)}${nanos()}`,
    bytes: String(packets * (60 + random(1300))),
    packets: String(packets),
    src_addr: `"${source}"`,
    dst_addr: `"${destination}"`,
    etype: isIpv6 ? '"IPv6"' : '"IPv4"',
    proto: pick(['"TCP"', '"TCP"', '"TCP"', '"UDP"', '"IPv6-ICMP"']),
    src_port: String(1024 + random(64_000)),
    dst_port: pick(['443', '80', '53', '22']),
    in_if: String(1 + random(64)),
    out_if: String(1 + random(64)),
    src_mac: hasMac ? `"${mac()}"` : '"00:00:00:00:00:00"',
    dst_mac: hasMac ? `"${mac()}"` : '"00:00:00:00:00:00"',
    src_vlan: '0',
    dst_vlan: '0',
    vlan_id: '0',
    ip_tos: pick(['0', '0', '0', '72']),
    forwarding_status: '64',
    ip_ttl: '0',
    ip_flags: '0',
    tcp_flags: pick(['27', '16', '2']),
    icmp_type: '0',
    icmp_code: '0',
    ipv6_flow_label: '0',
    fragment_id: '0',
    fragment_offset: '0',
    src_as: String(64_512 + random(8)),
    dst_as: String(1 + random(60_000)),
    next_hop: isIpv6 ? '"2001:db8::1"' : '"10.0.0.1"',
    next_hop_as: '0',
    src_net: `"${net(source)}"`,
    dst_net: `"${net(destination)}"`,
    bgp_next_hop: '""',
    bgp_communities: '[]',
    as_path: '[]',
    mpls_ttl: '[]',
    mpls_label: '[]',
    mpls_ip: '[]',
    observation_domain_id: '1',
    observation_point_id: '0',
    layer_stack: '[]',
    layer_size: '[]',
    ipv6_routing_header_addresses: '[]',
    ipv6_routing_header_seg_left: '0',
  }
}

const ELASTIC =
  'type time_flow_start_ns sampler_address sequence_num in_if out_if src_addr dst_addr etype proto src_port dst_port src_vlan dst_vlan sampling_rate bytes'.split(
    ' ',
  )
const flows = Array.from({ length: LINES }, (_, i) => flow(i))

function linesOf(keysOf: (i: number, keys: readonly string[]) => readonly string[]): Buffer {
  return Buffer.from(
    flows
      .map((values, i) => {
        const keys = keysOf(i, Object.keys(values))
        return `{${keys.map((key) => `"${key}":${values[key] ?? random(65_536)}`).join(',')}}\n`
      })
      .join(''),
  )
}

const CASES: Record<string, Buffer> = {
  'default of 2.2.6': linesOf((_, keys) => keys),
  "Elastic's 16 fields": linesOf(() => ELASTIC),
  'keys that come and go': linesOf((i, keys) =>
    i % 3 === 0 ? [...keys.slice(0, 25), 'csum'] : keys.slice(0, 25),
  ),
}

function keepDigits(_: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' && !Number.isSafeInteger(value) ? BigInt(context!.source!) : value
}

function best(run: () => number): { perSecond: number; check: number } {
  let ms = Number.POSITIVE_INFINITY
  let check = 0
  for (let round = 0; round < 6; round++) {
    const start = performance.now()
    check = run()
    ms = Math.min(ms, performance.now() - start)
  }
  return { perSecond: ((LINES * TIMES) / ms) * 1000, check }
}

for (const [name, octets] of Object.entries(CASES)) {
  const parsed = best(() => {
    let sum = 0
    for (let time = 0; time < TIMES; time++) {
      for (let p = 0; p < octets.length; ) {
        const end = octets.indexOf(10, p)
        sum += JSON.parse(octets.toString('latin1', p, end)).bytes
        p = end + 1
      }
    }
    return sum
  })
  // JSON.parse rounds numbers of more than 53 bits; to keep them it must be asked for their text.
  const exact = best(() => {
    let sum = 0
    for (let p = 0; p < octets.length; ) {
      const end = octets.indexOf(10, p)
      sum += JSON.parse(octets.toString('latin1', p, end), keepDigits).bytes
      p = end + 1
    }
    return sum
  })
  const reading = (keepsWritten: boolean) => () => {
    let rows = 0
    const writer = new BatchWriter('flow', (batch) => {
      rows += batch.rowCount
      batch.reset()
      return batch
    })
    const reader = newLineReader({ writer, keepsWritten })
    // As a file is read: in pieces that end anywhere.
    for (let time = 0; time < TIMES; time++) {
      for (let p = 0; p < octets.length; p += 262_144) {
        reader.push(octets, p, Math.min(octets.length, p + 262_144))
      }
    }
    reader.end()
    writer.flush()
    return rows
  }
  const read = best(reading(false))
  const kept = best(reading(true))
  if (read.check !== LINES * TIMES) throw new Error(`${read.check} rows of ${LINES * TIMES} lines`)
  console.log(
    `${name.padEnd(22)} ${(octets.length / LINES).toFixed(0).padStart(4)} octets/line ` +
      `${(read.perSecond / 1e6).toFixed(2)} M rows/s, ${((read.perSecond * octets.length) / LINES / 1e6).toFixed(0)} MB/s; ` +
      `keeping how it was written ${(kept.perSecond / 1e6).toFixed(2)} M rows/s; ` +
      `JSON.parse ${(parsed.perSecond / 1e6).toFixed(2)} M/s: ${(read.perSecond / parsed.perSecond).toFixed(1)} times; ` +
      `with all digits ${(exact.perSecond / TIMES / 1e6).toFixed(2)} M/s: ${((read.perSecond * TIMES) / exact.perSecond).toFixed(1)} times`,
  )
}
