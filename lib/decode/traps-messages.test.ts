import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  dataSet,
  ipfixMessage,
  ipv4,
  join,
  netflow5Datagram,
  netflow9Datagram,
  optionsTemplateSet,
  type Specifier,
  set,
  templateSet,
  u16,
  u32,
  zeros,
} from '../testing/datagrams.ts'
import { newSubject } from './testing/subject.ts'

// Traps of messages, sets and templates that other collectors fall into, each by name; those of values are in
// traps.test.ts.

const EXPORTED = 1_700_000_000

test('two exporters behind one address with the same ids and different layouts do not disturb one another', () => {
  const subject = newSubject()
  const octetsFirst: Specifier[] = [
    [1, 4],
    [2, 4],
  ]
  const packetsFirst: Specifier[] = [
    [2, 4],
    [1, 4],
  ]
  const one = { port: 1001 }
  const two = { port: 1002 }
  subject.take(netflow9Datagram({ sets: [templateSet(9, [[256, octetsFirst]])] }), one)
  subject.take(netflow9Datagram({ sets: [templateSet(9, [[256, packetsFirst]])] }), two)
  for (let sequence = 2; sequence < 5; sequence++) {
    const record = dataSet(256, [[...u32(1500), ...u32(3)]])
    const [a] = subject.take(netflow9Datagram({ sets: [record], sequence }), one)
    const [b] = subject.take(netflow9Datagram({ sets: [record], sequence }), two)
    assert.equal([a!['octetDeltaCount'], a!['packetDeltaCount']], [1500, 3])
    assert.equal([b!['octetDeltaCount'], b!['packetDeltaCount']], [3, 1500])
  }
  // Both start again from new ports: with two candidates nobody's template may be guessed.
  assert.is(
    subject.take(netflow9Datagram({ sets: [dataSet(256, [[...u32(1), ...u32(2)]])] }), { port: 1003 }).length,
    0,
  )
  assert.is(subject.decoder.issues.count('templateUnknown'), 1)
  assert.is(subject.decoder.issues.count('templateChanged'), 0)
})

test('data before their template wait for it and keep their own times and numbers', () => {
  const subject = newSubject()
  const early = netflow9Datagram({
    sets: [dataSet(256, [u32(11), u32(12)])],
    sequence: 5,
    exportTime: EXPORTED - 9,
  })
  assert.is(subject.take(early, { receivedNs: 1_699_999_991_500_000_000n }).length, 0)
  const rows = subject.take(
    netflow9Datagram({ sets: [templateSet(9, [[256, [[1, 4]]]]), dataSet(256, [u32(13)])], sequence: 6 }),
  )
  assert.equal(
    rows.map((row) => row['octetDeltaCount']),
    [11, 12, 13],
  )
  assert.is(rows[0]!['sequenceNumber'], 5)
  assert.is(rows[0]!['timeReceived'], 1_699_999_991_500_000_000n)
  assert.is(rows[0]!['exportTime'], BigInt(EXPORTED - 9) * 1_000_000_000n)
  assert.is(rows[2]!['sequenceNumber'], 6)
})

test('data of a withdrawn template are dropped and counted, not kept for the next meaning of its id', () => {
  const subject = newSubject()
  subject.take(ipfixMessage({ sets: [templateSet(10, [[256, [[1, 4]]]])] }))
  subject.take(ipfixMessage({ sets: [set(2, [...u16(256), ...u16(0)])] }))
  assert.is(subject.take(ipfixMessage({ sets: [dataSet(256, [u32(1)])] })).length, 0)
  assert.is(subject.decoder.issues.count('templateUnknown'), 1)
  const rows = subject.take(
    ipfixMessage({ sets: [templateSet(10, [[256, [[2, 4]]]]), dataSet(256, [u32(9)])] }),
  )
  assert.equal(
    rows.map((row) => row['packetDeltaCount']),
    [9],
  )
})

test('all templates, or all options templates, are withdrawn by id 2 and id 3', () => {
  const subject = newSubject()
  const sets = [templateSet(10, [[256, [[1, 4]]]]), optionsTemplateSet(10, 257, [[149, 4]], [[34, 4]])]
  subject.take(ipfixMessage({ sets }))
  subject.take(ipfixMessage({ sets: [set(3, [...u16(3), ...u16(0)])] }))
  assert.is(subject.take(ipfixMessage({ sets: [dataSet(256, [u32(1)])] })).length, 1)
  subject.take(ipfixMessage({ sets: [dataSet(257, [[...u32(0), ...u32(10)]])] }))
  assert.is(subject.options.length, 0)
  subject.take(ipfixMessage({ sets: [set(2, [...u16(2), ...u16(0)])] }))
  assert.is(subject.take(ipfixMessage({ sets: [dataSet(256, [u32(1)])] })).length, 0)
})

test('the withdrawal of one options template has four octets only', () => {
  const subject = newSubject()
  subject.take(
    ipfixMessage({
      sets: [
        optionsTemplateSet(10, 257, [[149, 4]], [[34, 4]]),
        set(3, [
          ...u16(257),
          ...u16(0),
          ...u16(258),
          ...u16(2),
          ...u16(1),
          ...u16(149),
          ...u16(4),
          ...u16(34),
          ...u16(4),
        ]),
        dataSet(258, [[...u32(0), ...u32(10)]]),
      ],
    }),
  )
  assert.is(subject.options.length, 1)
  assert.is(subject.decoder.issues.count('templateTruncated'), 0)
})

