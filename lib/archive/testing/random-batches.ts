import {
  appendAddress,
  appendOctets,
  appendWord,
  type Column,
  FlowBatch,
  type RecordKind,
  setOctets,
} from '../../flow/batch.ts'
import { defineField, F, type Field, type Kind } from '../../flow/fields.ts'
import type { Layout } from '../../flow/layout.ts'
import { newRandom } from '../../testing/workload.ts'

const KINDS: readonly Kind[] = [
  'u8',
  'u16',
  'u32',
  'u64',
  'i64',
  'f64',
  'address',
  'mac',
  'octets',
  'text',
  'u32-list',
  'address-list',
  'octets-list',
]

/** Columns of every kind, three of each, and those that the writer knows ways to shorten. */
const FIELDS: readonly Field[] = [
  ...KINDS.flatMap((kind) => [1, 2, 3].map((n) => defineField(`archiveTest.${kind}.${n}`, kind))),
  F.timeReceived,
  F.exporterAddress,
  F.sequenceNumber,
  F.flowStart,
  F.flowEnd,
  F.octetDeltaCount,
  F.packetDeltaCount,
  F.sourceAddress,
  F.destinationAddress,
  F.nextHopAddress,
  F.postNatSourceAddress,
  F.sourceTransportPort,
  F.bgpSourceAsNumber,
  F.bgpDestinationAsNumber,
  F.sourcePrefixLength,
  F.ingressInterface,
  F.egressInterface,
  F.vlanId,
  F.sourceMacAddress,
  F.ethernetType,
  F.ipVersion,
  F.exportProtocol,
]

const layouts: readonly Layout[] = [1, 2, 3, 4].map((n) => ({
  protocol: 9,
  scopeCount: n % 2,
  fields: [
    { enterprise: 0, element: n, octets: 4, field: F.sourceAddress },
    { enterprise: 9, element: 12 + n, octets: 65535, field: n === 3 ? null : F.octetDeltaCount },
  ],
}))

/** How a column's values behave in one batch: each way leads to other encodings. */
type Manner = 'equal' | 'runs' | 'few' | 'near' | 'any' | 'rising' | 'byAddress'
const MANNERS: readonly Manner[] = ['equal', 'runs', 'few', 'near', 'any', 'rising', 'byAddress']

/** A source of batches of all record kinds, with one in `sparseness` of the columns; the same seed gives the same. */
export function randomBatches(seed: number, sparseness = 1): (rows: number) => FlowBatch {
  const random = newRandom(seed)
  const fields = FIELDS.filter(() => random(sparseness) === 0)
  const kinds: readonly RecordKind[] = ['flow', 'flow', 'flow', 'options', 'counters', 'discard']
  const manners = new Map<Field, Manner>()
  for (const field of FIELDS) manners.set(field, MANNERS[random(MANNERS.length)]!)
  return (rows) => {
    const batch = new FlowBatch()
    batch.kind = kinds[random(kinds.length)]!
    for (const field of fields) {
      const use = random(4)
      if (use === 0) continue
      fill(batch.column(field), rows, manners.get(field)!, use === 1, random)
    }
    if (random(3) > 0) {
      const column = batch.fixed(F.layout)
      for (let row = 0; row < rows; row++) {
        column.values[row] = random(5) === 0 ? 0 : batch.layoutNumber(layouts[random(layouts.length)]!)
        column.present[row] = 1
      }
    }
    batch.rowCount = rows
    return batch
  }
}

function fill(
  column: Column,
  rows: number,
  manner: Manner,
  isPartial: boolean,
  random: (below: number) => number,
): void {
  const start = random(0xffffffff)
  let current = start
  for (let row = 0; row < rows; row++) {
    if (isPartial && random(3) === 0) continue
    current = nextValue(manner, start, current, row, random)
    column.present[row] = 1
    switch (column.shape) {
      case 'fixed':
        putFixed(column.field.kind, column, row, current, manner === 'any' ? random(0xffffffff) : 0)
        break
      case 'octets': {
        const octets = Buffer.from(String(current % 1000))
        setOctets(column, row, octets, 0, manner === 'any' ? random(octets.length + 1) : octets.length)
        break
      }
      case 'list':
        for (let i = random(4); i > 0; i--) {
          if (column.stride === 4) appendAddress(column, row, 0, 0, 0xffff, current % 5000)
          else appendWord(column, row, current)
        }
        break
      case 'octets-list':
        for (let i = random(3); i > 0; i--) {
          const octets = Buffer.from(current.toString(16))
          appendOctets(column, row, octets, 0, octets.length)
        }
        break
    }
  }
}

function nextValue(
  manner: Manner,
  start: number,
  current: number,
  row: number,
  random: (below: number) => number,
): number {
  switch (manner) {
    case 'equal':
      return start
    case 'runs':
      return random(20) === 0 ? random(0xffffffff) : current
    case 'few':
      return start ^ random(5)
    case 'near':
      return (start & 0x7fffff00) + random(70_000)
    case 'rising':
      return (current + random(300)) >>> 0
    case 'byAddress':
      return (row * 7919) % 31
    case 'any':
      return random(0xffffffff)
  }
}

function putFixed(kind: Kind, column: Column, row: number, value: number, other: number): void {
  if (column.shape !== 'fixed') return
  switch (kind) {
    case 'u64':
    case 'i64':
      column.wide[row] = (BigInt(other) << 32n) + BigInt(value) * (value % 2 === 0 ? 1n : 1_000_000n)
      break
    case 'f64':
      column.values[row] = value % 7 === 0 ? Number.NaN : value / 3 - other
      break
    case 'mac':
      column.values[row * 2] = other & 0xffff
      column.values[row * 2 + 1] = value
      break
    case 'address':
      if (value % 3 === 0) {
        column.words[row * 4] = 0x20010db8
        column.words[row * 4 + 1] = other
      } else if (value % 3 === 1) {
        column.words[row * 4 + 2] = 0xffff
      }
      column.words[row * 4 + 3] = value % 100 === 0 ? 0 : value
      break
    default:
      column.values[row] = value
  }
}
