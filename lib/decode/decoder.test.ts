import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { MetricFamily } from '../diagnostics/metrics.ts'
import {
  dataSet,
  ipfixMessage,
  join,
  netflow5Datagram,
  netflow9Datagram,
  optionsTemplateSet,
  type Specifier,
  templateSet,
  text,
  u16,
  u32,
  variable,
  zeros,
} from '../testing/datagrams.ts'
import { newSubject } from './testing/subject.ts'

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

test('a scheme decides which protocols are welcome', () => {
  const sflow = join(u32(5), u32(1), u32(0x0a000001), u32(0), u32(1), u32(0), u32(0))
  const check = (octets: Uint8Array, scheme: 'netflow' | 'sflow' | 'flow') => {
    const subject = newSubject()
    subject.take(octets, { scheme })
    return subject.decoder.issues.count('unknownVersion')
  }
  assert.equal(
    (['netflow', 'sflow', 'flow'] as const).map((scheme) => [
      check(netflow5Datagram([{}]), scheme),
      check(sflow, scheme),
    ]),
    [
      [0, 1],
      [1, 0],
      [0, 0],
    ],
  )
  assert.is(check(join(u16(3), zeros(30)), 'flow'), 1)
  assert.is(check(join(u32(3), zeros(30)), 'flow'), 1)
})

test('datagrams too short for their header are counted and leave no session behind by their version alone', () => {
  const subject = newSubject()
  for (const octets of [[], [0], [0, 9], [0, 9, 0, 1], [0, 10, 0, 16], [0, 5, 0, 1], [0, 0, 0, 5]])
    subject.take(octets)
  assert.is(subject.decoder.issues.count('datagramTooShort'), 7)
  assert.is(subject.rows.length, 0)
})

test('every datagram cut at every octet is survived', () => {
  const whole = ipfixMessage({
    sets: [
      templateSet(10, [
        [
          256,
          [
            [82, 65535],
            [1, 4],
            [1, 8, 9],
          ],
        ],
      ]),
      optionsTemplateSet(10, 257, [[149, 4]], [[34, 4]]),
      dataSet(256, [join(variable(text('eth0')), u32(1), zeros(8))]),
      dataSet(257, [join(u32(0), u32(1))]),
    ],
  })
  for (let end = 0; end <= whole.length; end++) newSubject().take(whole.slice(0, end))
})

test('a restarted exporter on a new port is understood at once, where the data fit', () => {
  const subject = newSubject()
  subject.take(
    template([
      [1, 4],
      [2, 4],
    ]),
    { port: 1000 },
  )
  const [row] = subject.take(data([...u32(10), ...u32(1)]), { port: 2000 })
  assert.is(row!['octetDeltaCount'], 10)
  assert.is(metric(subject.decoder.metrics(), 'weir_decode_templates_adopted_total'), 1)
  // Five octets are no record of that template.
  assert.is(subject.take(data([1, 2, 3, 4, 5]), { port: 3000 }).length, 0)
  // A set that no longer fits ends the guess; the template itself replaces it.
  assert.is(subject.take(data([...u32(10), ...u32(1), 9, 9, 9, 9]), { port: 2000 }).length, 0)
  assert.is(
    subject.take(
      template([
        [1, 4],
        [2, 8],
      ]),
      { port: 2000 },
    ).length,
    1,
  )
})

test('sets that waited on one port are decoded once another port has taught the template', () => {
  const subject = newSubject()
  assert.is(subject.take(data(u32(1)), { port: 2000 }).length, 0)
  subject.take(template(), { port: 1000 })
  const rows = subject.take(data(u32(2)), { port: 2000 })
  assert.equal(
    rows.map((row) => row['octetDeltaCount']),
    [1, 2],
  )
})

test('another domain, or another address, is no help to a restarted exporter', () => {
  const subject = newSubject()
  subject.take(template(), { port: 1000 })
  const elsewhere = netflow9Datagram({ sets: [dataSet(256, [u32(1)])], sourceId: 5 })
  assert.is(subject.take(elsewhere, { port: 2000 }).length, 0)
  assert.is(subject.take(data(u32(1)), { port: 2000, address: '192.0.2.2' }).length, 0)
})

