import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { F, type Field } from '../../flow/fields.ts'
import { newRandom } from '../../testing/workload.ts'
import { readLines } from './testing/read-lines.ts'

const FIELDS: readonly Field[] = [
  F.timeReceived,
  F.flowStart,
  F.flowEnd,
  F.octetDeltaCount,
  F.packetDeltaCount,
  F.samplingRate,
  F.sourceAddress,
  F.destinationAddress,
  F.sourceTransportPort,
  F.destinationTransportPort,
  F.protocolIdentifier,
  F.ingressInterface,
  F.egressInterface,
  F.vlanId,
  F.dot1qTci,
  F.ingressInterfaceRaw,
  F.agentAddress,
  F.ipVersion,
  F.ethernetType,
  F.icmpTypeCode,
  F.tcpControlBits,
  F.sourcePrefixLength,
  F.destinationPrefixLength,
  F.exporterAddress,
  F.bgpSourceAsNumber,
  F.sourceMacAddress,
  F.asPath,
]
/** Values by key as goflow2 prints them. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  type: ['"IPFIX"', '"SFLOW_5"', '"NETFLOW_V9"'],
  time_received_ns: ['1767225615438355979', '0', '"2026-01-01T00:00:00Z"'],
  sampling_rate: ['1', '1000'],
  sampler_address: ['"192.0.2.1"', '"2001:db8::1"'],
  time_flow_start_ns: ['1767225600134000000'],
  time_flow_end_ns: ['1767225601134000000'],
  bytes: ['40', '18446744073709551615'],
  packets: ['1', '007'],
  src_addr: ['"10.0.0.1"', '"2001:db8::7"', '"::ffff:10.0.0.1"', '""'],
  dst_addr: ['"192.0.2.9"', '"2001:db8::8"'],
  etype: ['"IPv4"', '"IPv6"', '"ARP"', '""'],
  proto: ['"TCP"', '"UDP"', '"ICMP"', '58'],
  src_port: ['1024', '65535'],
  dst_port: ['443'],
  in_if: ['2', '3221225473'],
  out_if: ['1073741823'],
  src_mac: ['"02:00:30:f4:c3:06"'],
  src_vlan: ['0', '102'],
  vlan_id: ['0', '102', '5000'],
  tcp_flags: ['2'],
  icmp_type: ['0', '8'],
  icmp_name: ['"unknown"', '"EchoRequest"'],
  src_as: ['64500'],
  src_net: ['"10.0.0.0/24"', '"0.0.0.0/0"', '"invalid Prefix"'],
  as_path: ['[]', '[1,2]'],
  mpls_ip: ['[]', '["10.0.0.1"]'],
  layer_stack: ['["Ethernet","IPv4"]'],
  note: ['"a\\u0041"', '{"bytes":[1,{"type":"x"}]}'],
}
const ODD = [
  'null',
  '-1',
  '1.5',
  '70000',
  '4294967296',
  '"x"',
  '"\\u0031\\u0030"',
  '[7]',
  '{}',
  '"u12345\\"',
  '',
]

/** Lines of some shapes, most as a log has them, some with keys twice, in any order, nested, cut, joined, or broken. */
function hostileLines(random: (most: number) => number): string {
  const pick = <T>(items: readonly T[]): T => items[random(items.length)]!
  const keys = Object.keys(VALUES)
  const lines: string[] = []
  let held = keys
  for (let i = 0; i < 120; i++) {
    if (random(20) === 0) held = keys.filter((key) => key === 'type' || random(4) > 0)
    const members = held.map((key) => `"${key}":${pick(VALUES[key]!)}`)
    const isOdd = random(3) === 0
    if (isOdd) {
      const at = random(members.length)
      const key = pick(keys)
      const made = [
        () => `"${held[at]}":${pick(ODD)}`,
        () => `${members[at]},"${key}":${pick(VALUES[key]!)}`,
        () => ` ${members[at]!.replace(':', ' : ')} `,
        () => `"\\u0${(0x60 + random(26)).toString(16)}":1`,
        () => `"${held[at]}":${pick(VALUES[key]!)}`,
      ]
      members[at] = pick(made)()
    }
    if (random(15) === 0) members.reverse()
    let line = `{${members.join(',')}}`
    if (random(15) === 0) line = line.slice(0, random(line.length))
    lines.push(line + (random(10) === 0 ? '' : '\n'))
  }
  return lines.join('')
}

test('wanted columns hold what all are read with, and the same is refused, whatever lines hold', () => {
  const random = newRandom(21)
  for (let round = 0; round < 40; round++) {
    const input = hostileLines(random)
    const chunk = random(2) === 0 ? input.length : 1 + random(3000)
    const only = FIELDS.filter(() => random(4) === 0)
    const whole = readLines(input, { chunk })
    const some = readLines(input, { chunk, only })
    assert.equal(some.rejects, whole.rejects, only.map(({ name }) => name).join())
    assert.is(some.rows.length, whole.rows.length)
    for (const [i, row] of some.rows.entries())
      for (const { name } of only) assert.equal(row[name], whole.rows[i]![name], `${name} of row ${i}`)
  }
})

test.run()
