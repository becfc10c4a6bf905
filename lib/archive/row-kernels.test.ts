import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newRandom } from '../testing/workload.ts'
import { findOctets, findOne, findPairOctets, findPairs, findWords, gatherRuns } from './row-kernels.ts'

const random = newRandom(9)
const SIZE = 6400
const pairs = Uint16Array.from({ length: SIZE }, () => random(3) * 30_000 + random(40))
const octets = Uint8Array.from({ length: SIZE }, () => random(4) * 85)
const words = Uint32Array.from({ length: SIZE }, () => random(2 ** 32))

const values: readonly (readonly [
  string,
  ArrayLike<number>,
  (...of: [number, number, Uint32Array]) => number,
])[] = [
  ['octets', octets, (...of) => findOctets(octets, ...of)],
  ['pairs', pairs, (...of) => findPairs(pairs, ...of)],
  [
    'pairs and octets',
    Array.from(pairs, (low, i) => low + octets[i]! * 65_536),
    (...of) => findPairOctets(pairs, octets, ...of),
  ],
  ['words', words, (...of) => findWords(words, ...of)],
]

function places(list: ArrayLike<number>, low: number, high: number): number[] {
  return Array.from(list, (value, i) => (value >= low && value <= high ? i : -1)).filter((i) => i >= 0)
}

for (const [name, list, find] of values) {
  test(`values of a range are found among ${name}`, () => {
    const found = new Uint32Array(SIZE)
    for (let round = 0; round < 40; round++) {
      const [a, b] = [list[random(SIZE)]!, list[random(SIZE)]!]
      const [low, high] = round % 2 === 0 ? [a, a] : [Math.min(a, b), Math.max(a, b)]
      assert.equal([...found.subarray(0, find(low, high, found))], places(list, low, high))
    }
    assert.is(find(0, 0, found), places(list, 0, 0).length)
  })
}

test('one value is found where its lower half is rare, and not looked for where it is common', () => {
  const found = new Uint32Array(SIZE)
  const rare = pairs.slice()
  rare.fill(7, 100, 150)
  rare[3000] = 50_000
  rare[4000] = 50_000
  const high = octets[3000]!
  const wanted = octets[4000] === high ? [3000, 4000] : [3000]
  assert.equal([...found.subarray(0, findOne(rare, octets, 50_000 + high * 65_536, found))], wanted)
  assert.equal([...found.subarray(0, findOne(rare, null, 50_000, found))], [3000, 4000])
  assert.is(findOne(rare, null, 50_000 + 65_536, found), 0)
  assert.is(findOne(rare, octets, 59_999 + high * 65_536, found), 0)
  rare.fill(50_000, 1000, 2000)
  assert.is(findOne(rare, null, 50_000, found), -1)
})

test('values of rows are taken from runs', () => {
  const runs = 300
  const lengths = Uint32Array.from({ length: runs }, (_, run) => (run === 0 ? 3 : random(6)))
  const own = Uint32Array.from({ length: runs }, () => random(1000))
  const rows = [...lengths].flatMap((length, run) => new Array<number>(length).fill(own[run]!))
  const wanted = Uint32Array.from(rows.keys()).filter((row) => row === rows.length - 1 || random(3) === 0)
  const out = new Uint32Array(rows.length)
  gatherRuns(own, lengths, wanted, wanted.length, out)
  assert.equal(
    [...out.subarray(0, wanted.length)],
    [...wanted].map((row) => rows[row]),
  )
  gatherRuns(own, lengths, Uint32Array.from(rows.keys()), rows.length, out)
  assert.equal([...out], rows)
})

test.run()