test('the bound on templates holds for a session and for all, the silent one makes room, and it is counted', () => {
  const subject = newSubject({ limits: { templatesPerSession: 10, templates: 15 } })
  const flood = netflow9Datagram({
    sets: [
      templateSet(
        9,
        Array.from({ length: 50 }, (_, i) => [256 + i, FLOW] as const),
      ),
    ],
  })
  subject.take(flood, { port: 1 })
  assert.is(metric(subject.decoder.metrics(), 'weir_decode_templates'), 10)
  subject.take(flood, { port: 2 })
  assert.is(metric(subject.decoder.metrics(), 'weir_decode_templates'), 10)
  assert.is(subject.decoder.issues.count('templateTooMany'), 80)
})

test('a template with too many fields is refused', () => {
  const subject = newSubject({ limits: { fieldsPerTemplate: 5 } })
  subject.take(template(Array.from({ length: 6 }, (_, i) => [i + 1, 4] as const)))
  assert.is(subject.decoder.issues.count('templateTooManyFields'), 1)
})

test('sets that wait are bounded, expire and are counted', () => {
  const subject = newSubject({ limits: { heldOctetsPerTemplate: 1000, heldOctets: 1500, heldMs: 60_000 } })
  for (let i = 0; i < 10; i++) subject.take(data(u32(i)))
  const held = () => {
    const families = subject.decoder.metrics()
    return ['held', 'replayed', 'expired', 'dropped'].map((result) =>
      metric(families, 'weir_decode_held_sets_total', { result }),
    )
  }
  assert.equal(held(), [4, 0, 0, 6])
  subject.take(
    netflow9Datagram({ sets: [dataSet(257, [u32(1)]), dataSet(258, [u32(1)]), dataSet(259, [u32(1)])] }),
  )
  assert.equal(held(), [7, 0, 0, 6])
  assert.is(subject.take(template()).length, 4)
  assert.is(subject.decoder.heldReplayed, 4)
  subject.decoder.tick(1_700_000_000_000 + 61_000)
  assert.equal(held(), [7, 4, 3, 6])
  assert.is(metric(subject.decoder.metrics(), 'weir_decode_held_octets'), 0)
})

test('a session silent for long is forgotten with its templates', () => {
  const subject = newSubject({ limits: { expireMs: 1000 } })
  subject.take(template())
  subject.decoder.tick(1_700_000_000_500)
  assert.is(subject.take(data(u32(1))).length, 1)
  subject.decoder.tick(1_700_000_003_000)
  assert.is(metric(subject.decoder.metrics(), 'weir_decode_sessions'), 0)
  assert.is(subject.take(data(u32(1))).length, 0)
})

test('a flood of strangers costs no session that announced templates', () => {
  const subject = newSubject({ limits: { sessions: 20 } })
  subject.take(template(), { port: 1 })
  for (let i = 0; i < 500; i++) subject.take(netflow5Datagram([{}]), { port: 1000 + i })
  assert.is(metric(subject.decoder.metrics(), 'weir_decode_sessions'), 20)
  assert.is(subject.take(data(u32(1)), { port: 1 }).length, 1)
})

test("goflow2's metrics come under goflow2's names and labels", () => {
  const subject = newSubject()
  subject.take(netflow9Datagram({ sets: [templateSet(9, [[256, FLOW]]), dataSet(256, [u32(1), u32(2)])] }))
  subject.take(netflow9Datagram({ sets: [dataSet(999, [u32(1)])], sequence: 2 }))
  subject.take(netflow5Datagram([{}, {}]))
  const families = subject.decoder.metrics()
  const router = '192.0.2.1'
  const nf = 'goflow2_flow_process_nf'
  assert.is(metric(families, `${nf}_total`, { router, version: '9' }), 2)
  assert.is(metric(families, `${nf}_total`, { router, version: '5' }), 1)
  assert.is(metric(families, `${nf}_flowset_total`, { router, version: '9', type: 'TemplateFlowSet' }), 1)
  assert.is(metric(families, `${nf}_flowset_records_total`, { router, version: '9', type: 'DataFlowSet' }), 2)
  assert.is(metric(families, `${nf}_errors_total`, { router, error: 'template_not_found' }), 1)
  const labels = {
    router: '192.0.2.1:50000',
    version: '9',
    obs_domain_id: '0',
    template_id: '256',
    type: 'template',
  }
  assert.is(metric(families, `${nf}_templates_total`, labels), 1)
})

