import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseNetwork } from '../bytes/address.ts'
import { SAMPLING_SOURCE } from '../flow/fields.ts'
import {
  dataSet,
  ipfixMessage,
  netflow5Datagram,
  netflow9Datagram,
  type Octets,
  optionsTemplateSet,
  type Specifier,
  templateSet,
  u8,
  u16,
  u32,
  uint,
} from '../testing/datagrams.ts'
import { newSubject, type Row, type Subject } from './testing/subject.ts'

const FLOW: Specifier[] = [[1, 4]]
const FLOWS = [templateSet(9, [[300, FLOW]]), dataSet(300, [u32(5)])]

/** A v9 datagram of an options template with one record, and then flows. */
function announced(
  scopes: Specifier[],
  fields: Specifier[],
  record: number[],
  flows: readonly Octets[] = FLOWS,
) {
  return netflow9Datagram({
    sets: [optionsTemplateSet(9, 256, scopes, fields), dataSet(256, [record]), ...flows],
  })
}

const rateOf = (row: Row | undefined) => [row?.['samplingRate'] ?? 0, row?.['samplingSource'] ?? 0]

/** Announces in one datagram and returns the rate of a flow in the same. */
function rateAfter(scopes: Specifier[], fields: Specifier[], record: number[]): unknown[] {
  return rateOf(newSubject().take(announced(scopes, fields, record))[0])
}

const SYSTEM: Specifier[] = [[1, 4]]

test('a rate in an options record holds for the flows after it in the same datagram', () => {
  assert.equal(rateAfter(SYSTEM, [[34, 4]], [...u32(0), ...u32(100)]), [100, SAMPLING_SOURCE.options])
})

test('a rate is read in any width', () => {
  for (const octets of [1, 2, 3, 4, 8])
    assert.equal(rateAfter(SYSTEM, [[34, octets]], [...u32(0), ...uint(200, octets)])[0], 200, String(octets))
})

test('every element that can say a rate does: 34, 50, 305 with 306, 309 of 310', () => {
  assert.is(rateAfter(SYSTEM, [[50, 4]], [...u32(0), ...u32(30)])[0], 30)
  assert.is(rateAfter(SYSTEM, [[305, 4]], [...u32(0), ...u32(1)])[0], 1)
  const interval: Specifier[] = [
    [305, 4],
    [306, 4],
  ]
  assert.is(rateAfter(SYSTEM, interval, [...u32(0), ...u32(1), ...u32(999)])[0], 1000)
  assert.is(rateAfter(SYSTEM, interval, [...u32(0), ...u32(2), ...u32(18)])[0], 10)
  const population: Specifier[] = [
    [309, 4],
    [310, 4],
  ]
  assert.is(rateAfter(SYSTEM, population, [...u32(0), ...u32(2), ...u32(1000)])[0], 500)
})

test('each sampler id has its own rate, whichever of 48 and 302 names it', () => {
  const fields: Specifier[] = [
    [48, 2],
    [50, 4],
  ]
  const subject = newSubject()
  const sets = [
    optionsTemplateSet(9, 256, SYSTEM, fields),
    dataSet(256, [
      [...u32(0), ...u16(1), ...u32(4000)],
      [...u32(0), ...u16(2), ...u32(2000)],
    ]),
    templateSet(9, [
      [
        300,
        [
          [302, 4],
          [1, 4],
        ],
      ],
    ]),
    dataSet(300, [
      [...u32(2), ...u32(7)],
      [...u32(1), ...u32(7)],
      [...u32(9), ...u32(7)],
    ]),
  ]
  const rows = subject.take(netflow9Datagram({ sets }))
  assert.equal(rows.map(rateOf), [
    [2000, SAMPLING_SOURCE.sampler],
    [4000, SAMPLING_SOURCE.sampler],
    [0, SAMPLING_SOURCE.unknown],
  ])
})

test('flows that name no sampler get the rate that all samplers agree on, and none where they differ', () => {
  const fields: Specifier[] = [
    [48, 1],
    [50, 4],
  ]
  const of = (...rates: number[]) => {
    const records = rates.map((rate, i) => [...u32(0), ...u8(i + 1), ...u32(rate)])
    const sets = [optionsTemplateSet(9, 256, SYSTEM, fields), dataSet(256, records), ...FLOWS]
    return rateOf(newSubject().take(netflow9Datagram({ sets }))[0])
  }
  assert.equal(of(64, 64), [64, SAMPLING_SOURCE.options])
  assert.equal(of(64, 128), [0, SAMPLING_SOURCE.unknown])
})

