import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { type DocumentPage, type DocumentWriter, hasRoom, newDocumentPage } from '../flow/documents.ts'
import { newChangedDocuments } from './changed-documents.ts'
import { readEventProcessors } from './event-processors.ts'

const test = suite('event-processors')

const EVENT =
  '{"@timestamp":"2026-01-01T00:00:00.000Z","type":"flow","event":{"duration":9007199254740993123,"type":["connection","end"]},' +
  '"source":{"ip":"10.0.0.1","port":40000,"bytes":100},"destination":{"ip":["192.0.2.1","2001:db8::1"]},"network":{"transport":"tcp"}}'

/** A writer of as many documents as a batch has rows. */
const writer: DocumentWriter = {
  write(_batch, from, to, page) {
    const octets = Buffer.from(EVENT)
    for (let row = from; row < to; row++) {
      if (!hasRoom(page, octets.length + 1)) return row
      page.octets.set(octets, page.used)
      page.starts[page.count] = page.used
      page.ends[page.count] = page.used + octets.length
      page.sources[page.count++] = row
      page.used += octets.length + 1
    }
    return to
  },
}

function textsOf(page: DocumentPage): string[] {
  return Array.from({ length: page.count }, (_, i) =>
    Buffer.from(page.octets.subarray(page.starts[i], page.ends[i])).toString(),
  )
}

function changed(...processors: unknown[]): string | undefined {
  const page = newDocumentPage()
  newChangedDocuments(writer, readEventProcessors(processors, 'here')).write(new FlowBatch(), 0, 1, page)
  return textsOf(page)[0]
}

const drops = (when: unknown) => changed({ drop_event: { when } }) === undefined

test('a document that nothing changes keeps its octets, numbers beyond doubles among them', () => {
  assert.is(changed({ drop_fields: { fields: ['nothing.there'] } }), EVENT)
})

test('drop_event drops the documents that its condition means', () => {
  for (const [condition, want] of [
    [{ equals: { 'network.transport': 'tcp' } }, true],
    [{ equals: { 'source.port': 40000 } }, true],
    [{ equals: { 'source.port': '40000' } }, false],
    [{ contains: { 'event.type': 'end' } }, true],
    [{ contains: { 'source.ip': '10.0' } }, true],
    [{ regexp: { 'network.transport': '^t.p$' } }, true],
    [{ range: { 'source.bytes': { gte: 100, lt: 101 } } }, true],
    [{ range: { 'source.bytes.gt': 100 } }, false],
    [{ network: { 'source.ip': 'private' } }, true],
    [{ network: { 'source.ip': ['192.0.2.0/24', 'loopback'] } }, false],
    [{ network: { 'destination.ip': '2001:db8::/32' } }, true],
    [{ has_fields: ['source.port', 'destination.port'] }, false],
    [{ not: { has_fields: ['destination.port'] } }, true],
    [{ or: [{ equals: { 'network.transport': 'udp' } }, { has_fields: ['type'] }] }, true],
    [{ and: [{ equals: { 'network.transport': 'udp' } }, { has_fields: ['type'] }] }, false],
  ] as const) {
    assert.is(drops(condition), want, JSON.stringify(condition))
  }
  assert.is(changed({ 'drop_event.when.equals.source.port': 40000 }), undefined)
  assert.is(changed({ drop_event: {} }), undefined)
})

test('include_fields keeps what it names, the time and the type', () => {
  assert.is(
    changed({ include_fields: { fields: ['source.ip'] } }),
    '{"@timestamp":"2026-01-01T00:00:00.000Z","type":"flow","source":{"ip":"10.0.0.1"}}',
  )
})

test('if chooses between lists, and when leaves other documents alone', () => {
  const tcp = { equals: { 'network.transport': 'tcp' } }
  const choice = (condition: unknown): unknown =>
    JSON.parse(
      `{"if":${JSON.stringify(condition)},"then":[{"add_tags":{"tags":["yes"]}}],"else":{"add_tags":{"tags":["no"]}}}`,
    )
  assert.match(changed(choice(tcp))!, /"tags":\["yes"\]\}$/)
  assert.match(changed(choice({ not: tcp }))!, /"tags":\["no"\]\}$/)
  assert.is(changed({ add_tags: { tags: ['x'], when: { not: tcp } } }), EVENT)
})

test('a processor or condition that there is not is told with its place', () => {
  for (const [processors, want] of [
    [[{ dissect: {} }], 'here[0]: dissect is not known'],
    [[{ drop_event: { when: { near: {} } } }], 'here[0].drop_event.when.near: there are and'],
    [[{ drop_event: { when: { network: { 'source.ip': 'home' } } } }], 'home is no network'],
    [[{ drop_event: { when: { range: { 'a.gte': 'x' } } } }], 'want numbers'],
    [[{ drop_event: { when: { regexp: { a: '(' } } } }], '( is no regular expression'],
    [{}, 'here: processors must be a list'],
  ] as const) {
    assert.throws(
      () => readEventProcessors(processors, 'here'),
      (error: Error) => error.message.includes(want),
    )
  }
})

test('a page that is full is gone on with where it stopped', () => {
  const batch = new FlowBatch()
  const documents = newChangedDocuments(writer, readEventProcessors([{ add_tags: { tags: ['x'] } }], 'here'))
  const page = newDocumentPage(8, 100)
  let rows = 0
  for (let at = 0; at < 1000; ) {
    at = documents.write(batch, at, 1000, page)
    assert.is(page.sources[0], rows)
    rows += page.count
    assert.ok(textsOf(page).every((text) => text.endsWith('"tags":["x"]}')))
    page.count = page.used = 0
  }
  assert.is(rows, 1000)
})

test.run()
