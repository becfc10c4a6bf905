import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newRandom } from '../../testing/workload.ts'
import { newMessageReader, newTextReader } from './line-reader.ts'
import { readLines } from './testing/read-lines.ts'

const LINES =
  '{"type":"NETFLOW_V9","time_received_ns":1680655485099595000,"sampler_address":"10.19.144.41","bytes":133,"src_addr":"161.202.212.212","dst_addr":"2001:db8::1","etype":"IPv4","proto":"TCP","src_mac":"00:00:5e:00:53:01","src_net":"161.202.192.0/19","as_path":[1,2],"layer_stack":["Ethernet","IPv4"],"site":"a"}\n' +
  '{"type":"NETFLOW_V9","time_received_ns":1680655485099595000,"sampler_address":"10.19.144.41","bytes":134,"src_addr":"161.202.212.212","dst_addr":"2001:db8::1","etype":"IPv4","proto":"UDP","src_mac":"00:00:5e:00:53:01","src_net":"161.202.192.0/19","as_path":[1,2],"layer_stack":["Ethernet","IPv4"],"site":"a"}' +
  '{"type":"SFLOW_5","bytes":0,"note":"\\u0041\\"","nested":{"a":[1,{"b":"}"}]}}\n\n'

test('reads lines in pieces of any size as at once', () => {
  const whole = readLines(LINES)
  assert.is(whole.rows.length, 3)
  for (let chunk = 1; chunk < LINES.length; chunk += chunk < 20 ? 1 : 7) {
    const { rows, rejects } = readLines(LINES, { chunk })
    assert.equal({ rows, rejects }, { rows: whole.rows, rejects: whole.rejects }, `pieces of ${chunk}`)
  }
})

test('takes a cut at every octet: whole objects are read, the rest is refused once', () => {
  const whole = readLines(LINES).rows
  for (let length = 0; length <= LINES.length; length++) {
    const { rows, rejects } = readLines(LINES.slice(0, length))
    assert.ok(rejects.length <= 1, `${length}: ${rejects}`)
    assert.equal(rows, whole.slice(0, rows.length))
  }
})

test('reads the next line whatever octets of one change', () => {
  const random = newRandom(3)
  const tail = '\n{"bytes":4711}\n'
  for (let i = 0; i < 300; i++) {
    const octets = Buffer.from(LINES.trimEnd() + tail)
    for (let n = 1 + random(4); n > 0; n--) octets[random(LINES.length - 2)] = random(256)
    const { rows } = readLines(octets)
    assert.equal(rows.at(-1), { octetDeltaCount: 4711n })
  }
})

test('reads lines one by one as it reads them together', () => {
  const random = newRandom(4)
  const values = [
    '0',
    '7',
    '"a"',
    '"10.0.0.1"',
    '"::ffff:1.2.3.4"',
    '[1]',
    '[]',
    '"TCP"',
    '""',
    '"10.0.0.0/8"',
    '1.5',
  ]
  const keys =
    'type bytes src_addr src_net etype proto vlan_id src_vlan in_if as_path mpls_ip icmp_type icmp_name src_mac site tcp_flags'.split(
      ' ',
    )
  const lines = Array.from({ length: 300 }, (_, i) => {
    const held = keys.filter(() => random(6) > 0)
    if (i % 3 === 0) held.reverse()
    return `{"packets":1,${held.map((key) => `"${key}":${values[random(values.length)]}`).join(',')}}`
  })
  const together = readLines(lines.join('\n'))
  assert.is(together.rows.length, lines.length)
  lines.forEach((line, i) => {
    const { rows } = readLines(line)
    // A tag is said of all rows of a batch once it differs from the VLAN in one.
    const { dot1qTci: _, ...alone } = rows[0]!
    const { dot1qTci: __, ...among } = together.rows[i]!
    assert.equal(among, alone, line)
  })
})

test('a blank may come before a key where the line before has none', () => {
  const lines = [
    '{"src_addr":"10.0.0.1","bytes":7,"packets":1}',
    '{"src_addr":"10.0.0.1","bytes":7, "packets":1}',
    '{ "src_addr":"10.0.0.1","bytes":7,"packets":1}',
    '{"src_addr":"10.0.0.1","bytes":7,"packets":1 }',
  ]
  const random = newRandom(6)
  for (let i = 0; i < 20; i++) {
    const text = Array.from({ length: 10 }, () => lines[random(lines.length)]).join('\n')
    const { rows, rejects } = readLines(text)
    assert.is(rows.length, 10, `${rejects}`)
    for (const row of rows) assert.equal(row, rows[0])
  }
})

test('takes nesting, long keys and many keys without harm', () => {
  for (const bomb of [
    `{"a":${'['.repeat(100_000)}`,
    `{"a":${'{"a":'.repeat(100_000)}`,
    `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    `{"${'k'.repeat(100_000)}":1}`,
    `{${Array.from({ length: 3000 }, (_, i) => `"k${i}":1`).join(',')}}`,
    '{"type":'.repeat(50_000),
    '{"'.repeat(100_000),
    `{"a":"${'\\'.repeat(100_001)}`,
  ]) {
    const start = performance.now()
    const { rows, rejects } = readLines(`${bomb}\n{"bytes":1}\n`)
    assert.is(rows.length, 1, bomb.slice(0, 20))
    assert.ok(rejects.length >= 1 && rejects.length < 20)
    assert.ok(performance.now() - start < 1000)
  }
})

test('bounds the number of different keys', () => {
  const lines = Array.from({ length: 3000 }, (_, i) => `{"bytes":1,"key${i}":1}`)
  const { rows, rejects } = readLines(lines.join('\n'))
  assert.is(rows.length + rejects.length, 3000)
  assert.match(rejects[0]!, 'different keys')
})

test('takes any octets as text and as messages', () => {
  const random = newRandom(5)
  for (let i = 0; i < 100; i++) {
    const octets = Uint8Array.from({ length: 200 }, () => (random(4) === 0 ? random(256) : random(128)))
    readLines(octets, { newReader: newTextReader, chunk: 1 + random(50) })
    readLines(octets, { newReader: newMessageReader, chunk: 1 + random(50) })
    readLines(octets, { chunk: 1 + random(50) })
  }
})

test.run()
