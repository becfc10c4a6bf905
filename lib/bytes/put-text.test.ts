import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newRandom } from '../testing/workload.ts'
import { putDateTime, putDateTimeNano, putEscaped } from './put-text.ts'

const octets = new Uint8Array(2048)
const view = new DataView(octets.buffer)
const printed = (end: number): string => Buffer.from(octets.subarray(3, end)).toString('latin1')
const words = (value: bigint): [number, number] => [Number(value & 0xffffffffn) | 0, Number(value >> 32n) | 0]

function escaped(text: string | Uint8Array): string {
  const source = Buffer.from(text as string)
  return Buffer.from(printed(putEscaped(octets, 3, source, 0, source.length)), 'latin1').toString()
}

test('every character survives a JSON string', () => {
  let all = ''
  for (let code = 0; code < 128; code++) all += String.fromCharCode(code)
  all += 'é€\u2027\u2028\u2029\u202a😀'
  assert.is(JSON.parse(`"${escaped(all)}"`), all)
})

test("Go's own escapes: <, >, & and the line separators", () => {
  assert.is(escaped('<a>&\u2028\u2029'), '\\u003ca\\u003e\\u0026\\u2028\\u2029')
  assert.is(escaped('"\\\n\0'), '\\"\\\\\\n\\u0000')
})

test('octets that are no UTF-8 pass as they are', () => {
  const source = Uint8Array.of(0x61, 0xff, 0xe2, 0x80, 0xc3)
  assert.is(printed(putEscaped(octets, 3, source, 0, source.length)), '\x61\xff\xe2\x80\xc3')
})

test('times are RFC 3339 in UTC, fractions without zeros at their end', () => {
  const nano = (ns: bigint): string => {
    const [low, high] = words(BigInt.asUintN(64, ns))
    return printed(putDateTimeNano(view, 3, low, high))
  }
  assert.is(nano(0n), '1970-01-01T00:00:00Z')
  assert.is(nano(1_680_655_485_099_595_000n), '2023-04-05T00:44:45.099595Z')
  assert.is(nano(1_709_164_800_000_000_001n), '2024-02-29T00:00:00.000000001Z')
  assert.is(nano(-1n), '1969-12-31T23:59:59.999999999Z')
  assert.is(nano(-1_000_000_000n), '1969-12-31T23:59:59Z')
  assert.is(nano(-(2n ** 63n)), '1677-09-21T00:12:43.145224192Z')
  assert.is(nano(2n ** 63n - 1n), '2262-04-11T23:47:16.854775807Z')
  const random = newRandom(11)
  for (let i = 0; i < 2000; i++) {
    const ms = BigInt(random(2 ** 32)) * 1000n + BigInt(random(1000))
    const expected = new Date(Number(ms)).toISOString().replace(/\.?0*Z$/, 'Z')
    assert.is(nano(ms * 1_000_000n), expected)
  }
})

test('seconds have a calendar up to the year 9999, and are a number beyond', () => {
  const seconds = (value: bigint): string => {
    const [low, high] = words(value)
    return printed(putDateTime(view, 3, low, high))
  }
  assert.is(seconds(1_680_655_485n), '2023-04-05T00:44:45Z')
  assert.is(seconds(253_402_300_799n), '9999-12-31T23:59:59Z')
  assert.is(seconds(253_402_300_800n), '253402300800')
  for (let year = 1970; year < 2400; year++) {
    const ms = Date.UTC(year, 1, 28, 23, 59, 59)
    assert.is(seconds(BigInt(ms / 1000)), new Date(ms).toISOString().replace('.000', ''))
    assert.is(seconds(BigInt(ms / 1000 + 1)), new Date(ms + 1000).toISOString().replace('.000', ''))
  }
})

test.run()
