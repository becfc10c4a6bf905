import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowError } from '../diagnostics/flow-error.ts'
import { loadMapping } from './mapping.ts'

function load(text: string) {
  return loadMapping(text, 'mapping.yaml')
}

/** The message of the error that loading gives. */
function refusal(text: string): string {
  try {
    load(text)
  } catch (error) {
    assert.instance(error, FlowError)
    assert.is((error as FlowError).code, 'MAPPING_INVALID')
    assert.not.match((error as FlowError).message, '\n')
    return (error as FlowError).message
  }
  return 'accepted'
}

const SAMPLE = `formatter:
  fields: # what to print
    - type
    - flow_direction
    - icmp_name
    - csum
  key:
    - sampler_address
  protobuf:
    - name: flow_direction
      index: 42
      type: varint
    - name: csum
      index: 999
      type: varint
    - {name: names, index: 1000, type: string, array: true}
  render:
    time_received_ns: datetimenano
  rename:
    type: kind
ipfix:
  mapping:
    - field: 61
      destination: flow_direction
    - {field: 82, penprovided: true, pen: 9, destination: names}
netflowv9:
  mapping:
    - field: 34 # in the record
      destination: sampling_rate
      endian: little
    - field: 61
      destination: flow_direction
    - field: 10
      destination: InIf
      endianness: little
sflow:
  ports:
    - proto: "udp"
      dir: "dst"
      port: 3544
      parser: "teredo-dst"
  mapping:
    - layer: "udp"
      offset: 48
      length: 16
      destination: csum
    - layer: 4
      encap: true
      offset: 0
      length: 16
      destination: src_port
`

test("a file like goflow2's sample is read with all it says", () => {
  const { mapping } = load(SAMPLE)
  assert.equal(mapping.formatter.fields, ['type', 'flow_direction', 'icmp_name', 'csum'])
  assert.equal(mapping.formatter.key, ['sampler_address'])
  assert.is(mapping.formatter.render['time_received_ns'], 'datetimenano')
  assert.is(mapping.formatter.rename['type'], 'kind')
  assert.equal(mapping.formatter.protobuf[2], { name: 'names', index: 1000, type: 'string', array: true })
  assert.equal(mapping.ipfix[0], {
    field: 61,
    penprovided: false,
    pen: 0,
    destination: 'flow_direction',
    endianness: 'big',
  })
  assert.equal(mapping.netflowv9[0], {
    field: 34,
    penprovided: false,
    pen: 0,
    destination: 'sampling_rate',
    endianness: 'big',
    endian: 'little',
  })
  assert.equal(mapping.sflowPorts, [{ proto: 'udp', dir: 'dst', port: 3544, parser: 'teredo-dst' }])
  assert.equal(mapping.sflowMapping[1], {
    layer: '4',
    encap: true,
    offset: 0,
    length: 16,
    destination: 'src_port',
    endianness: 'big',
  })
})

test('what must be captured has a column by destination, byte order and kind', () => {
  const { captures } = load(SAMPLE)
  const shown = captures.elements.map(
    ({ protocol, enterprise, element, field }) =>
      `${protocol} ${enterprise} ${element} ${field.name} ${field.kind}`,
  )
  assert.equal(shown, [
    'ipfix 0 61 map.flow_direction octets',
    'netflow9 0 61 map.flow_direction octets',
    'ipfix 9 82 map.names octets-list',
    'netflow9 0 10 map.InIf.little octets',
  ])
  assert.equal(
    captures.frames.map(
      (f) => `${f.layer} ${f.encapsulated} ${f.offsetBits} ${f.lengthBits} ${f.field.name}`,
    ),
    ['udp false 48 16 map.csum', '4 true 0 16 map.SrcPort'],
  )
  assert.equal(captures.ports, [{ transport: 'udp', direction: 'dst', port: 3544, parser: 'teredo-dst' }])
})

test('what goflow2 ignores is said with its line', () => {
  const { warnings } = load(SAMPLE)
  assert.equal(warnings, [
    'mapping.yaml:28: the sampling rate of element 34 is read without mapping; goflow2 prints 0',
    'mapping.yaml:30: goflow2 ignores the key "endian"; it means endianness',
    'mapping.yaml:47: goflow2 ignores destination src_port; it calls the field SrcPort',
  ])
})

