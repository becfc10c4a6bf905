import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { dataSet, ipfixMessage, optionsTemplateSet, templateSet, u16, u32 } from '../testing/datagrams.ts'
import { newSubject } from './testing/subject.ts'

const BOOT_MS = 1_700_000_000_123n

/** systemInitTimeMilliseconds (160) in options data, as softflowd announces it, then flows with uptimes (22, 21). */
const OPTIONS = ipfixMessage({
  sets: [
    optionsTemplateSet(10, 256, [[149, 4]], [[160, 8]]),
    dataSet(256, [[...u32(0), ...u32(Number(BOOT_MS >> 32n)), ...u32(Number(BOOT_MS & 0xffffffffn))]]),
  ],
})
const FLOWS = ipfixMessage({
  sets: [
    templateSet(10, [
      [
        257,
        [
          [7, 2],
          [22, 4],
          [21, 4],
        ],
      ],
    ]),
    dataSet(257, [[...u16(443), ...u32(5_000_000), ...u32(5_001_000)]]),
  ],
})

test('IPFIX uptimes count from the start of the exporter that its options data told', () => {
  const subject = newSubject()
  subject.take(OPTIONS)
  const [row] = subject.take(FLOWS)
  assert.is(row!['flowStart'], (BOOT_MS + 5_000_000n) * 1_000_000n)
  assert.is(row!['flowEnd'], (BOOT_MS + 5_001_000n) * 1_000_000n)
})

test('uptimes of an exporter whose start nobody knows give no times', () => {
  const [row] = newSubject().take(FLOWS)
  assert.is(row!['flowStart'], undefined)
  assert.is(row!['flowEnd'], undefined)
})

test('the start of an exporter survives a restart of the collector', () => {
  const before = newSubject()
  before.take(OPTIONS)
  const after = newSubject()
  after.decoder.restoreState(JSON.parse(JSON.stringify(before.decoder.saveState())))
  const [row] = after.take(FLOWS)
  assert.is(row!['flowStart'], (BOOT_MS + 5_000_000n) * 1_000_000n)
})

test.run()
