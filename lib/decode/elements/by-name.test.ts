import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { F } from '../../flow/fields.ts'
import { fieldNamed } from './by-name.ts'
import { fieldOf } from './registry.ts'

test('columns are found by the name of their element', () => {
  assert.is(fieldNamed('octetDeltaCount'), F.octetDeltaCount)
  assert.is(fieldNamed('sourceIPv6Address'), F.sourceAddress)
  assert.is(fieldNamed('flowStartMilliseconds'), F.flowStart)
  assert.is(fieldNamed('applicationName'), fieldOf(0, 96))
  assert.is(fieldNamed('reversePacketDeltaCount'), fieldOf(29305, 2))
  assert.is(fieldNamed('e6871.silkAppLabel'), fieldOf(6871, 33))
})

test('names that no table knows give no column', () => {
  for (const name of [
    '',
    'toString',
    'applicationname',
    'e6871.',
    'e6871.nothing',
    'e4000000000.x',
    'reverse',
  ])
    assert.is(fieldNamed(name), undefined, name)
})

test.run()