const WARNED: readonly (readonly [text: string, warning: RegExp])[] = [
  [
    'formater:\n  fields: [type]\nipfix: {}',
    /^mapping\.yaml:1: goflow2 ignores the key "formater" in the file; did you mean formatter\?$/,
  ],
  [
    'ipfix:\n  mapping:\n    - field: 1\n      penProvided: true\n      destination: Bytes',
    /:4: goflow2 ignores the key "penProvided".*penprovided/,
  ],
  [
    'ipfix:\n  mapping:\n    - {field: 1, destination: nowhere}',
    /:3: destination "nowhere" leads nowhere; declare it/,
  ],
  [
    'ipfix:\n  mapping:\n    - {field: 1, destination: srcport}',
    /:3: destination "srcport" leads nowhere; did you mean SrcPort\?/,
  ],
  [
    'ipfix:\n  mapping:\n    - {field: 1, destination: Bytes}\n    - {field: 1, destination: Packets}',
    /:3: field 1 is mapped again below/,
  ],
  [
    'ipfix:\n  mapping:\n    - {field: 1, pen: 9, destination: Bytes}',
    /:3: goflow2 ignores pen 9 without penprovided/,
  ],
  [
    'netflowv9:\n  mapping:\n    - {field: 1, penprovided: true, pen: 9, destination: Bytes}',
    /:3: NetFlow v9 has no enterprise/,
  ],
  [
    'ipfix:\n  mapping:\n    - {field: 1, destination: Bytes, endianness: middle}',
    /:3: endianness "middle" is neither/,
  ],
  [
    'sflow:\n  mapping:\n    - {layer: UDP, offset: 0, length: 8, destination: IpTos}',
    /:3: goflow2 2\.2 ignores layer "UDP"; it means udp/,
  ],
  ['sflow:\n  mapping:\n    - {layer: icmp6, offset: 0, length: 8, destination: IpTos}', /it means icmpv6/],
  [
    'sflow:\n  mapping:\n    - {layer: arp, offset: 0, length: 8, destination: IpTos}',
    /:3: layer "arp" is never met/,
  ],
  [
    'sflow:\n  ports:\n    - {proto: sctp, dir: both, port: 1, parser: gre}',
    /:3: proto "sctp" is neither udp nor tcp/,
  ],
  [
    'formatter:\n  render:\n    byte: none',
    /:3: render names "byte", which is no field; did you mean bytes\?/,
  ],
  ['formatter:\n  rename:\n    foo: bar', /:3: rename names "foo"/],
  ['formatter:\n  protobuf:\n    - {name: a, index: 0, type: varint}', /:3: "a" has no index/],
  [
    'formatter:\n  protobuf:\n    - {name: a, index: 9, type: varint}',
    /:3: index 9 of "a" is that of bytes already/,
  ],
  [
    'formatter:\n  protobuf:\n    - {name: a, index: 900, type: varint}\n    - {name: b, index: 900, type: varint}',
    /:4: index 900 of "b" is that of a/,
  ],
  ['formatter: {}\n---\nformatter: {}', /a second document is ignored/],
  ['', /^mapping\.yaml: holds none of/],
]

for (const [text, warning] of WARNED) {
  test(`warns: ${warning.source.slice(0, 60)}`, () => {
    const { warnings } = load(text)
    assert.is(warnings.length, 1, warnings.join('\n'))
    assert.match(warnings[0]!, warning)
  })
}

