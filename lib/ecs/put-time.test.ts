import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { putSeconds } from './put-time.ts'

const test = suite('put-time')

const octets = Buffer.alloc(40)
const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
const printed = (seconds: number, ms: number) =>
  octets.toString('latin1', 0, putSeconds(view, 0, seconds, ms))

test('every second is printed as JavaScript prints it', () => {
  const days = [0, 58, 59, 60, 364, 365, 789, 790, 10_956, 11_016, 11_017, 20_778, 47_540, 47_541, 213_503]
  for (const day of days) {
    for (const second of [0, 1, 3599, 3600, 43_261, 86_399]) {
      const seconds = day * 86_400 + second
      assert.is(printed(seconds, 7), new Date(seconds * 1000 + 7).toISOString())
    }
  }
  for (let day = 0; day < 213_504; day += 61) {
    assert.is(printed(day * 86_400, 0), new Date(day * 86_400_000).toISOString())
  }
})

test.run()
