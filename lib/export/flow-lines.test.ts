import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { F, type Field } from '../flow/fields.ts'
import { newFlowLines } from './flow-lines.ts'

const test = suite('flow-lines')

type Values = Readonly<Partial<Record<keyof typeof F, number | bigint | readonly number[]>>>

const V4 = (last: number) => [0, 0, 0xffff, 0x0a00_0000 + last]
const NOW = 1_700_000_000_500_000_000n
const TRACKED: Values = {
  timeReceived: NOW,
  flowStart: NOW - 1_500_000_000n,
  flowEnd: NOW,
  trackedStart: NOW - 62_000_000_000n,
  sourceAddress: V4(1),
  destinationAddress: V4(2),
  sourceTransportPort: 40_000,
  destinationTransportPort: 443,
  protocolIdentifier: 6,
  octetDeltaCount: 1234n,
  packetDeltaCount: 5n,
  flowEndReason: 2,
  biflowHalf: 2,
}

function linesOf(...rows: Values[]): string[] {
  const batch = new FlowBatch()
  for (const values of rows) {
    const row = batch.rowCount++
    for (const [name, value] of Object.entries(values)) {
      const field = F[name as keyof typeof F] as Field
      const column = batch.fixed(field)
      column.present[row] = 1
      if (typeof value === 'bigint') column.wide[row] = value
      else if (typeof value === 'number') column.values[row] = value
      else column.words.set(value as number[], row * (value as number[]).length)
    }
    if ('trackedStart' in values) {
      const ids = batch.octets(F.trackedFlowId)
      ids.present[row] = 1
    }
  }
  let text = ''
  void newFlowLines((octets, from, to) => {
    text += Buffer.from(octets.subarray(from, to)).toString()
  }).write(batch)
  return text.split('\n').slice(0, -1)
}

test('both directions of a tracked flow make one line', () => {
  const { trackedStart: _, ...answer } = TRACKED
  const lines = linesOf(TRACKED, {
    ...answer,
    biflowHalf: 1,
    octetDeltaCount: 98_765n,
    packetDeltaCount: 90n,
  })
  assert.equal(
    lines.map((line) => line.replace(/ +/g, ' ')),
    ['2023-11-14 22:13:20.500 tcp 10.0.0.1:40000 > 10.0.0.2:443 > 1.2kB 5p < 99kB 90p 1m2s goes on'],
  )
})

test('a tracked flow of which nothing new came makes no line, and one that only answered does', () => {
  const { trackedStart: _, ...answer } = TRACKED
  const idle = { ...TRACKED, octetDeltaCount: 0n, packetDeltaCount: 0n }
  assert.equal(linesOf(idle), [])
  assert.is(linesOf(idle, { ...answer, biflowHalf: 1 }).length, 1)
})

test('other records make a line each, with what they have', () => {
  const { trackedStart: _, biflowHalf: __, flowEndReason: ___, ...record } = TRACKED
  const lines = linesOf(
    { ...record, octetDeltaCount: 999n, packetDeltaCount: 1n },
    {
      timeReceived: NOW,
      ethernetType: 0x0806,
      sourceMacAddress: [0x0200, 0x0000_0001],
      packetDeltaCount: 1n,
    },
    { timeReceived: NOW, protocolIdentifier: 58, icmpTypeCode: 0x8000, packetDeltaCount: 1n },
  )
  assert.equal(
    lines.map((line) => line.replace(/ +/g, ' ')),
    [
      '2023-11-14 22:13:20.500 tcp 10.0.0.1:40000 > 10.0.0.2:443 > 999B 1p 1.5s',
      '2023-11-14 22:13:20.500 arp 02:00:00:00:00:01 > > 0B 1p 0.0s',
      '2023-11-14 22:13:20.500 icmp6 128/0 > > 0B 1p 0.0s',
    ],
  )
})

test.run()