test('a template with no fields, with data after it, ends at once and yields nothing', () => {
  const subject = newSubject()
  for (const version of [9, 10] as const) {
    const sets = [set(version === 9 ? 0 : 2, [...u16(256), ...u16(0)]), dataSet(256, [u32(1)])]
    const message = version === 9 ? netflow9Datagram({ sets }) : ipfixMessage({ sets })
    assert.is(subject.take(message).length, 0)
  }
})

test('a template whose records have no octets is refused', () => {
  const subject = newSubject()
  const sets = [templateSet(9, [[256, [[1, 0]]]]), dataSet(256, [u32(1)])]
  assert.is(subject.take(netflow9Datagram({ sets })).length, 0)
  assert.is(subject.decoder.issues.count('templateZeroLength'), 1)
})

test('a NetFlow v5 count larger than the payload yields the whole records only', () => {
  const subject = newSubject()
  assert.is(subject.take(netflow5Datagram([{ octets: 1 }, { octets: 2 }], { count: 55_582 })).length, 2)
})

test("NetFlow v9's header count is ignored", () => {
  for (const count of [0, 1, 65_535]) {
    const sets = [templateSet(9, [[256, [[1, 4]]]]), dataSet(256, [u32(1)]), dataSet(256, [u32(2)])]
    assert.is(newSubject().take(netflow9Datagram({ sets, count })).length, 2, String(count))
  }
})

test('padding of more than three octets, none, and unaligned sets are all fine', () => {
  const fields: Specifier[] = [
    [1, 4],
    [8, 4],
    [4, 45],
  ]
  const record = [...u32(5), ...ipv4('10.0.0.1'), ...zeros(45)]
  for (const padding of [0, 1, 3, 49]) {
    const sets = [
      templateSet(9, [[256, fields]], padding === 49 ? 48 : 0),
      dataSet(256, [record], padding),
      dataSet(256, [record]),
    ]
    assert.is(newSubject().take(netflow9Datagram({ sets })).length, 2, String(padding))
  }
})

test('a bad set costs that set, not the datagram', () => {
  const good = dataSet(256, [u32(1)])
  const sets = [
    templateSet(9, [[256, [[1, 4]]]]),
    set(0, [...u16(300), ...u16(9), ...u16(1)]),
    set(77, zeros(8)),
    good,
  ]
  const subject = newSubject()
  assert.is(subject.take(netflow9Datagram({ sets })).length, 1)
  assert.is(subject.decoder.issues.count('templateTruncated'), 1)
})

test('a set longer than the payload gives the records that are there', () => {
  const subject = newSubject()
  const whole = netflow9Datagram({
    sets: [templateSet(9, [[256, [[1, 4]]]]), dataSet(256, [u32(1), u32(2), u32(3)])],
  })
  assert.is(subject.take(whole.slice(0, whole.length - 5)).length, 1)
  assert.is(subject.decoder.issues.count('setTooLong'), 1)
})

test('over UDP a template may change without withdrawal', () => {
  const subject = newSubject()
  subject.take(netflow9Datagram({ sets: [templateSet(9, [[256, [[1, 4]]]])] }))
  const [row] = subject.take(
    netflow9Datagram({ sets: [templateSet(9, [[256, [[2, 4]]]]), dataSet(256, [u32(3)])] }),
  )
  assert.is(row!['packetDeltaCount'], 3)
  assert.is(subject.decoder.issues.count('templateChanged'), 1)
})

test('an options template of IPFIX without scope fields is counted and its records are never flows', () => {
  const subject = newSubject()
  const sets = [optionsTemplateSet(10, 256, [], [[34, 4]]), dataSet(256, [u32(100)])]
  assert.is(subject.take(ipfixMessage({ sets })).length, 0)
  assert.is(subject.decoder.issues.count('optionsWithoutScope'), 1)
  assert.is(subject.options.length, 1)
})

test('several messages in one datagram are all read', () => {
  const first = ipfixMessage({ sets: [templateSet(10, [[256, [[1, 4]]]])] })
  const second = ipfixMessage({ sets: [dataSet(256, [u32(1), u32(2)])] })
  assert.is(newSubject().take(join(first, second)).length, 2)
  const v9 = join(
    netflow9Datagram({ sets: [templateSet(9, [[256, [[1, 4]]]])] }),
    netflow9Datagram({ sets: [dataSet(256, [u32(1)])], sequence: 2 }),
  )
  assert.is(newSubject().take(v9).length, 1)
})

test('a message length that cannot be does not cost the sets', () => {
  const message = ipfixMessage({ sets: [templateSet(10, [[256, [[1, 4]]]]), dataSet(256, [u32(1)])] })
  for (const length of [0, 15, 65_535]) {
    const bent = message.slice()
    bent.set(u16(length), 2)
    assert.is(newSubject().take(bent).length, 1, String(length))
  }
})

test.run()
