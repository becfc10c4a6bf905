import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { newNetflowDocuments } from '../lib/ecs/netflow-documents.ts'
import { BatchWriter } from '../lib/flow/batch-writer.ts'
import { newDocumentPage } from '../lib/flow/documents.ts'
import { newLineReader } from '../lib/goflow2/reading/line-reader.ts'
import { type Document, documentsOf, STRICT } from './ecs-compared.ts'

/** The netflow.log documents of goflow2's lines. */
function documentsOfLines(...lines: object[]): Document[] {
  const documents = newNetflowDocuments({ ...STRICT, isStrict: false })
  const found: Document[] = []
  const writer = new BatchWriter('flow', (batch) => {
    const page = newDocumentPage()
    assert.is(documents.write(batch, 0, batch.rowCount, page), batch.rowCount)
    found.push(...documentsOf(page))
    batch.reset()
    return batch
  })
  const reader = newLineReader({ writer })
  const octets = Buffer.from(
    lines.map((line) => `${JSON.stringify(line).replace(/"(\d{19})"/g, '$1')}\n`).join(''),
  )
  reader.push(octets, 0, octets.length)
  reader.end()
  writer.flush()
  return found
}

const LINE = {
  type: 'NETFLOW_V9',
  time_received_ns: '1700000010123456789',
  sampling_rate: 100,
  sampler_address: '192.0.2.1',
  time_flow_start_ns: '1700000000500000000',
  time_flow_end_ns: '1700000009750000001',
  bytes: 1348,
  packets: 18,
  src_addr: '10.0.0.9',
  dst_addr: '198.51.100.7',
  proto: 'TCP',
  src_port: 443,
  dst_port: 52616,
  in_if: 97,
  tcp_flags: 18,
  src_as: 0,
  next_hop: '',
  src_addr_nat: '203.0.113.5',
  src_port_nat: 4000,
}

test('a NetFlow line has the document of its flow, as near as the line allows', () => {
  assert.equal(documentsOfLines(LINE), [
    {
      '@timestamp': '2023-11-14T22:13:30.123Z',
      destination: { ip: '198.51.100.7', locality: 'external', port: 52616 },
      ecs: { version: '8.17.0' },
      event: {
        action: 'netflow_flow',
        category: ['network'],
        created: '2023-11-14T22:13:30.123Z',
        duration: 9_250_000_001,
        end: '2023-11-14T22:13:29.750Z',
        kind: 'event',
        start: '2023-11-14T22:13:20.500Z',
        type: ['connection'],
      },
      flow: { id: 'jEs7jlmfcRM', locality: 'external' },
      netflow: {
        destination_ipv4_address: '198.51.100.7',
        destination_transport_port: 52616,
        exporter: { address: '192.0.2.1', timestamp: '2023-11-14T22:13:30.123Z', version: 9 },
        flow_end_milliseconds: '2023-11-14T22:13:29.750Z',
        flow_start_milliseconds: '2023-11-14T22:13:20.500Z',
        ingress_interface: 97,
        octet_delta_count: 1348,
        packet_delta_count: 18,
        post_napt_source_transport_port: 4000,
        post_nat_source_ipv4_address: '203.0.113.5',
        protocol_identifier: 6,
        sampling_interval: 100,
        source_ipv4_address: '10.0.0.9',
        source_transport_port: 443,
        tcp_control_bits: 18,
        tcp_flags: ['ACK', 'SYN'],
        type: 'netflow_flow',
      },
      network: {
        bytes: 1348,
        community_id: '1:rOGk824XIxRCMpaCwPbHlRQTKN4=',
        direction: 'outbound',
        iana_number: '6',
        packets: 18,
        transport: 'tcp',
        type: 'ipv4',
      },
      observer: { ip: ['192.0.2.1'] },
      related: { ip: ['10.0.0.9', '192.0.2.1', '198.51.100.7', '203.0.113.5'] },
      source: { bytes: 1348, ip: '10.0.0.9', locality: 'internal', packets: 18, port: 443 },
    },
  ])
})

test('lines of one log need not have the same keys, and sFlow is not taken for NetFlow', () => {
  const { time_received_ns, ...bare } = LINE
  const { src_addr, dst_addr, src_addr_nat, ...other } = LINE
  const found = documentsOfLines(
    bare,
    { ...other, src_addr: '2001:db8::1', dst_addr: '2001:db8::2' },
    { ...LINE, type: 'SFLOW_5' },
    LINE,
  )
  assert.is(found.length, 3)
  assert.is(found[0]!['@timestamp'], '2023-11-14T22:13:29.750Z')
  assert.is((found[1]!['source'] as Document)['ip'], '2001:db8::1')
  assert.is((found[1]!['network'] as Document)['type'], 'ipv6')
  assert.equal(found[2], documentsOfLines(LINE)[0])
})

test.run()
