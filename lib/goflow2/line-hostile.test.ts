import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { appendAddress, appendOctets, appendWord, type Column, FlowBatch, setOctets } from '../flow/batch.ts'
import { allFields, F, type Field } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import { newRandom } from '../testing/workload.ts'
import { LINE_FIELDS, RENDERERS } from './line-fields.ts'
import { newLineSink } from './line-sink.ts'
import { loadMapping } from './mapping.ts'

type Random = (below: number) => number

/** Octets as hostile exporters choose them. */
function octetsOf(random: Random): Uint8Array {
  const length = random(8) === 0 ? random(5000) : random(20)
  const all = Uint8Array.from({ length }, () => random(256))
  if (random(3) === 0) all.fill([0, 0x22, 0x5c, 0xe2, 0xff][random(5)]!)
  return all
}

function fillRandomly(column: Column, row: number, random: Random): void {
  const word = (): number => (random(4) === 0 ? 0xffffffff : random(2 ** 32) >>> random(32))
  switch (column.shape) {
    case 'octets': {
      const octets = octetsOf(random)
      setOctets(column, row, octets, 0, octets.length)
      return
    }
    case 'octets-list':
      for (let i = random(5); i >= 0; i--) {
        const octets = octetsOf(random)
        appendOctets(column, row, octets, 0, octets.length)
      }
      return
    case 'list':
      for (let i = random(random(10) === 0 ? 3000 : 6); i >= 0; i--) {
        if (column.stride === 1) appendWord(column, row, word())
        else appendAddress(column, row, word(), word(), word(), word())
      }
      return
    default:
      for (let i = 0; i < column.stride; i++) column.values[row * column.stride + i] = word()
      if (column.field.kind === 'mac') column.words[row * 2]! &= 0xffff
      if (column.field.kind === 'address' && random(2) === 0) {
        column.words.set([0, 0, 0xffff, word()], row * 4)
      }
      column.present[row] = 1
  }
}

const PROTOCOLS = [0, 1, 5, 7, 9, 9, 10, 10, 205, 205, 204, 255]

function randomBatch(random: Random, fields: readonly Field[]): FlowBatch {
  const batch = new FlowBatch()
  const layouts = Array.from({ length: 5 }, (): Layout => {
    const chosen = Array.from({ length: random(30) }, () => fields[random(fields.length)]!)
    return {
      protocol: 9,
      scopeCount: 0,
      fields: chosen.map((field) => ({
        enterprise: random(5) === 0 ? 9 : 0,
        element: random(4) === 0 ? 230 + random(30) : field.element,
        octets: random(20),
        field: random(6) === 0 ? null : field,
      })),
    }
  })
  const rows = 1 + random(150)
  while (batch.rowCount < rows) {
    const run = 1 + random(12)
    const protocol = PROTOCOLS[random(PROTOCOLS.length)]!
    const layout = layouts[random(6)]
    const used = fields.filter(() => random(3) === 0)
    for (let i = 0; i < run; i++) {
      const row = batch.rowCount++
      for (const field of used) if (random(8) > 0) fillRandomly(batch.column(field), row, random)
      const type = batch.fixed(F.exportProtocol)
      type.values[row] = protocol
      type.present[row] = 1
      batch.fixed(F.layout).values[row] = layout === undefined ? 0 : batch.layoutNumber(layout)
    }
  }
  return batch
}

/** A mapping that sends 30 elements and bits of frames to fields of all kinds, rendered in all ways. */
function randomMapping(random: Random): string {
  const names = LINE_FIELDS.map((field) => field.name)
  const customs = Array.from({ length: 12 }, (_, i) => `custom${i}`)
  const pick = (list: readonly string[]): string => list[random(list.length)]!
  const all = [...names, ...customs, 'icmp_name']
  const declared = customs.map(
    (name, i) =>
      `    - {name: ${name}, index: ${900 + i}, type: ${pick(['varint', 'string', 'bytes'])}, array: ${random(3) === 0}}`,
  )
  const goals = [...LINE_FIELDS.map((field) => field.goName), ...customs]
  const entries = Array.from(
    { length: 30 },
    (_, i) =>
      `    - {field: ${230 + i}, destination: ${pick(goals)}, endianness: ${pick(['big', 'little'])}}`,
  )
  const fields = Array.from({ length: 1 + random(40) }, () => `    - ${pick(all)}`)
  const render = [...new Set(Array.from({ length: random(30) }, () => pick(all)))]
  return [
    'formatter:',
    '  fields:',
    ...fields,
    '  protobuf:',
    ...declared,
    '  render:',
    ...render.map((name) => `    ${name}: ${pick(RENDERERS)}`),
    'ipfix:\n  mapping:',
    ...entries,
    'netflowv9:\n  mapping:',
    ...entries,
    'sflow:\n  mapping:',
    ...customs.map((name) => `    - {layer: udp, offset: 0, length: 8, destination: ${name}}`),
  ].join('\n')
}

/** What is printed, and whether each piece was whole lines. */
function print(batch: FlowBatch, format: 'json' | 'text' | 'bin', yaml: string | null): string {
  const pieces: string[] = []
  const sink = newLineSink({
    format,
    compat: '2.2',
    mapping: yaml === null ? null : loadMapping(yaml, 'mapping.yaml').mapping,
    separator: Buffer.from('\n'),
    write: (octets, from, to) => {
      assert.ok(from < to && to <= octets.length)
      assert.is(octets[to - 1], 10)
      pieces.push(Buffer.from(octets.subarray(from, to)).toString('latin1'))
    },
  })
  sink.write(batch)
  assert.is(sink.lines, batch.rowCount)
  return pieces.join('')
}

for (let seed = 1; seed <= 4; seed++) {
  test(`rows of hostile values print one valid line each (seed ${seed})`, () => {
    const random = newRandom(seed)
    const yaml = randomMapping(random)
    loadMapping(yaml, 'defines the columns')
    const batch = randomBatch(
      random,
      allFields().filter((field) => field !== F.layout && field !== F.exportProtocol),
    )
    for (const mapping of [null, yaml]) {
      const lines = print(batch, 'json', mapping).split('\n')
      assert.is(lines.pop(), '')
      assert.is(lines.length, batch.rowCount)
      for (const line of lines) {
        const parsed = JSON.parse(Buffer.from(line, 'latin1').toString())
        if (mapping === null) assert.ok(Object.keys(parsed).length >= LINE_FIELDS.length)
      }
      print(batch, 'text', mapping)
      print(batch, 'bin', mapping)
    }
  })
}

test.run()
