import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Mapping } from '../mapping-types.ts'
import { detectFormat } from './detect-format.ts'
import { newMessageReader, newTextReader } from './line-reader.ts'
import { readLines } from './testing/read-lines.ts'

const text = { newReader: newTextReader }
const bin = { newReader: newMessageReader }

test('reads text lines, values with blanks and lists too', () => {
  const { rows, rejects } = readLines(
    'type=IPFIX bytes=5 proto=ISIS over IPv4 src_net=invalid Prefix as_path=[1,2] layer_stack=[Ethernet,IPv4] note=a "b" \\ next_hop= \n\n' +
      'bytes=6 src_addr=10.0.0.1',
    text,
  )
  assert.equal(rejects, [])
  assert.equal(rows, [
    {
      exportProtocol: 10,
      octetDeltaCount: 5n,
      protocolIdentifier: 124,
      asPath: [1, 2],
      layerStack: [0, 1],
      'line.note.text': 'a "b" \\',
    },
    { octetDeltaCount: 6n, sourceAddress: '10.0.0.1' },
  ])
})

test('refuses text that is no flow', () => {
  const { rows, rejects } = readLines('hello\ntime=now level=info msg=x\nbytes=1\n', text)
  assert.is(rows.length, 1)
  assert.equal(rejects, ['no key and equals sign: 5 octets at 0', 'no key of a flow: 25 octets at 6'])
})

test('reads text in pieces of any size as at once', () => {
  const lines = 'type=IPFIX bytes=5 proto=ISIS over IPv4\n\nwhat\nbytes=6 src_addr=10.0.0.1\n'
  const whole = readLines(lines, text)
  for (let chunk = 1; chunk < lines.length; chunk++) {
    const { rows, rejects } = readLines(lines, { ...text, chunk })
    assert.equal({ rows, rejects }, { rows: whole.rows, rejects: whole.rejects })
  }
})

/** A message of type 4 and 5 bytes, with these fields behind it. */
function message(...fields: number[]): number[] {
  // src_port 4660 makes it longer than ten octets.
  const octets = [0x08, 4, 0x48, 5, 0xa8, 0x01, 0xb4, 0x24, 0xb0, 0x01, 0xb4, 0x24, ...fields]
  return [octets.length, ...octets]
}
const COMMON = {
  exportProtocol: 10,
  octetDeltaCount: 5n,
  sourceTransportPort: 4660,
  destinationTransportPort: 4660,
}

test('reads messages with and without separator', () => {
  for (const separator of [[], [10], [13, 10]]) {
    const { rows, rejects } = readLines(Uint8Array.from([...message(), ...separator, ...message()]), bin)
    assert.equal(rejects, [])
    assert.equal(rows, [COMMON, COMMON])
  }
})

test('keeps fields that it does not know, also repeated ones', () => {
  // 1000: varint 300, 1001: octets, 1002 twice, 1003: fixed 32
  const fields = [
    0xc0, 0x3e, 0xac, 0x02, 0xca, 0x3e, 2, 0xab, 0xcd, 0xd0, 0x3e, 1, 0xd0, 0x3e, 2, 0xdd, 0x3e, 1, 0, 0, 0,
  ]
  assert.equal(readLines(Uint8Array.from(message(...fields)), bin).rows[0], {
    ...COMMON,
    'line.pb1000': 300n,
    'line.pb1001.text': 'abcd',
    'line.pb1002.json': '[1,2]',
    'line.pb1003': 1n,
  })
})

test('names fields that a mapping declares', () => {
  const mapping: Mapping = {
    formatter: {
      fields: [],
      key: [],
      render: {},
      rename: {},
      protobuf: [{ name: 'csum', index: 1000, type: 'varint', array: false }],
    },
    ipfix: [],
    netflowv9: [{ field: 61, penprovided: false, pen: 0, destination: 'csum', endianness: 'big' }],
    sflowPorts: [],
    sflowMapping: [],
  }
  const { rows } = readLines(Uint8Array.from(message(0xc0, 0x3e, 0xac, 0x02)), { ...bin, mapping })
  assert.is(rows[0]!['map.csum'], '012c')
})

test('reads packed and unpacked lists', () => {
  // bgp_communities (101) packed, as_path (102) unpacked
  const row = readLines(Uint8Array.from(message(0xaa, 0x06, 2, 7, 8, 0xb0, 0x06, 9, 0xb0, 0x06, 10)), bin)
    .rows[0]!
  assert.equal(row['bgpCommunities'], [7, 8])
  assert.equal(row['asPath'], [9, 10])
})

test('finds the next message behind a broken one', () => {
  const { rows, rejects } = readLines(
    Uint8Array.from([...message(), 20, 0xff, 0xff, 0xff, ...message(), 200, 1, 8]),
    bin,
  )
  assert.is(rows.length, 2)
  assert.equal(rejects, ['the message is cut: 4 octets at 13', 'the message is cut: 3 octets at 30'])
})

test('reads messages in pieces of any size as at once', () => {
  const octets = Uint8Array.from([...message(), 10, ...message(0xc0, 0x3e, 0xac, 0x02), 10, ...message()])
  const whole = readLines(octets, bin)
  assert.is(whole.rows.length, 3)
  for (let chunk = 1; chunk < octets.length; chunk++) {
    const { rows, rejects } = readLines(octets, { ...bin, chunk })
    assert.equal({ rows, rejects }, { rows: whole.rows, rejects: whole.rejects })
  }
})

test('tells formats by their first octets', () => {
  const cases: [string | number[], string][] = [
    ['{"type":"IPFIX"}', 'json'],
    ['\n\n {"type":"IPFIX"}', 'json'],
    ['[{"a":1}]', 'json'],
    ['\ufeff{"a":1}', 'json'],
    ['', 'json'],
    ['s":5}\n{"type":"IPFIX"}\n', 'json'],
    ['type=IPFIX bytes=1\n', 'text'],
    ['4 next_hop=\ntype=IPFIX', 'text'],
    [message(), 'bin'],
    [[0x1f, 0x8b, 8], 'gzip'],
    [[0x28, 0xb5, 0x2f, 0xfd], 'zstd'],
    ['WEIR', 'weir'],
    ['hello', 'unknown'],
    [[0, 1, 2, 3], 'unknown'],
  ]
  for (const [octets, format] of cases)
    assert.is(detectFormat(Buffer.from(octets as string)), format, String(octets))
})

test.run()
