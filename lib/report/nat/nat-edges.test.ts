import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAddress } from '../../bytes/address.ts'
import { defineField, F, type Field } from '../../flow/fields.ts'
import { setCell } from '../../testing/nat-world.ts'
import { blockStream } from '../testing/block-stream.ts'
import type { NatAnswer } from './nat-answer.ts'
import { NAT } from './nat-fields.ts'
import { insideOf, natRules, outsideOf } from './nat-formula.ts'
import { natQuestion } from './nat-question.ts'
import { answerNat } from './nat-report.ts'
import { noteOf } from './nat-rows.ts'

const SECOND = 1_000_000_000n
const START = 1_767_225_600n * SECOND
const RUN = { memoryOctets: 2 ** 26, temporaryDirectory: tmpdir() }
const vendorName = defineField('e637.natSubString', 'text', 'default', 637, 93)

type Cells = readonly (readonly [Field, number | string | bigint])[]

/** Rows told at seconds of the day, one exporter, one datagram each, and a row of nothing every ten seconds. */
function input(rows: readonly (readonly [second: number, cells: Cells])[], lastSecond = 600) {
  const all = [...rows]
  for (let second = 0; second <= lastSecond; second += 10) all.push([second, []])
  all.sort((a, b) => a[0] - b[0])
  return blockStream((writer) => {
    for (const [sequence, [second, cells]] of all.entries()) {
      const batch = writer.reserve(1)
      const row = batch.rowCount
      const known: Cells = [
        [F.timeReceived, START + BigInt(second) * SECOND],
        [F.exporterAddress, '192.0.2.1'],
        [F.exportProtocol, 10],
        [F.sequenceNumber, sequence],
      ]
      for (const [field, value] of [...known, ...cells]) {
        if (typeof value !== 'string') setCell(batch, row, field, value)
        else if (field.kind === 'address') setCell(batch, row, field, wordsOf(value))
        else {
          const column = batch.octets(field)
          column.data = Buffer.concat([column.data.subarray(0, column.used), Buffer.from(value)])
          column.starts[row] = column.used
          column.lengths[row] = value.length
          column.present[row] = 1
          column.used += value.length
        }
      }
      batch.rowCount++
    }
  })
}

function wordsOf(text: string): number[] {
  const words = new Uint32Array(4)
  assert.ok(parseAddress(text, words), text)
  return [...words]
}

const at = (second: number): bigint => START + BigInt(second) * SECOND
const inside = (ip: string, port: number): Cells => [
  [F.sourceAddress, ip],
  [F.sourceTransportPort, port],
  [F.protocolIdentifier, 6],
]
const outside = (ip: string, port: number): Cells => [
  [F.postNatSourceAddress, ip],
  [NAT.postSourcePort, port],
]

async function ask(
  stream: ReturnType<typeof input>,
  port: number | null,
  second: number,
  more: { ip?: string; isPrivate?: boolean; protocol?: string } = {},
): Promise<NatAnswer> {
  const { ip = '198.51.100.7', isPrivate = false, protocol = null } = more
  const moment = String(at(second) / 1_000_000n)
  const question = natQuestion(1, isPrivate, ip, port === null ? null : String(port), moment, protocol)
  if (typeof question === 'string') throw new Error(question)
  const settings = {
    rules: [],
    slackNs: 5n * SECOND,
    reachNs: 86_400n * SECOND,
    filter: null,
    leastIndexed: null,
  }
  const { answers } = await answerNat([question], [stream], settings, RUN)
  return [...answers][0]!
}

const holders = ({ holdings }: NatAnswer): string[] =>
  holdings.map(({ holding, confidence }) => `${holding.other} ${holding.kind} ${confidence}`)

