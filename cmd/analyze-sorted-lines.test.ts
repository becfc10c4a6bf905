import { tmpdir } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { batchBlock } from '../lib/export/batch-block.ts'
import { Delimited } from '../lib/export/delimited.ts'
import { FlowBatch } from '../lib/flow/batch.ts'
import { defineField, F, type Field } from '../lib/flow/fields.ts'
import type { FlowBlock } from '../lib/flow/source.ts'
import { type CellValue, fillRow } from '../lib/testing/fill-row.ts'
import { newRandom } from '../lib/testing/workload.ts'
import { SortedLines } from './analyze-sorted-lines.ts'

const LEAST_MEMORY = 4096
const MUCH_MEMORY = 2 ** 28

const NOTE = defineField('testNote', 'text')
const NOTES = ['eth0', 'a,b', 'say "hi"', 'two\nlines']

/** Blocks of flows, some of which lack the columns; notes hold commas, quotes and line breaks. */
function blocksOf(seed: number, count: number): FlowBlock[] {
  const random = newRandom(seed)
  return Array.from({ length: count }, () => {
    const batch = new FlowBatch()
    for (let row = 0; row < 40; row++) {
      const cells: Record<string, CellValue> = { sourceTransportPort: random(60_000) }
      if (random(5) > 0) cells['octetDeltaCount'] = BigInt(random(30)) << BigInt(random(50))
      const note = NOTES[random(5)]
      if (note !== undefined) cells['testNote'] = `${note}${random(3)}`
      fillRow(batch, cells)
    }
    return batchBlock(batch)
  })
}

const columns = [F.octetDeltaCount, F.sourceTransportPort, NOTE].map((field) => ({ name: field.name, field }))

function sorted(
  blocks: readonly FlowBlock[],
  order: { field: Field; isAscending: boolean; limit: number | null },
  memoryOctets: number,
): string {
  const lines = new SortedLines(
    order,
    { hasQuotes: true, hasHeader: true },
    { memoryOctets, temporaryDirectory: tmpdir() },
  )
  const sink = new Delimited({ columns, delimiter: ',', times: 'rfc3339', header: true, write: lines.write })
  for (const block of blocks) {
    const chosen = lines.choose(block, null, [])
    sink.write(block, chosen, [])
    lines.take(block, chosen, [])
  }
  sink.close()
  let text = ''
  lines.end((octets, from, to) => {
    text += Buffer.from(octets.subarray(from, to)).toString()
  })
  lines.close()
  return text
}

for (const field of [F.octetDeltaCount, F.sourceTransportPort, NOTE]) {
  for (const isAscending of [false, true]) {
    for (const limit of [null, 7, 100_000]) {
      const words = `${field.name} ${isAscending ? 'ascending' : 'descending'}, ${limit ?? 'no'} limit`
      test(`rows on disk come in the same order as in memory: ${words}`, () => {
        const blocks = blocksOf(5, 60)
        const order = { field, isAscending, limit }
        const all = sorted(blocks, order, MUCH_MEMORY)
        assert.is(sorted(blocks, order, LEAST_MEMORY), all)
        // Without a limit nobody lets go of lines.
        const whole = sorted(blocks, { ...order, limit: null }, MUCH_MEMORY)
        assert.ok(whole.startsWith(all))
      })
    }
  }
}

test('rows come by value, equal ones as they came, those without a value last', () => {
  const blocks = blocksOf(9, 4)
  const field = F.sourceTransportPort
  const order = { field, isAscending: true, limit: null }
  const whole = sorted(blocks, order, LEAST_MEMORY)
  assert.is(whole.split('\n')[0], 'octetDeltaCount,sourceTransportPort,testNote')
  const ports = [...whole.matchAll(/^\d*,(\d+),/gm)].map(([, port]) => Number(port))
  assert.is(ports.length, 160)
  assert.equal(
    ports,
    ports.toSorted((a, b) => a - b),
  )
  const byOctets = sorted(blocks, { field: F.octetDeltaCount, isAscending: false, limit: null }, LEAST_MEMORY)
  const octets = [...byOctets.matchAll(/^(\d*),\d+,/gm)].map(([, value]) => value!)
  const firstNone = octets.indexOf('')
  assert.ok(firstNone > 0 && octets.slice(firstNone).every((value) => value === ''))
})

test('without rows there is the header alone', () => {
  const order = { field: F.octetDeltaCount, isAscending: true, limit: null }
  assert.is(sorted([], order, LEAST_MEMORY), 'octetDeltaCount,sourceTransportPort,testNote\n')
})

test.run()