test('a rate in the record beats what options said, and 0 in the record does not', () => {
  const subject = newSubject()
  subject.take(announced(SYSTEM, [[34, 4]], [...u32(0), ...u32(100)]))
  const fields: Specifier[] = [
    [34, 4],
    [1, 4],
  ]
  const records = [
    [...u32(2048), ...u32(1)],
    [...u32(0), ...u32(1)],
  ]
  const rows = subject.take(
    netflow9Datagram({ sets: [templateSet(9, [[301, fields]]), dataSet(301, records)] }),
  )
  assert.equal(rows.map(rateOf), [
    [2048, SAMPLING_SOURCE.record],
    [100, SAMPLING_SOURCE.options],
  ])
})

test('a rate of an interface holds for flows through it, by direction where that is said', () => {
  const subject = newSubject()
  const fields: Specifier[] = [
    [10, 4],
    [14, 4],
    [61, 1],
    [1, 4],
  ]
  const flows = (...records: number[][]) => [templateSet(9, [[300, fields]]), dataSet(300, records)]
  const sets = [
    optionsTemplateSet(9, 256, [[2, 4]], [[34, 4]]),
    dataSet(256, [
      [...u32(7), ...u32(70)],
      [...u32(8), ...u32(80)],
    ]),
    ...flows(
      [...u32(7), ...u32(8), 0, ...u32(1)],
      [...u32(7), ...u32(8), 1, ...u32(1)],
      [...u32(9), ...u32(9), 0, ...u32(1)],
    ),
  ]
  assert.equal(
    subject.take(netflow9Datagram({ sets })).map((row) => rateOf(row)[0]),
    [70, 80, 0],
  )
})

test('a rate of a direction holds for flows of that direction', () => {
  const fields: Specifier[] = [
    [61, 1],
    [34, 4],
  ]
  const sets = [
    optionsTemplateSet(9, 256, SYSTEM, fields),
    dataSet(256, [
      [...u32(0), 0, ...u32(10)],
      [...u32(0), 1, ...u32(20)],
    ]),
    templateSet(9, [
      [
        300,
        [
          [61, 1],
          [1, 4],
        ],
      ],
    ]),
    dataSet(300, [
      [1, ...u32(1)],
      [0, ...u32(1)],
    ]),
  ]
  assert.equal(
    newSubject()
      .take(netflow9Datagram({ sets }))
      .map((row) => rateOf(row)[0]),
    [20, 10],
  )
})

test('a rate of a template holds for the flows of that template', () => {
  const sets = [
    optionsTemplateSet(10, 256, [[145, 2]], [[34, 4]]),
    dataSet(256, [[...u16(300), ...u32(50)]]),
    templateSet(10, [
      [300, FLOW],
      [301, FLOW],
    ]),
    dataSet(300, [u32(1)]),
    dataSet(301, [u32(1)]),
  ]
  assert.equal(
    newSubject()
      .take(ipfixMessage({ sets }))
      .map((row) => rateOf(row)[0]),
    [50, 0],
  )
})

test('a rate announced in another observation domain is used and marked as such', () => {
  const subject = newSubject()
  const options = [
    optionsTemplateSet(10, 256, [[144, 4]], [[34, 4]]),
    dataSet(256, [[...u32(1), ...u32(512)]]),
  ]
  subject.take(ipfixMessage({ sets: options, domain: 7 }))
  const flows = ipfixMessage({ sets: [templateSet(10, [[300, FLOW]]), dataSet(300, [u32(1)])], domain: 8 })
  assert.equal(rateOf(subject.take(flows)[0]), [512, SAMPLING_SOURCE.otherDomain])
  // From another port of the same address too, for some line cards have their own.
  assert.equal(rateOf(subject.take(flows, { port: 50_001 })[0]), [512, SAMPLING_SOURCE.otherDomain])
  // A second domain that disagrees makes it a guess.
  options[1] = dataSet(256, [[...u32(1), ...u32(16)]])
  subject.take(ipfixMessage({ sets: options, domain: 9 }))
  assert.equal(rateOf(subject.take(flows)[0]), [0, SAMPLING_SOURCE.unknown])
})

