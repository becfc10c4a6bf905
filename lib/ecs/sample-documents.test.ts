import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch, type RecordKind } from '../flow/batch.ts'
import { newDocumentPage } from '../flow/documents.ts'
import { defineField } from '../flow/fields.ts'
import { elasticLocality } from '../flow/locality.ts'
import { type CellValue, fillRow } from '../testing/fill-row.ts'
import { newSampleDocuments } from './sample-documents.ts'

const SHARED = {
  exportProtocol: 205,
  timeReceived: 1_700_000_000_123_456_789n,
  exporterAddress: '192.0.2.1',
  agentAddress: '192.0.2.7',
  subAgentId: 2,
  sequenceNumber: 9,
  sourceId: 3,
  sampleSequenceNumber: 77,
}

/** The documents of rows of a kind. */
function documents(kind: RecordKind, ...rows: Record<string, CellValue>[]): unknown[] {
  const batch = new FlowBatch()
  batch.kind = kind
  for (const row of rows) fillRow(batch, { ...SHARED, ...row })
  const writer = newSampleDocuments({
    locality: elasticLocality(['private']),
    tags: ['sflow'],
    fields: {},
    steps: [],
  })
  const page = newDocumentPage()
  assert.is(writer.write(batch, 0, rows.length, page), rows.length)
  const text = new TextDecoder()
  return Array.from({ length: page.count }, (_, i) =>
    JSON.parse(text.decode(page.octets.subarray(page.starts[i]!, page.ends[i]!))),
  )
}

test('counters stand under their names, those that a sample lacks are left out', () => {
  defineField('ifIndex', 'u32')
  defineField('ifInOctets', 'u64')
  defineField('portName', 'text')
  defineField('queueLength0', 'u32-list')
  defineField('hostCpuLoadOne', 'f64')
  const [first, second] = documents(
    'counters',
    {
      ifIndex: 3,
      ifInOctets: 18_446_744_073_709_551_615n,
      portName: 'eth"3',
      queueLength0: [1, 4_294_967_295],
    },
    { hostCpuLoadOne: 0.5 },
  ) as Record<string, unknown>[]
  assert.equal(first, {
    '@timestamp': '2023-11-14T22:13:20.123Z',
    ecs: { version: '8.17.0' },
    event: { action: 'sflow_counters', category: ['network'], kind: 'metric', type: ['info'] },
    observer: { interface: { id: '3' }, ip: ['192.0.2.7'] },
    sflow: {
      counters: {
        if_in_octets: 18_446_744_073_709_552_000,
        if_index: 3,
        port_name: 'eth"3',
        queue_length0: [1, 4_294_967_295],
      },
      sample_sequence_num: 77,
      sequence_num: 9,
      source_id: 3,
      sub_agent_id: 2,
    },
    tags: ['sflow'],
  })
  assert.equal((second!['sflow'] as Record<string, unknown>)['counters'], { host_cpu_load_one: 0.5 })
})

test('a discard tells the reason and the packet', () => {
  const [document, bare] = documents(
    'discard',
    {
      dropReason: 258,
      sampleDrops: 4,
      ingressInterface: 7,
      ethernetType: 0x0800,
      protocolIdentifier: 6,
      sourceAddress: '10.0.0.9',
      destinationAddress: '198.51.100.7',
      sourceTransportPort: 443,
      destinationTransportPort: 52616,
      sourceMacAddress: '00:00:5e:00:53:ff',
    },
    { dropReason: 999 },
  ) as Record<string, Record<string, unknown>>[]
  assert.equal(document, {
    '@timestamp': '2023-11-14T22:13:20.123Z',
    destination: { ip: '198.51.100.7', locality: 'external', port: 52616 },
    ecs: { version: '8.17.0' },
    event: {
      action: 'sflow_discard',
      category: ['network'],
      kind: 'event',
      reason: 'acl',
      type: ['denied'],
    },
    network: {
      community_id: '1:rOGk824XIxRCMpaCwPbHlRQTKN4=',
      iana_number: '6',
      transport: 'tcp',
      type: 'ipv4',
    },
    observer: { ingress: { interface: { id: '7' } }, ip: ['192.0.2.7'] },
    related: { ip: ['10.0.0.9', '198.51.100.7'] },
    sflow: {
      drop: { count: 4, reason: 258 },
      sample_sequence_num: 77,
      sequence_num: 9,
      source_id: 3,
      sub_agent_id: 2,
    },
    source: { ip: '10.0.0.9', locality: 'internal', mac: '00-00-5E-00-53-FF', port: 443 },
    tags: ['sflow'],
  })
  assert.is(bare!['event']!['reason'], 'reason 999')
  assert.is(bare!['related'], undefined)
})

test.run()
