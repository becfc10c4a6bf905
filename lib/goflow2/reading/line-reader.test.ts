import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineField } from '../../flow/fields.ts'
import { mappingOfShape } from './line-shape.ts'
import { readLines } from './testing/read-lines.ts'

const read = (line: string) => readLines(`${line}\n`).rows[0]!

test('keeps all digits of 64-bit numbers', () => {
  for (const value of [0n, 1n, 999_999_999n, 1_000_000_000n, 1_680_655_485_099_595_001n, 2n ** 53n + 1n]) {
    assert.is(read(`{"bytes":${value}}`)['octetDeltaCount'], value)
  }
  for (const value of [10n ** 18n - 1n, 10n ** 18n, 2n ** 63n, 2n ** 64n - 1n]) {
    assert.is(read(`{"time_received_ns":${value},"bytes":1}`)['timeReceived'], value)
  }
})

test('keeps numbers that no column can hold as they are written', () => {
  const digits = '7'.repeat(400)
  assert.is(read(`{"bytes":${digits}}`)['line.bytes.json'], digits)
  assert.is(read('{"bytes":18446744073709551616}')['line.bytes.json'], '18446744073709551616')
  assert.is(read('{"src_port":65536}')['line.src_port'], 65_536n)
  assert.is(read('{"bytes":-5}')['line.bytes.json'], '-5')
  assert.is(read('{"bytes":1.50}')['line.bytes.json'], '1.50')
  assert.is(read('{"bytes":1.50}')['octetDeltaCount'], undefined)
})

test('reads addresses of both families, empty ones and hexadecimal ones', () => {
  const cases: [string, string | undefined][] = [
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['', undefined],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:db8::ff00:42:8329', '2001:db8::ff00:42:8329'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['6799ef23', '103.153.239.35'],
    ['20010db8000000000000000000000001', '2001:db8::1'],
  ]
  for (const [text, expected] of cases) {
    assert.is(read(`{"src_addr":"${text}","bytes":1}`)['sourceAddress'], expected, text)
  }
  for (const text of [
    '256.0.0.1',
    '1.2.3',
    '1.2.3.4.5',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    'fe80::1%eth0',
    ':1',
    '1:',
  ]) {
    const row = read(`{"src_addr":"${text}","bytes":1}`)
    assert.is(row['sourceAddress'], undefined, text)
    assert.is(row['line.src_addr.text'], text)
  }
})

test('prints mapped addresses again as they were, beside plain ones', () => {
  const mapped = readLines('{"src_addr":"::ffff:192.0.2.1"}\n{"src_addr":"192.0.2.1"}\n').text.split('\n')
  assert.match(mapped[0]!, '"src_addr":"::ffff:192.0.2.1"')
  assert.match(mapped[1]!, '"src_addr":"192.0.2.1"')
  // A collector that listens on IPv6 says so of its exporters.
  const sampler = readLines('{"type":"IPFIX","bytes":1,"sampler_address":"::ffff:192.0.2.1"}\n').text
  assert.match(sampler, '"sampler_address":"::ffff:192.0.2.1"')
})

test('reads enums by name of every version, by number and by number in quotes', () => {
  const protocols: [string, number | undefined][] = [
    ['"TCP"', 6],
    ['"ICMPv6"', 58],
    ['"IPv6-ICMP"', 58],
    ['"ISIS over IPv4"', 124],
    ['"HOPOPT"', 0],
    ['17', 17],
    ['"17"', 17],
    ['"unassigned"', undefined],
  ]
  for (const [text, number] of protocols)
    assert.is(read(`{"proto":${text}}`)['protocolIdentifier'], number, text)
  assert.is(read('{"proto":"unassigned"}')['line.proto.text'], 'unassigned')
  const types: [string, number][] = [
    ['"NETFLOW_V5"', 5],
    ['"NETFLOW_V9"', 9],
    ['"IPFIX"', 10],
    ['"SFLOW_5"', 205],
    ['1', 205],
    ['"FLOWUNKNOWN"', 0],
  ]
  for (const [text, number] of types)
    assert.is(read(`{"type":${text},"bytes":1}`)['exportProtocol'], number, text)
  assert.is(read('{"etype":"IPv6"}')['ethernetType'], 0x86dd)
  assert.is(read('{"etype":2048}')['ethernetType'], 0x0800)
})

test('reads times as nanoseconds, seconds, milliseconds and RFC 3339', () => {
  const ns = 1_690_728_617_356_388_000n
  assert.is(read('{"bytes":1,"time_received_ns":"2023-07-30T14:50:17.356388Z"}')['timeReceived'], ns)
  assert.is(read('{"bytes":1,"time_received_ns":"2023-07-30T16:50:17.356388+02:00"}')['timeReceived'], ns)
  assert.is(
    read('{"bytes":1,"time_received_ns":"2024-02-29T00:00:00Z"}')['timeReceived'],
    1_709_164_800_000_000_000n,
  )
  assert.is(read('{"bytes":1,"TimeReceived":1690728617}')['timeReceived'], 1_690_728_617_000_000_000n)
  const both = read('{"bytes":1,"TimeFlowStartMs":1690728617356,"TimeFlowStart":1690728617}')
  assert.is(both['flowStart'], 1_690_728_617_356_000_000n)
  assert.is(
    read('{"bytes":1,"TimeFlowStart":1690728617,"TimeFlowStartMs":0}')['flowStart'],
    1_690_728_617_000_000_000n,
  )
  for (const text of ['2023-13-01T00:00:00Z', '2023-02-29T00:00:00Z', '2023-01-01', '1969-12-31T23:59:59Z']) {
    assert.is(read(`{"bytes":1,"time_received_ns":"${text}"}`)['line.time_received_ns.text'], text)
  }
})