test('an options record whose scope names a domain speaks of that domain', () => {
  const subject = newSubject()
  const sets = [
    optionsTemplateSet(10, 256, [[149, 4]], [[34, 4]]),
    dataSet(256, [
      [...u32(8), ...u32(80)],
      [...u32(9), ...u32(90)],
    ]),
  ]
  subject.take(ipfixMessage({ sets, domain: 7 }))
  for (const domain of [8, 9]) {
    const flows = ipfixMessage({ sets: [templateSet(10, [[300, FLOW]]), dataSet(300, [u32(1)])], domain })
    assert.equal(rateOf(subject.take(flows)[0]), [domain * 10, SAMPLING_SOURCE.options])
  }
})

test('a rate that is learnt late holds for later flows, and for flows that waited for their template', () => {
  const subject = newSubject()
  const [early] = subject.take(netflow9Datagram({ sets: FLOWS }))
  assert.equal(rateOf(early), [0, SAMPLING_SOURCE.unknown])
  subject.take(netflow9Datagram({ sets: [dataSet(400, [u32(9)])] }))
  const late = [
    templateSet(9, [[400, FLOW]]),
    optionsTemplateSet(9, 256, SYSTEM, [[34, 4]]),
    dataSet(256, [[...u32(0), ...u32(100)]]),
  ]
  assert.equal(rateOf(subject.take(netflow9Datagram({ sets: late }))[0]), [100, SAMPLING_SOURCE.options])
  assert.equal(rateOf(subject.take(netflow9Datagram({ sets: FLOWS }))[0]), [100, SAMPLING_SOURCE.options])
})

test('options records that waited for their template teach the flows that waited with them', () => {
  const subject = newSubject()
  subject.take(netflow9Datagram({ sets: [dataSet(400, [u32(9)]), dataSet(256, [[...u32(0), ...u32(77)]])] }))
  const templates = [templateSet(9, [[400, FLOW]]), optionsTemplateSet(9, 256, SYSTEM, [[34, 4]])]
  assert.equal(rateOf(subject.take(netflow9Datagram({ sets: templates }))[0])[0], 77)
})

test("the v5 header's two upper bits are the mode, the others the rate, and 0 stays unknown", () => {
  const subject = newSubject()
  assert.equal(rateOf(subject.take(netflow5Datagram([{}], { sampling: 0x4064 }))[0]), [
    100,
    SAMPLING_SOURCE.header,
  ])
  assert.equal(rateOf(subject.take(netflow5Datagram([{}], { sampling: 0x4000 }))[0]), [
    0,
    SAMPLING_SOURCE.unknown,
  ])
})

test("the user's rate for a network beats all, and the default fills only what is unknown", () => {
  const settings = {
    sampling: { overrides: [{ network: parseNetwork('192.0.2.0/24')!, rate: 5 }], default: 3 },
  }
  const check = (subject: Subject, address: string) => {
    const from = { address }
    return [
      rateOf(subject.take(netflow5Datagram([{}], { sampling: 100 }), from)[0]),
      rateOf(subject.take(netflow5Datagram([{}]), from)[0]),
      rateOf(subject.take(netflow9Datagram({ sets: FLOWS }), from)[0]),
    ]
  }
  const mine = [5, SAMPLING_SOURCE.override]
  assert.equal(check(newSubject(settings), '192.0.2.9'), [mine, mine, mine])
  const fallback = [3, SAMPLING_SOURCE.default]
  assert.equal(check(newSubject(settings), '198.51.100.1'), [
    [100, SAMPLING_SOURCE.header],
    fallback,
    fallback,
  ])
})

test('counters are stored as they came, whatever the rate', () => {
  const [row] = newSubject().take(announced(SYSTEM, [[34, 4]], [...u32(0), ...u32(100)]))
  assert.is(row!['octetDeltaCount'], 5)
})

test('samplers are bounded by session', () => {
  const subject = newSubject({ limits: { optionRowsPerSession: 10 } })
  const fields: Specifier[] = [
    [48, 4],
    [34, 4],
  ]
  const records = Array.from({ length: 50 }, (_, i) => [...u32(0), ...u32(i + 1), ...u32(i + 100)])
  subject.take(
    netflow9Datagram({ sets: [optionsTemplateSet(9, 256, SYSTEM, fields), dataSet(256, records)] }),
  )
  const [session] = subject.decoder.saveState().sessions
  assert.is(session!.domains[0]!.rates!.samplers.length, 10)
})

test.run()
