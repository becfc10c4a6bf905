import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SILENT } from '../lib/diagnostics/log.ts'
import { LineDocuments } from '../lib/ecs/line-documents.ts'
import { openGeoSource } from '../lib/enrich/geo-databases.ts'
import { BatchWriter } from '../lib/flow/batch-writer.ts'
import { newDocumentPage } from '../lib/flow/documents.ts'
import { newLineReader } from '../lib/goflow2/reading/line-reader.ts'
import { shapeFault } from '../lib/testing/document-shapes.ts'
import { conformance } from '../lib/testing/project.ts'
import { type Document, documentsOf } from './ecs-compared.ts'
import { RowDocuments } from './row-documents.ts'

const top = conformance()

test("documents of goflow2's lines are those of Elastic's integration, with MaxMind's test databases", () => {
  if (top === undefined) {
    console.log('skipped: no conformance data')
    return
  }
  const folder = join(top, 'elastic/goflow2')
  const lines = readFileSync(join(folder, 'test-goflow2-sflow-sample.log'))
  const { expected } = JSON.parse(
    readFileSync(join(folder, 'test-goflow2-sflow-sample.log-expected.json'), 'utf8'),
  ) as { expected: Document[] }
  const sample = JSON.parse(readFileSync(join(folder, 'sample_event.json'), 'utf8'))
  const geo = openGeoSource({
    cityPath: join(top, 'maxmind/GeoLite2-City-Test.mmdb'),
    asnPath: join(top, 'maxmind/GeoLite2-ASN-Test.mmdb'),
    builtIn: null,
    log: SILENT,
  })
  const writer = new LineDocuments({
    form: 'final',
    tags: ['preserve_original_event', 'forwarded', 'sflow'],
    geo,
    timezone: '+00:00',
    fields: {},
    hasCommunityId: false,
    steps: [],
    isStrict: false,
    now: () => 0,
  })
  const page = newDocumentPage(0, undefined, true)
  writer.writeLines(lines, 0, lines.length, page)
  const found = documentsOf(page)
  assert.is(shapeFault(page), null)
  assert.is(expected.length, 12)
  // The pipeline of 0.2.0 wrote another version.
  assert.equal(found, expected.map(ofToday))
  assert.equal(found[0], ofToday(sample))
  assert.is(writer.failed, 0)
})

test('rows that were read from such lines have the same documents', () => {
  if (top === undefined) {
    console.log('skipped: no conformance data')
    return
  }
  const folder = join(top, 'elastic/goflow2')
  const lines = readFileSync(join(folder, 'test-goflow2-sflow-sample.log'))
  const documents = new RowDocuments({
    form: 'final',
    options: {
      internalNetworks: ['private'],
      geoipCity: join(top, 'maxmind/GeoLite2-City-Test.mmdb'),
      geoipAsn: join(top, 'maxmind/GeoLite2-ASN-Test.mmdb'),
      tags: ['preserve_original_event', 'forwarded', 'sflow'],
      preserveOriginal: false,
      agentFields: false,
      isStrict: false,
      definitions: [],
    },
    namespace: 'default',
    log: SILENT,
  })
  const page = newDocumentPage(0, undefined, true)
  const writer = new BatchWriter('flow', (batch) => {
    assert.is(documents.write(batch, 0, batch.rowCount, page), batch.rowCount)
    batch.reset()
    return batch
  })
  const reader = newLineReader({ writer, keepsWritten: true })
  reader.push(lines, 0, lines.length)
  reader.end()
  writer.flush()
  const found = documentsOf(page) as { event: object }[]
  const path = join(folder, 'test-goflow2-sflow-sample.log-expected.json')
  const { expected } = JSON.parse(readFileSync(path, 'utf8')) as { expected: { event: object }[] }
  // The zone is that of the machine.
  const bare = (document: { event: object }) => ({ ...document, event: { ...document.event, timezone: '' } })
  assert.equal(
    found.map(bare),
    expected.map(ofToday).map((each) => bare(each as { event: object })),
  )
  assert.equal([...page.sources.subarray(0, 3)], [0, 1, 2])
})

function ofToday(document: Document): Document {
  return { ...document, ecs: { version: '8.17.0' } }
}

test.run()
