import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newSequenceTotals, Sequence, type SequenceUnit } from './sequence.ts'

function watch(unit: SequenceUnit) {
  const totals = newSequenceTotals()
  const sequence = new Sequence(unit, totals)
  const waiting = new Set<Sequence>()
  return {
    totals,
    sequence,
    take(numbers: number[], records = 10, uptime = -1) {
      for (const number of numbers) sequence.note(number >>> 0, records, uptime, waiting)
    },
    settle() {
      for (let i = 0; i < 3; i++) for (const each of waiting) if (!each.tick()) waiting.delete(each)
    },
  }
}

test('numbers in order are no loss, over the end of 32 bits too', () => {
  const { take, settle, totals } = watch('records')
  take([0xffffffec, 0xfffffff6, 0, 10, 20])
  settle()
  assert.equal(totals, { takesResets: true, lost: 0, reordered: 0, duplicates: 0, resets: 0 })
})

test('a gap counts as loss of as many records as are missing, once it has been waited for', () => {
  const { take, settle, totals } = watch('records')
  take([0, 10, 40, 50])
  assert.is(totals.lost, 0)
  settle()
  assert.is(totals.lost, 20)
})

test('a gap counts as loss after enough datagrams without any tick', () => {
  const { take, totals } = watch('datagrams')
  take([1, 2, 5])
  take(Array.from({ length: 40 }, (_, i) => 6 + i))
  assert.is(totals.lost, 2)
})

test('a datagram that was overtaken is reordered, not lost', () => {
  const { take, settle, totals } = watch('datagrams')
  take([1, 2, 4, 3, 5, 8, 7, 6, 9])
  settle()
  assert.equal(totals, { takesResets: true, lost: 0, reordered: 3, duplicates: 0, resets: 0 })
})

test('a datagram that comes twice is a duplicate, not a gap', () => {
  const { take, settle, totals } = watch('datagrams')
  take([1, 2, 3, 3, 4, 2, 5])
  settle()
  assert.equal(totals, { takesResets: true, lost: 0, reordered: 0, duplicates: 2, resets: 0 })
})

test('an exporter that begins anew is a reset, not loss', () => {
  const far = watch('datagrams')
  far.take([50_000, 50_001, 1, 2, 3])
  far.settle()
  assert.equal(far.totals, { takesResets: true, lost: 0, reordered: 0, duplicates: 0, resets: 1 })

  const near = watch('datagrams')
  near.take([100, 101, 1, 2, 3, 4, 5, 6])
  near.settle()
  assert.is(near.totals.lost, 0)
  assert.is(near.totals.resets, 1)
  assert.is(near.totals.duplicates, 0)

  const clock = watch('datagrams')
  clock.take([100, 101], 10, 5_000_000)
  clock.take([103], 10, 10)
  clock.settle()
  assert.equal(clock.totals, { takesResets: true, lost: 0, reordered: 0, duplicates: 0, resets: 1 })
})

test('where resets are not looked for, a jump of any length is loss', () => {
  const totals = newSequenceTotals(false)
  const sequence = new Sequence('datagrams', totals)
  const waiting = new Set<Sequence>()
  for (const number of [1, 2, 3_000_003]) sequence.note(number, 1, -1, waiting)
  for (let i = 0; i < 3; i++) sequence.tick()
  assert.is(totals.lost, 3_000_000)
  assert.is(totals.resets, 0)
})

test('a NetFlow v9 box that counts flows is found out and accuses nobody of loss', () => {
  const { take, settle, totals, sequence } = watch('datagrams')
  take([0, 30, 60, 90, 120, 150], 30)
  take([240], 30)
  settle()
  assert.is(sequence.unit, 'records')
  assert.is(totals.lost, 60)
})

test('an IPFIX box that counts messages is found out and accuses nobody of loss', () => {
  const { take, settle, totals, sequence } = watch('records')
  take([1, 2, 3, 4, 5, 6, 7], 30)
  take([9], 30)
  settle()
  assert.is(sequence.unit, 'datagrams')
  assert.equal(totals, { takesResets: true, lost: 1, reordered: 0, duplicates: 0, resets: 0 })
})

test('after sets that could not be counted the next number is taken as it comes', () => {
  const { take, settle, totals } = watch('records')
  take([0, 10])
  take([20], -1)
  take([99, 109])
  settle()
  assert.is(totals.lost, 0)
})

test('a saved sequence goes on after a restart and shows what was missed meanwhile', () => {
  const before = watch('datagrams')
  before.take([7, 8])
  const after = watch('datagrams')
  after.sequence.restore(before.sequence.save()!)
  after.take([12, 13])
  after.settle()
  assert.is(after.totals.lost, 3)
})

test.run()
