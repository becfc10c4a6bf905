import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { openArchive } from '../lib/archive/archive-reader.ts'
import { passBlock } from '../lib/archive/block-batches.ts'
import { testWriter, withDirectory } from '../lib/archive/testing/files.ts'
import { payloadsOf } from '../lib/decode/testing/payloads.ts'
import { snakeCase } from '../lib/ecs/snake-case.ts'
import { conformance } from '../lib/testing/project.ts'
import {
  type Document,
  decode,
  filebeatCases,
  fileOf,
  inBase64,
  inMilliseconds,
  netflowDocuments,
  newTaker,
  payloadsOfFile,
  STRICT,
  sorted,
  withoutCreated,
} from './ecs-compared.ts'

// Documents of netflow.log against those that Elastic made of the same datagrams.

const top = conformance()
const folder = top === undefined ? '' : join(top, 'elastic/filebeat-netflow')
const SKIPPED = 'skipped: no conformance data'

/** A test that needs other projects' data. */
function compare(name: string, check: () => void): void {
  test(name, () => {
    if (top === undefined) console.log(SKIPPED)
    else check()
  })
}

function readJson<Shape>(...parts: string[]): Shape {
  return JSON.parse(readFileSync(join(folder, ...parts), 'utf8')) as Shape
}

/** Filebeat drops this datagram whole, and those of v5 that count more records than they hold; what they hold is sound. */
const KEPT = new Map([
  ['Netflow 9 invalid 01', 3],
  ['netflow5_test_invalid01.dat', 30],
  ['netflow5_test_invalid02.dat', 30],
])

function check(name: string, found: readonly Document[], expected: readonly Document[]): void {
  const kept = KEPT.get(name)
  if (kept === undefined) assert.equal(sorted(found), sorted(expected), name)
  else {
    assert.is(expected.length, 0, name)
    assert.is(found.length, kept, name)
  }
}

/** A golden of the netflow input, as what the Agent sends. */
function golden(file: string): Document[] {
  type Event = { Timestamp: string; Fields: Document }
  const { events } = readJson<{ events: Event[] | null }>('golden', file)
  return (events ?? []).map(
    ({ Timestamp, Fields }) => inMilliseconds({ '@timestamp': Timestamp, ...Fields }) as Document,
  )
}

compare('what the Agent sends is what Filebeat makes of every group of vendors’ datagrams', () => {
  let compared = 0
  for (const { name, payloads, definitions } of filebeatCases(top!)) {
    const file = fileOf(join(folder, 'golden'), name)
    if (file === undefined) continue
    const found = netflowDocuments(payloads, { form: 'agent', definitions })
    check(name, found.map(inBase64) as Document[], golden(file))
    compared++
  }
  assert.ok(compared >= 32, String(compared))
})

compare('what the Agent sends is what Filebeat makes of captures', () => {
  for (const file of readdirSync(join(folder, 'pcap'))) {
    const found = netflowDocuments(payloadsOf(join(folder, 'pcap', file)), { form: 'agent' })
    check(file, found.map(inBase64) as Document[], golden(`${file}.golden.json`))
  }
})

compare('finished documents are those that the pipeline makes', () => {
  const derived = join(folder, 'derived-es-docs')
  const expected = (file: string) => readJson<{ docs: Document[] }>('derived-es-docs', file).docs
  let compared = 0
  for (const { name, payloads, definitions } of filebeatCases(top!)) {
    const file = fileOf(derived, name)
    if (file === undefined) continue
    check(name, netflowDocuments(payloads, { definitions }), expected(file).map(withoutCreated))
    compared++
  }
  for (const file of readdirSync(derived)) {
    const input = file.replace(/\.json$/, '')
    const path = input.endsWith('.pcap') ? join(folder, 'pcap', input) : join(top!, 'dat', input)
    if (!/\.(dat|pcap)$/.test(input) || !existsSync(path)) continue
    const payloads = input.endsWith('.pcap') ? payloadsOf(path) : payloadsOfFile(path)
    check(input, netflowDocuments(payloads), expected(file).map(withoutCreated))
    compared++
  }
  assert.ok(compared >= 36, String(compared))
})

