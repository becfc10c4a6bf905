import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newRandom } from '../testing/workload.ts'
import { exactPart } from './exact-part.ts'

test('a part is the whole quotient, for products of up to 106 bits', () => {
  const random = newRandom(1)
  const number = () => {
    const bits = 1 + random(53)
    const value = (BigInt(random(2 ** 31)) << 31n) | BigInt(random(2 ** 31))
    return Number(value & ((1n << BigInt(bits)) - 1n))
  }
  const wanted = (total: number, part: number, whole: number) =>
    Number((BigInt(total) * BigInt(part)) / BigInt(whole))
  for (let i = 0; i < 50_000; i++) {
    const total = number()
    const whole = number() + 1
    const part = random(4) === 0 ? whole - 1 : number() % (whole + 1)
    if (whole > Number.MAX_SAFE_INTEGER) continue
    assert.is(exactPart(total, part, whole), wanted(total, part, whole), `${total} * ${part} / ${whole}`)
  }
  const most = Number.MAX_SAFE_INTEGER
  for (const [part, whole] of [
    [most, most],
    [most - 1, most],
    [1, most],
    [most - 2, most - 1],
  ] as const)
    assert.is(exactPart(most, part, whole), wanted(most, part, whole))
})

test.run()
