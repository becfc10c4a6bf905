import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BatchWriter } from '../flow/batch-writer.ts'
import { NO_CAPTURES } from '../flow/captures.ts'
import { F, PROTOCOL } from '../flow/fields.ts'
import { ipv4, join, received, type Specifier, specifiers, u8, u16, u32, u64 } from '../testing/datagrams.ts'
import { Issues } from './issues.ts'
import { fillOrigin, newOrigin } from './origin.ts'
import { RecordReader } from './records.ts'
import { TemplateCompiler } from './template.ts'
import { decode, EXPORT_NS } from './testing/records.ts'

test('a biflow gives two rows, the second seen from the other end', () => {
  const fields: Specifier[] = [
    [8, 4],
    [12, 4],
    [7, 2],
    [11, 2],
    [4, 1],
    [10, 4],
    [2, 4],
    [2, 4, 29305],
    [1, 8],
    [1, 8, 29305],
    [152, 8],
    [6, 1],
    [6, 1, 29305],
    [85, 4],
  ]
  const record = (back: number) =>
    join(
      ipv4('10.0.0.1'),
      ipv4('192.0.2.1'),
      join(u16(51234), u16(443), u8(6), u32(10)),
      join(u32(5), u32(back), u64(500), u64(back * 1000)),
      join(u64(1_700_000_000_000), u8(2), u8(18), u32(77)),
    )
  const { rows, records, count } = decode(fields, join(record(3), record(0)))
  assert.is(records, 2)
  assert.is(count, 3)
  assert.equal(rows[0], {
    biflowHalf: 2,
    sourceAddress: '10.0.0.1',
    destinationAddress: '192.0.2.1',
    sourceTransportPort: 51234,
    destinationTransportPort: 443,
    protocolIdentifier: 6,
    ingressInterface: 10,
    packetDeltaCount: 5n,
    reversePacketDeltaCount: 3n,
    octetDeltaCount: 500n,
    reverseOctetDeltaCount: 3000n,
    flowStart: EXPORT_NS,
    tcpControlBits: 2,
    reverseTcpControlBits: 18,
    octetTotalCount: 77n,
  })
  assert.equal(rows[1], {
    biflowHalf: 1,
    sourceAddress: '192.0.2.1',
    destinationAddress: '10.0.0.1',
    sourceTransportPort: 443,
    destinationTransportPort: 51234,
    protocolIdentifier: 6,
    egressInterface: 10,
    packetDeltaCount: 3n,
    octetDeltaCount: 3000n,
    flowStart: EXPORT_NS,
    tcpControlBits: 18,
  })
  assert.is(rows[2]!['biflowHalf'], undefined)
  assert.is(rows[2]!['packetDeltaCount'], 5n)
})

test('the reverse half of a biflow has a layout of its own', () => {
  const fields: Specifier[] = [
    [8, 4],
    [10, 4],
    [1, 4],
    [1, 4, 29305],
  ]
  const compiler = new TemplateCompiler(NO_CAPTURES, false)
  const issues = new Issues()
  const latin1 = Buffer.from(specifiers(fields)).toString('latin1')
  const template = compiler.compile(PROTOCOL.ipfix, 256, 0, latin1, issues, 10)!
  const datagram = received(join(ipv4('10.0.0.1'), u32(3), u32(10), u32(20)))
  const origin = newOrigin(datagram)
  origin.layout = template.layout
  const layouts: string[] = []
  const writer = new BatchWriter('flow', (full) => {
    const numbers = full.fixed(F.layout).values
    for (let row = 0; row < full.rowCount; row++) {
      const { fields: members } = full.layouts[numbers[row]! - 1]!
      layouts.push(members.map(({ element, field }) => `${element} ${field?.name ?? '-'}`).join(', '))
    }
    return full
  })
  const { from, to } = datagram
  new RecordReader(null).read(template, from, to, origin, writer, { finish: fillOrigin }, issues)
  writer.flush()
  assert.equal(layouts, [
    '8 sourceAddress, 10 ingressInterface, 1 octetDeltaCount, 1 reverseOctetDeltaCount',
    '12 destinationAddress, 14 egressInterface, 210 -, 1 octetDeltaCount',
  ])
})

test('biflows fill batches to the last row but one', () => {
  const fields: Specifier[] = [
    [2, 1],
    [2, 1, 29305],
  ]
  const { count, records } = decode(fields, new Uint8Array(20_001).fill(1))
  assert.is(records, 10_000)
  assert.is(count, 20_000)
})

test.run()