test('reads goflow2 1.x by its names', () => {
  const row = read(
    '{"Type":"NETFLOW_V5","TimeReceived":1690728617,"SamplerAddress":"192.0.2.1","Bytes":133,"Packets":1,' +
      '"SrcAddr":"10.0.0.1","Etype":2048,"Proto":6,"SrcPort":80,"InIf":7,"SrcAS":65000,"IPTos":4,"SrcNet":24}',
  )
  assert.equal(row, {
    exportProtocol: 5,
    timeReceived: 1_690_728_617_000_000_000n,
    exporterAddress: '192.0.2.1',
    octetDeltaCount: 133n,
    packetDeltaCount: 1n,
    sourceAddress: '10.0.0.1',
    ethernetType: 2048,
    protocolIdentifier: 6,
    sourceTransportPort: 80,
    ingressInterface: 7,
    bgpSourceAsNumber: 65_000,
    ipClassOfService: 4,
    sourcePrefixLength: 24,
  })
})

test("stores sFlow's agent and what interfaces mean", () => {
  const row = read('{"type":"SFLOW_5","sampler_address":"192.0.2.1","in_if":1073741823,"out_if":5}')
  assert.is(row['agentAddress'], '192.0.2.1')
  assert.is(row['ingressInterfaceRaw'], 1_073_741_823)
  assert.is(row['ingressInterface'], 0)
  assert.is(row['egressInterface'], 5)
})

test('keeps keys that it does not know', () => {
  const row = read(
    '{"bytes":1,"site":"K\\u00f6ln \\"x\\"","csum":4660,"tags":["a",{"b":[]}],"on":true,"none":null}',
  )
  assert.is(row['line.site.text'], 'Köln "x"')
  assert.is(row['line.csum'], 4660n)
  assert.is(row['line.tags.json'], '["a",{"b":[]}]')
  assert.is(row['line.on.json'], 'true')
  assert.is(row['line.none.json'], 'null')
})

test('keeps them row by row, equal to the row before or not', () => {
  const { rows } = readLines(
    '{"bytes":1,"site":"a","n":7,"as_path":[1,2]}\n{"bytes":1,"site":"a","n":7,"as_path":[1,2]}\n{"bytes":1,"site":"b","n":7,"as_path":[1,2]}\n' +
      '{"bytes":1,"n":7}\n{"bytes":1,"site":"b","n":8,"as_path":[]}\n{"bytes":1,"site":"b","n":8,"as_path":[]}\n',
  )
  assert.equal(
    rows.map((row) => [row['line.site.text'], row['line.n'], row['asPath']]),
    [
      ['a', 7n, [1, 2]],
      ['a', 7n, [1, 2]],
      ['b', 7n, [1, 2]],
      [undefined, 7n, undefined],
      ['b', 8n, undefined],
      ['b', 8n, undefined],
    ],
  )
})

test('forgets what a line said when the next one does not say it', () => {
  const { rows } = readLines(
    '{"type":"SFLOW_5","etype":"IPv6","icmp_type":3,"src_vlan":5,"src_addr":"::ffff:1.2.3.4"}\n{"src_vlan":5}\n{"bytes":1}\n',
  )
  assert.equal(rows[1], { vlanId: 5 })
  assert.equal(rows[2], { octetDeltaCount: 1n })
})

test('reads elements by the names and columns that the caller knows, as numbers and as octets', () => {
  const fields = {
    post_mcast_packet_delta_count: defineField('postMCastPacketDeltaCount', 'u64', 'deltaCounter', 0, 19),
    layer2_octets: defineField('line-test.octets', 'octets'),
  }
  const { rows } = readLines(
    '{"post_mcast_packet_delta_count":7,"post_nat_src_ipv4_address":"6799ef23"}\n' +
      '{"post_mcast_packet_delta_count":"0010","layer2_octets":"00ff"}\n',
    { elementOf: (name) => fields[name as 'layer2_octets'] },
  )
  assert.is(rows[0]!['postMCastPacketDeltaCount'], 7n)
  assert.is(rows[0]!['postNatSourceAddress'], '103.153.239.35')
  assert.is(rows[1]!['postMCastPacketDeltaCount'], 16n)
  assert.is(rows[1]!['line-test.octets'], '00ff')
})

