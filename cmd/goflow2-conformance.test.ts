import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { capturedDatagrams } from '../lib/testing/captured.ts'
import { conformance } from '../lib/testing/project.ts'
import { type Line, parseLines, weirPrints } from './goflow2-compared.ts'

// What weir prints in its default mode against what goflow2 2.2.6 and 2.1.2 really printed. Every field that differs
// in a group stands here with its reason; one that is not listed fails the test, and so does one that no longer differs.

const RATE = 'a rate in the record, per sampler, or 305 with 306'
const VLAN = 'VLAN of the frame or of elements 243 and 254'
const ICMP = 'ICMP type and code of a frame or in the destination port'
const TCP_SIZE = 'goflow2 computes layer_size of TCP from the wrong octet'
const PHYSICAL = 'elements 252 and 253'
const NAT = 'keys of NAT after the last field of goflow2'
const INNER = 'the frame inside the MPLS pseudo-wire'
const TIMES = 'absolute times in NetFlow v9'
const UPTIME = 'uptime around its 32 bits'
const LOST = 'lines that goflow2 loses'
const BOGUS = 'lines that goflow2 makes of a truncated datagram'
const FAMILY = 'the family that ipVersion names'
const UPPER = 'the protocol behind IPv6 extension headers'

const inner = Object.fromEntries(
  (
    'src_addr dst_addr etype proto src_port dst_port ip_tos ip_ttl ip_flags tcp_flags fragment_id src_net dst_net ' +
    'layer_stack'
  )
    .split(' ')
    .map((field) => [field, INNER]),
)

/** Group, field and why it differs from 2.2.6; `lines` stands for their number, `keys` for the fields printed. */
const DIFFERENCES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'akv-netflow-datalink-data': { src_vlan: VLAN },
  'akv-netflow-ethernet-over-mpls-with-control-word-data': { src_vlan: VLAN, layer_size: TCP_SIZE, ...inner },
  'akv-netflow-mpls': { sampling_rate: RATE },
  'akv-netflow-multiplesamplingrates-data': { sampling_rate: RATE },
  'akv-netflow-nat': { keys: NAT },
  'akv-netflow-physicalinterfaces': { sampling_rate: RATE, in_if: PHYSICAL, src_vlan: VLAN },
  'akv-netflow-samplingrate-data': { sampling_rate: RATE },
  'akv-sflow-data-icmpv4': { icmp_type: ICMP },
  'akv-sflow-data-icmpv6': { icmp_type: ICMP },
  'akv-sflow-data-local-interface': { layer_size: TCP_SIZE },
  'akv-sflow-data-sflow-expanded-sample': { src_vlan: VLAN, layer_size: TCP_SIZE },
  'goflow2-sflow__TestExpandedSFlowDecode_0': { layer_size: TCP_SIZE },
  'goflow2-sflow__TestSFlowDecode_0': { src_vlan: VLAN, icmp_type: ICMP },
  'goflow2-sflow_wrapped__TestProcessMessageSFlow': { layer_size: TCP_SIZE },
  'goflow2-sflow_wrapped__TestProcessPacketBase': { icmp_type: ICMP },
  'goflow2-sflow_wrapped__TestProcessPacketMappingEncap': { proto: UPPER },
  'logstash-ipfix_test_mikrotik': { keys: NAT },
  'logstash-ipfix_test_netscaler': { lines: LOST },
  'logstash-netflow5_test_invalid02': { lines: BOGUS, time_flow_start_ns: UPTIME, time_flow_end_ns: UPTIME },
  'logstash-netflow9_cisco_asr1001x': { time_flow_start_ns: TIMES, time_flow_end_ns: TIMES },
  'logstash-netflow9_test_cisco_nbar': { icmp_type: ICMP },
  'logstash-netflow9_test_invalid01': { lines: LOST },
  'logstash-netflow9_test_iptnetflow_reduced_size_encoding': { lines: LOST },
  'logstash-netflow9_test_softflowd': { icmp_type: ICMP },
  'logstash-netflow9_test_unknown_tpl266_292': { time_flow_start_ns: TIMES, time_flow_end_ns: TIMES },
  'probe-ipfix_bigint': { lines: LOST },
  'probe-ipfix_dual': { dst_addr: FAMILY, dst_net: FAMILY },
  'probe-ipfix_opts34_2': { sampling_rate: RATE },
  'probe-ipfix_opts_302_305': { sampling_rate: RATE },
  'probe-ipfix_varonly': { lines: LOST },
  'probe-v9_wrap': { time_flow_start_ns: UPTIME },
}

/** The same against 2.1.2: only where it is not as in 2.2.6 and not one of its own mistakes below. */
const DIFFERENCES_2_1: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'akv-netflow-mpls': { mpls_label: '2.1.2 lost the first of two labels' },
}

/** Fields of a protocol that 2.1.2 printed wrongly. */
const MISTAKES_2_1: Readonly<Record<string, readonly string[]>> = {
  // Milliseconds taken as seconds.
  NETFLOW_V5: ['time_flow_start_ns', 'time_flow_end_ns'],
  // Milliseconds times 1000, and no domain.
  NETFLOW_V9: ['time_flow_start_ns', 'time_flow_end_ns', 'observation_domain_id'],
}

interface Group {
  readonly inputs: readonly string[]
}