test('an end alone tells the begin too where the record has it (NSEL)', async () => {
  const rows: [number, Cells][] = [
    [
      300,
      [
        ...inside('10.0.0.1', 1000),
        ...outside('198.51.100.7', 40231),
        [NAT.firewallEvent, 2],
        [NAT.observedMilliseconds, at(300)],
        [F.flowStart, at(100)],
      ],
    ],
  ]
  assert.equal(holders(await ask(input(rows), 40231, 200)), ['10.0.0.1 session exact'])
  assert.is((await ask(input(rows), 40231, 50)).status, 'none')
  assert.equal(holders(await ask(input(rows), 40231, 303)), ['10.0.0.1 session near'])
  assert.is((await ask(input(rows), 40231, 306)).status, 'none')
  assert.is((await ask(input(rows), 40232, 200)).status, 'none')
  assert.is((await ask(input(rows), 40231, 200, { protocol: 'udp' })).status, 'none')
})

test('what was denied is no evidence', async () => {
  const rows: [number, Cells][] = [
    [
      100,
      [
        ...inside('10.0.0.1', 1000),
        ...outside('198.51.100.7', 40231),
        [NAT.firewallEvent, 3],
        [NAT.observedMilliseconds, at(100)],
      ],
    ],
  ]
  assert.is((await ask(input(rows), 40231, 100)).status, 'none')
})

test('a session that runs on holds until the next one begins', async () => {
  const begin = (second: number, ip: string): [number, Cells] => [
    second,
    [
      ...inside(ip, 1000),
      ...outside('198.51.100.7', 40231),
      [NAT.natEvent, 4],
      [NAT.observedMilliseconds, at(second)],
    ],
  ]
  const rows = [begin(100, '10.0.0.1'), begin(400, '10.0.0.2')]
  assert.equal(holders(await ask(input(rows), 40231, 300)), ['10.0.0.1 session exact'])
  assert.equal(holders(await ask(input(rows), 40231, 500)), ['10.0.0.2 session exact'])
})

const event = (second: number, natEvent: number, ip: string, more: Cells = []): [number, Cells] => [
  second,
  [
    ...inside(ip, 1000),
    ...outside('198.51.100.7', 40231),
    [NAT.natEvent, natEvent],
    [NAT.observedSeconds, at(second)],
    ...more,
  ],
]

test('a session that begins and ends within one tick of the clock was there then and at no other time', async () => {
  const rows = [event(100, 5, '10.0.0.1'), event(100, 4, '10.0.0.1')]
  assert.is((await ask(input(rows), 40231, 50)).status, 'none')
  assert.is((await ask(input(rows), 40231, 200)).status, 'none')
  assert.equal(holders(await ask(input(rows), 40231, 100)), ['10.0.0.1 session exact'])
})

test('a port that is used again in the same second has the one before until then and the next one from then on', async () => {
  const rows = [
    event(100, 4, '10.0.0.1'),
    event(200, 4, '10.0.0.2'),
    event(200, 5, '10.0.0.1'),
    event(200, 5, '10.0.0.2'),
    event(200, 4, '10.0.0.3'),
    event(300, 5, '10.0.0.3'),
  ]
  assert.equal(holders(await ask(input(rows), 40231, 150)), ['10.0.0.1 session exact'])
  assert.equal(holders(await ask(input(rows), 40231, 250)), ['10.0.0.3 session exact'])
  assert.is((await ask(input(rows), 40231, 350)).status, 'none')
})

test('the end of a session may say less than its begin', async () => {
  const peer: Cells = [
    [F.destinationAddress, '192.0.2.200'],
    [F.destinationTransportPort, 443],
  ]
  const end = event(300, 5, '10.0.0.1')
  const short: [number, Cells] = [300, end[1].filter(([field]) => field !== F.protocolIdentifier)]
  const rows = [event(100, 4, '10.0.0.1', peer), short]
  assert.equal(holders(await ask(input(rows), 40231, 200)), ['10.0.0.1 session exact'])
  assert.is((await ask(input(rows), 40231, 400)).status, 'none')
})

test('two translators that tell of the same session are one answer, and of different ones two', async () => {
  const other: Cells = [[F.exporterAddress, '192.0.2.2']]
  const same = [event(100, 4, '10.0.0.1'), event(101, 4, '10.0.0.1', other), event(300, 5, '10.0.0.1')]
  assert.equal(holders(await ask(input(same), 40231, 200)), ['10.0.0.1 session exact'])
  const both = [
    ...[100, 300].map((second, i) => event(second, 4 + i, '10.0.0.1')),
    ...[101, 301].map((second, i) => event(second, 4 + i, '10.0.0.2', other)),
  ]
  assert.is((await ask(input(both), 40231, 200)).status, 'ambiguous')
})

