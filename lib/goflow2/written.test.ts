import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { defineField } from '../flow/fields.ts'
import { fillRow } from '../testing/fill-row.ts'
import { rewritten } from './reading/testing/rewritten.ts'
import { newWrittenSink } from './written-sink.ts'

/** Lines that must come out in the same octets; returns how many of them had to be kept whole. */
function whole(...lines: string[]): number {
  const octets = Buffer.from(`${lines.join('\n')}\n`, 'latin1')
  const result = rewritten(octets)
  assert.is(result.text, octets.toString('latin1'))
  assert.is(result.rows, lines.length)
  assert.is(result.rejected, 0)
  return result.whole
}

test('order, missing and unknown keys are kept, row by row', () => {
  const lines = [
    '{"dst_addr":"192.0.2.1","src_addr":"198.51.100.2","bytes":5}',
    '{"bytes":5,"src_addr":"2001:db8::1","site":"Ulm","type":"IPFIX"}',
    '{"dst_addr":"192.0.2.1","src_addr":"198.51.100.2","bytes":5,"site":17,"rack":null,"up":true,"load":[1.5,{"a":2}]}',
    '{"bytes":5,"src_addr":"2001:db8::1","site":"Ulm","type":"IPFIX"}',
  ]
  assert.is(whole(...lines), 0)
})

test('64-bit extremes and zeros are kept', () => {
  const lines = ['0', '1', '18446744073709551615', '9007199254740993'].map(
    (n) => `{"type":"IPFIX","bytes":${n},"packets":${n},"time_flow_start_ns":${n},"extra":${n},"src_as":0}`,
  )
  assert.is(whole(...lines), 0)
})

test('names and numbers of one enum may stand in one log', () => {
  const lines = ['"TCP"', '6', '"UDP"', '17', '"ICMPv6"', '"IPv6-ICMP"', '""', '"no such"'].map(
    (proto) => `{"bytes":1,"proto":${proto},"etype":"IPv4"}`,
  )
  assert.is(whole(...lines), 0)
})

test('times as numbers and as text, addresses as text and in hexadecimal', () => {
  const lines = [
    '{"bytes":1,"time_received_ns":1700000000000000001,"src_addr_nat":"192.0.2.1"}',
    '{"bytes":1,"time_received_ns":"2023-07-30T14:50:17.356388Z","src_addr_nat":"192.0.2.1"}',
    '{"bytes":1,"time_received_ns":"2023-07-30T14:50:17Z","post_nat_src_ipv4_address":"6799ef23"}',
    '{"bytes":1,"post_nat_src_ipv4_address":"6799ef23","src_addr":"::ffff:192.0.2.1"}',
  ]
  assert.is(whole(...lines), 0)
})

test('lines of goflow2 1.x are printed with their times', () => {
  const line =
    '{"Type":"NETFLOW_V9","TimeReceived":1700000001,"SequenceNum":7,"SamplingRate":0,"SamplerAddress":"192.0.2.9",' +
    '"TimeFlowStart":1700000000,"TimeFlowEnd":1700000000,"TimeFlowStartMs":1700000000123,"TimeFlowEndMs":1700000000999,' +
    '"Bytes":100,"Packets":2,"SrcAddr":"192.0.2.1","DstAddr":"192.0.2.2","Etype":2048,"Proto":6,"HasMPLS":false}'
  assert.is(whole(line, line.replace('"Bytes":100', '"Bytes":101')), 0)
})

test('what columns cannot give back is kept whole', () => {
  const lines = [
    '{"bytes": 1, "src_addr": "192.0.2.1"}',
    '{"bytes":1,"src_addr":"2001:DB8::1"}',
    '{"bytes":1,"note":"a\\u0041b\\/"}',
    '{"bytes":1,"bytes":2}',
    '{"bytes":007}',
    '{"bytes":1.0,"proto":null}',
    '{"type":"NETFLOW_LEGACY","bytes":1}',
    '{"bytes":1}',
  ]
  assert.ok(whole(...lines) >= 5)
})