test('takes renamed keys', () => {
  const { rows } = readLines('{"octets":5,"from":"10.0.0.1"}\n', {
    rename: { octets: 'bytes', from: 'src_addr' },
  })
  assert.equal(rows[0], { octetDeltaCount: 5n, sourceAddress: '10.0.0.1' })
})

test('takes keys in any order, with blanks, and the last of those that stand twice', () => {
  const { rows } = readLines(
    '{ "packets" : 2 , "bytes" : 5 }\r\n{"bytes":7,"packets":3,"bytes":8}\n{"src_as":1,"src_as":0}\n',
  )
  assert.equal(rows, [
    { octetDeltaCount: 5n, packetDeltaCount: 2n },
    { octetDeltaCount: 8n, packetDeltaCount: 3n },
    {},
  ])
})

test('takes no value of the row before where a line says one thing twice', () => {
  const { rows } = readLines(
    '{"bytes":1,"src_net":24,"in_if":3}\n{"bytes":1,"src_net":"x","bytes":1,"src_net":24,"in_if":3}\n' +
      '{"src_as":5,"SrcAs":6,"in_if":3}\n{"src_as":5,"SrcAs":0,"in_if":3}\n',
  )
  assert.equal(rows[1], { octetDeltaCount: 1n, ingressInterface: 3, sourcePrefixLength: 24 })
  assert.equal(rows[3], { bgpSourceAsNumber: 5, ingressInterface: 3 })
})

test('tells how lines look, and a mapping prints them again', () => {
  const line =
    '{"dst":"10.0.0.1","time_received_ns":"2023-07-30T14:50:17.356388Z","type":"IPFIX","proto":6,"etype":"IPv4",' +
    '"src_addr":"c0000201","bytes":18446744073709551615,"dst_net":"10.0.0.0/8"}\n'
  const rename = { dst: 'dst_addr' }
  const shape = readLines(`{"type":"IPFIX","bytes":1}\n${line}`, { rename }).reader.shape()
  assert.equal(shape.keys.slice(0, 3), [
    { key: 'dst', name: 'dst_addr', renderer: null },
    { key: 'time_received_ns', name: 'time_received_ns', renderer: 'datetimenano' },
    { key: 'type', name: 'type', renderer: null },
  ])
  assert.is(readLines(line, { rename, printWith: mappingOfShape(shape) }).text, line)
})

test('splits joined objects, and skips blank lines, padding and the brackets of an array', () => {
  const { rows, rejects } = readLines(
    '{"bytes":1}{"bytes":2}\n\n\r\n\0\0\0{"bytes":3}\n[{"bytes":4},\n{"bytes":5}]\n\ufeff{"bytes":6}',
  )
  assert.equal(
    rows.map((row) => row['octetDeltaCount']),
    [1n, 2n, 3n, 4n, 5n, 6n],
  )
  assert.equal(rejects, [])
})

test('refuses what is no flow, says where, and goes on behind it', () => {
  const { rows, rejects } = readLines(
    'time=now level=info msg="starting"\n{"type":"IPFIX","bytes":1}\n{"type":"IPFIX","byt{"type":"IPFIX","bytes":2}\n' +
      '{"type":"IPFIX","bytes":}\n{}\n{"type":"IPFIX","bytes":3',
  )
  assert.equal(
    rows.map((row) => row['octetDeltaCount']),
    [1n, 2n],
  )
  assert.equal(rejects, [
    'not a JSON object: 34 octets at 0',
    'a colon is missing: 20 octets at 62',
    'a value is broken: 25 octets at 109',
    'an object without keys: 2 octets at 135',
    'the line is cut: 25 octets at 138',
  ])
})

test("refuses other programs' lines", () => {
  const { rows, rejects } = readLines(
    '{"time":"2026-01-01T00:00:00Z","level":"INFO","msg":"starting"}\n' +
      '{"type":"sflow","message":{"version":5},"src":"192.0.2.1:50000","time_received":"2026-01-01T00:00:00Z"}\n',
  )
  assert.equal(rows, [])
  assert.equal(rejects, ['no key of a flow: 63 octets at 0', 'no key of a flow: 103 octets at 64'])
})

test('passes octets that are no UTF-8 on as they are', () => {
  const line = Buffer.from('{"bytes":1,"site":"K\xf6ln"}\n', 'latin1')
  assert.is(readLines(line).rows[0]!['line.site.text'], 'K\ufffdln')
})

test('takes a few objects of a long line that has no line feeds', () => {
  const count = 40_000
  const { rows, rejects } = readLines('{"bytes":12,"src_addr":"10.0.0.1"}'.repeat(count), { chunk: 70_001 })
  assert.is(rows.length, count)
  assert.equal(rejects, [])
})

test('refuses a line of more than 10 MiB without keeping it', () => {
  const { rows, rejects } = readLines(
    Buffer.concat([
      Buffer.from('{"site":"'),
      Buffer.alloc(21_000_000, 0x61),
      Buffer.from('"}\n{"bytes":1}\n'),
    ]),
    { chunk: 1_000_000 },
  )
  assert.is(rejects.length, 1)
  assert.match(rejects[0]!, 'a line of more than 10 MiB')
  assert.is(rows.length, 1)
})

test.run()