test('an IPv6 subscriber behind an IPv4 address is told (NAT64)', async () => {
  const rows = [event(100, 6, '2001:db8::7'), event(300, 7, '2001:db8::7')]
  assert.equal(holders(await ask(input(rows), 40231, 200)), ['2001:db8::7 session exact'])
})

test('events of limits tell of no translation', async () => {
  for (const natEvent of [3, 12, 13, 18, 19, 255]) {
    const rows = [event(100, natEvent, '10.0.0.1')]
    assert.is((await ask(input(rows), 40231, 100)).status, 'none', String(natEvent))
  }
})

test('two holders at once are ambiguous, and customers of different VRFs are two', async () => {
  const flow = (vrf: number, protocol: number): [number, Cells] => [
    300,
    [
      [F.sourceAddress, '10.0.0.1'],
      [F.sourceTransportPort, 1000],
      [F.protocolIdentifier, protocol],
      ...outside('198.51.100.7', 40231),
      [F.flowStart, at(100)],
      [F.flowEnd, at(290)],
      [NAT.ingressVrf, vrf],
    ],
  ]
  const rows = [flow(1, 6), flow(2, 17)]
  assert.is((await ask(input(rows), 40231, 200)).status, 'ambiguous')
  assert.is((await ask(input(rows), 40231, 200, { protocol: 'tcp' })).status, 'found')
})

test('blocks with steps hold every step, and their own name for the subscriber comes along', async () => {
  const block = (second: number, event: number): [number, Cells] => [
    second,
    [
      [F.sourceAddress, '2001:db8::7'],
      [F.postNatSourceAddress, '198.51.100.7'],
      [NAT.natEvent, event],
      [NAT.observedMilliseconds, at(second)],
      [NAT.rangeStart, 2000],
      [NAT.rangeStep, 8],
      [NAT.rangePorts, 10],
      [vendorName, 'LSN-Host@2001:db8::7'],
    ],
  ]
  const rows = [block(100, 16), block(400, 17)]
  const answer = await ask(input(rows), 2072, 200)
  assert.equal(holders(answer), ['2001:db8::7 block exact'])
  assert.is(answer.holdings[0]!.holding.label, 'LSN-Host@2001:db8::7')
  assert.is((await ask(input(rows), 2073, 200)).status, 'none')
  assert.is((await ask(input(rows), 2080, 200)).status, 'none')
})

test('a binding of a whole address holds at every port', async () => {
  const rows: [number, Cells][] = [
    [
      100,
      [
        [F.sourceAddress, '10.0.0.9'],
        [F.postNatSourceAddress, '198.51.100.7'],
        [NAT.natEvent, 14],
        [NAT.observedMilliseconds, at(100)],
      ],
    ],
  ]
  assert.equal(holders(await ask(input(rows), 5, 200)), ['10.0.0.9 binding exact'])
  assert.equal(holders(await ask(input(rows), null, 200)), ['10.0.0.9 binding exact'])
})

test('flows that come back tell of the same translation, in either order of addresses', async () => {
  const back = (
    publicField: Field,
    port: Field,
    privateField: Field,
    privatePort: Field,
  ): [number, Cells] => [
    300,
    [
      [F.sourceAddress, '192.0.2.200'],
      [F.protocolIdentifier, 6],
      [publicField, '198.51.100.7'],
      [port, 40231],
      [privateField, '10.0.0.1'],
      [privatePort, 1000],
      [F.flowStart, at(100)],
      [F.flowEnd, at(290)],
    ],
  ]
  const destination = [F.destinationAddress, F.destinationTransportPort] as const
  const post = [F.postNatDestinationAddress, NAT.postDestinationPort] as const
  assert.equal(holders(await ask(input([back(...destination, ...post)]), 40231, 200)), [
    '10.0.0.1 flow exact',
  ])
  assert.equal(holders(await ask(input([back(...post, ...destination)]), 40231, 200)), [
    '10.0.0.1 flow exact',
  ])
})

