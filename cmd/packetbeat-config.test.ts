import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isMap, LineCounter, parseDocument, type YAMLMap } from 'yaml'
import { collectOptions } from './collect-flags.ts'
import { loadConfiguration } from './config-file.ts'
import type { Given } from './flags.ts'
import type { PacketOptions } from './packet-flags.ts'
import { readPacketbeat } from './packetbeat-config.ts'
import { indexOf } from './ship/destination.ts'
import { shipOptions } from './ship-flags.ts'

const test = suite('packetbeat-config')

function read(text: string) {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter })
  const placeOf = (node: unknown) =>
    `p.yml:${lineCounter.linePos((node as { range: number[] }).range[0]!).line}`
  return readPacketbeat(document, 'p.yml', placeOf, isMap as (node: unknown) => node is YAMLMap)
}

/** What collect makes of such a file. */
function packets(text: string): PacketOptions & { tags: readonly string[] | null } {
  const given = new Map<string, Given>(read(text).flags)
  given.set('read-packets', { values: ['x.pcap'], source: '--read-packets' })
  const { packets, documents } = collectOptions(given)
  return { ...packets!, tags: documents.tags }
}

test('every setting of packetbeat.flows has its place', () => {
  const options = packets(`
packetbeat.flows:
  enabled: true
  timeout: 1m30s
  period: -1s
  enable_delta_flow_reports: yes
  allow_mismatched_eth: true
  fields: {site: east, deep: {n: 7}}
  fields_under_root: true
  tags: [edge, lab]
  processors:
    - drop_event: {when: {equals: {network.transport: udp}}}
  keep_null: on
  index: "flows-%{+yyyy.MM.dd}"
`)
  assert.is(options.isEnabled, true)
  assert.is(options.timeoutMs, 90_000)
  assert.is(options.periodMs, -1)
  assert.is(options.isDelta, true)
  assert.is(options.isMacKey, false)
  assert.equal(options.tags, ['edge', 'lab'])
  assert.equal(options.events, {
    fields: { site: 'east', deep: { n: 7 } },
    isUnderRoot: true,
    processors: [{ drop_event: { when: { equals: { 'network.transport': 'udp' } } } }],
    processorsSource: 'p.yml:11: packetbeat.flows.processors',
    keepsNull: true,
    index: 'flows-%{+yyyy.MM.dd}',
  })
})

test("Packetbeat's defaults hold where the section says nothing", () => {
  for (const text of [
    'packetbeat.flows:\n',
    'packetbeat:\n  flows: {}\n',
    'packetbeat.flows.enabled: true\n',
  ]) {
    const options = packets(text)
    assert.equal([options.timeoutMs, options.periodMs, options.isDelta], [30_000, 10_000, false])
    assert.equal(read(text).ignored, [])
  }
})

test('dots in names are as good as maps in maps', () => {
  const options = packets('packetbeat.flows.timeout: 5s\npacketbeat:\n  flows.fields.site: east\n')
  assert.is(options.timeoutMs, 5000)
  assert.equal(options.events.fields, { site: 'east' })
})

test('what is no business of flows is named as ignored, with its line', () => {
  const { ignored } = read(`packetbeat.interfaces.device: any
packetbeat.flows:
  timeout: 30s
  colour: red
packetbeat.protocols:
- type: dns
output.elasticsearch:
  hosts: [a, b]
`)
  assert.equal(
    ignored.map((sentence) => sentence.replace(/ is ignored.*/, '')),
    [
      'p.yml:1: packetbeat.interfaces.device',
      'p.yml:4: packetbeat.flows.colour',
      'p.yml:5: packetbeat.protocols',
      'p.yml:7: output.elasticsearch',
    ],
  )
})

test('wrong values are told with file and line', () => {
  for (const [text, want] of [
    [
      'packetbeat.flows:\n  timeout: fast\n',
      /^p\.yml:2: packetbeat\.flows\.timeout: got "fast", want a duration/,
    ],
    ['packetbeat.flows:\n  timeout: 10ms\n', /^p\.yml:2: .* want 1s or more/],
    ['packetbeat.flows:\n  period: 10ms\n', /^p\.yml:2: .* want 1s or more, or -1s/],
    ['packetbeat.flows:\n  enabled: maybe\n', /^p\.yml:2: .* want true or false/],
    ['packetbeat.flows:\n  timeout: [1s]\n', /^p\.yml:2: .* want one value/],
    ['packetbeat.flows:\n  processors: [{dissect: {}}]\n', /^p\.yml:2: .*dissect is not known/],
    ['packetbeat.protocols: []\n', /^p\.yml: no flows are asked for/],
  ] as const) {
    assert.throws(
      () => packets(text),
      (error: Error) => error.name === 'UsageError' && want.test(error.message),
      text,
    )
  }
})

test('a file of Packetbeat is told by its keys', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-packetbeat-'))
  try {
    const file = join(folder, 'packetbeat.yml')
    writeFileSync(file, 'packetbeat.flows:\n  timeout: 7s\n  index: own\n  fields: {site: east}\n')
    const configuration = await loadConfiguration(file)
    assert.equal([...configuration.keys()], ['collect', 'ship'])
    assert.equal(configuration.get('collect')!.get('flow-timeout')!.values, ['7s'])
    // Archives of tracked flows are sent with what the file says of documents.
    assert.equal([...configuration.get('ship')!.keys()], ['flow-index', 'flow-fields'])
    const { destination, documents } = shipOptions(configuration.get('ship')!, {})
    assert.is(indexOf(destination, 'network_traffic.flow'), 'own')
    assert.is(indexOf(destination, 'netflow.log'), 'logs-netflow.log-default')
    assert.equal(documents.events?.fields, { site: 'east' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.run()
