import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { DocumentStep } from './document-steps.ts'
import { addFields, type DocumentValue, emptyObject } from './document-tree.ts'
import { readProcessors } from './processors.ts'

const DOCUMENT = {
  '@timestamp': '2026-01-01T00:00:00.000Z',
  source: { ip: '10.0.0.1', geo: { city_name: 'London' }, port: 7 },
  tags: ['netflow'],
}

/** What steps make of a document. */
function applySteps(steps: readonly DocumentStep[], document: Readonly<Record<string, unknown>>): unknown {
  const root = emptyObject()
  addFields(root, document)
  for (const step of steps) step(root)
  const plain = (value: DocumentValue): unknown =>
    value.kind === 'object'
      ? Object.fromEntries([...value.entries].map(([name, inner]) => [name, plain(inner)]))
      : value.kind === 'constant'
        ? JSON.parse(value.json)
        : null
  return plain(root)
}

function applied(...processors: object[]): unknown {
  return applySteps(readProcessors(processors, 'ship.processors').steps, DOCUMENT)
}

test('fields and tags are added where Beats add them', () => {
  assert.equal(applied({ add_fields: { fields: { site: 'bonn' } } }), {
    ...DOCUMENT,
    fields: { site: 'bonn' },
  })
  assert.equal(applied({ add_fields: { target: '', fields: { 'source.geo': { name: 'x' } } } }), {
    ...DOCUMENT,
    source: { ...DOCUMENT.source, geo: { city_name: 'London', name: 'x' } },
  })
  assert.equal(applied({ add_tags: { tags: ['web'] } }), { ...DOCUMENT, tags: ['netflow', 'web'] })
  assert.equal(applied({ add_tags: { tags: ['web'], target: 'environment' } }), {
    ...DOCUMENT,
    environment: ['web'],
  })
})

test('fields are dropped with what is empty then, by name and by pattern, but never the time', () => {
  assert.equal(applied({ drop_fields: { fields: ['source.geo.city_name', '@timestamp', 'none.such'] } }), {
    ...DOCUMENT,
    source: { ip: '10.0.0.1', port: 7 },
  })
  assert.equal(applied({ drop_fields: { fields: ['/^source\\.(geo|p)/', 'tags'] } }), {
    '@timestamp': DOCUMENT['@timestamp'],
    source: { ip: '10.0.0.1' },
  })
})

test('a field is renamed unless its new name is taken', () => {
  assert.equal(
    applied({
      rename: {
        fields: [
          { from: 'source.port', to: 'sport' },
          { from: 'source.ip', to: 'tags' },
        ],
      },
    }),
    { ...DOCUMENT, sport: 7, source: { ip: '10.0.0.1', geo: DOCUMENT.source.geo } },
  )
})

test('what is no processor, or none of ours, is refused with its place', () => {
  const read = (value: unknown) => () => readProcessors(value, 'ship.processors')
  assert.throws(read({}), /ship\.processors: processors must be a list/)
  assert.throws(read([{ add_fields: {} }]), /ship\.processors\[0\]: add_fields wants fields/)
  assert.throws(read([{ a: {}, b: {} }]), /an object of one key/)
  assert.throws(read([{ add_locale: null }, { javascript: {} }]), /\[1\]: javascript is not known/)
  assert.throws(read([{ drop_event: { when: {} } }]), /leave out when/)
  assert.throws(read([{ drop_event: null }]), /drop_event wants filter/)
  assert.throws(read([{ drop_fields: { fields: 'x' } }]), /must be a list of texts/)
  assert.throws(read([{ fingerprint: { fields: ['a'] } }]), /fingerprint makes ids only/)
})

test('a fingerprint for the id changes nothing: every document has one', () => {
  const fingerprint = { fields: ['source.ip'], target_field: '@metadata._id' }
  assert.equal(applied({ fingerprint }), DOCUMENT)
})

test('the zone and Community IDs are asked for by name', () => {
  const { locale, hasCommunityId } = readProcessors([{ add_locale: null }, { community_id: {} }], 'p')
  assert.equal([locale, hasCommunityId], ['offset', true])
  assert.is(readProcessors([{ add_locale: { format: 'abbreviation' } }], 'p').locale, 'abbreviation')
  assert.equal(readProcessors(null, 'p'), { steps: [], locale: null, hasCommunityId: false, dropped: [] })
})

test('filters of dropped events are kept as they stand', () => {
  assert.equal(readProcessors([{ drop_event: { filter: 'proto udp' } }], 'p').dropped, ['proto udp'])
})

test.run()