test('from the private side, all public addresses and ports of the moment are told', async () => {
  const rows = [40231, 40232].map((port): [number, Cells] => [
    300,
    [
      ...inside('10.0.0.1', port - 40000),
      ...outside('198.51.100.7', port),
      [F.flowStart, at(100)],
      [F.flowEnd, at(290)],
    ],
  ])
  const all = await ask(input(rows), null, 200, { ip: '10.0.0.1', isPrivate: true })
  assert.is(all.status, 'found')
  assert.equal(
    all.holdings.map(({ holding }) => `${holding.other}:${holding.otherPort}`),
    ['198.51.100.7:40231', '198.51.100.7:40232'],
  )
  const one = await ask(input(rows), 232, 200, { ip: '10.0.0.1', isPrivate: true })
  assert.is(one.holdings.length, 1)
})

test('where nothing came for minutes the gap is said, with its times', async () => {
  const rows: [number, Cells][] = []
  for (const second of [...Array(60).keys()].filter((i) => i < 20 || i > 40)) rows.push([second * 10 + 1, []])
  const stream = blockStream((writer) => {
    for (const [sequence, [second]] of rows.entries()) {
      const batch = writer.reserve(1)
      setCell(batch, batch.rowCount, F.timeReceived, at(second))
      setCell(batch, batch.rowCount, F.exporterAddress, wordsOf('192.0.2.1'))
      setCell(batch, batch.rowCount, F.exportProtocol, 5)
      setCell(batch, batch.rowCount, F.sequenceNumber, sequence)
      batch.rowCount++
    }
  })
  const answer = await ask(stream, 40231, 300)
  assert.is(noteOf(answer), 'no data: gap 00:03:11-00:06:51')
})

test('hostile rows are no evidence', async () => {
  const rows: [number, Cells][] = [
    // A translation to itself, an end before its begin, a range upside down, no address at all.
    [100, [[F.sourceAddress, '198.51.100.7'], ...outside('198.51.100.7', 40231), [F.flowStart, at(1)]]],
    [
      100,
      [
        ...inside('10.0.0.1', 1),
        ...outside('198.51.100.7', 40231),
        [F.flowStart, 2n ** 64n - 1n],
        [F.flowEnd, 0n],
      ],
    ],
    [
      100,
      [
        ...inside('10.0.0.1', 1),
        [F.postNatSourceAddress, '198.51.100.7'],
        [NAT.natEvent, 16],
        [NAT.rangeStart, 65535],
        [NAT.rangeEnd, 1024],
      ],
    ],
    [100, outside('198.51.100.7', 40231)],
    [100, [...inside('10.0.0.1', 1), ...outside('198.51.100.7', 40231), [NAT.natEvent, 255]]],
  ]
  assert.is((await ask(input(rows), 40231, 100)).status, 'none')
})

test('rules of translators that compute are answered both ways', () => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-nat-'))
  try {
    const path = join(directory, 'rules.txt')
    writeFileSync(path, '# inside outside ports each\n100.64.0.0/22 198.51.100.0/28 1024-65535 504\n')
    const rules = natRules(path)
    // 128 ranges of 504 ports an address: subscriber 128 is the first of the second address.
    const [first] = outsideOf(rules, '100.64.0.128', 0n)
    assert.is(`${first!.outside} ${first!.firstPort}-${first!.lastPort}`, '198.51.100.1 1024-1527')
    assert.is(insideOf(rules, '198.51.100.1', 1527, 0n)[0]!.inside, '100.64.0.128')
    assert.is(insideOf(rules, '198.51.100.1', 1528, 0n)[0]!.inside, '100.64.0.129')
    assert.equal(insideOf(rules, '198.51.100.15', 1024, 0n), [])
    writeFileSync(path, '100.64.0.0/22 198.51.100.0/33 1024-65535\n')
    assert.throws(() => natRules(path), /line 1: 198.51.100.0\/33 is no IPv4 network/)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test.run()
