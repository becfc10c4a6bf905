import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newDocumentPage } from '../flow/documents.ts'
import { shapeFault } from '../testing/document-shapes.ts'
import type { LineDocumentOptions } from './line-document-options.ts'
import { LineDocuments } from './line-documents.ts'

const OPTIONS: LineDocumentOptions = {
  form: 'final',
  tags: ['forwarded'],
  geo: null,
  timezone: '+00:00',
  fields: {},
  hasCommunityId: false,
  steps: [],
  isStrict: false,
  now: () => 1_700_000_000_123,
}
const text = new TextDecoder('utf-8', { fatal: true })

/** The documents of lines, as text. */
function written(lines: string | Uint8Array, options: Partial<LineDocumentOptions> = {}): string[] {
  const octets = typeof lines === 'string' ? new TextEncoder().encode(lines) : lines
  const writer = new LineDocuments({ ...OPTIONS, ...options })
  const page = newDocumentPage(16, undefined, true)
  assert.is(writer.writeLines(octets, 0, octets.length, page), octets.length)
  assert.is(shapeFault(page), null)
  return Array.from({ length: page.count }, (_, i) =>
    text.decode(page.octets.subarray(page.starts[i]!, page.ends[i]!)),
  )
}

// biome-ignore lint/suspicious/noExplicitAny: documents of any shape
const objects = (lines: string | Uint8Array, options: Partial<LineDocumentOptions> = {}): any[] =>
  written(lines, options).map((document) => JSON.parse(document))

const FLOW = {
  type: 'SFLOW_5',
  time_flow_start_ns: 0,
  sampler_address: '192.0.2.1',
  sequence_num: 7,
  in_if: 0,
  out_if: 3,
  src_addr: '198.51.100.1',
  dst_addr: '2001:db8::1',
  etype: 'IPv6',
  proto: 'IPv6-ICMP',
  src_port: 0,
  dst_port: 443,
  src_vlan: 0,
  dst_vlan: 12,
  sampling_rate: 100,
  bytes: 70,
}
const line = (changes: object = {}) =>
  `${JSON.stringify({ ...FLOW, ...changes }).replace('"time_flow_start_ns":0', '"time_flow_start_ns":1722384059999999999')}\n`

test('every key of a line has its field', () => {
  assert.equal(objects(line()), [
    {
      '@timestamp': '2024-07-31T00:00:59.999Z',
      destination: { address: ['2001:db8::1'], ip: '2001:db8::1', port: 443 },
      ecs: { version: '8.17.0' },
      event: {
        action: 'SFLOW_5',
        category: ['network'],
        kind: 'event',
        timezone: '+00:00',
        type: ['connection'],
      },
      network: { bytes: 7000, packets: 100, transport: 'ipv6-icmp', type: 'ipv6' },
      observer: {
        egress: { interface: { id: '3' }, vlan: { id: '12' } },
        ingress: { interface: { id: '0' }, vlan: { id: '0' } },
        ip: ['192.0.2.1'],
      },
      related: { ip: ['198.51.100.1', '2001:db8::1'] },
      sflow: { bytes: 70, sample_rate: 100, sequence_num: 7 },
      source: { address: ['198.51.100.1'], ip: '198.51.100.1', port: 0 },
      tags: ['forwarded'],
    },
  ])
})

test('other keys stay under goflow2 as they stand in the line, empty ones of ours too', () => {
  const [document] = objects(
    line({ bytes: '', in_if: '', proto: '', src_mac: 'aa', n: { a: [1.5e3, null] } }),
  )
  assert.equal(document.goflow2, { in_if: '', src_mac: 'aa', n: { a: [1500, null] } })
  assert.is(document.network.bytes, undefined)
  assert.is(document.network.transport, undefined)
  const [raw] = written(line({ big: 0 }).replace('"big":0', '"big":18446744073709551615'))
  assert.ok(raw!.includes('"goflow2":{"big":18446744073709551615}'))
})

test('the line stays where the tag says so, character for character', () => {
  const input = line({ note: 'quote " back \\ tab \t' })
  const [document] = objects(input, { tags: ['preserve_original_event'] })
  assert.is(document.event.original, input.slice(0, -1))
})

