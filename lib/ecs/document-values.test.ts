import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { clearPage, newDocumentPage } from '../flow/documents.ts'
import { elasticLocality } from '../flow/locality.ts'
import { shapeFault } from '../testing/document-shapes.ts'
import { FlowGenerator } from '../testing/flow-generator.ts'
import { newNetflowDocuments } from './netflow-documents.ts'

const OPTIONS = {
  locality: elasticLocality(['private']),
  geo: null,
  tags: [],
  fields: {},
  definitions: null,
  steps: [],
  isStrict: false,
}

test('documents of one shape differ in their values alone, and almost all have a shape', () => {
  const generator = new FlowGenerator(3)
  const batch = new FlowBatch()
  for (const form of ['final', 'agent'] as const) {
    const writer = newNetflowDocuments({ ...OPTIONS, form })
    const page = newDocumentPage(40, 1000, true)
    const shapes = new Set<number>()
    let shaped = 0
    let documents = 0
    for (let round = 0; round < 3; round++) {
      batch.reset()
      generator.fill(batch)
      for (let row = 0; row < batch.rowCount; ) {
        clearPage(page)
        row = writer.write(batch, row, batch.rowCount, page)
        assert.is(shapeFault(page), null)
        documents += page.count
        for (const shape of page.values!.shapes.subarray(0, page.count)) {
          shapes.add(shape)
          if (shape > 0) shaped++
        }
      }
    }
    assert.ok(documents > 1000 && shaped > documents * 0.99, `${shaped} of ${documents}`)
    assert.ok(shapes.size < documents / 50, `${shapes.size} shapes of ${documents} documents`)
  }
})

test('a page that nobody packs tells no values', () => {
  const batch = new FlowBatch()
  new FlowGenerator(4).fill(batch)
  const page = newDocumentPage()
  newNetflowDocuments({ ...OPTIONS, form: 'final' }).write(batch, 0, 10, page)
  assert.is(page.values, null)
  assert.is(page.count, 10)
})

test.run()
