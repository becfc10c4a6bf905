import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SILENT } from '../diagnostics/log.ts'
import { defineField, F } from '../flow/fields.ts'
import { Control } from './control.ts'
import { newJsonRows } from './json-rows.ts'
import { LineFile } from './line-file.ts'
import { Output } from './output.ts'

let folder = ''
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'output-'))
})
test.after.each(() => rmSync(folder, { recursive: true }))

function open() {
  const path = join(folder, 'out')
  const file = new LineFile({ path, separator: '\n', isLines: true, control: new Control(), log: SILENT })
  const sink = newJsonRows((octets, from, to) => file.write(octets, from, to))
  const output = new Output({ name: 'flows', kind: 'flow', file, sink, flushAfterMs: 200, log: SILENT })
  return {
    output,
    got: () => readFileSync(path, 'utf8'),
    add(domain: number) {
      const batch = output.writer.reserve(1)
      const row = batch.rowCount++
      const column = batch.fixed(F.observationDomainId)
      column.values[row] = domain
      column.present[row] = 1
      const received = batch.fixed(F.timeReceived)
      received.wide[row] = BigInt(Date.now() - 10_000) * 1_000_000n
      received.present[row] = 1
    },
  }
}

const shortened = (text: string) => text.replaceAll(/"timeReceived":\d+,/g, '')

test('rows reach the file when their time is up, and are counted with their lag', () => {
  const { output, add, got } = open()
  add(1)
  output.poll(0)
  add(2)
  output.poll(199)
  assert.is(got(), '')
  output.poll(200)
  assert.is(shortened(got()), '{"observationDomainId":1}\n{"observationDomainId":2}\n')
  const value = (name: string) => output.metrics().find((family) => family.name === name)?.samples[0]?.value
  assert.is(value('weir_output_rows_total'), 2)
  assert.is(value('weir_output_batches_total'), 1)
  assert.ok(value('weir_output_lag_seconds_total')! > 9.9)
  assert.ok(value('weir_output_lag_seconds_total')! < 60)
})

test('closing writes what waits', () => {
  const { output, add, got } = open()
  add(1)
  output.close()
  assert.is(shortened(got()), '{"observationDomainId":1}\n')
})

test('a batch that has met a flood of columns is passed on and forgets them', () => {
  const { output, add } = open()
  add(1)
  output.bound()
  assert.is(output.writer.pending, 1)
  for (let i = 0; i < 300; i++) output.writer.reserve(1).fixed(defineField(`flood${i}`, 'u8'))
  output.bound()
  assert.is(output.writer.pending, 0)
  assert.is(output.writer.reserve(1).columns().length, 0)
})

test('a sink that fails costs its batch and says so', () => {
  const messages: string[] = []
  const file = new LineFile({
    path: join(folder, 'out'),
    separator: '\n',
    isLines: true,
    control: new Control(),
    log: SILENT,
  })
  const output = new Output({
    name: 'flows',
    kind: 'flow',
    file,
    sink: {
      write() {
        throw new Error('no')
      },
      flush() {},
      close() {},
    },
    flushAfterMs: 200,
    log: { ...SILENT, limited: (_key, message) => messages.push(message) },
  })
  output.writer.reserve(1).rowCount = 3
  output.flush()
  assert.equal(messages, ['mistake in an output: please report'])
  const failed = output.metrics().find(({ name }) => name === 'weir_output_failed_rows_total')
  assert.is(failed?.samples[0]?.value, 3)
  assert.is(output.writer.pending, 0)
})

test('what a decoder that threw left behind does not show in later rows', () => {
  const { output, add, got } = open()
  add(1)
  // A row that was begun and never counted.
  const batch = output.writer.reserve(1)
  const port = batch.fixed(F.sourceTransportPort)
  port.values[batch.rowCount] = 7
  port.present[batch.rowCount] = 1
  output.discardSpoiled()
  add(2)
  add(3)
  output.flush()
  assert.is(
    shortened(got()),
    '{"observationDomainId":1}\n{"observationDomainId":2}\n{"observationDomainId":3}\n',
  )
})

test.run()
