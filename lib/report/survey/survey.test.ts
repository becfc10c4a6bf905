import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { F, type Field } from '../../flow/fields.ts'
import { memoryFile, memoryStream } from '../testing/memory-source.ts'
import { type PlainFlow, plainFlows } from '../testing/plain-flows.ts'
import { ActiveTimeout, Durations } from './delays.ts'
import { SourceSequence } from './source-sequence.ts'
import { Survey } from './survey.ts'

const SECOND = 1_000_000_000n
const START = 1_767_225_600n * SECOND

const number = (flow: PlainFlow, field: Field) => (flow.get(field) as bigint | undefined) ?? 0n

async function surveyOf(flows: readonly PlainFlow[]): Promise<Survey> {
  const survey = new Survey()
  await survey.read([memoryFile(flows, 64)])
  return survey
}

/** `each` records in each datagram. */
function datagrams(
  protocol: bigint,
  exporter: number,
  numbers: readonly bigint[],
  each: number,
): PlainFlow[] {
  return numbers.flatMap((sequence, i) =>
    Array.from(
      { length: each },
      (): PlainFlow =>
        new Map<Field, bigint | readonly number[]>([
          [F.exporterAddress, [0, 0, 0xffff, exporter]],
          [F.exportProtocol, protocol],
          [F.sequenceNumber, sequence],
          [F.timeReceived, START + BigInt(i) * SECOND],
        ]),
    ),
  )
}

function lossOf(survey: Survey, address: string): number {
  return survey.exporters.get(address)!.sequences.reduce((sum, { lost }) => sum + lost, 0)
}

test('lost records are counted by the sequence numbers of each protocol', async () => {
  const survey = await surveyOf([
    // 4 records a datagram; the one that begins at 6 is lost; the number wraps.
    ...datagrams(10n, 1, [4_294_967_294n, 2n, 10n], 4),
    // Datagrams: 3 is lost, 4 was overtaken.
    ...datagrams(9n, 2, [1n, 2n, 5n, 4n], 3),
    ...datagrams(5n, 3, [100n, 110n, 120n], 10),
  ])
  assert.is(lossOf(survey, '0.0.0.1'), 4)
  assert.is(lossOf(survey, '0.0.0.2'), 1)
  assert.is(lossOf(survey, '0.0.0.3'), 0)
})

test('an exporter that begins anew has lost nothing', () => {
  const sequence = new SourceSequence('datagrams')
  for (const place of [4_000_000_000, 4_000_000_001, 1, 2, 3]) sequence.note(place)
  sequence.end()
  assert.equal([sequence.lost, sequence.expected, sequence.restarts], [0, 5, 1])
})

test('rows that several datagrams share are never more than were sent', () => {
  const sequence = new SourceSequence('records')
  for (const place of [0, 0, 0, 1, 1]) sequence.note(place)
  sequence.end()
  assert.is(sequence.lost, 0)
  assert.is(sequence.expected, 5)
})

test('late rows, clocks that are ahead and sampling are those of the flows', async () => {
  const flows = plainFlows(3, 2000)
  const survey = await surveyOf(flows)
  const exporters = [...survey.exporters.values()]
  const sum = (of: (one: (typeof exporters)[number]) => number) =>
    exporters.reduce((all, one) => all + of(one), 0)
  const delays = flows.map((flow) => number(flow, F.timeReceived) - number(flow, F.flowEnd))
  assert.is(
    sum(({ late }) => late),
    delays.filter((delay) => delay > 300n * SECOND).length,
  )
  assert.is(
    sum(({ ahead }) => ahead),
    delays.filter((delay) => delay < -SECOND).length,
  )
  assert.is(
    sum(({ rows }) => rows),
    flows.length,
  )
  assert.is(
    sum(({ unknownRate }) => unknownRate),
    flows.filter((flow) => number(flow, F.samplingRate) === 0n).length,
  )
  assert.is(survey.columns.get('sourceAddress'), flows.length)
  const first = flows.reduce(
    (least, flow) => {
      const at = number(flow, F.timeReceived)
      if (at < least) return at
      return least
    },
    number(flows[0]!, F.timeReceived),
  )
  assert.is(exporters.map(({ firstNs }) => firstNs).sort()[0], first)
})

test('a stream is surveyed as a file is', async () => {
  const flows = plainFlows(5, 500, { gaps: true })
  const [file, stream] = [new Survey(), new Survey()]
  await file.read([memoryFile(flows, 50)])
  await stream.read([memoryStream(flows, 50)])
  assert.equal(stream.columns, file.columns)
  assert.is(stream.rows, file.rows)
  assert.equal([...stream.exporters.keys()], [...file.exporters.keys()])
})

test('extreme values and missing fields do no harm', async () => {
  const survey = await surveyOf(plainFlows(9, 1000, { extreme: true, gaps: true }))
  assert.is(survey.rows, 1000)
})

test('a silent exporter leaves a gap', async () => {
  const flows = [0n, 10n, 1000n].map(
    (seconds): PlainFlow =>
      new Map<Field, bigint | readonly number[]>([
        [F.exporterAddress, [0, 0, 0xffff, 7]],
        [F.timeReceived, START + seconds * SECOND],
      ]),
  )
  const { gaps } = await surveyOf(flows)
  assert.equal(gaps, [{ exporter: '0.0.0.7', fromNs: START + 10n * SECOND, toNs: START + 1000n * SECOND }])
})

test('flows that two exporters tell of are seen to be there twice', async () => {
  const flows = plainFlows(11, 2000)
  const again = flows.flatMap((flow) =>
    [1, 2].map((exporter) => new Map(flow).set(F.exporterAddress, [0, 0, 0xffff, exporter])),
  )
  const twice = await surveyOf(again)
  assert.ok(twice.repeated > twice.compared * 0.4, `${twice.repeated} of ${twice.compared}`)
  const once = await surveyOf(flows.map((flow) => new Map(flow).set(F.exporterAddress, [0, 0, 0xffff, 1])))
  assert.is(once.repeated, 0)
})

test('the active timeout is where long flows are cut', () => {
  const timeout = new ActiveTimeout()
  for (let i = 0; i < 2000; i++) timeout.add((i * 17) % 20_000)
  assert.is(timeout.seconds, null)
  for (let i = 0; i < 400; i++) timeout.add(60_000 + (i % 5) * 200)
  assert.is(timeout.seconds, 60)
})

test('durations are kept to within nine per cent', () => {
  const durations = new Durations()
  for (let ms = 1; ms <= 10_000; ms++) durations.add(ms)
  const median = durations.quantile(0.5)!
  assert.ok(median >= 5000 && median <= 5000 * 1.09, String(median))
  assert.is(durations.quantile(1), 10_000)
  assert.is(new Durations().quantile(0.5), null)
})

test.run()
