import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type FooterFacts, footerOf } from './footer.ts'
import { newQuality } from './quality.ts'

const FACTS: FooterFacts = {
  unreadable: 0,
  expired: 0,
  usesSystems: false,
  attribution: '',
  isScaled: true,
  fromNs: null,
  toNs: null,
}

test('the part of rows whose sampling is unknown is told of records, not of rollups, whose rows are sums', () => {
  const of = { ...newQuality(), rowsCounted: 40, unknownSampling: 10 }
  const told = (rollupRows: number) =>
    footerOf([{ ...of, rollupRows }], FACTS).find(({ name }) => name === 'unknown_sampling_rows')?.text
  assert.is(told(0), '10 rows (25.0%) of unknown sampling, taken as 1:1')
  assert.is(told(23), '10 rows of unknown sampling, taken as 1:1')
})

test('one piece that is no flow is one', () => {
  const told = (rejected: number) =>
    footerOf([{ ...newQuality(), rejected }], FACTS).find(({ name }) => name === 'rejected')?.text
  assert.is(told(1), '1 piece of the input was no flow')
  assert.is(told(2), '2 pieces of the input were no flows')
})

test('what has expired is said where records were asked, not where rollups tell all', () => {
  const told = (expired: number, rollupRows: readonly number[]) =>
    footerOf(
      rollupRows.map((rows) => ({ ...newQuality(), rollupRows: rows })),
      { ...FACTS, expired },
    ).find(({ name }) => name === 'expired_files')?.value
  assert.is(told(3, [0]), 3)
  assert.is(told(3, [7, 0]), 3)
  assert.is(told(3, [7]), undefined)
  assert.is(told(0, [0]), undefined)
})

test.run()
