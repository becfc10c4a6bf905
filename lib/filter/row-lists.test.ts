import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newRandom } from '../testing/workload.ts'
import { mergeRows } from './row-lists.ts'

test('two lists of rows are joined in order, rows in both once', () => {
  const random = newRandom(4)
  for (let round = 0; round < 500; round++) {
    const size = random(30)
    const lists = [random(4), random(4)].map((share) =>
      Array.from({ length: size }, (_, row) => row).filter(() => random(4) < share),
    )
    const [a, b] = lists as [number[], number[]]
    const out = new Uint32Array(size)
    out.set(a)
    const count = mergeRows(out, a.length, Uint32Array.from(b), b.length)
    const wanted = Array.from({ length: size }, (_, row) => row).filter(
      (row) => a.includes(row) || b.includes(row),
    )
    assert.equal([...out.subarray(0, count)], wanted, `${a} and ${b}`)
  }
})

test.run()