const goldens = conformance('goflow2', 'golden')
const stockMapping = `formatter:
  fields: [type, time_received_ns, sequence_num, sampling_rate, flow_direction, sampler_address, time_flow_start_ns,
    time_flow_end_ns, bytes, packets, src_addr, src_net, dst_addr, dst_net, etype, proto, src_port, dst_port, in_if,
    out_if, src_mac, dst_mac, icmp_name, csum]
  key: [sampler_address]
  protobuf:
    - {name: flow_direction, index: 42, type: varint}
    - {name: bi_flow_direction, index: 41, type: varint}
    - {name: ingress_vrf_id, index: 39, type: varint}
    - {name: egress_vrf_id, index: 40, type: varint}
    - {name: csum, index: 999, type: varint}
  render: {time_received_ns: datetimenano}
ipfix:
  mapping:
    - {field: 61, destination: flow_direction}
    - {field: 239, destination: bi_flow_direction}
    - {field: 234, destination: ingress_vrf_id}
    - {field: 235, destination: egress_vrf_id}
netflowv9:
  mapping:
    - {field: 34, destination: sampling_rate, endian: little}
    - {field: 61, destination: flow_direction}
sflow:
  ports:
    - {proto: udp, dir: dst, port: 3544, parser: teredo-dst}
    - {proto: udp, dir: both, port: 4754, parser: gre}
    - {proto: udp, dir: both, port: 6081, parser: geneve}
  mapping:
    - {layer: udp, offset: 48, length: 16, destination: csum}
    - {layer: tcp, offset: 128, length: 16, destination: csum}
`

function inputFile(name: string): string {
  const path = name
    .replace('akvorado/outlet/flow/', 'akvorado/')
    .replace('goflow2/logstash-codec-dat/', 'dat/')
  const file = conformance(...path.split('/'))
  if (file === undefined) throw new Error(`no input ${path}`)
  return file
}

/** What differs between two outputs: fields, `keys` and `lines`. */
function differing(
  ours: readonly Line[],
  theirs: readonly Line[],
  isMistake: (line: Line, field: string) => boolean,
) {
  const fields = new Set<string>()
  if (ours.length !== theirs.length) fields.add('lines')
  for (const [i, line] of theirs.entries()) {
    const own = ours[i]
    if (own === undefined) break
    const keys = Object.keys(line)
    // Ours may go on after the last of theirs.
    assert.equal(Object.keys(own).slice(0, keys.length), keys)
    if (Object.keys(own).length !== keys.length) fields.add('keys')
    for (const key of keys) {
      if (JSON.stringify(own[key]) !== JSON.stringify(line[key]) && !isMistake(line, key)) fields.add(key)
    }
  }
  return [...fields].sort()
}

if (goldens === undefined) {
  test.skip('skipped: no conformance data', () => {})
} else {
  const index = JSON.parse(readFileSync(join(goldens, 'index.json'), 'utf8')) as Record<string, Group>
  const never = (): boolean => false
  for (const [group, { inputs }] of Object.entries(index)) {
    const golden = (name: string): Buffer | undefined => {
      const file = join(goldens, group, name)
      return existsSync(file) ? readFileSync(file) : undefined
    }
    test(`${group}: as goflow2 2.2.6 but for ${Object.keys(DIFFERENCES[group] ?? {}).join(', ') || 'nothing'}`, () => {
      const datagrams = inputs.flatMap((name) => capturedDatagrams(inputFile(name)))
      const expected = Object.keys(DIFFERENCES[group] ?? {}).sort()
      const json = golden('v2.2.6.jsonl')
      if (json === undefined) return
      const ours = weirPrints(datagrams)
      assert.equal(differing(parseLines(ours.toString()), parseLines(json.toString()), never), expected)
      // Where no value differs the octets are the same, in each format.
      if (expected.length === 0) assert.ok(ours.equals(json), 'json')
      for (const [format, name] of [
        ['text', 'v2.2.6.text'],
        ['bin', 'v2.2.6.protobuf-delimited.bin'],
      ] as const) {
        const other = golden(name)
        if (expected.length === 0 && other !== undefined) {
          assert.ok(weirPrints(datagrams, { format }).equals(other), format)
        }
      }
    })

    test(`${group}: with goflow2's own mapping, too`, () => {
      const json = golden('v2.2.6.stock-mapping.jsonl')
      if (json === undefined) return
      const datagrams = inputs.flatMap((name) => capturedDatagrams(inputFile(name)))
      const ours = weirPrints(datagrams, { yaml: stockMapping })
      const allowed = new Set(['keys', ...Object.keys(DIFFERENCES[group] ?? {})])
      if (allowed.has('icmp_type')) allowed.add('icmp_name')
      const found = differing(parseLines(ours.toString()), parseLines(json.toString()), never)
      assert.equal(
        found.filter((field) => !allowed.has(field)),
        [],
      )
      if (found.length === 0) assert.ok(ours.equals(json))
    })

    test(`${group}: as goflow2 2.1.2, without its mistakes`, () => {
      const json = golden('v2.1.2.jsonl')
      if (json === undefined) return
      const datagrams = inputs.flatMap((name) => capturedDatagrams(inputFile(name)))
      const ours = weirPrints(datagrams, { compat: '2.1' })
      const isMistake = (line: Line, field: string): boolean =>
        MISTAKES_2_1[String(line['type'])]?.includes(field) === true
      const allowed = new Set(Object.keys({ ...DIFFERENCES[group], ...DIFFERENCES_2_1[group] }))
      const found = differing(parseLines(ours.toString()), parseLines(json.toString()), isMistake)
      assert.equal(
        found.filter((field) => !allowed.has(field)),
        [],
      )
      assert.not.ok(found.includes('keys'), 'the fields are those of 2.1')
    })
  }
}

test.run()
