import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BlockMemory } from '../flow/block-memory.ts'
import { F } from '../flow/fields.ts'
import type { FlowBlock } from '../flow/source.ts'
import { newRandom } from '../testing/workload.ts'
import { AddressScope } from './address-scope.ts'
import { BlockRows } from './block-rows.ts'
import { countLate, lateRows } from './late-rows.ts'
import { memoryFile } from './testing/memory-source.ts'
import type { PlainFlow } from './testing/plain-flows.ts'
import { receptionsOf, spansOf } from './time-spans.ts'

const START = 1_767_225_600_000_000_000n
const SECOND = 1_000_000_000n

/** Flows in datagrams of some records each, received up to 20 minutes after their end. */
function someFlows(seed: number): PlainFlow[] {
  const random = newRandom(seed)
  const flows: PlainFlow[] = []
  for (let datagram = 0; datagram < 40; datagram++) {
    const received = START + BigInt(random(3600)) * SECOND
    for (let records = 1 + random(9); records > 0; records--)
      flows.push(
        new Map([
          [F.timeReceived, received],
          [F.flowEnd, received - 300n * SECOND + BigInt(random(3) - 1) * BigInt(random(900)) * SECOND],
          [F.flowStart, received - 3600n * SECOND],
        ]),
      )
  }
  return flows
}

/** The block as an archive gives it, with its times of reception in runs. */
function inRuns(block: FlowBlock): FlowBlock {
  const column = block.read(F.timeReceived, [])!.column
  assert.ok(column.shape === 'fixed')
  const { wide } = column
  const firsts = [...wide.keys()].filter((row) => row === 0 || wide[row] !== wide[row - 1])
  const lengths = Uint32Array.from(firsts, (row, i) => (firsts[i + 1] ?? block.info.rows) - row)
  const values = BigUint64Array.from(firsts, (row) => wide[row]!)
  return Object.assign(Object.create(block) as FlowBlock, { readRuns: () => ({ values, lengths }) })
}

test('flows that are late are counted by runs of reception as they are row by row', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = newRandom(seed)
    const file = memoryFile(someFlows(seed), 1000)
    const block = file.block(0)!
    const rows = (of: FlowBlock) =>
      new BlockRows(
        of,
        new AddressScope(of.addresses, { isGrowing: false, numbers: null }),
        [],
        new BlockMemory(),
      )
    const plain = rows(block)
    const spans = spansOf(plain, START)
    const selection = Uint32Array.from({ length: plain.rows }, (_, row) => row).filter(() => random(3) > 0)
    const wanted = countLate(receptionsOf(plain, START)!, spans.ends, selection, selection.length)
    assert.is(lateRows(plain, spans, selection, selection.length), wanted)
    assert.is(lateRows(rows(inRuns(block)), spans, selection, selection.length), wanted)
    assert.ok(wanted > 0)
  }
})

test.run()
