import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { RecordKind } from '../flow/batch.ts'
import { newRandom } from '../testing/workload.ts'
import { openArchive } from './archive-reader.ts'
import { RECORD_KINDS } from './encoding.ts'
import { type PlainRow, plainRows, rowsOfKind, testWriter, withDirectory } from './testing/files.ts'
import { randomBatches } from './testing/random-batches.ts'

test('random batches of every kind come back row by row, bit for bit', () => {
  withDirectory((directory) => {
    for (let seed = 1; seed <= 9; seed++) {
      const random = newRandom(seed)
      const path = join(directory, `${seed}.weir`)
      const writer = testWriter(path, [64, 700, 3000][seed % 3]!)
      const wanted = new Map<RecordKind, PlainRow[]>(RECORD_KINDS.map((kind) => [kind, []]))
      const next = randomBatches(seed, 1 + (seed % 3))
      for (let i = 0; i < 10; i++) {
        const batch = next(1 + random(i === 3 ? 1200 : 200))
        for (const row of plainRows(batch)) wanted.get(batch.kind)!.push(row)
        assert.is(writer.append(batch), 0)
        if (i === 5) assert.ok(writer.sync())
      }
      assert.ok(writer.close())
      const reader = openArchive(path)
      assert.is(reader.state, 'finished')
      for (const kind of RECORD_KINDS) {
        const got = rowsOfKind(reader, kind)
        const rows = wanted.get(kind)!
        assert.is(got.length, rows.length, `seed ${seed} ${kind}`)
        for (const [i, row] of rows.entries()) {
          for (const name of new Set([...Object.keys(row), ...Object.keys(got[i]!)]))
            assert.equal(got[i]![name], row[name], `seed ${seed} ${kind} row ${i} ${name}`)
        }
      }
      assert.equal(reader.problems, [])
      reader.close()
    }
  })
})

test.run()
