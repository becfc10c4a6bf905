import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  dataSet,
  ipfixMessage,
  join,
  netflow5Datagram,
  netflow9Datagram,
  type Octets,
  optionsTemplateSet,
  received,
  set,
  templateSet,
  text,
  u8,
  u16,
  u32,
  u64,
  zeros,
} from '../../testing/datagrams.ts'
import { newRandom } from '../../testing/workload.ts'
import type { Mapping } from '../mapping-types.ts'
import { StrictCollector, type StrictOptions } from './collector.ts'

const BARE: Mapping = {
  formatter: { fields: [], key: [], render: {}, rename: {}, protobuf: [] },
  ipfix: [],
  netflowv9: [],
  sflowPorts: [],
  sflowMapping: [],
}

class Subject {
  readonly collector: StrictCollector
  readonly errors: [string, string][] = []
  #output: Buffer[] = []

  constructor(options: Partial<StrictOptions> = {}) {
    this.collector = new StrictCollector({
      produce: 'sample',
      format: 'json',
      mapping: null,
      separator: Buffer.from('\n'),
      write: (octets) => void this.#output.push(Buffer.from(octets)),
      onError: (kind, message) => void this.errors.push([kind, message]),
      ...options,
    })
  }

  /** What the datagram prints. */
  octets(payload: Octets, scheme: 'flow' | 'netflow' | 'sflow' = 'flow'): Buffer {
    this.#output = []
    this.collector.datagram(received(payload), scheme)
    this.collector.flush()
    return Buffer.concat(this.#output)
  }

  lines(payload: Octets): string[] {
    return this.octets(payload).toString().split('\n').slice(0, -1)
  }

  flows(payload: Octets): Record<string, unknown>[] {
    return this.lines(payload).map((line) => JSON.parse(line))
  }
}

const SAMPLER = optionsTemplateSet(10, 400, [[149, 4]], [[34, 4]])

test('a v5 datagram prints as many lines as its header claims, empty ones where octets are missing', () => {
  const flows = new Subject().flows(netflow5Datagram([{ source: '10.0.0.1', packets: 3 }], { count: 3 }))
  assert.equal(
    flows.map(({ src_addr, packets }) => [src_addr, packets]),
    [
      ['10.0.0.1', 3],
      ['0.0.0.0', 0],
      ['0.0.0.0', 0],
    ],
  )
})

test('a v5 line is goflow2 2.2.6 to the letter', () => {
  const [line] = new Subject().lines(
    netflow5Datagram([
      { source: '10.0.0.1', destination: '10.1.0.2', sourceMask: 24, protocol: 58, first: 999_000 },
    ]),
  )
  assert.is(
    line,
    '{"type":"NETFLOW_V5","time_received_ns":1700000000000000000,"sequence_num":1,"sampling_rate":0,' +
      '"sampler_address":"192.0.2.1","time_flow_start_ns":1699999999000000000,' +
      '"time_flow_end_ns":1699999000000000000,"bytes":0,"packets":0,"src_addr":"10.0.0.1",' +
      '"dst_addr":"10.1.0.2","etype":"IPv4","proto":"IPv6-ICMP","src_port":0,"dst_port":0,"in_if":0,"out_if":0,' +
      '"src_mac":"00:00:00:00:00:00","dst_mac":"00:00:00:00:00:00","src_vlan":0,"dst_vlan":0,"vlan_id":0,' +
      '"ip_tos":0,"forwarding_status":0,"ip_ttl":0,"ip_flags":0,"tcp_flags":0,"icmp_type":0,"icmp_code":0,' +
      '"ipv6_flow_label":0,"fragment_id":0,"fragment_offset":0,"src_as":0,"dst_as":0,"next_hop":"0.0.0.0",' +
      '"next_hop_as":0,"src_net":"10.0.0.0/24","dst_net":"0.0.0.0/0","bgp_next_hop":"","bgp_communities":[],' +
      '"as_path":[],"mpls_ttl":[],"mpls_label":[],"mpls_ip":[],"observation_domain_id":0,' +
      '"observation_point_id":0,"layer_stack":[],"layer_size":[],"ipv6_routing_header_addresses":[],' +
      '"ipv6_routing_header_seg_left":0}',
  )
})

test('a set without its template loses the datagram, but not the templates in it', () => {
  const subject = new Subject()
  const template = templateSet(9, [[256, [[2, 4]]]])
  const data = dataSet(256, [u32(7)])
  const lost = netflow9Datagram({ sets: [template, data, dataSet(300, [u32(1)])], sourceId: 5 })
  assert.equal(subject.lines(lost), [])
  assert.equal(subject.errors, [
    [
      'template',
      'message from 192.0.2.1:50000 NetFlowV9 [version:9 type:Decode obsDomainId:5: templateId:300] Error template not found',
    ],
  ])
  assert.is(subject.flows(netflow9Datagram({ sets: [data], sourceId: 5 }))[0]!['packets'], 7)
})

test('templates belong to address, port and domain', () => {
  const subject = new Subject()
  subject.lines(ipfixMessage({ sets: [templateSet(10, [[256, [[2, 4]]]])], domain: 1 }))
  assert.equal(subject.lines(ipfixMessage({ sets: [dataSet(256, [u32(7)])], domain: 2 })), [])
  subject.collector.datagram(
    received(ipfixMessage({ sets: [dataSet(256, [u32(7)])], domain: 1 }), { port: 9 }),
    'flow',
  )
  assert.is(subject.errors.length, 2)
  assert.equal(JSON.parse(JSON.stringify(subject.collector.templates())), {
    '192.0.2.1:50000': {
      '2814749767172352': {
        'template-id': 256,
        'field-count': 1,
        fields: [{ 'pen-provided': false, type: 2, length: 4, pen: 0 }],
      },
    },
    '192.0.2.1:9': {},
  })
})

test('a sampling rate of options data is the rate of all flows of the domain', () => {
  const subject = new Subject()
  const template = templateSet(10, [[256, [[2, 4]]]])
  const rate = dataSet(400, [join(u32(9), u32(1000))])
  const flows = subject.flows(ipfixMessage({ sets: [template, dataSet(256, [u32(7)]), SAMPLER, rate] }))
  assert.is(flows[0]!['sampling_rate'], 1000)
  assert.is(subject.flows(ipfixMessage({ sets: [dataSet(256, [u32(7)])] }))[0]!['sampling_rate'], 1000)
})

test('a sampling rate of two octets loses the datagram', () => {
  const subject = new Subject()
  const template = optionsTemplateSet(10, 400, [[149, 4]], [[34, 2]])
  const sets = [
    templateSet(10, [[256, [[2, 4]]]]),
    dataSet(256, [u32(7)]),
    template,
    dataSet(400, [zeros(6)]),
  ]
  assert.equal(subject.lines(ipfixMessage({ sets })), [])
  assert.equal(subject.errors, [['produce', 'message from 192.0.2.1:50000 unexpected EOF']])
})

test('a number of more than eight octets loses the datagram', () => {
  const subject = new Subject()
  const sets = [templateSet(10, [[256, [[1, 9]]]]), dataSet(256, [zeros(9)])]
  assert.equal(subject.lines(ipfixMessage({ sets })), [])
  assert.match(subject.errors[0]![1], 'non-regular number of bytes for a number: 9')
})

test('uptimes of v9 do not wrap, so that flows seem to end in the future', () => {
  const sets = [templateSet(9, [[256, [[21, 4]]]]), dataSet(256, [u32(0xfffffff0)])]
  const [flow] = new Subject().lines(netflow9Datagram({ sets, uptime: 16 }))
  assert.match(flow!, '"time_flow_end_ns":1704294967264000000,')
})

test('of two families of an address the one that is not zero stands', () => {
  const fields = [
    [8, 4],
    [27, 16],
  ] as const
  const sets = [templateSet(10, [[256, fields]]), dataSet(256, [join([10, 0, 0, 1], zeros(16))])]
  const [flow] = new Subject().flows(ipfixMessage({ sets }))
  assert.equal([flow!['src_addr'], flow!['etype']], ['10.0.0.1', 'IPv4'])
})

test('NTP times go through a float', () => {
  const time = join(u32(3_908_988_800), u32(0x80000001))
  const sets = [templateSet(10, [[256, [[156, 8]]]]), dataSet(256, [time])]
  assert.match(new Subject().lines(ipfixMessage({ sets }))[0]!, '"time_flow_start_ns":1700000000500000000,')
})

test('a template of no octets ends, where goflow2 would not', () => {
  for (const fields of [[], [[2, 0]]] as const) {
    const subject = new Subject()
    const sets = [templateSet(10, [[256, fields]]), dataSet(256, [u32(7)])]
    assert.equal(subject.lines(ipfixMessage({ sets })), [])
    assert.match(subject.errors[0]![1], 'record of no octets')
  }
})

test('fields of no octets cannot make values without end', () => {
  const subject = new Subject()
  const fields = [[4, 1] as const, ...Array.from({ length: 10_000 }, () => [1, 0] as const)]
  subject.lines(ipfixMessage({ sets: [templateSet(10, [[256, fields]])] }))
  assert.equal(subject.lines(ipfixMessage({ sets: [dataSet(256, [zeros(20_000)])] })), [])
  assert.match(subject.errors[0]![1], 'too many values')
})

test('a template of only variable lengths always fails', () => {
  const subject = new Subject()
  const sets = [templateSet(10, [[256, [[82, 65535]]]]), dataSet(256, [join(u8(2), text('ab'))])]
  assert.equal(subject.lines(ipfixMessage({ sets })), [])
  assert.match(subject.errors[0]![1], 'DataSet: fields [unexpected EOF]')
})

const NAMED: Mapping = {
  ...BARE,
  formatter: {
    fields: ['packets', 'name', 'seen'],
    key: [],
    render: { name: 'string' },
    rename: { seen: 'seen <é>' },
    protobuf: [
      { name: 'name', index: 300, type: 'string', array: false },
      { name: 'seen', index: 301, type: 'varint', array: true },
    ],
  },
  ipfix: [
    { field: 82, penprovided: false, pen: 0, destination: 'name', endianness: 'big' },
    { field: 5, penprovided: true, pen: 9, destination: 'seen', endianness: 'little' },
  ],
}

const NAMED_FIELDS = [[2, 4] as const, [82, 4] as const, [5, 2, 9] as const, [5, 2, 9] as const]

function named(...names: Octets[]): Uint8Array {
  const records = names.map((name) => join(u32(7), name, u16(0x0102), u16(3)))
  return ipfixMessage({ sets: [templateSet(10, [[256, NAMED_FIELDS]]), dataSet(256, records)] })
}

test('extra fields are printed by their names, lists in full, with HTML escaped', () => {
  const lines = new Subject({ mapping: NAMED }).lines(named(text('<a&b')))
  assert.equal(lines, ['{"packets":7,"name":"\\u003ca\\u0026b","seen \\u003cé\\u003e":[513,768]}'])
})

test('text that breaks JSON loses its message and those behind it', () => {
  const subject = new Subject({ mapping: NAMED })
  const lines = subject.lines(named(text('good'), text('b"ad'), text('good')))
  assert.equal(lines, ['{"packets":7,"name":"good","seen \\u003cé\\u003e":[513,768]}'])
  assert.is(subject.errors[0]![0], 'format')
})

test('octets that are no UTF-8 pass through JSON as they are', () => {
  const octets = new Subject({ mapping: NAMED }).octets(named([0xff, 0x41, 0xc0, 0x80]))
  assert.match(octets.toString('latin1'), '"name":"\xffA\xc0\x80"')
})

test('text lines have neither quotes nor escapes', () => {
  const lines = new Subject({ mapping: NAMED, format: 'text' }).lines(named(text('a "b')))
  assert.equal(lines, ['packets=7 name=a "b seen <é>=[513,768]'])
})

test('protobuf messages come with their length, extra fields last, and the separator', () => {
  const octets = new Subject({ mapping: NAMED, format: 'bin' }).octets(named(text('abcd')))
  const expected =
    '0804' + // type
    '2001' + // sequence_num
    '5007' + // packets
    '5a04c0000201' + // sampler_address
    `f0068080a4b2da92bdcb17f8068080a4b2da92bdcb1780078080a4b2da92bdcb17` + // times
    'e2120461626364' + // name
    'e8128104' + // seen
    'e8128006'
  const actual = octets.subarray(1, -1).toString('hex')
  assert.is(octets[0], octets.length - 2)
  assert.is(octets.at(-1), 10)
  assert.is(actual.length, expected.length)
  assert.is(
    actual.replace(/(?<=(f006|f806|8007)).{18}/g, ''),
    expected.replace(/(?<=(f006|f806|8007)).{18}/g, ''),
  )
})

test('raw output has the whole packet, with null where nothing was', () => {
  const subject = new Subject({ produce: 'raw' })
  const sets = [SAMPLER, dataSet(400, [join(u32(9), u32(1000))]), set(2, [])]
  assert.equal(subject.lines(ipfixMessage({ sets })), [
    '{"type":"ipfix","message":{"version":10,"length":50,"export-time":1700000000,"sequence-number":1,' +
      '"observation-domain-id":0,"flow-sets":[{"id":3,"length":18,"records":[{"template-id":400,"field-count":2,' +
      '"scope-field-count":1,"options":[{"pen-provided":false,"type":34,"length":4,"pen":0}],' +
      '"scopes":[{"pen-provided":false,"type":149,"length":4,"pen":0}]}]},{"id":400,"length":12,"records":' +
      '[{"scope-values":[{"pen-provided":false,"type":149,"pen":0,"value":"AAAACQ=="}],' +
      '"option-values":[{"pen-provided":false,"type":34,"pen":0,"value":"AAAD6A=="}]}]},' +
      '{"id":2,"length":4,"records":null}]},"src":"192.0.2.1:50000","time_received":"2023-11-14T22:13:20Z"}',
  ])
  assert.match(subject.lines(netflow9Datagram({ sets: [], count: 0 }))[0]!, '"flow-sets":null}')
})

test('raw text is a summary, and raw binary nothing', () => {
  const summary = new Subject({ produce: 'raw', format: 'text' })
  assert.equal(summary.lines(netflow5Datagram([{}, {}])), [
    '2023-11-14 22:13:20 +0000 UTC 192.0.2.1:50000: NetFlowV5 seq:1 count:2',
  ])
  const binary = new Subject({ produce: 'raw', format: 'bin' })
  assert.is(binary.octets(netflow5Datagram([{}])).length, 0)
  assert.equal(binary.errors, [['format', 'message is not serializable for bin format']])
})

/** An sFlow datagram of an agent 10.9.8.7 with one sample. */
function sflow(format: number, sample: Octets): Uint8Array {
  const body = join(sample)
  const head = [u32(5), u32(1), [10, 9, 8, 7], u32(0), u32(77), u32(1000), u32(1)]
  return join(...head, u32(format), u32(body.length), body)
}

function record(format: number, data: Octets): Uint8Array {
  const octets = join(data)
  return join(u32(format), u32(octets.length), octets)
}

test('an sFlow sample without some of its records is printed with the ones that are there', () => {
  const vlans = record(1001, join(u32(10), u32(0), u32(20), u32(0)))
  const sample = join(u32(1), u32(3), u32(400), u32(0), u32(0), u32(0x3fffffff), u32(2), u32(5), vlans)
  const [flow] = new Subject().flows(sflow(1, sample))
  assert.equal([flow!['sampler_address'], flow!['sampling_rate'], flow!['packets']], ['10.9.8.7', 400, 1])
  assert.equal([flow!['in_if'], flow!['src_vlan'], flow!['dst_vlan']], [0x3fffffff, 10, 20])
})

test('of a path goflow2 knows the first segment only', () => {
  const gateway = join(
    ...[u32(1), [192, 0, 2, 9], u32(65000), u32(0), u32(1), u32(2)],
    ...[u32(2), u32(2), u32(100), u32(200)],
    ...[u32(1), u32(4), u32(5)],
  )
  const sample = join(u32(1), u32(3), u32(1), u32(0), u32(0), u32(1), u32(2), u32(1), record(1003, gateway))
  const [flow] = new Subject().flows(sflow(1, sample))
  assert.equal(
    [flow!['as_path'], flow!['dst_as'], flow!['next_hop_as'], flow!['src_as']],
    [[100, 200], 200, 100, 65000],
  )
  // The second segment is taken for a community: its type for the count.
  assert.equal(flow!['bgp_communities'], [4])
})

test('counters and drops are in raw output only', () => {
  const interfaceCounters = record(1, join(u32(3), u32(6), u64(10n ** 10n), zeros(72)))
  const counters = sflow(2, join(u32(1), u32(0x02000003), u32(2), interfaceCounters))
  assert.equal(new Subject().lines(counters), [])
  const [line] = new Subject({ produce: 'raw' }).lines(counters)
  assert.match(
    line!,
    '"source-id-type":2,"source-id-value":3},"counter-records-count":2,"records":[{"header":',
  )
  assert.match(line!, '"if-index":3,"if-type":6,"if-speed":10000000000,"if-direction":0')
  assert.match(line!, ',{"header":{"data-format":0,"length":0},"data":null}]}]}')
})

test('an unknown sample format loses the datagram', () => {
  const subject = new Subject()
  assert.equal(subject.lines(sflow(6, zeros(40))), [])
  assert.equal(subject.errors, [
    ['decode', 'message from 192.0.2.1:50000 sFlow sample [[format:6 seq:0] unknown format 6]'],
  ])
})

test('each scheme takes its own protocols', () => {
  const subject = new Subject()
  assert.is(subject.octets(netflow5Datagram([{}]), 'sflow').length, 0)
  assert.is(subject.octets(sflow(1, zeros(40)), 'netflow').length, 0)
  assert.is(subject.octets(join(u16(7), zeros(30)), 'flow').length, 0)
  assert.is(subject.octets([0, 9], 'flow').length, 0)
  assert.equal(
    subject.errors.map(([, message]) => message.replace('message from 192.0.2.1:50000 ', '')),
    [
      'sFlow unknown version 327681',
      'not a NetFlow packet',
      'could not identify protocol 458752',
      'unexpected EOF',
    ],
  )
})

test('mappings that goflow2 refuses are refused in its words', () => {
  const { formatter } = BARE
  const refuses = (mapping: Partial<Mapping>, words: string) =>
    assert.throws(() => new Subject({ mapping: { ...BARE, ...mapping } }), words)
  refuses({ formatter: { ...formatter, fields: ['InIf'] } }, 'field InIf in config not found in protobuf')
  refuses({ formatter: { ...formatter, render: { src_net: 'network' } } }, 'field network is not a renderer')
  refuses({ formatter: { ...formatter, key: ['nothing'] } }, 'key field nothing does not exist')
  const odd = { ...formatter, protobuf: [{ name: 'odd', index: 1, type: 'float', array: false }] }
  const entry = { ...NAMED.ipfix[0]!, destination: 'odd' }
  refuses({ formatter: odd, netflowv9: [entry] }, 'could not map float to a ProtoType')
})

test('destinations go by their Go names, and others do nothing', () => {
  const entries = (destination: string) => ({
    ...BARE,
    ipfix: [{ ...NAMED.ipfix[0]!, field: 61, destination }],
  })
  const sets = [templateSet(10, [[256, [[61, 1]]]]), dataSet(256, [[5]])]
  assert.is(new Subject({ mapping: entries('InIf') }).flows(ipfixMessage({ sets }))[0]!['in_if'], 5)
  assert.is(new Subject({ mapping: entries('in_if') }).flows(ipfixMessage({ sets }))[0]!['in_if'], 0)
  const panicking = new Subject({ mapping: entries('unknownFields') })
  assert.equal(panicking.lines(ipfixMessage({ sets })), [])
  assert.is(panicking.errors[0]![0], 'panic')
})

test('hostile octets never throw', () => {
  const random = newRandom(7)
  const subject = new Subject({ mapping: NAMED })
  const raw = new Subject({ produce: 'raw' })
  const seeds = [
    named(text('seed')),
    netflow5Datagram([{}]),
    netflow9Datagram({ sets: [templateSet(9, [[256, [[2, 4]]]]), dataSet(256, [u32(1)])] }),
    sflow(1, join(zeros(28), u32(1), record(1, join(u32(1), zeros(80))))),
  ]
  for (let i = 0; i < 4000; i++) {
    const octets = Uint8Array.from(seeds[i % seeds.length]!)
    for (let n = random(6); n >= 0; n--) octets[random(octets.length)] = random(3) === 0 ? 255 : random(256)
    // What a v5 header claims is printed, however much that is.
    if (octets[1] === 5) octets[2] = 0
    const cut = octets.subarray(0, random(4) === 0 ? random(octets.length) : octets.length)
    subject.collector.datagram(received(cut), 'flow')
    raw.collector.datagram(received(cut), 'flow')
  }
  assert.ok(subject.errors.length > 0)
})

test.run()
