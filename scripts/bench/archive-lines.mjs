// goflow2's default lines of generated flows, read into columns: JSON.parse alone, JSON.parse and what it takes to fill the
// same columns, JSON.parse that keeps all digits, our reader, our reader when only some columns are wanted, and from lines
// to an archive on disk. Lines per second of CPU time, all in one process; the archive must take 0.4 M, aim 0.6.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { ARCHIVE_CALLS } from '../../lib/archive/archive-calls.ts'
import { FileWriter } from '../../lib/archive/file-writer.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { FlowBatch } from '../../lib/flow/batch.ts'
import { BatchWriter } from '../../lib/flow/batch-writer.ts'
import { F } from '../../lib/flow/fields.ts'
import { newLineSink } from '../../lib/goflow2/line-sink.ts'
import { newLineReader } from '../../lib/goflow2/reading/line-reader.ts'
import { FlowGenerator } from '../../lib/testing/flow-generator.ts'

const LINES = Number(process.env.LINES ?? 40_000)
const ROUNDS = 6
/** How often the lines are read in a row into one archive. */
const TIMES = 13
const PIECE = 262_144

function makeLines() {
  const pieces = []
  const sink = newLineSink({
    format: 'json',
    compat: '2.2',
    mapping: null,
    separator: Uint8Array.of(10),
    write: (octets, from, to) => void pieces.push(Buffer.from(octets.subarray(from, to))),
  })
  const generator = new FlowGenerator(1)
  const batch = new FlowBatch()
  for (let rows = 0; rows < LINES; rows += batch.rowCount) {
    batch.reset()
    generator.fill(batch)
    sink.write(batch)
  }
  return Buffer.concat(pieces)
}

const octets = makeLines()
let lines = 0
for (let p = 0; p < octets.length; lines++) p = octets.indexOf(10, p) + 1

function cpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function best(action) {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const started = cpuMs()
    action()
    least = Math.min(least, cpuMs() - started)
  }
  return least
}

function eachLine(take) {
  for (let p = 0; p < octets.length; ) {
    const end = octets.indexOf(10, p)
    take(octets.toString('latin1', p, end))
    p = end + 1
  }
}

// What somebody would write who has JSON.parse and wants the reader's columns.
const NUMBERS = [
  ['sequence_num', F.sequenceNumber],
  ['sampling_rate', F.samplingRate],
  ['src_port', F.sourceTransportPort],
  ['dst_port', F.destinationTransportPort],
  ['in_if', F.ingressInterface],
  ['out_if', F.egressInterface],
  ['src_vlan', F.vlanId],
  ['dst_vlan', F.postVlanId],
  ['ip_tos', F.ipClassOfService],
  ['tcp_flags', F.tcpControlBits],
  ['src_as', F.bgpSourceAsNumber],
  ['dst_as', F.bgpDestinationAsNumber],
  ['observation_domain_id', F.observationDomainId],
]
const WIDE = [
  ['time_received_ns', F.timeReceived],
  ['time_flow_start_ns', F.flowStart],
  ['time_flow_end_ns', F.flowEnd],
  ['bytes', F.octetDeltaCount],
  ['packets', F.packetDeltaCount],
]
const ADDRESSES = [
  ['sampler_address', F.exporterAddress],
  ['src_addr', F.sourceAddress],
  ['dst_addr', F.destinationAddress],
  ['next_hop', F.nextHopAddress],
]
const PROTOCOLS = { TCP: 6, UDP: 17, ICMP: 1, 'IPv6-ICMP': 58 }
const MACS = [
  ['src_mac', F.sourceMacAddress],
  ['dst_mac', F.destinationMacAddress],
]

function putAddress(words, row, text) {
  if (!text.includes(':')) {
    let word = 0
    for (const part of text.split('.')) word = (word << 8) | Number(part)
    words[row * 4 + 2] = 0xffff
    words[row * 4 + 3] = word
    return
  }
  const [head, tail = ''] = text.split('::')
  const groups = head === '' ? [] : head.split(':')
  const behind = tail === '' ? [] : tail.split(':')
  while (groups.length + behind.length < 8) groups.push('0')
  groups.push(...behind)
  for (let i = 0; i < 4; i++)
    words[row * 4 + i] = (Number.parseInt(groups[i * 2], 16) << 16) | Number.parseInt(groups[i * 2 + 1], 16)
}

