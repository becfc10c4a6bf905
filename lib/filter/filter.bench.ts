import { FlowBatch } from '../flow/batch.ts'
import { F, type Field } from '../flow/fields.ts'
import type { AddressCodes, FlowBlock, ReadColumn } from '../flow/source.ts'
import { newRandom } from '../testing/workload.ts'
import { addressFile } from './address-file.ts'
import { compileFilter, parseFilter } from './filter.ts'

// Rows per second of filters over open columns: blocks of 131,072 rows and 200,000 addresses.

const ROWS = 131_072
const ADDRESSES = 200_000
const random = newRandom(3)

/** A column of the batch's shape, but as long as a block. */
function column(field: Field, value: (row: number) => number): ReadColumn {
  const made = new FlowBatch().fixed(field)
  const Values = made.values.constructor as new (length: number) => Uint32Array
  const values = new Values(ROWS * made.stride)
  for (let row = 0; row < ROWS; row++) values[row * made.stride] = value(row)
  const words = made.words.length > 0 ? values : made.words
  return { column: { ...made, values, words, present: new Uint8Array(ROWS).fill(1) }, codes: null }
}

const dictionary = new Uint32Array(ADDRESSES * 4)
for (let code = 1; code < ADDRESSES; code++) {
  dictionary[code * 4 + 2] = 0xffff
  dictionary[code * 4 + 3] = random(4) === 0 ? 0x0a000000 + random(0xffffff) : random(0xffffffff)
}
const addresses: AddressCodes = { codes: ADDRESSES, words: () => dictionary }
const ports = [443, 53, 80, 22, 123, 8080]
const port = () => (random(2) === 0 ? ports[random(6)]! : 1024 + random(60_000))
const read = new Map<Field, ReadColumn>([
  [F.sourceTransportPort, column(F.sourceTransportPort, port)],
  [F.destinationTransportPort, column(F.destinationTransportPort, port)],
  [F.protocolIdentifier, column(F.protocolIdentifier, () => (random(2) === 0 ? 6 : 17))],
  [F.tcpControlBits, column(F.tcpControlBits, () => random(64))],
  [F.octetDeltaCount, column(F.octetDeltaCount, () => 40 + random(100_000))],
  [F.packetDeltaCount, column(F.packetDeltaCount, () => 1 + random(100))],
  [F.samplingRate, column(F.samplingRate, () => [1, 512][random(2)]!)],
  [F.ingressInterface, column(F.ingressInterface, () => random(40))],
])
const codes = new Map<Field, { codes: Uint32Array; present: Uint8Array }>()
for (const field of [F.sourceAddress, F.destinationAddress]) {
  codes.set(field, {
    codes: Uint32Array.from({ length: ROWS }, () => 1 + random(ADDRESSES - 1)),
    present: new Uint8Array(ROWS).fill(1),
  })
}
const block: FlowBlock = {
  info: {
    rows: ROWS,
    kind: 'flow',
    leastReceived: 0n,
    greatestReceived: 0n,
    leastStart: 0n,
    greatestEnd: 0n,
    octets: 0n,
    packets: 0n,
  },
  columns: [...read.keys(), ...codes.keys()].map((field) => ({
    field,
    name: field.name,
    least: 0n,
    greatest: 2n ** 64n - 1n,
  })),
  addresses,
  layout: () => null,
  read: (field) => read.get(field) ?? null,
  readCodes: (field) => codes.get(field) ?? null,
}

const selection = new Uint8Array(ROWS)
for (const text of [
  'dst port 443 and src net 10.0.0.0/8',
  'port in [80 443]',
  'proto tcp and flags S and not flags A',
  'net 10.0.0.0/8',
  'in if 3 or in if 5 or in if 7',
  'raw bytes > 50k',
  'bytes > 1M',
  'bytes / packets < 60',
]) {
  const compiled = compileFilter(parseFilter(text))
  for (let i = 0; i < 20; i++) compiled.select(block, selection, [])
  let best = Infinity
  for (let round = 0; round < 15; round++) {
    const began = performance.now()
    for (let i = 0; i < 4; i++) compiled.select(block, selection, [])
    best = Math.min(best, (performance.now() - began) / 4)
  }
  console.log(`${text}: ${(ROWS / best / 1000).toFixed(0)} M rows/s`)
}

const lines: string[] = []
for (let i = 0; i < 2_000_000; i++) {
  const word = random(0xffffffff)
  lines.push(`${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`)
}
const list = lines.join('\n')
let began = performance.now()
const set = addressFile('list.txt', list)
console.log(
  `list of 2 M addresses read: ${(performance.now() - began).toFixed(0)} ms, ${set.starts4.length} ranges`,
)
const terms = Array.from({ length: 10_000 }, (_, i) => `src ip 10.${i >> 8}.${i & 255}.1`).join(' or ')
began = performance.now()
const many = compileFilter(parseFilter(terms))
console.log(`10,000 terms read and compiled: ${(performance.now() - began).toFixed(0)} ms`)
many.select(block, selection, [])
began = performance.now()
for (let i = 0; i < 20; i++) many.select(block, selection, [])
console.log(`10,000 terms: ${((ROWS * 20) / (performance.now() - began) / 1000).toFixed(0)} M rows/s`)
