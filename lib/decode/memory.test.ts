import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { MetricFamily } from '../diagnostics/metrics.ts'
import { F } from '../flow/fields.ts'
import {
  dataSet,
  netflow9Datagram,
  optionsTemplateSet,
  type Specifier,
  templateSet,
  text,
  u8,
  u16,
  u32,
  zeros,
} from '../testing/datagrams.ts'
import { newSubject, type Subject } from './testing/subject.ts'

const FLOW: Specifier[] = [[1, 4]]
const template = (fields: Specifier[] = FLOW) => netflow9Datagram({ sets: [templateSet(9, [[256, fields]])] })
const data = (...records: number[][]) => netflow9Datagram({ sets: [dataSet(256, records)] })

function metric(
  families: readonly MetricFamily[],
  name: string,
  labels: Record<string, string> = {},
): number {
  const family = families.find((each) => each.name === name)
  assert.ok(family, name)
  const wanted = Object.entries(labels)
  return family!.samples
    .filter((sample) => wanted.every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, sample) => sum + sample.value, 0)
}

/** Teaches a decoder names of all kinds. */
function teachNames(subject: Subject): void {
  const name = (value: string, octets: number) => [...text(value), ...zeros(octets - value.length)]
  const sets = [
    optionsTemplateSet(
      9,
      256,
      [[2, 4]],
      [
        [82, 8],
        [83, 8],
      ],
    ),
    dataSet(256, [[...u32(7), ...name('eth7', 8), ...name('uplink', 8)]]),
    optionsTemplateSet(
      9,
      257,
      [[1, 4]],
      [
        [95, 4],
        [96, 8],
        [94, 8],
      ],
    ),
    dataSet(257, [[...u32(0), ...u32(0x0d000001), ...name('http', 8), ...name('web', 8)]]),
    optionsTemplateSet(
      9,
      258,
      [[1, 4]],
      [
        [234, 4],
        [236, 8],
      ],
    ),
    dataSet(258, [[...u32(0), ...u32(3), ...name('red', 8)]]),
    optionsTemplateSet(
      9,
      259,
      [[1, 4]],
      [
        [48, 1],
        [84, 8],
        [36, 2],
        [37, 2],
      ],
    ),
    dataSet(259, [[...u32(0), ...u8(1), ...name('one', 8), ...u16(60), ...u16(15)]]),
  ]
  subject.take(netflow9Datagram({ sets }))
}

test('names of interfaces, applications, VRFs and samplers are learnt from options records', () => {
  const subject = newSubject()
  teachNames(subject)
  const facts = subject.decoder.facts.find(new Uint32Array([0, 0, 0xffff, 0xc0000201]), 0, 50_000)!
  assert.equal(facts.interfaces.get(7), { name: 'eth7', description: 'uplink' })
  assert.equal(facts.applications.get('0d000001'), { name: 'http', description: 'web' })
  assert.is(facts.vrfs.get(3), 'red')
  assert.is(facts.samplers.get(1), 'one')
  assert.equal([facts.activeTimeout, facts.idleTimeout], [60, 15])
  assert.is(subject.decoder.facts.list().length, 1)
})

test('options records are learnt from where no one wants them as rows', () => {
  const all = newSubject()
  const subject = newSubject({ writers: { flow: all.writers.flow } })
  teachNames(subject)
  assert.is(subject.options.length, 0)
  assert.is(subject.decoder.facts.list()[0]!.vrfs.get(3), 'red')
})

test('what was learnt survives in the state: templates, samplers, names and sequence', () => {
  const before = newSubject()
  teachNames(before)
  const sets = [
    optionsTemplateSet(9, 300, [[1, 4]], [[34, 4]]),
    dataSet(300, [[...u32(0), ...u32(64)]]),
    templateSet(9, [[301, FLOW]]),
  ]
  before.take(netflow9Datagram({ sets, sequence: 2 }))
  const after = newSubject()
  after.decoder.restoreState(structuredClone(before.decoder.saveState()))
  const [row] = after.take(netflow9Datagram({ sets: [dataSet(301, [u32(5)])], sequence: 5 }))
  assert.equal([row![F.octetDeltaCount.name], row!['samplingRate']], [5, 64])
  assert.is(after.decoder.facts.list()[0]!.interfaces.get(7)!.name, 'eth7')
  for (let i = 0; i < 3; i++) after.decoder.tick(1_700_000_000_000)
  assert.is(metric(after.decoder.metrics(), 'weir_decode_sequence_lost_total'), 2)
  assert.equal(after.decoder.saveState().sessions[0]!.names, before.decoder.saveState().sessions[0]!.names)
})

test('a template announced since the start is not replaced by the one of the state', () => {
  const before = newSubject()
  before.take(template([[1, 4]]))
  const after = newSubject()
  after.take(template([[2, 4]]))
  after.decoder.restoreState(before.decoder.saveState())
  const [row] = after.take(data(u32(3)))
  assert.is(row!['packetDeltaCount'], 3)
})

test.run()
