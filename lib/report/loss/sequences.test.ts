import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newRandom } from '../../testing/workload.ts'
import type { DatagramRuns } from './datagram-runs.ts'
import { Sequences } from './sequences.ts'

interface Plain {
  hasBegun: boolean
  last: number
  lastRecords: number
  lastStep: number
  datagrams: number
  records: number
  stepsOfRecords: number
  stepsToEnd: number
}

const FRESH: Plain = {
  hasBegun: false,
  last: 0,
  lastRecords: 0,
  lastStep: 0,
  datagrams: 0,
  records: 0,
  stepsOfRecords: 0,
  stepsToEnd: 0,
}

/** Notes one run as the protocol says, without haste; whether it leaps. */
function note(plain: Plain, number: number, records: number, countsRecords: boolean): boolean {
  plain.records += records
  const step = plain.hasBegun ? (number - plain.last) >>> 0 : 0
  if (plain.hasBegun && step === 0) {
    plain.lastRecords += records
    return false
  }
  if (plain.hasBegun) {
    if (plain.lastStep > 0 && plain.lastStep === plain.lastRecords) plain.stepsToEnd++
    if (step > 1 && step === plain.lastRecords) plain.stepsOfRecords++
  }
  const leaps = !plain.hasBegun || step !== (countsRecords ? plain.lastRecords : 1)
  plain.lastStep = leaps ? step : 0
  plain.datagrams++
  plain.hasBegun = true
  plain.last = number
  plain.lastRecords = records
  return leaps
}

/** Runs of three exporters, mixed: most go on, some are parts of a datagram, some are lost, late or begin anew. */
function someRuns(seed: number): DatagramRuns {
  const random = newRandom(seed)
  const runs = 400
  const next = [0xffffffd0, 5, 1000]
  const before = [1, 1, 1]
  const column = () => new Uint32Array(runs)
  const found = {
    runs,
    starts: column(),
    lengths: column(),
    sequence: column(),
    exporter: column(),
    domain: column(),
    engine: column(),
    agent: column(),
    protocol: column(),
  }
  for (let run = 0; run < runs; run++) {
    const exporter = random(3)
    const length = 1 + random(4)
    const kind = random(12)
    let number = (next[exporter]! + [0, 0, 0, 0, 0, 0, 0, random(30), -random(30), 1, 2, length][kind]!) >>> 0
    if (kind < 3) number = (next[exporter]! - before[exporter]!) >>> 0
    before[exporter] = exporter === 0 ? 1 : length
    next[exporter] = (number + before[exporter]!) >>> 0
    found.exporter[run] = 7 + exporter * 64
    found.domain[run] = exporter
    found.sequence[run] = number
    found.lengths[run] = length
  }
  return found
}

test('sequences stand where they do when each run is noted by itself', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const found = someRuns(seed)
    const sequences = new Sequences()
    const plain = [0, 1, 2].map(() => ({ ...FRESH }))
    for (const domain of [0, 1, 2]) sequences.add({ domain, engine: 0, agent: 0, protocol: 0 }, domain !== 0)
    const leaps: number[] = []
    // All three exporters share one place among those met lately.
    for (let run = sequences.follow(found, 0); run < found.runs; run = sequences.follow(found, run)) {
      const source = found.domain[run]!
      if (sequences.recent(found, run) !== source) {
        sequences.remember(found.exporter[run]!, source)
        continue
      }
      leaps.push(run)
      sequences.leap(source, found.sequence[run]!, found.lengths[run]!, true)
      run++
    }
    const wanted = [...found.lengths.keys()].filter((run) => {
      const source = found.domain[run]!
      return note(plain[source]!, found.sequence[run]!, found.lengths[run]!, source !== 0)
    })
    assert.equal(leaps, wanted, `seed ${seed}`)
    for (const [source, { hasBegun, ...counts }] of plain.entries()) {
      const { last, lastRecords, lastStep, datagrams, records, stepsOfRecords, stepsToEnd } = sequences
      const own = { last, lastRecords, lastStep, datagrams, records, stepsOfRecords, stepsToEnd }
      assert.ok(hasBegun)
      assert.equal(
        Object.fromEntries(Object.entries(own).map(([name, values]) => [name, values[source]])),
        counts,
        `seed ${seed}, source ${source}`,
      )
    }
  }
})

test('more sources than there was room for are known by their numbers', () => {
  const sequences = new Sequences()
  for (let domain = 0; domain < 100; domain++)
    assert.is(sequences.add({ domain, engine: 1, agent: 2, protocol: 10 }, true), domain)
  sequences.leap(77, 5, 3, true)
  assert.ok(sequences.isOf(77, { domain: 77, engine: 1, agent: 2, protocol: 10 }))
  assert.not(sequences.isOf(77, { domain: 77, engine: 1, agent: 2, protocol: 9 }))
  assert.is(sequences.last[77], 5)
  assert.is(sequences.last[76], 0)
})

test.run()
