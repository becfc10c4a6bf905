import { SILENT } from '../lib/diagnostics/log.ts'
import type { BlockSink, WriteOctets } from '../lib/export/block-sink.ts'
import { columnOf, defaultColumns, type ExportColumn, knownNames } from '../lib/export/columns.ts'
import type { FlowBlock, Problem } from '../lib/flow/source.ts'
import type { FlowSink } from '../lib/flow/stages.ts'
import type { Mapping } from '../lib/goflow2/mapping-types.ts'
import type { ArchiveExportOptions } from './archive-export-flags.ts'
import { BlockBatches, type BlockOrigin } from './archive-export-lines.ts'
import { newStderrLog } from './collect-log.ts'
import { compileMapping, readMapping } from './collect-mapping.ts'
import { elementField } from './element-fields.ts'
import { nearest } from './nearest.ts'
import { UsageError } from './usage-error.ts'
import { versionLine } from './version.ts'

/** Takes the selected rows of blocks, and of batches that come without a block. */
export interface ExportSink {
  block(
    block: FlowBlock,
    origin: BlockOrigin,
    rows: Uint32Array | null,
    problems: Problem[],
  ): void | Promise<void>
  close(): void | Promise<void>
}

/** The sink that the options ask for; throws UsageError for columns that do not exist. */
export async function newExportSink(options: ArchiveExportOptions, write: WriteOctets): Promise<ExportSink> {
  switch (options.format) {
    case 'csv':
    case 'tsv': {
      const { Delimited } = await import('../lib/export/delimited.ts')
      const delimiter = options.format === 'csv' ? ',' : '\t'
      const { times, header } = options
      return tableSink(new Delimited({ columns: columnsOf(options), delimiter, times, header, write }))
    }
    case 'parquet': {
      const { newParquetSink } = await import('../lib/export/parquet.ts')
      const createdBy = versionLine().trim()
      return tableSink(await newParquetSink({ columns: columnsOf(options), createdBy, write }))
    }
    case 'nfdump-csv': {
      const { NfdumpCsv } = await import('../lib/export/nfdump-csv.ts')
      return tableSink(new NfdumpCsv({ write, header: options.header }))
    }
    case 'ecs':
    case 'ecs-agent': {
      const { newDocumentSink } = await import('./document-sink.ts')
      const form = options.format === 'ecs' ? 'final' : 'agent'
      const log = newStderrLog({ logLevel: 'warn', logFormat: 'text', errorCount: 0, errorIntervalMs: 0 })
      const settings = { form, options: options.documents, namespace: 'default', log } as const
      const sink = newDocumentSink(settings, options.separator, write)
      return batchSink(sink, () => sink)
    }
    case 'weir': {
      const { StreamOut } = await import('../lib/archive/stream-out.ts')
      const stream = new StreamOut({ stream: 'export', write, log: SILENT })
      return batchSink(stream, (lineShape) => {
        stream.lineShape = lineShape
        return stream
      })
    }
    default:
      if (options.format === 'json' && options.columns.length > 0) {
        const { JsonColumns } = await import('../lib/export/json-columns.ts')
        return tableSink(new JsonColumns({ columns: columnsOf(options), times: options.times, write }))
      }
      return newLinesSink(options, options.format, write)
  }
}

function tableSink(sink: BlockSink): ExportSink {
  return {
    block: (block, _, rows, problems) => sink.write(block, rows, problems),
    close: () => sink.close(),
  }
}

/** `sinkOf` gives the sink for rows whose lines looked so. */
function batchSink(last: FlowSink, sinkOf: (lineShape: string, kind: string) => FlowSink): ExportSink {
  const batches = new BlockBatches()
  return {
    block(block, origin, rows, problems) {
      batches.write(block, origin, rows, problems, sinkOf(origin.lineShape, block.info.kind ?? ''))
    },
    close: () => last.close(),
  }
}

/** Shapes of lines whose sinks are kept. */
const MOST_SINKS = 64

async function newLinesSink(
  options: ArchiveExportOptions,
  format: 'json' | 'text' | 'bin',
  write: WriteOctets,
): Promise<ExportSink> {
  const { newLineSink } = await import('../lib/goflow2/line-sink.ts')
  const { newWrittenSink } = await import('../lib/goflow2/written-sink.ts')
  const { newJsonRows } = await import('../lib/pipeline/json-rows.ts')
  const { parseLineShape } = await import('./archive-export-shape.ts')
  const given = compileMapping(options.mapping === null ? null : readMapping(options.mapping), options)
  for (const warning of given.warnings) process.stderr.write(`weir: ${warning}\n`)
  const separator = new TextEncoder().encode(options.separator)
  const newSink = (compat: '2.2' | '2.1', mapping: Mapping | null): FlowSink => {
    const settings = { compat, mapping, separator, write }
    return options.isAsWritten && format !== 'bin'
      ? newWrittenSink({ ...settings, format })
      : newLineSink({ ...settings, format })
  }
  const plain = newSink(options.compat, given.mapping)
  const others: FlowSink = newJsonRows(write)
  const sinks = new Map<string, FlowSink>()
  return batchSink(plain, (text, kind) => {
    if (kind !== 'flow') return others
    if (!options.isAsWritten || text === '') return plain
    let sink = sinks.get(text)
    if (sink === undefined) {
      const shape = parseLineShape(text)
      sink = shape === null ? plain : newSink(shape.compat, shape.mapping)
      if (sinks.size >= MOST_SINKS) sinks.clear()
      sinks.set(text, sink)
    }
    return sink
  })
}

/** Names that no column has so far: an input that is opened may bring it. */
export function unknownColumns({ columns }: ArchiveExportOptions): string[] {
  return columns.filter((name) => columnOf(name, elementField) === undefined)
}

function columnsOf({ columns }: ArchiveExportOptions): ExportColumn[] {
  if (columns.length === 0) return defaultColumns(elementField)
  return columns.map((name) => {
    const column = columnOf(name, elementField)
    if (column !== undefined) return column
    const near = nearest(name, knownNames())
    throw new UsageError(
      `--columns: there is no column ${name}; ${near === undefined ? 'give names of IANA elements' : `did you mean ${near}?`}`,
    )
  })
}
