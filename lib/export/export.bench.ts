import type { FlowBatch } from '../flow/batch.ts'
import { BlockGathering } from '../flow/gathered-block.ts'
import type { FlowBlock } from '../flow/source.ts'
import { FlowGenerator } from '../testing/flow-generator.ts'
import type { BlockSink, WriteOctets } from './block-sink.ts'
import { defaultColumns } from './columns.ts'
import { Delimited } from './delimited.ts'
import { NfdumpCsv } from './nfdump-csv.ts'
import { newParquetSink } from './parquet.ts'

// Seeded flows of three exporters, as one block, through each sink to nowhere.

function newBlock(): FlowBlock {
  const generator = new FlowGenerator(1)
  const gathering = new BlockGathering()
  while (!gathering.isFull) {
    const batch = gathering.writer.reserve(4096)
    generator.fill(batch as FlowBatch)
    gathering.writer.flush()
  }
  return gathering.take()!
}

const block = newBlock()
const { rows } = block.info
const columns = defaultColumns(() => undefined)
let octets = 0
const write: WriteOctets = (_, from, to) => {
  octets += to - from
}
const few = columns.filter(({ name }) =>
  ['flowStart', 'sourceAddress', 'destinationAddress', 'octetDeltaCount'].includes(name),
)

const sinks: [name: string, rounds: number, sink: BlockSink][] = [
  ['csv', 12, new Delimited({ columns, delimiter: ',', times: 'rfc3339', header: true, write })],
  [
    'csv, times as numbers',
    12,
    new Delimited({ columns, delimiter: ',', times: 'epoch-ns', header: true, write }),
  ],
  [
    'csv, 4 columns',
    12,
    new Delimited({ columns: few, delimiter: ',', times: 'rfc3339', header: true, write }),
  ],
  ['nfdump-csv', 8, new NfdumpCsv({ header: true, write })],
  ['parquet', 3, await newParquetSink({ columns, createdBy: 'bench', write })],
]
for (const [name, rounds, sink] of sinks) {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    octets = 0
    const started = performance.now()
    await sink.write(block, null, [])
    best = Math.min(best, performance.now() - started)
  }
  await sink.close()
  const perRow = (best / rows) * 1e6
  console.log(
    `${name.padEnd(24)} ${perRow.toFixed(0).padStart(6)} ns/row  ${(1000 / perRow).toFixed(2)} M rows/s  ${(octets / rows).toFixed(0)} octets/row`,
  )
}
