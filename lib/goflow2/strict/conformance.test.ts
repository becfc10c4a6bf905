import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { capturedDatagrams } from '../../testing/captured.ts'
import { conformance } from '../../testing/project.ts'
import type { Mapping } from '../mapping-types.ts'
import { StrictCollector, type StrictOptions } from './collector.ts'

/** The mapping that goflow2 ships. */
const SHIPPED: Mapping = {
  formatter: {
    fields: (
      'type time_received_ns sequence_num sampling_rate flow_direction sampler_address time_flow_start_ns ' +
      'time_flow_end_ns bytes packets src_addr src_net dst_addr dst_net etype proto src_port dst_port in_if out_if ' +
      'src_mac dst_mac icmp_name csum'
    ).split(' '),
    key: ['sampler_address'],
    render: { time_received_ns: 'datetimenano' },
    rename: {},
    protobuf: (
      [
        ['flow_direction', 42],
        ['bi_flow_direction', 41],
        ['ingress_vrf_id', 39],
        ['egress_vrf_id', 40],
        ['csum', 999],
      ] as const
    ).map(([name, index]) => ({ name, index, type: 'varint', array: false })),
  },
  ipfix: (
    [
      [61, 'flow_direction'],
      [239, 'bi_flow_direction'],
      [234, 'ingress_vrf_id'],
      [235, 'egress_vrf_id'],
    ] as const
  ).map(([field, destination]) => entry(field, destination)),
  netflowv9: [entry(34, 'sampling_rate'), entry(61, 'flow_direction')],
  sflowPorts: [
    { proto: 'udp', dir: 'dst', port: 3544, parser: 'teredo-dst' },
    { proto: 'udp', dir: 'both', port: 4754, parser: 'gre' },
    { proto: 'udp', dir: 'both', port: 6081, parser: 'geneve' },
  ],
  sflowMapping: [
    { layer: 'udp', encap: false, offset: 48, length: 16, destination: 'csum', endianness: 'big' },
    { layer: 'tcp', encap: false, offset: 128, length: 16, destination: 'csum', endianness: 'big' },
  ],
}

function entry(field: number, destination: string): Mapping['ipfix'][number] {
  return { field, penprovided: false, pen: 0, destination, endianness: 'big' }
}

interface Group {
  readonly inputs: readonly string[]
}

type Choice = Pick<StrictOptions, 'produce' | 'format' | 'mapping'>

const OUTPUTS: Readonly<Record<string, Choice>> = {
  'v2.2.6.jsonl': { produce: 'sample', format: 'json', mapping: null },
  'v2.2.6.stock-mapping.jsonl': { produce: 'sample', format: 'json', mapping: SHIPPED },
  'v2.2.6.text': { produce: 'sample', format: 'text', mapping: null },
  'v2.2.6.protobuf-delimited.bin': { produce: 'sample', format: 'bin', mapping: null },
  'v2.2.6.raw.jsonl': { produce: 'raw', format: 'json', mapping: null },
}

/** What the collector prints of the files, and what it says. */
function run(files: readonly string[], choice: Choice): { output: Buffer; errors: string[] } {
  const pieces: Buffer[] = []
  const errors: string[] = []
  const collector = new StrictCollector({
    ...choice,
    separator: Buffer.from(choice.format === 'bin' ? '' : '\n'),
    write: (octets) => void pieces.push(Buffer.from(octets)),
    onError: (_, message) => void errors.push(message),
  })
  for (const file of files)
    for (const datagram of capturedDatagrams(file)) collector.datagram(datagram, 'flow')
  collector.flush()
  return { output: Buffer.concat(pieces), errors }
}

const goldens = conformance('goflow2', 'golden')

function inputFile(name: string): string {
  const path = name
    .replace(/^akvorado\/outlet\/flow\//, 'akvorado/')
    .replace(/^goflow2\/logstash-codec-dat\//, 'dat/')
  const file = conformance(...path.split('/'))
  if (file === undefined) throw new Error(`no input ${path}`)
  return file
}

if (goldens === undefined) {
  test.skip('skipped: no conformance data', () => {})
} else {
  const index = JSON.parse(readFileSync(join(goldens, 'index.json'), 'utf8')) as Record<string, Group>
  for (const [name, { inputs }] of Object.entries(index)) {
    test(`${name} gives what goflow2 2.2.6 prints`, () => {
      const files = inputs.map(inputFile)
      let compared = 0
      for (const [golden, choice] of Object.entries(OUTPUTS)) {
        const file = join(goldens, name, golden)
        if (!existsSync(file)) continue
        compare(run(files, choice).output, readFileSync(file), golden)
        compared++
      }
      const errors = join(goldens, name, 'v2.2.6.errors.jsonl')
      if (existsSync(errors)) {
        const expected = readFileSync(errors, 'utf8').trim().split('\n')
        assert.equal(
          run(files, OUTPUTS['v2.2.6.jsonl']!).errors,
          expected.map((line) => JSON.parse(line).error),
        )
        compared++
      }
      compared += compareFirst(join(goldens, name), files)
      assert.ok(compared > 0, 'nothing compared')
    })
  }
}

/** Goldens of a great many lines hold only the first, and their name tells how many there are. */
function compareFirst(folder: string, files: readonly string[]): number {
  const cut = readdirSync(folder).find((file) => /^v2\.2\.6\.first\d+-of-\d+\.jsonl$/.test(file))
  if (cut === undefined) return 0
  const [, first, all] = /first(\d+)-of-(\d+)/.exec(cut)!
  const lines = run(files, OUTPUTS['v2.2.6.jsonl']!).output.toString().trimEnd().split('\n')
  assert.is(lines.length, Number(all))
  assert.is(`${lines.slice(0, Number(first)).join('\n')}\n`, readFileSync(join(folder, cut), 'utf8'))
  return 1
}

function compare(actual: Buffer, expected: Buffer, golden: string): void {
  if (actual.equals(expected)) return
  const ours = actual.toString('latin1').split('\n')
  const theirs = expected.toString('latin1').split('\n')
  const line = theirs.findIndex((text, i) => text !== ours[i])
  const ourLine = ours[line] ?? ''
  const theirLine = theirs[line] ?? ''
  let at = 0
  while (at < theirLine.length && ourLine[at] === theirLine[at]) at++
  const excerpt = (text: string) => text.slice(Math.max(0, at - 60), at + 60)
  assert.is(excerpt(ourLine), excerpt(theirLine), `${golden}, line ${line + 1}`)
  assert.is(ours.length, theirs.length, `${golden}: lines`)
}

test.run()
