import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { F, type Field, PROTOCOL } from '../../flow/fields.ts'
import { newRandom } from '../../testing/workload.ts'
import type { Loss } from '../query.ts'
import { memoryFile } from '../testing/memory-source.ts'
import type { PlainFlow } from '../testing/plain-flows.ts'
import { DatagramLog } from './datagram-log.ts'
import { lossesOf } from './losses.ts'

const START = 1_767_225_600_000n
const MS = 1_000_000n

interface Sent {
  readonly exporter: number
  readonly protocol: number
  readonly sequence: number
  readonly records: number
  readonly atMs: number
}

/** Datagrams of an exporter, one a second; numbers as its protocol has them. */
function sent(exporter: number, protocol: number, count: number, first: number, seed: number): Sent[] {
  const random = newRandom(seed)
  let sequence = first
  return Array.from({ length: count }, (_, i) => {
    const records = 1 + random(24)
    const own = { exporter, protocol, sequence, records, atMs: i * 1000 + exporter }
    sequence = (sequence + (protocol === PROTOCOL.netflow9 ? 1 : records)) >>> 0
    return own
  })
}

function rowsOf(datagrams: readonly Sent[]): PlainFlow[] {
  return datagrams.flatMap(({ exporter, protocol, sequence, records, atMs }) =>
    Array.from(
      { length: records },
      () =>
        new Map<Field, bigint | readonly number[]>([
          [F.timeReceived, (START + BigInt(atMs)) * MS],
          [F.exporterAddress, [0, 0, 0xffff, 0xc0000200 + exporter]],
          [F.exportProtocol, BigInt(protocol)],
          [F.sequenceNumber, BigInt(sequence)],
          [F.observationDomainId, 7n],
        ]),
    ),
  )
}

/** What threads that take blocks in turn find out together. */
function found(datagrams: readonly Sent[], blockRows: number, threads = 1, skipped = -1): Loss[] | null {
  const file = memoryFile(rowsOf(datagrams), blockRows)
  const logs = Array.from({ length: threads }, () => new DatagramLog())
  for (const [index, facts] of file.blocks.entries()) {
    const log = logs[index % threads]!
    if (index === skipped) log.skip(facts)
    else log.take(file.block(index)!, [])
  }
  for (const log of logs.slice(1)) logs[0]!.addPart(structuredClone(log.part()))
  return lossesOf(logs[0]!)
}

const recordsOf = (losses: readonly Loss[] | null, exporter: number) =>
  (losses ?? [])
    .filter((loss) => loss.exporter === `192.0.2.${exporter}`)
    .reduce((sum, { records }) => sum + records, 0)

test('records that are missing are counted where numbers count records, however blocks cut datagrams', () => {
  for (const first of [1, 2 ** 32 - 500]) {
    const all = sent(1, PROTOCOL.ipfix, 400, first, 5)
    const lost = all.filter((_, i) => i % 37 === 20 || (i > 100 && i < 110))
    const rest = all.filter((each) => !lost.includes(each))
    const wanted = lost.reduce((sum, { records }) => sum + records, 0)
    for (const blockRows of [7, 100, 1000, 10_000])
      for (const threads of [1, 2, 3]) assert.is(recordsOf(found(rest, blockRows, threads), 1), wanted)
    assert.is(recordsOf(found(all, 64, 2), 1), 0)
  }
})

test('where datagrams are numbered each missing one stands for as many records as others have', () => {
  const all = sent(2, PROTOCOL.netflow9, 300, 2 ** 32 - 100, 6)
  const rest = all.filter((_, i) => i % 50 !== 10)
  const each = rest.reduce((sum, { records }) => sum + records, 0) / rest.length
  for (const threads of [1, 2])
    assert.is(Math.round(recordsOf(found(rest, 90, threads), 2)), Math.round(each * 6))
})

test('each loss is told of its exporter, when the next datagram came', () => {
  const one = sent(1, PROTOCOL.ipfix, 60, 10, 7)
  const two = sent(2, PROTOCOL.netflow9, 60, 10, 8)
  const both = [...one.filter((_, i) => i !== 30), ...two.filter((_, i) => i !== 40)].sort(
    (a, b) => a.atMs - b.atMs,
  )
  const losses = found(both, 50, 2)!
  assert.equal(
    losses.map(({ exporter, atNs }) => [exporter, Number(atNs / MS - START)]),
    [
      ['192.0.2.1', 31_001],
      ['192.0.2.2', 41_002],
    ],
  )
})

test('datagrams out of order or twice are no loss, nor is an exporter that begins anew', () => {
  const all = sent(1, PROTOCOL.ipfix, 200, 1000, 9)
  const swapped = all.map((each, i) => all[i % 10 === 3 ? i + 1 : i % 10 === 4 ? i - 1 : i] ?? each)
  assert.is(recordsOf(found(swapped, 80, 2), 1), 0)
  assert.is(recordsOf(found([...all, ...all.slice(-3)], 80), 1), 0)
  const anew = sent(1, PROTOCOL.ipfix, 50, 0, 10).map((each) => ({ ...each, atMs: each.atMs + 300_000 }))
  const far = sent(1, PROTOCOL.ipfix, 50, 3_000_000_000, 11)
  assert.is(recordsOf(found([...far, ...anew], 80), 1), 0)
})

test('numbers that count records to the end of their datagram are no loss, and loss among them is seen', () => {
  let sum = 0
  const all = sent(1, PROTOCOL.ipfix, 300, 1, 21).map((each) => {
    sum += each.records
    return { ...each, sequence: sum }
  })
  assert.is(recordsOf(found(all, 90, 2), 1), 0)
  const lost = recordsOf(
    found(
      all.filter((_, i) => i < 100 || i > 120),
      90,
      2,
    ),
    1,
  )
  const wanted = all.slice(100, 121).reduce((total, { records }) => total + records, 0)
  assert.ok(Math.abs(lost - wanted) < 25, `${lost} of ${wanted}`)
})

test('what a block that was not read may hold is not lost', () => {
  const all = sent(1, PROTOCOL.ipfix, 100, 1, 12)
  assert.is(recordsOf(found(all, 100, 1, 4), 1), 0)
})

test('numbers that mean something else than the protocol says are not believed', () => {
  const wrong = sent(1, PROTOCOL.ipfix, 100, 1, 13).map((each) => ({ ...each, protocol: PROTOCOL.netflow9 }))
  assert.is(found(wrong, 100), null)
  assert.is(lossesOf(new DatagramLog()), null)
})

test.run()
