import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { dataSet, netflow9Datagram, optionsTemplateSet, text, u16, u32, zeros } from '../testing/datagrams.ts'
import { newSubject, type Subject } from './testing/subject.ts'

/** Names of `count` interfaces, of 60 octets each, and as many samplers. */
function names(count: number, first = 0) {
  const sets = [
    optionsTemplateSet(9, 256, [[2, 4]], [[82, 60]]),
    dataSet(
      256,
      Array.from({ length: count }, (_, i) => [...u32(first + i + 1), ...text('x'.repeat(56)), ...zeros(4)]),
    ),
    optionsTemplateSet(
      9,
      257,
      [[1, 4]],
      [
        [48, 2],
        [34, 4],
      ],
    ),
    dataSet(
      257,
      Array.from({ length: count }, (_, i) => [...u32(0), ...u16(first + i), ...u32(100)]),
    ),
  ]
  return netflow9Datagram({ sets })
}

function octets(subject: Subject): number {
  const family = subject.decoder.metrics().find(({ name }) => name === 'weir_decode_option_octets')
  return family!.samples[0]!.value
}

test('names and samplers of many exporters have a bound together, and the longest silent makes room', () => {
  const subject = newSubject({ limits: { optionOctets: 50_000 } })
  let receivedNs = 1_700_000_000_000_000_000n
  for (let i = 0; i < 100; i++) {
    receivedNs += 2_000_000_000n
    subject.take(names(20), { address: `198.51.100.${i}`, receivedNs })
    subject.take(names(20), { address: '192.0.2.1', receivedNs })
    assert.ok(octets(subject) <= 50_000)
  }
  const known = subject.decoder.facts.list()
  assert.ok(known.length > 5 && known.length < 20, String(known.length))
  assert.is(known.find(({ address }) => address === '192.0.2.1')!.interfaces.size, 20)
})

test('the same names told again cost nothing, and nothing is left of a silent exporter', () => {
  const subject = newSubject({ limits: { expireMs: 1000 } })
  subject.take(names(20))
  const once = octets(subject)
  for (let i = 0; i < 10; i++) subject.take(names(20))
  assert.is(octets(subject), once)
  subject.take(names(20, 20))
  assert.is(octets(subject), 2 * once)
  const after = newSubject()
  after.decoder.restoreState(subject.decoder.saveState())
  assert.is(octets(after), 2 * once)
  subject.decoder.tick(1_700_000_100_000)
  assert.is(octets(subject), 0)
})

test('a state with more than there is room for is taken back as far as it goes', () => {
  const subject = newSubject()
  for (let i = 0; i < 10; i++) subject.take(names(20), { address: `198.51.100.${i}` })
  const after = newSubject({ limits: { optionOctets: 12_000 } })
  after.decoder.restoreState(subject.decoder.saveState())
  assert.ok(octets(after) <= 12_000)
  assert.ok(after.decoder.facts.list().length >= 1)
})

test.run()