function convert(object, batch) {
  const row = batch.rowCount++
  const set = (field) => {
    const column = batch.fixed(field)
    column.present[row] = 1
    return column
  }
  for (const [key, field] of NUMBERS) set(field).values[row] = object[key]
  for (const [key, field] of WIDE) set(field).wide[row] = BigInt(object[key])
  for (const [key, field] of ADDRESSES) if (object[key] !== '') putAddress(set(field).words, row, object[key])
  for (const [key, field] of MACS) {
    const { words } = set(field)
    words[row * 2] = Number.parseInt(object[key].replaceAll(':', '').slice(0, 4), 16)
    words[row * 2 + 1] = Number.parseInt(object[key].replaceAll(':', '').slice(4), 16)
  }
  set(F.protocolIdentifier).values[row] = PROTOCOLS[object.proto] ?? 0
  set(F.exportProtocol).values[row] = object.type === 'IPFIX' ? 10 : 9
  set(F.sourcePrefixLength).values[row] = Number(object.src_net.split('/')[1])
  set(F.destinationPrefixLength).values[row] = Number(object.dst_net.split('/')[1])
}

function keepDigits(_, value, context) {
  return typeof value === 'number' && !Number.isSafeInteger(value) ? BigInt(context.source) : value
}

function scan(options, times, take) {
  let rows = 0
  const writer = new BatchWriter('flow', (batch) => {
    rows += batch.rowCount
    take?.(batch)
    batch.reset()
    return batch
  })
  const reader = newLineReader({ writer, ...options })
  for (let time = 0; time < times; time++) {
    for (let p = 0; p < octets.length; p += PIECE) reader.push(octets, p, Math.min(octets.length, p + PIECE))
  }
  reader.end()
  writer.flush()
  if (rows !== lines * times) throw new Error(`${rows} rows of ${lines * times} lines`)
}

const parse = best(() => eachLine((text) => JSON.parse(text)))
const batch = new FlowBatch()
const converted = best(() =>
  eachLine((text) => {
    if (batch.room === 0) batch.reset()
    convert(JSON.parse(text), batch)
  }),
)
const exact = best(() => eachLine((text) => JSON.parse(text, keepDigits)))
const read = best(() => scan({}, 1))
const some = best(() => scan({ only: [F.destinationTransportPort, F.octetDeltaCount, F.flowStart] }, 1))
const kept = best(() => scan({ keepsWritten: true }, 1))

const report = (name, ms, count = lines) =>
  console.log(
    `${name.padEnd(44)} ${(count / ms / 1000).toFixed(2).padStart(5)} M lines/s; ` +
      `our columns ${(ms / count / (read / lines)).toFixed(1)} times as fast`,
  )
console.log(`${lines} lines of ${(octets.length / lines).toFixed(0)} octets`)
report('JSON.parse alone, rounds times', parse)
report('JSON.parse and the same columns', converted)
report('JSON.parse with all digits', exact)
report('our reader, all columns', read)
report('our reader, three columns wanted', some)
report('our reader, and how lines were written', kept)

const directory = mkdtempSync(join(tmpdir(), 'weir-lines-'))
try {
  for (const [name, keepsWritten] of [
    ['lines to an archive', false],
    ['lines to an archive that prints them again', true],
  ]) {
    const path = join(directory, `${keepsWritten}.weir`)
    const limits = { blockRows: 131_072, mostAddresses: 2_000_000 }
    const facts = { path, stream: 's', createdNs: 0n, calls: ARCHIVE_CALLS, log: SILENT }
    // The second time what runs often is compiled, as after some seconds of a real log.
    let ms = 0
    for (let round = 0; round < 2; round++) {
      rmSync(`${path}.part`, { force: true })
      const writer = new FileWriter({ ...facts, ...limits })
      const started = cpuMs()
      scan({ keepsWritten }, TIMES, (full) => writer.append(full))
      writer.close()
      ms = cpuMs() - started
    }
    const size = statSync(path).size / (lines * TIMES)
    report(`${name}: ${size.toFixed(1)} octets each`, ms, lines * TIMES)
  }
  const gzip =
    gzipSync(octets.subarray(0, 4_000_000), { level: 6 }).length / (4_000_000 / (octets.length / lines))
  console.log(`the same lines in gzip: ${gzip.toFixed(1)} octets each`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
