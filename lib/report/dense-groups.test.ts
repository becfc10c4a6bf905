import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { DenseGroups } from './dense-groups.ts'
import { type KeyLayout, layoutOf } from './key-layout.ts'
import { lanesAt } from './sums.ts'

/** Groups of the keys given, each a word for the head and one for the tail, with a sum of its own. */
function groupsOf(layout: KeyLayout, keys: readonly (readonly number[])[]): DenseGroups {
  const groups = new DenseGroups(layout, ['sum'])
  const words = Array.from({ length: layout.words }, (_, word) => Uint32Array.from(keys, (key) => key[word]!))
  const sums = Uint32Array.from(keys, (_, i) => 100 + ((i * 37) % 64))
  groups.add({ count: keys.length, words, lanes: [sums] })
  return groups
}

test('groups come with their keys, those of one head in one store', () => {
  const layout = layoutOf([12, 7], 1)
  const keys = Array.from({ length: 900 }, (_, i) => [(i * 31) % 4096, i % 128])
  const heads = new Map<number, number>()
  const sums = new Map<string, bigint>()
  let number = 0
  for (const store of groupsOf(layout, keys).stores()) {
    number++
    for (let i = 0; i < store.count; i++) {
      const [head, tail] = store.keys.subarray(i * 2, i * 2 + 2) as unknown as [number, number]
      assert.is(heads.get(head) ?? number, number)
      heads.set(head, number)
      sums.set(`${head} ${tail}`, lanesAt(store.sums, i, 1, false)[0]!)
    }
  }
  assert.ok(number > 1)
  assert.equal(
    sums,
    new Map(keys.map(([head, tail], i) => [`${head} ${tail}`, BigInt(100 + ((i * 37) % 64))])),
  )
})

test('where only the best are wanted, others may be left out but are counted', () => {
  const layout = layoutOf([18], 1)
  const keys = Array.from({ length: 2000 }, (_, i) => [i * 131])
  const groups = groupsOf(layout, keys)
  for (const ascending of [false, true]) {
    let among = 0
    const values: number[] = []
    for (const store of groups.stores({ lane: 0, limit: 40, ascending })) {
      among += store.among
      for (let i = 0; i < store.count; i++) values.push(Number(lanesAt(store.sums, i, 1, false)[0]))
    }
    assert.is(among, 2000)
    assert.ok(values.length < 1500)
    const sign = ascending ? 1 : -1
    const all = keys.map((_, i) => 100 + ((i * 37) % 64))
    const first = (of: number[]) => of.toSorted((a, b) => (a - b) * sign).slice(0, 40)
    assert.equal(first(values), first(all))
  }
})

test('groups of two threads add up', () => {
  const layout = layoutOf([16], 1)
  const groups = groupsOf(layout, [[3], [70], [65535]])
  groups.addGroups(groupsOf(layout, [[70], [9]]))
  const sums = new Map<number, bigint>()
  for (const { count, keys, sums: own } of groups.stores())
    for (let i = 0; i < count; i++) sums.set(keys[i]!, lanesAt(own, i, 1, false)[0]!)
  assert.equal(
    [...sums],
    [
      [3, 100n],
      [9, 137n],
      [70, 237n],
      [65535, 110n],
    ],
  )
})

test.run()