test('a product has 64 bits, and 32 where Elastic is copied', () => {
  const input = line({ bytes: 1518, sampling_rate: 2_000_000 })
  assert.is(objects(input)[0].network.bytes, 3_036_000_000)
  assert.is(objects(input, { isStrict: true })[0].network.bytes, 3_036_000_000 - 2 ** 32)
  const [wide] = written(line({ bytes: 4_294_967_295, sampling_rate: 4_294_967_295 }))
  assert.ok(wide!.includes('"bytes":18446744065119617025,'))
})

test('Community IDs come where they are asked for, ICMP included', () => {
  const id = (changes: object) => objects(line(changes), { hasCommunityId: true })[0].network.community_id
  const flow = {
    src_addr: '10.0.0.9',
    dst_addr: '198.51.100.7',
    proto: 'TCP',
    src_port: 443,
    dst_port: 52616,
  }
  assert.is(id(flow), '1:rOGk824XIxRCMpaCwPbHlRQTKN4=')
  const ping = { src_addr: '2001:db8::1', dst_addr: '2001:db8::2', proto: 'IPv6-ICMP' }
  assert.is(id(ping), id({ ...ping, src_addr: ping.dst_addr, dst_addr: ping.src_addr }))
  assert.is(id({ ...flow, dst_addr: '' }), undefined)
})

test('a line that is no flow becomes a document that says so and keeps it', () => {
  const bad = [
    'not JSON',
    '{"type":"SFLOW_5"}',
    line().slice(0, 40),
    line({ src_addr: '1.2.3' }).trim(),
    line({ proto: 6 }).trim(),
    line({ etype: [] }).trim(),
    line({ bytes: 'many' }).trim(),
    `${line().trim()}x`,
    '{"a":1,}',
    '{"time_flow_start_ns":1,"time_flow_start_ns":2}',
    '{"time_flow_start_ns":9223372036854775808}',
    '{"time_flow_start_ns":01}',
    '[]',
    `{"time_flow_start_ns":1,"deep":${'['.repeat(100_000)}`,
  ]
  for (const input of bad) {
    const [document, more] = objects(`${input}\n`)
    assert.is(more, undefined)
    assert.is(document.event.kind, 'pipeline_error', input)
    assert.is(document.message, input)
    assert.is(document.event.original, input)
    assert.ok(document.error.message.startsWith('Processor '), input)
    assert.equal(document.tags, ['forwarded', 'preserve_original_event'])
    assert.is(document['@timestamp'], '2023-11-14T22:13:20.123Z')
  }
})

test('octets that are no UTF-8 do not make a request that Elasticsearch refuses', () => {
  const octets = new Uint8Array(Buffer.from(line({ note: 'x\u00ff' }), 'latin1'))
  assert.equal(objects(octets)[0].goflow2, { note: 'x\ufffd' })
  assert.is(objects(Uint8Array.of(0xff, 0x0a))[0].message, '\ufffd')
})

test('lines end with LF or CRLF, empty ones are none, and the last one may lack its end', () => {
  const input = line()
  const all = objects(`${input}\r\n\n${input.replace('\n', '\r\n')}${input.trim()}`)
  assert.is(all.length, 3)
  assert.equal(all[0], all[2])
})

test("the Agent's form is the line and nothing made of it", () => {
  assert.equal(objects(line(), { form: 'agent' }), [
    {
      '@timestamp': '2023-11-14T22:13:20.123Z',
      event: { timezone: '+00:00' },
      message: line().trim(),
      tags: ['forwarded'],
    },
  ])
})

test('a full page is told by where to go on', () => {
  const input = new TextEncoder().encode(line().repeat(10_000))
  const writer = new LineDocuments(OPTIONS)
  const page = newDocumentPage()
  const next = writer.writeLines(input, 0, input.length, page)
  assert.ok(next > 0 && next < input.length)
  assert.is(input[next - 1], 0x0a)
  assert.is(page.sources[1], line().length)
})

test.run()
