import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conformance } from '../../testing/project.ts'
import { loadMapping } from '../mapping.ts'
import { newMessageReader, newTextReader } from './line-reader.ts'
import { type Reading, readLines } from './testing/read-lines.ts'

// What goflow2 printed, read and printed again by our sink: the same octets.

const root = conformance('goflow2', 'golden')

const STOCK = loadMapping(
  `formatter:
  fields: [type, time_received_ns, sequence_num, sampling_rate, flow_direction, sampler_address, time_flow_start_ns,
    time_flow_end_ns, bytes, packets, src_addr, src_net, dst_addr, dst_net, etype, proto, src_port, dst_port, in_if,
    out_if, src_mac, dst_mac, icmp_name, csum]
  protobuf:
    - {name: flow_direction, index: 42, type: varint}
    - {name: csum, index: 999, type: varint}
  render:
    time_received_ns: datetimenano
ipfix:
  mapping:
    - {field: 61, destination: flow_direction}
sflow:
  mapping:
    - {layer: udp, offset: 48, length: 16, destination: csum}
`,
  'mapping.yaml',
).mapping

/** Reads each group's `file` and compares what is printed with its `expected` lines. */
function same(file: string, reading: Reading, excepted: readonly string[] = [], expected = file): number {
  let lines = 0
  for (const group of readdirSync(root!)) {
    const path = join(root!, group, file)
    if (!existsSync(path)) continue
    const octets = readFileSync(path)
    const { text, rejects } = readLines(octets, { chunk: 10_007, ...reading })
    assert.equal(rejects, [], group)
    const printed = text.split('\n')
    readFileSync(join(root!, group, expected), 'latin1')
      .split('\n')
      .forEach((line, i) => {
        if (!excepted.some((part) => line.includes(part)))
          assert.is(printed[i], line, `${group}, line ${i + 1}`)
        if (line !== '') lines++
      })
  }
  return lines
}

if (root === undefined) {
  console.log('skipped: no conformance data')
} else {
  test('prints default lines of 2.2.6 and HEAD again', () => {
    assert.is(same('v2.2.6.jsonl', {}), 470)
    assert.is(same('HEAD.jsonl', {}), 470)
  })
  test('prints default lines of 2.1.2 again', () => {
    // 2.1 names five protocols: what an empty name stands for is not known.
    assert.is(same('v2.1.2.jsonl', { compat: '2.1' }, ['"proto":""']), 470)
  })
  test('prints the lines that text and protobuf of 2.2.6 tell of', () => {
    assert.is(same('v2.2.6.text', { newReader: newTextReader }, [], 'v2.2.6.jsonl'), 126)
    // Protobuf leaves an unknown EtherType out, and so does not say that it was unknown.
    const bin = { newReader: newMessageReader }
    assert.is(same('v2.2.6.protobuf-delimited.bin', bin, [], 'v2.2.6.jsonl'), 126)
  })
  test('prints lines of the stock mapping again, with the mapping', () => {
    // An ICMP type without name is not known.
    const excepted = ['"icmp_name":""']
    const reading = { mapping: STOCK, printWith: STOCK }
    for (const version of ['v2.2.6', 'HEAD']) {
      assert.is(same(`${version}.stock-mapping.jsonl`, reading, excepted), 126)
    }
    assert.is(
      same('v2.1.2.stock-mapping.jsonl', { ...reading, compat: '2.1' }, [...excepted, '"proto":""']),
      126,
    )
  })
}

test.run()
