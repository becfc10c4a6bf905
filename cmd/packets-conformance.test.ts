import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SILENT } from '../lib/diagnostics/log.ts'
import { newTrafficDocuments } from '../lib/ecs/traffic-documents.ts'
import { BatchWriter } from '../lib/flow/batch-writer.ts'
import { clearPage, newDocumentPage } from '../lib/flow/documents.ts'
import { readPacketCapture } from '../lib/receive/packet-capture.ts'
import { conformance } from '../lib/testing/project.ts'
import { Tracker } from '../lib/track/tracker.ts'

const test = suite('packets-conformance')

type Json = { readonly [key: string]: unknown }

interface Case {
  readonly pcap: string
  readonly flows?: number
  readonly fields?: readonly Json[]
  readonly community_ids?: readonly string[]
  readonly community_ids_all?: string
}

/** The final documents of a capture, its flows reported only when they end. */
async function documentsOf(path: string, form: 'ecs' | 'packetbeat6' = 'ecs'): Promise<Json[]> {
  const documents: Json[] = []
  const writer = newTrafficDocuments({
    form,
    communityIdForm: 'specified',
    dataset: 'flow',
    members: '',
    geo: null,
  })
  const page = newDocumentPage()
  const rows = new BatchWriter('flow', (batch) => {
    for (let from = 0; from < batch.rowCount; ) {
      from = writer.write(batch, from, batch.rowCount, page)
      for (let i = 0; i < page.count; i++) {
        const text = Buffer.from(page.octets.subarray(page.starts[i]!, page.ends[i]!)).toString()
        documents.push(JSON.parse(text) as Json)
      }
      clearPage(page)
    }
    batch.reset()
    return batch
  })
  const tracker = new Tracker({
    writer: rows,
    observer: null,
    ingressInterface: 0,
    isReportingIdle: true,
    isDelta: false,
    timeoutMs: 30_000,
    periodMs: -1,
    alignMs: 10_000,
    mostFlows: 10_000,
    isMacKey: true,
  })
  // As Packetbeat reads captures: at full speed, so that nothing times out.
  const timeNs = new BigUint64Array([1_700_000_000_000_000_000n])
  const timeWords = new Uint32Array(timeNs.buffer)
  await readPacketCapture(path, {
    log: SILENT,
    filterOf: () => null,
    onPacket: (octets, view, link, from, to, wire) =>
      tracker.take(octets, view, link, from, to, wire, timeNs, timeWords),
  })
  tracker.close(null)
  rows.flush()
  return documents
}

function valueAt(document: Json, path: string): unknown {
  let value: unknown = document
  for (const name of path.split('.')) value = (value as Json | undefined)?.[name]
  return value
}

const folder = conformance('elastic/packetbeat')
if (folder === undefined) {
  console.log('skipped: no conformance data (elastic/packetbeat)')
} else {
  const { cases } = JSON.parse(readFileSync(join(folder, 'system-checks.json'), 'utf8')) as { cases: Case[] }
  for (const { pcap, flows, fields, community_ids, community_ids_all } of cases) {
    test(`${pcap} gives the flows that Packetbeat's own checks want`, async () => {
      const documents = await documentsOf(
        pcap.includes('/') ? join(folder, pcap) : join(folder, 'pcap', pcap),
      )
      if (flows !== undefined) assert.is(documents.length, flows)
      for (const wanted of fields ?? []) {
        const found = documents.some((document) =>
          Object.entries(wanted).every(
            ([path, value]) => JSON.stringify(valueAt(document, path)) === JSON.stringify(value),
          ),
        )
        assert.ok(found, `${JSON.stringify(wanted)} in ${JSON.stringify(documents)}`)
      }
      const ids = documents.map((document) => valueAt(document, 'network.community_id'))
      if (community_ids !== undefined) assert.equal([...ids].sort(), [...community_ids].sort())
      if (community_ids_all !== undefined) assert.ok(ids.every((id) => id === community_ids_all))
    })
  }

  test('every capture gives the same flows in either form', async () => {
    for (const name of readdirSync(join(folder, 'pcap'))) {
      const path = join(folder, 'pcap', name)
      if (!existsSync(path) || !name.endsWith('.pcap')) continue
      const events = await documentsOf(path)
      const old = await documentsOf(path, 'packetbeat6')
      assert.equal(
        old.map((document) => [
          document['flow_id'],
          valueAt(document, 'source.stats.net_bytes_total'),
          valueAt(document, 'dest.stats.net_packets_total'),
          valueAt(document, 'dest.port'),
          document['final'],
        ]),
        events.map((document) => [
          valueAt(document, 'flow.id'),
          valueAt(document, 'source.bytes'),
          valueAt(document, 'destination.packets'),
          valueAt(document, 'destination.port'),
          valueAt(document, 'flow.final'),
        ]),
      )
    }
  })
}

test.run()