compare('of all finished documents only the community ids of ICMPv6 are ours on purpose', () => {
  let differing = 0
  for (const { payloads, definitions } of filebeatCases(top!)) {
    const strict = netflowDocuments(payloads, { definitions })
    const ours = netflowDocuments(payloads, { definitions, isStrict: false })
    ours.forEach((document, i) => {
      const network = document['network'] as Record<string, unknown>
      const theirs = strict[i]!['network'] as Record<string, unknown>
      if (network['iana_number'] !== '58') assert.equal(document, strict[i])
      else if (network['community_id'] !== theirs['community_id']) differing++
    })
  }
  assert.ok(differing > 0)
})

compare('documents of archived records are those of the datagrams', () => {
  withDirectory((directory) => {
    filebeatCases(top!).forEach(({ name, payloads, definitions }, i) => {
      const path = join(directory, `${i}.weir`)
      const writer = testWriter(path, 64)
      decode(payloads, definitions, (batch) => assert.is(writer.append(batch), 0))
      assert.ok(writer.close())
      const reader = openArchive(path)
      const taker = newTaker({ ...STRICT, definitions })
      for (let n = 0; n < reader.blocks.length; n++) {
        passBlock(reader.block(n)!, reader.schema, reader.problems, (batch) => taker.take(batch))
      }
      assert.equal(sorted(taker.documents), sorted(netflowDocuments(payloads, { definitions })), name)
      reader.close()
    })
  })
})

compare('records of NetFlow v1, v5, v6, v7 and v8 have the fields that Filebeat gives them', () => {
  type Expected = { timestamp: string; fields: Document; exporter: Document }
  type Vector = { name: string; source: string; packet_hex: string; expected: Expected[] }
  const snake = (fields: Document) =>
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [snakeCase(name), value]))
  const { vectors } = readJson<{ vectors: Vector[] }>('legacy-vectors.json')
  assert.is(vectors.length, 24)
  for (const { name, source, packet_hex, expected } of vectors) {
    const [address, port] = source.split(':')
    const octets = new Uint8Array(Buffer.from(packet_hex, 'hex'))
    const payload = { octets, address: address!, port: Number(port), receivedNs: 0n }
    const found = netflowDocuments([payload], { form: 'agent' })
    const netflow = expected.map(({ fields, exporter }) =>
      inMilliseconds({ ...snake(fields), exporter: snake(exporter), type: 'netflow_flow' }),
    )
    assert.equal(
      sorted(found.map((document) => document['netflow'] as Document)),
      sorted(netflow as Document[]),
      name,
    )
    found.forEach((document, i) => {
      assert.is(document['@timestamp'], inMilliseconds(expected[i]!.timestamp), name)
    })
  }
})

compare(
  'indexed documents of a real Elasticsearch are ours but for the exporter and what the server adds',
  () => {
    type Hit = { _source: Record<string, Record<string, unknown>> }
    const { hits } = readJson<{ hits: { hits: Hit[] } }>('integration', 'expected-search-response.json').hits
    const expected = hits.map(({ _source }) => comparable(_source))
    // The capture was replayed: its exporter has become the loopback address.
    const found = netflowDocuments(payloadsOf(join(folder, 'integration/test.pcap')))
    const texts = new Set(sorted(found.map((document) => comparable(document as Hit['_source']))))
    assert.is(expected.length, 10)
    for (const text of sorted(expected)) assert.ok(texts.has(text), text)
  },
)

/** What package 2.18 and today's share: no related exporter, no flags, no exporter's address, no order. */
function comparable(document: Record<string, Record<string, unknown>>): Document {
  const { agent, data_stream, ecs, host, input, observer, event, netflow, related, ...rest } = document
  const { created, ingested, agent_id_status, dataset, ...times } = event!
  const { tcp_flags, exporter, ...fields } = netflow!
  const { address, ...header } = exporter as Record<string, unknown>
  const ends = (related!['ip'] as string[]).filter((ip) => ip !== '10.100.8.1').sort()
  return { ...rest, event: times, netflow: { ...fields, exporter: header }, related: ends }
}

test.run()
