import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SILENT } from '../lib/diagnostics/log.ts'
import { FlowBatch } from '../lib/flow/batch.ts'
import { F } from '../lib/flow/fields.ts'
import { Control } from '../lib/pipeline/control.ts'
import { LineFile } from '../lib/pipeline/line-file.ts'
import { CollectStream } from './collect-stream.ts'
import { openInput } from './inputs/open-input.ts'

let folder = ''
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-stream-'))
})
test.after(() => rmSync(folder, { recursive: true }))

function batchOf(rows: number): FlowBatch {
  const batch = new FlowBatch()
  batch.fixed(F.octetDeltaCount).present.fill(1, 0, rows)
  batch.rowCount = rows
  return batch
}

async function rowsOf(path: string): Promise<number> {
  const input = await openInput(path, { log: SILENT })
  assert.is(input.kind, 'archive')
  if (input.kind !== 'archive') return -1
  assert.equal(input.file.problems, [])
  const rows = input.file.rows('flow')
  input.close()
  return rows
}

test('a file that was opened anew begins with a schema, and no row goes to the wrong one', async () => {
  const path = join(folder, 'flows')
  const control = new Control()
  const settings = { path, separator: '', isLines: false, isReopenedByPoll: true, control, log: SILENT }
  const file = new LineFile(settings)
  const stream = new CollectStream(file, { control, log: SILENT })
  stream.write(batchOf(100))
  renameSync(path, `${path}.1`)
  control.reopen()
  // Between the signal and the next look rows still belong to the old file.
  stream.write(batchOf(10))
  stream.poll(0)
  file.poll()
  stream.write(batchOf(7))
  stream.close()
  file.close()
  assert.is(await rowsOf(`${path}.1`), 110)
  assert.is(await rowsOf(path), 7)
})

test.run()
