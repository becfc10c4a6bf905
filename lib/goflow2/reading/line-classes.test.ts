import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newRandom } from '../../testing/workload.ts'
import { rewritten } from './testing/rewritten.ts'

type Values = Record<string, string>

const PLAIN: Values = {
  type: '"NETFLOW_V9"',
  time_received_ns: '1680655485099595000',
  sequence_num: '5',
  sampler_address: '"10.19.144.41"',
  bytes: '133',
  src_addr: '"161.202.212.212"',
  dst_addr: '"10.0.0.1"',
  etype: '"IPv4"',
  proto: '"TCP"',
  src_port: '5',
  in_if: '7',
  src_mac: '"00:00:5e:00:53:01"',
  src_vlan: '7',
  vlan_id: '7',
  ip_flags: '2',
  icmp_type: '0',
  icmp_code: '0',
  src_net: '"161.202.192.0/19"',
  dst_net: '"0.0.0.0/0"',
  next_hop: '""',
  as_path: '[]',
  mpls_ip: '[]',
  layer_stack: '[]',
}

/** Other values of each key, as goflow2 prints them and as nobody does. */
const NUMBERS = [
  '0',
  '1',
  '90',
  '007',
  '00',
  '65535',
  '65536',
  '4294967296',
  '18446744073709551616',
  '-1',
  '1.0',
  'null',
]
const ADDRESSES = [
  '""',
  '"10.0.0.9"',
  '"010.0.0.9"',
  '"0a000009"',
  '"2001:db8::9"',
  '"2001:DB8::9"',
  '"2001:db8:0::9"',
]
const MORE_ADDRESSES = [
  '"::ffff:10.0.0.9"',
  '"::"',
  '"0.0.0.0"',
  '"::ffff:a00:9"',
  '"2001:db8:0:0:1::9"',
  '"x"',
  '7',
]
const NETWORKS = [
  '"161.202.0.0/16"',
  '"161.202.192.0/019"',
  '"161.202.212.0/19"',
  '"invalid Prefix"',
  '24',
  '"0.0.0.0/0"',
]
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  type: ['"IPFIX"', '"SFLOW_5"', '"NETFLOW_V5"', '4', '"ipfix"'],
  time_received_ns: [...NUMBERS, '"2023-04-05T00:44:45.099595Z"'],
  sampler_address: [...ADDRESSES, ...MORE_ADDRESSES],
  src_addr: [...ADDRESSES, ...MORE_ADDRESSES],
  dst_addr: [...ADDRESSES, ...MORE_ADDRESSES],
  next_hop: [...ADDRESSES, ...MORE_ADDRESSES],
  etype: ['"IPv6"', '"ARP"', '""', '2048', '"0800"'],
  proto: ['"UDP"', '"IPv6-ICMP"', '"ICMPv6"', '"ICMP"', '6', '""', '"tcp"', '"HOPOPT"', '"OSPFIGP"'],
  src_mac: [
    '"00:00:00:00:00:00"',
    '"00:00:5E:00:53:01"',
    '"zz:00:5e:00:53:01"',
    '"00:00:5e:00:53"',
    '1577079553',
  ],
  ip_flags: [...NUMBERS, '7', '8'],
  src_net: NETWORKS,
  dst_net: [...NETWORKS, '"10.0.0.0/8"', '"2001:db8::/32"', '"2001:DB8::/32"', '"::/0"'],
  as_path: ['[1,2]', '[01]', '[ ]', '[1, 2]', '""'],
  mpls_ip: ['["10.0.0.1"]', '["0a000001"]', '[""]'],
  layer_stack: ['["Ethernet","IPv4"]', '["ethernet"]', '[""]'],
}

function line(values: Values): string {
  return `{${Object.entries(values)
    .map(([key, value]) => `"${key}":${value}`)
    .join(',')}}\n`
}

test('lines that begin to be written otherwise than those before come out as they stood', () => {
  for (let seed = 1; seed <= 2; seed++) {
    const random = newRandom(seed)
    const pick = <T>(list: readonly T[]): T => list[random(list.length)]!
    const keys = Object.keys(PLAIN)
    const lines: string[] = []
    for (let i = 0; i < 3000; i++) {
      const values: Values = { ...PLAIN, bytes: String(i * 7), src_port: String(i % 3) }
      // At first all are plain, so that their classes are known before others come.
      const changes = i < 600 || random(3) === 0 ? 0 : 1 + random(3)
      for (let change = 0; change < changes; change++) {
        const key = pick(keys)
        values[key] = pick(OTHERS[key] ?? NUMBERS)
      }
      lines.push(line(values))
    }
    const text = lines.join('')
    const out = rewritten(Buffer.from(text), 40_000)
    assert.is(out.rejected, 0)
    if (out.text !== text) {
      const printed = out.text.split('\n')
      lines.forEach((each, i) => {
        assert.is(`${printed[i]}\n`, each, `seed ${seed}, line ${i}`)
      })
    }
    assert.ok(out.whole < 1500, `${out.whole} lines were kept whole`)
  }
})

test('VLANs of more than 12 bits come out as they stood, whatever lines stand around them', () => {
  let text = ''
  for (let i = 0; i < 900; i++) {
    const vlan = i === 400 ? 1 : 5000
    text += line({ ...PLAIN, src_vlan: '5000', vlan_id: String(vlan) })
  }
  assert.is(rewritten(Buffer.from(text)).text, text)
})

test('a key that stands twice is never taken for one of a known class', () => {
  const twice = (first: number, second: number) =>
    `{"type":"IPFIX","bytes":${first},"src_port":1,"bytes":${second}}\n`
  let text = ''
  for (let i = 0; i < 900; i++) text += twice(i + 1, i < 600 ? i + 1 : i + 2)
  assert.is(rewritten(Buffer.from(text)).text, text)
})

test.run()
