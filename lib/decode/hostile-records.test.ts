import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BatchWriter } from '../flow/batch-writer.ts'
import { type Captures, NO_CAPTURES } from '../flow/captures.ts'
import { defineField, PROTOCOL } from '../flow/fields.ts'
import { received, type Specifier, specifiers } from '../testing/datagrams.ts'
import { rowOf } from '../testing/rows.ts'
import { newRandom } from '../testing/workload.ts'
import { Issues } from './issues.ts'
import { fillOrigin, newOrigin } from './origin.ts'
import { FrameReader } from './packet.ts'
import { RecordReader } from './records.ts'
import { TemplateCompiler } from './template.ts'

// Elements with rules of their own come up often: shared columns, lists, frames, uptimes, biflow, Juniper's.
const FAVOURITES = [
  1, 2, 4, 7, 8, 9, 11, 12, 13, 15, 18, 21, 22, 27, 28, 29, 30, 32, 60, 62, 63, 70, 71, 72, 82, 137, 139, 150,
  152, 154, 158, 160, 176, 177, 178, 210, 252, 253, 291, 292, 293, 312, 313, 315, 434,
]
const ENTERPRISES = [29305, 29305, 2636, 9, 6871, 123_456]
const random = newRandom(20_261_121)

function randomTemplate(): Specifier[] {
  return Array.from({ length: 1 + random(12) }, (): Specifier => {
    const element = random(4) > 0 ? FAVOURITES[random(FAVOURITES.length)]! : random(600)
    const octets = random(4) === 0 ? 65_535 : random(3) === 0 ? random(21) : [1, 2, 4, 8, 16][random(5)]!
    return random(3) === 0 ? [element, octets, ENTERPRISES[random(6)]!] : [element, octets]
  })
}

test('no template and no octets make the engine throw, read beyond the set or give more rows than octets', () => {
  const captures: Captures = {
    elements: [
      { protocol: 'ipfix', enterprise: 0, element: 1, field: defineField('hostile.last', 'octets') },
      { protocol: 'ipfix', enterprise: 0, element: 82, field: defineField('hostile.all', 'octets-list') },
    ],
    frames: [],
    ports: [],
  }
  const issues = new Issues()
  const reader = new RecordReader(new FrameReader(captures, issues))
  const kept: number[] = []
  const writer = new BatchWriter('flow', (full) => {
    kept.push(full.rowCount)
    for (const column of full.columns()) {
      for (let row = full.rowCount; row < Math.min(full.rowCount + 8, 4096); row++) {
        if (column.present[row] !== 0) throw new Error(`${column.field.name} is present behind the rows`)
      }
    }
    for (let row = 0; row < full.rowCount; row += 7) rowOf(full, row)
    full.reset()
    return full
  })
  let rows = 0
  for (let turn = 0; turn < 3000; turn++) {
    const compiler = new TemplateCompiler(captures, turn % 2 === 0)
    const protocol = turn % 3 === 0 ? PROTOCOL.netflow9 : PROTOCOL.ipfix
    const latin1 = Buffer.from(specifiers(randomTemplate())).toString('latin1')
    const template = compiler.compile(protocol, 256, random(5) === 0 ? 1 : 0, latin1, issues, 64)
    if (template === null) continue
    const body = Uint8Array.from({ length: random(300) }, () => (random(3) === 0 ? random(4) : random(256)))
    const datagram = received(body)
    // Nothing lies behind the datagram: a read beyond it throws.
    datagram.octets = body
    datagram.view = new DataView(body.buffer)
    datagram.from = 0
    datagram.to = body.length
    const origin = newOrigin(datagram)
    origin.protocol = protocol
    origin.systemUptime = random(2) === 0 ? -1 : random(1e9)
    origin.layout = template.layout
    const from = random(Math.min(4, body.length + 1))
    const count = reader.read(template, from, body.length, origin, writer, { finish: fillOrigin }, issues)
    assert.ok(count <= body.length, `${count} rows of ${body.length} octets`)
    assert.ok(reader.recordCount <= count && count <= reader.recordCount * 2)
    rows += count
    if (turn % 10 === 0) writer.flush()
  }
  writer.flush()
  assert.ok(rows > 5000, `${rows} rows`)
  assert.is(
    kept.reduce((sum, count) => sum + count, 0),
    rows,
  )
})

test('random Field Specifiers never throw while they are compiled', () => {
  const issues = new Issues()
  const compiler = new TemplateCompiler(NO_CAPTURES, true)
  for (let turn = 0; turn < 3000; turn++) {
    const octets = Array.from({ length: random(40) }, () => random(256))
    const latin1 = String.fromCharCode(...octets)
    compiler.compile(turn % 2 === 0 ? PROTOCOL.ipfix : PROTOCOL.netflow9, 300, random(3), latin1, issues, 6)
  }
  assert.ok(issues.count('templateTruncated') > 0)
  assert.ok(issues.count('templateTooManyFields') > 0)
})

test.run()
