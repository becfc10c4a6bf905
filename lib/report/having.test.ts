import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseHaving } from './having.ts'
import type { Cell } from './query.ts'

const NAMES = ['bytes', 'bytes.in', 'flows', 'uniq(dst.ip)', 'p95(bps)', 'share(bytes)']
const CELLS: readonly Cell[] = [2_000_000_000n, 5n, 9n, 3n, null, 0.25]

const holds = (text: string, cells = CELLS) => parseHaving(text, NAMES).test(cells)

for (const [text, wanted] of [
  ['bytes > 1G and flows < 10', true],
  ['bytes > 1G and flows < 9', false],
  ['bytes >= 2G', true],
  ['bytes = 2000000000', true],
  ['bytes <> 2G', false],
  ['bytes.in == 5', true],
  ['uniq(dst.ip) > 2 and not flows = 1', true],
  ['flows = 1 or flows = 9', true],
  ['flows = 1 or flows = 9 and bytes = 1', false],
  ['(flows = 1 or flows = 9) and bytes.in < 6', true],
  ['(bytes + flows) / 2 > 1G', true],
  ['bytes / flows > 222.2M', true],
  ['share(bytes) >= 25%', true],
  ['1Ki < bytes', true],
  ['!(flows > 9)', true],
  ['p95(bps) > 0', false],
  ['not p95(bps) > 0', true],
] as const)
  test(`--having: ${text} is ${wanted}`, () => assert.is(holds(text), wanted))

test('--having: counters compare exactly beyond 2^53', () => {
  const cells: Cell[] = [2n ** 63n + 1n, 2n ** 63n, 0n, 0n, 0n, 0]
  assert.is(holds('bytes > bytes.in', cells), true)
  assert.is(holds('bytes > 9223372036854775808', cells), true)
  assert.is(holds('bytes - bytes.in = 1', cells), true)
})

for (const [text, message] of [
  ['', /got the end, want a number, or one of the measures asked for: bytes, bytes.in, flows/],
  ['bytes', /at 6: got the end, want a comparison/],
  ['bits > 1', /at 1: got "bits > 1", want a number, or one of the measures/],
  ['bytes > 1 2', /at 11: got "2", want and, or, or the end/],
  ['(bytes > 1', /want a closing parenthesis/],
  ['bytes > 1Q', /got "1Q"/],
  ['('.repeat(100_000), /--having is too long/],
  ['('.repeat(10_000), /want fewer parentheses/],
] as const)
  test(`--having: ${text.slice(0, 20)} is refused with its place`, () =>
    assert.throws(() => parseHaving(text, NAMES), message))

test.run()
