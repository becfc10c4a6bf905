import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SILENT } from '../diagnostics/log.ts'
import { dataSet, netflow9Datagram, type Specifier, templateSet, u32 } from '../testing/datagrams.ts'
import { newSubject, type Subject } from './testing/subject.ts'

/** A template of `count` fields that no other `number` below 4 ** count gives. */
function fields(count: number, number: number): Specifier[] {
  let rest = number
  return Array.from({ length: count }, (_, i): Specifier => {
    const octets = 1 + (rest & 3)
    rest >>>= 2
    return [i + 1, octets]
  })
}

const template = (id: number, specifiers: Specifier[]) =>
  netflow9Datagram({ sets: [templateSet(9, [[id, specifiers]])] })
const data = () => netflow9Datagram({ sets: [dataSet(256, [u32(7)])] })

function metric(subject: Subject, name: string): number {
  const family = subject.decoder.metrics().find((each) => each.name === `weir_decode_${name}`)
  assert.ok(family, name)
  return family!.samples.reduce((sum, sample) => sum + sample.value, 0)
}

/** Octets that a text costs beyond its own. */
const OVERHEAD = 64

test('templates of one exporter that are long and all different are refused beyond a bound of octets', () => {
  const subject = newSubject({ limits: { templateOctetsPerSession: 10_000 } })
  for (let i = 0; i < 100; i++) subject.take(template(256 + i, fields(100, i)))
  assert.is(metric(subject, 'templates'), 25)
  assert.is(metric(subject, 'templates_refused_total'), 75)
})

test('a template that becomes too long is no longer used for data', () => {
  const subject = newSubject({ limits: { templateOctetsPerSession: 100 } })
  subject.take(template(256, [[1, 4]]))
  assert.is(subject.take(data()).length, 1)
  subject.take(template(256, fields(100, 1)))
  assert.is(subject.take(data()).length, 0)
  assert.is(metric(subject, 'templates_refused_total'), 1)
})

test('a flood of different templates from many addresses costs the silent ones, not an exporter that speaks', () => {
  const subject = newSubject({ limits: { templateOctets: 20_000 } })
  let receivedNs = 1_700_000_000_000_000_000n
  subject.take(template(256, [[1, 4]]), { receivedNs })
  for (let i = 0; i < 500; i++) {
    receivedNs += 400_000_000n
    subject.take(template(256, fields(100, i)), { address: `198.51.${i >> 8}.${i & 255}`, receivedNs })
    assert.is(subject.take(data(), { receivedNs }).length, 1)
    assert.ok(metric(subject, 'template_octets') <= 20_000)
  }
  assert.is(metric(subject, 'sessions_evicted_total'), 500 - metric(subject, 'templates') + 1)
})

test('when the number of templates is exhausted the longest silent exporter makes room', () => {
  const subject = newSubject({ limits: { templates: 3 } })
  for (let i = 0; i < 5; i++) subject.take(template(256, [[1, 4]]), { address: `198.51.100.${i}` })
  assert.is(metric(subject, 'templates'), 3)
  assert.is(subject.take(data(), { address: '198.51.100.4' }).length, 1)
  assert.is(subject.take(data(), { address: '198.51.100.0' }).length, 0)
})

test('the page of templates is bounded, and the log says what it leaves out', () => {
  const told: unknown[] = []
  const limited = (_key: string, _message: string, attributes: unknown) => told.push(attributes)
  const subject = newSubject({ log: { ...SILENT, limited } })
  const show = () => Object.keys(subject.decoder.templates()).length
  for (let i = 0; i < 400; i++) {
    subject.take(template(256, fields(400, 0)), { address: `198.51.${i >> 8}.${i & 255}` })
    if (i === 199) assert.is(show(), 200)
  }
  assert.is(show(), 250)
  assert.equal(told, [{ shown: 250, omitted: 150 }])
})

test('equal templates of many exporters count once, and nothing is left when the last is gone', () => {
  const subject = newSubject({ limits: { expireMs: 1000 } })
  for (let i = 0; i < 100; i++) subject.take(template(256, fields(10, 5)), { address: `198.51.100.${i}` })
  assert.is(metric(subject, 'template_octets'), 40 + OVERHEAD)
  subject.take(template(256, fields(11, 5)), { address: '198.51.100.7' })
  assert.is(metric(subject, 'template_octets'), 40 + 44 + 2 * OVERHEAD)
  subject.decoder.tick(1_700_000_100_000)
  assert.is(metric(subject, 'template_octets'), 0)
  assert.is(metric(subject, 'templates'), 0)
})

test.run()
