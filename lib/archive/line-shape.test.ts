import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { F } from '../flow/fields.ts'
import { openArchive } from './archive-reader.ts'
import { testWriter, withDirectory } from './testing/files.ts'

function batchOf(rows: number): FlowBatch {
  const batch = new FlowBatch()
  const column = batch.fixed(F.octetDeltaCount)
  for (let row = 0; row < rows; row++) {
    column.words[row * 2] = row
    column.present[row] = 1
  }
  batch.rowCount = rows
  return batch
}

test('each block knows how the lines looked that it was read from', () => {
  withDirectory((directory) => {
    const path = join(directory, 'x.weir')
    const writer = testWriter(path, 100)
    writer.append(batchOf(50))
    writer.lineShape = '{"format":"json"}'
    writer.append(batchOf(150))
    writer.append(batchOf(10))
    writer.lineShape = '{"format":"json"}'
    writer.append(batchOf(10))
    writer.lineShape = ''
    writer.append(batchOf(10))
    writer.sync()
    const shapes = (name: string) => {
      const reader = openArchive(name)
      const all = reader.blocks.map((block, index) => [block.rows, reader.lineShape(index)])
      reader.close()
      return all
    }
    const want = [
      [50, ''],
      [150, '{"format":"json"}'],
      [20, '{"format":"json"}'],
      [10, ''],
    ]
    assert.equal(shapes(`${path}.part`), want)
    writer.close()
    assert.equal(shapes(path), want)
  })
})

test.run()