test('the delay is the time from the end of a flow to its arrival', () => {
  const subject = newSubject()
  const sets = [templateSet(10, [[256, [[151, 4]]]]), dataSet(256, [u32(1_699_999_990)])]
  subject.take(ipfixMessage({ sets }))
  const families = subject.decoder.metrics()
  assert.is(Math.round(metric(families, 'goflow2_flow_process_nf_delay_seconds_sum')), 10)
  assert.is(metric(families, 'goflow2_flow_process_nf_delay_seconds_count'), 1)
})

test('sequence gaps are counted by exporter', () => {
  const subject = newSubject()
  for (const sequence of [1, 2, 6]) subject.take(netflow9Datagram({ sets: [], sequence }))
  for (const sequence of [100, 110, 150])
    subject.take(netflow5Datagram(Array(10).fill({}), { sequence }), { port: 9 })
  for (let i = 0; i < 3; i++) subject.decoder.tick(1_700_000_000_000)
  assert.is(
    metric(subject.decoder.metrics(), 'weir_decode_sequence_lost_total', { router: '192.0.2.1' }),
    3 + 30,
  )
})

test('engines of one NetFlow v5 exporter have sequences of their own', () => {
  const subject = newSubject()
  for (const sequence of [100, 101, 102])
    for (const engineId of [1, 2])
      subject.take(netflow5Datagram([{}], { sequence: sequence + engineId * 1e6, engineId }))
  for (let i = 0; i < 3; i++) subject.decoder.tick(1_700_000_000_000)
  assert.is(metric(subject.decoder.metrics(), 'weir_decode_sequence_lost_total'), 0)
})

test('source ids of one NetFlow v9 exporter, as line cards have them, have sequences of their own', () => {
  const subject = newSubject()
  for (const sequence of [1, 2, 3])
    for (const sourceId of [0, 256])
      subject.take(netflow9Datagram({ sets: [], sequence: sequence + sourceId * 1000, sourceId }))
  for (let i = 0; i < 3; i++) subject.decoder.tick(1_700_000_000_000)
  assert.is(metric(subject.decoder.metrics(), 'weir_decode_sequence_lost_total'), 0)
})

test('elements that no table knows are counted when their template is used', () => {
  const subject = newSubject()
  subject.take(
    netflow9Datagram({
      sets: [
        templateSet(9, [
          [
            256,
            [
              [1, 4],
              [60_000, 4],
            ],
          ],
        ]),
        dataSet(256, [zeros(8)]),
      ],
    }),
  )
  assert.is(metric(subject.decoder.metrics(), 'weir_decode_unknown_elements_total'), 1)
})

test("templates are shown in goflow2's shape", () => {
  const subject = newSubject()
  subject.take(
    ipfixMessage({
      sets: [
        templateSet(10, [
          [
            256,
            [
              [1, 8],
              [5, 65535, 9],
            ],
          ],
        ]),
      ],
      domain: 3,
    }),
  )
  subject.take(netflow9Datagram({ sets: [optionsTemplateSet(9, 257, [[1, 4]], [[34, 4]])] }))
  assert.equal(subject.decoder.templates(), {
    '192.0.2.1:50000': {
      [String((9n << 48n) + 257n)]: {
        'template-id': 257,
        'scope-length': 4,
        'option-length': 4,
        scopes: [{ 'pen-provided': false, type: 1, length: 4, pen: 0 }],
        options: [{ 'pen-provided': false, type: 34, length: 4, pen: 0 }],
      },
      [String((10n << 48n) + (3n << 16n) + 256n)]: {
        'template-id': 256,
        'field-count': 2,
        fields: [
          { 'pen-provided': false, type: 1, length: 8, pen: 0 },
          { 'pen-provided': true, type: 5, length: 65535, pen: 9 },
        ],
      },
    },
  })
})

test.run()