const REFUSED: readonly (readonly [text: string, message: RegExp])[] = [
  [
    'formatter:\n  fields:\n    - type\n    - SrcAddr',
    /^mapping\.yaml:4: field "SrcAddr" does not exist; did you mean src_addr\?$/,
  ],
  ['formatter:\n  fields: [nonsense]', /:2: field "nonsense" does not exist; declare it/],
  [
    'formatter:\n  key: [smpler_address]',
    /:2: key field "smpler_address" does not exist; did you mean sampler_address\?/,
  ],
  [
    'formatter:\n  render:\n    bytes: network',
    /:3: renderer "network" does not exist; give one of none, ip, mac/,
  ],
  ['formatter:\n  render:\n    bytes: type', /:3: renderer "type" does not exist/],
  [
    'ipfix:\n  mapping:\n    - {field: 70000, destination: Bytes}',
    /:3: field must be a whole number from 0 to 65535/,
  ],
  ['ipfix:\n  mapping:\n    - {field: "61", destination: Bytes}', /:3: field must be a whole number/],
  [
    'ipfix:\n  mapping:\n    - {field: 1, penprovided: 7, destination: Bytes}',
    /:3: penprovided must be true or false/,
  ],
  ['ipfix:\n  mapping: {field: 1}', /:2: ipfix\.mapping must be a list/],
  ['ipfix: [1]', /:1: ipfix must hold keys and values/],
  ['formatter:\n  fields: [[type]]', /:2: an item of fields must be a word/],
  [
    'sflow:\n  ports:\n    - {proto: udp, dir: both, port: 1, parser: vxlan}',
    /:3: parser "vxlan" does not exist; give one of ethernet/,
  ],
  [
    'sflow:\n  ports:\n    - {proto: udp, dir: in, port: 1, parser: gre}',
    /:3: dir "in" does not exist; give src, dst or both/,
  ],
  [
    'sflow:\n  mapping:\n    - {layer: udp, offset: -8, length: 8, destination: IpTos}',
    /:3: offset must be a whole number/,
  ],
  [
    'formatter:\n  protobuf:\n    - {name: a, index: 900, type: int}\nipfix:\n  mapping:\n    - {field: 1, destination: a}',
    /:6: type "int" of "a" does not exist; give varint, string, bytes/,
  ],
  ['formatter:\n  fields: [type', /^mapping\.yaml:2: is not valid YAML \(.*\); correct it$/],
  ['formatter:\n  fields: [type]\n  fields: [bytes]', /^mapping\.yaml:3: is not valid YAML/],
  ['formatter: *gone', /YAML|anchor/],
  ['\tformatter: {}', /^mapping\.yaml:1: is not valid YAML/],
]

for (const [text, message] of REFUSED) {
  test(`refuses: ${message.source.slice(0, 60)}`, () => {
    assert.match(refusal(text), message)
  })
}

test('YAML of all sorts is read as goflow2 reads it', () => {
  const { mapping, warnings } = load(`
base: &base {penprovided: yes, pen: 0x9}
ipfix:
  mapping:
    - &entry
      <<: *base
      field: 12
      destination: Bytes
    - *entry
formatter: null
netflowv9:
sflow: {mapping: [{layer: 3, offset: 8, length: 8.0, destination: IpTos}]}
`)
  assert.equal(mapping.ipfix[1], {
    field: 12,
    penprovided: true,
    pen: 9,
    destination: 'Bytes',
    endianness: 'big',
  })
  assert.is(mapping.sflowMapping[0]!.layer, '3')
  assert.is(mapping.sflowMapping[0]!.length, 8)
  assert.equal(mapping.formatter.fields, [])
  assert.is(warnings.length, 2)
})

test('a name from the prototype of objects is a name like any other', () => {
  const { mapping } = load(
    'formatter:\n  fields: [constructor]\n  protobuf:\n    - {name: constructor, index: 900, type: varint}',
  )
  assert.is(mapping.formatter.rename['constructor'], undefined)
  assert.match(refusal('formatter:\n  fields: [__proto__]'), /"__proto__" does not exist/)
  assert.match(refusal('formatter:\n  fields: [toString]'), /"toString" does not exist/)
})

test('hostile files are refused in time', () => {
  assert.match(refusal('['.repeat(20_000)), /nested too deeply|not valid/)
  assert.match(refusal('a'.repeat(300_000)), /longer than 256 KiB/)
  let bomb = 'a: &a [x,x,x,x,x,x,x,x,x]\n'
  for (let i = 1; i < 9; i++) {
    const [now, before] = ['abcdefghi'[i]!, 'abcdefghi'[i - 1]!]
    bomb += `${now}: &${now} [${new Array(9).fill(`*${before}`).join(',')}]\n`
  }
  assert.match(refusal(`${bomb}formatter:\n  fields: *i`), /must be a word/)
  const { warnings } = load(`ipfix: {mapping: [${'{field: 1, x: 2},'.repeat(500)}]}`)
  assert.is(warnings.length, 101)
  assert.match(warnings[100]!, /more warnings/)
})

test('names with line ends in them leave a message one line', () => {
  const text = [
    'formatter:',
    '  protobuf: [{name: "a\\nb", index: 999, type: varint}]',
    'ipfix:',
    '  mapping: [{field: 1, destination: "a\\u2028b"}]',
  ].join('\n')
  for (const warning of loadMapping(text, 'map.yaml').warnings)
    assert.match(warning, /^map\.yaml:\d+: [^\n\u2028]+$/)
  assert.is(loadMapping(text, 'map.yaml').warnings.length > 0, true)
})

test.run()