test('hostile text comes out as it went in', () => {
  const lines = [
    '{"bytes":1,"note":"\\"quoted\\" and \\\\ and \\n"}',
    '{"bytes":1,"note":"\xff\xfe invalid"}',
    '{"bytes":1,"no\\"te":"x"}',
    '{"bytes":1,"note":"\\u0000"}',
    '{"bytes":1,"":""}',
    '{"bytes":1,"\xff":"k"}',
    '{"bytes":1,"shape":"s","shape.text":"t"}',
  ]
  whole(...lines)
})

test('lines that all have other keys are kept too', () => {
  whole(...Array.from({ length: 500 }, (_, i) => `{"bytes":1,"k${i}":${i}}`))
})

test('a VLAN is printed whatever rows stand around it', () => {
  const vlan = (own: number, tag: number) =>
    `{"type":"NETFLOW_V9","bytes":1,"src_vlan":${own},"vlan_id":${tag}}`
  const frame = (tag: number) => `{"type":"SFLOW_5","bytes":1,"src_vlan":7,"vlan_id":${tag}}`
  assert.is(
    whole(vlan(5, 5), vlan(0, 0), vlan(5, 0), vlan(5, 6), vlan(0, 6), vlan(5, 5), frame(0), frame(9)),
    0,
  )
  const mixed = Array.from({ length: 5000 }, (_, i) =>
    i < 4200 ? vlan(5, 5) : i % 2 === 0 ? vlan(5, 0) : frame(i % 4096),
  )
  assert.is(whole(...mixed), 0)
})

test('shapes that no reader of ours wrote break nothing', () => {
  defineField('line.clash', 'address')
  defineField('line.clash.text', 'u32-list')
  const keys = (...items: unknown[]) => JSON.stringify(['2.2', items])
  const shapes = [
    'no JSON',
    '{}',
    '[]',
    '["2.2",[]]',
    '["2.2",[[1,2,3,4]]]',
    keys(['bytes', 'bytes', null, 'hex99']),
    keys(['constructor', 'constructor', 'constructor', '']),
    keys(['clash', null, null, ''], ['x', null, 'line.clash.text', 'text'], ['y', null, 'nowhere', 'ip']),
    keys(
      ['a', 'src_net', null, 'quoted'],
      ['b', 'as_path', null, 'none'],
      ['c', 'icmp_name', null, 'datetime'],
    ),
    keys(...Array.from({ length: 1025 }, (_, i) => [`k${i}`, 'bytes', null, ''])),
  ]
  const batch = new FlowBatch()
  for (const lineShape of shapes) {
    fillRow(batch, {
      lineShape,
      octetDeltaCount: 7n,
      sourceAddress: '192.0.2.1',
      'line.clash': '192.0.2.2',
      'line.clash.text': [1],
    })
  }
  for (const format of ['json', 'text'] as const) {
    let lines = ''
    const write = (octets: Uint8Array, from: number, to: number) => {
      lines += Buffer.from(octets.subarray(from, to)).toString()
    }
    const sink = newWrittenSink({ format, compat: '2.2', mapping: null, separator: Buffer.from('\n'), write })
    sink.write(batch)
    assert.is(lines.split('\n').length, shapes.length + 1)
    if (format === 'json') for (const line of lines.trim().split('\n')) JSON.parse(line)
  }
})

test('many lines, in batches', () => {
  const lines = Array.from({ length: 9000 }, (_, i) =>
    i % 3 === 0
      ? `{"type":"IPFIX","bytes":${i},"src_addr":"192.0.2.${i % 256}"}`
      : `{"type":"SFLOW_5","bytes":${i},"src_addr":"2001:db8::${(i % 256).toString(16)}","n":"${i}"}`,
  )
  assert.is(whole(...lines.map((line) => line.replace('::0"', '::"'))), 0)
})

test.run()
