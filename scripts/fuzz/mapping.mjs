// Mutated mapping files: refused in one line that names the file, or good for every datagram and format.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { newDecoder } from '../../lib/decode/decoder.ts'
import { DEFAULT_LIMITS } from '../../lib/decode/settings.ts'
import { FlowError } from '../../lib/diagnostics/flow-error.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { BatchWriter } from '../../lib/flow/batch-writer.ts'
import { newDatagram } from '../../lib/flow/datagram.ts'
import { newLineSink } from '../../lib/goflow2/line-sink.ts'
import { loadMapping } from '../../lib/goflow2/mapping.ts'
import { StrictCollector } from '../../lib/goflow2/strict/collector.ts'
import { makeWorkload, WORKLOAD_KINDS } from '../../lib/testing/workload.ts'
import { mutate } from './mutate.mjs'

const root = join(import.meta.dirname, '../..')
const SEPARATOR = Uint8Array.of(10)
const FORMATS = ['json', 'text', 'bin']

const OWN = `formatter:
  fields: [type, bytes, src_addr, csum, nat, labels, tos_of_dns]
  key: [sampler_address]
  render: {time_received_ns: datetimenano, csum: none, nat: ip}
  rename: {bytes: octets, src_addr: from}
  protobuf:
    - {name: csum, index: 999, type: varint, array: true}
    - {name: nat, index: 1000, type: bytes}
    - {name: labels, index: 1001, type: string, array: true}
    - {name: tos_of_dns, index: 1002, type: varint}
ipfix:
  mapping:
    - {field: 225, destination: nat, endianness: little}
    - {field: 8, penprovided: true, pen: 9, destination: labels}
    - {field: 1, destination: bytes}
    - {field: 1, destination: csum}
netflowv9:
  mapping:
    - field: 10
      destination: csum
    - {field: 12, destination: nat}
sflow:
  ports: [{proto: udp, dir: both, port: 53, parser: gre}]
  mapping:
    - {layer: udp, offset: 48, length: 16, destination: csum}
    - {layer: ipv4, encap: true, offset: 8, length: 8, destination: tos_of_dns, endian: little}
    - {layer: etype0x0800, offset: 0, length: 160, destination: nat}
`

/** What stands in mapping files, and what should not. */
const WORDS = [
  ...[
    'bytes',
    'src_addr',
    'sampling_rate',
    'type',
    'as_path',
    'mpls_label',
    'layer_stack',
    'time_flow_start_ns',
  ],
  ...[
    'varint',
    'string',
    'true',
    'no',
    '~',
    '""',
    '0',
    '-1',
    '65535',
    '65536',
    '4294967296',
    '1e9',
    '0x10',
    '1.5',
  ],
  ...[
    '9007199254740993',
    '[]',
    '{}',
    '[[[]]]',
    '*a',
    '&a',
    '<<: *a',
    '|',
    '>-',
    '!!binary',
    '!!js/function',
    '%',
  ],
  ...[
    '"\\n"',
    '"\\0"',
    '"\\ud800"',
    '\u{1f4a5}',
    '\u2028',
    '__proto__',
    'constructor',
    'toString',
    '---',
    '#',
  ],
  ...[
    'ipv4',
    'udp',
    'proto17',
    'etype0xffff',
    'udp53',
    'custom',
    'none',
    'datetime',
    'mac',
    'network',
    'big',
  ],
]
const WORD = /[\w.]+/g

function newCorpus() {
  const corpus = [OWN, OWN.replace(/[{}]/g, '')]
  const folder = join(root, '../shared/conformance/goflow2')
  for (const name of existsSync(folder) ? readdirSync(folder, { recursive: true }) : [])
    if (/\.ya?ml$/.test(name)) corpus.push(readFileSync(join(folder, name), 'utf8'))
  return corpus
}

/** Changes words and lines, so that most files stay YAML. */
function mutateText(text, random) {
  const lines = text.split('\n')
  for (let round = 1 + random(5); round > 0; round--) {
    const at = random(lines.length)
    const line = lines[at]
    const words = [...line.matchAll(WORD)]
    const change = random(6)
    if (change <= 2 && words.length > 0) {
      const { index, 0: word } = words[random(words.length)]
      lines[at] = line.slice(0, index) + WORDS[random(WORDS.length)] + line.slice(index + word.length)
    } else if (change === 3) lines.splice(random(lines.length), 0, line)
    else if (change === 4) lines.splice(at, 1 + random(3))
    else lines[at] = random(2) === 0 ? ` ${line}` : line.replace(/^ {1,2}/, '')
    if (lines.length === 0) return ''
  }
  return lines.join('\n')
}

/** Lines of all datagrams in one format; throws where a line is not what its format promises. */
function print(mapping, captures, format, compat, datagrams) {
  let rows = 0
  let lines = 0
  const sink = newLineSink({
    format,
    compat,
    mapping,
    separator: SEPARATOR,
    write(octets, from, to) {
      if (format !== 'json') return
      const text = Buffer.from(octets.buffer, octets.byteOffset + from, to - from).toString()
      for (const line of text.slice(0, -1).split('\n')) {
        JSON.parse(line)
        lines++
      }
    },
  })
  const flow = new BatchWriter('flow', (batch) => {
    rows += batch.rowCount
    sink.write(batch)
    batch.reset()
    return batch
  })
  const decoder = newDecoder({
    writers: { flow },
    captures,
    keepUnknown: false,
    sampling: { overrides: [], default: 0 },
    limits: DEFAULT_LIMITS,
    log: SILENT,
  })
  for (const datagram of datagrams) decoder.decode(datagram, 'flow')
  flow.flush()
  void sink.flush()
  if (format === 'json' && lines !== rows) throw new Error(`${lines} lines of ${rows} rows`)
}

function newDatagrams() {
  return WORKLOAD_KINDS.flatMap((kind) => {
    const { templates, datagrams } = makeWorkload(kind, 2)
    return [...templates, ...datagrams.slice(0, 2)].map((octets) => {
      const datagram = newDatagram()
      datagram.address.set([0, 0, 0xffff, 0xc0000201])
      datagram.port = 50_000
      datagram.octets = octets
      datagram.view = new DataView(octets.buffer, octets.byteOffset, octets.length)
      datagram.to = octets.length
      datagram.receivedNs[0] = 1_767_225_600_000_000_000n
      return datagram
    })
  })
}

export function newTarget(random) {
  const texts = newCorpus()
  const datagrams = newDatagrams()
  return {
    next() {
      const text = Buffer.from(mutateText(texts[random(texts.length)], random))
      return random(10) === 0 && text.length > 0 ? Buffer.from(mutate([text], random)) : text
    },
    run(octets) {
      let loaded
      try {
        loaded = loadMapping(Buffer.from(octets).toString(), 'map.yaml')
      } catch (error) {
        if (!(error instanceof FlowError) || error.code !== 'MAPPING_INVALID') throw error
        if (!/^map\.yaml[^\n\r]*$/.test(error.message)) throw new Error(`not one line: ${error.message}`)
        return
      }
      const { mapping, captures, warnings } = loaded
      for (const warning of warnings)
        if (!/^map\.yaml[^\n\r]*$/.test(warning)) throw new Error(`not one line: ${warning}`)
      const format = FORMATS[random(FORMATS.length)]
      print(mapping, captures, format, random(2) === 0 ? '2.2' : '2.1', datagrams)
      const settings = { produce: 'sample', format, mapping, separator: SEPARATOR, write() {} }
      const collector = new StrictCollector(settings)
      for (const datagram of datagrams) collector.datagram(datagram, 'flow')
      collector.flush()
    },
  }
}
