import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../../flow/batch.ts'
import { F, type Field } from '../../flow/fields.ts'
import { FlowGenerator } from '../../testing/flow-generator.ts'
import { newRandom } from '../../testing/workload.ts'
import { newLineSink } from '../line-sink.ts'
import { readLines } from './testing/read-lines.ts'

/** Lines of three exporters, of both address families. */
function generatedLines(count: number): string[] {
  const pieces: Buffer[] = []
  const sink = newLineSink({
    format: 'json',
    compat: '2.2',
    mapping: null,
    separator: Uint8Array.of(10),
    write: (octets, from, to) => void pieces.push(Buffer.from(octets.subarray(from, to))),
  })
  const generator = new FlowGenerator(5)
  const batch = new FlowBatch()
  generator.fill(batch)
  sink.write(batch)
  return Buffer.concat(pieces).toString('latin1').split('\n').slice(0, count)
}

const lines = generatedLines(240)

/** What lines say that are read one by one, so that none can be taken for another. */
const apart = lines.map((line) => readLines(`${line}\n`).rows[0])

test('lines of a log are read as each of them alone', () => {
  for (const chunk of [700, 100_000, 10_000_000]) {
    const { rows, rejects } = readLines(`${lines.join('\n')}\n`, { chunk })
    assert.is(rows.length, lines.length)
    for (const [i, row] of rows.entries()) assert.equal(row, apart[i], lines[i])
    assert.equal(rejects, [])
  }
})

test('a line among others of its kind may have any value, blanks, or other keys', () => {
  const random = newRandom(3)
  const values = [
    '0',
    '7',
    '"7"',
    '1.5',
    'null',
    '"TCP"',
    '""',
    '[]',
    '18446744073709551615',
    '"a\\"b"',
    '12345678',
  ]
  // A VLAN that is a tag makes tags of those of all rows around it.
  const plain = (row: Record<string, unknown> | undefined) => ({ ...row, dot1qTci: null })
  for (let round = 0; round < 60; round++) {
    const first = random(200)
    const at = 24
    const own = lines.slice(first, first + at + 2)
    const members = own[at]!.slice(1, -1).split(/,(?=")/)
    const place = random(members.length)
    const key = /^[^:]+/.exec(members[place]!)![0]
    const value = values[random(values.length)]!
    const changed = [
      `${key}:${value}`,
      ` ${key} : ${value} `,
      `${key}:${value},"more":${value}`,
      `"other":${value}`,
    ]
    members[place] = changed[random(changed.length)]!
    own[at] = `{${members.join(',')}}`
    const { rows } = readLines(`${own.join('\n')}\n`)
    assert.equal(plain(rows[at]), plain(readLines(`${own[at]}\n`).rows[0]), own[at])
    assert.equal(plain(rows[at + 1]), plain(apart[first + at + 1]), own[at])
  }
})

test('only wanted columns are filled, with what they have when all are read', () => {
  const random = newRandom(9)
  const fields: Field[] = [
    F.timeReceived,
    F.octetDeltaCount,
    F.sourceAddress,
    F.destinationTransportPort,
    F.protocolIdentifier,
    F.ingressInterface,
    F.vlanId,
    F.ethernetType,
    F.sourcePrefixLength,
    F.exporterAddress,
  ]
  for (let round = 0; round < 8; round++) {
    const only = fields.filter(() => random(3) === 0)
    const { rows, rejects } = readLines(`${lines.join('\n')}\n`, { only })
    assert.is(rows.length, lines.length)
    for (const [i, row] of rows.entries()) {
      for (const { name } of only) assert.equal(row[name], apart[i]![name], `${name} of ${lines[i]}`)
    }
    assert.equal(rejects, [])
  }
  const row = readLines(`${lines[0]}\n`, { only: [F.octetDeltaCount] }).rows[0]!
  assert.equal(Object.keys(row).sort(), ['exportProtocol', 'octetDeltaCount'])
})

test('what is skipped must be JSON, and of a flow', () => {
  const only = [F.octetDeltaCount]
  const input = '{"packets":1,"src_port":}\n{"src_addr":"10.0.0.1}\n{"status":"up"}\n{"packets":7}\n'
  const { rows, rejects } = readLines(input, { only })
  assert.is(rows.length, 1)
  assert.is(rejects.length, 3)
})

test.run()
