import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SILENT } from '../../diagnostics/log.ts'
import { FlowBatch, type RecordKind } from '../../flow/batch.ts'
import { F } from '../../flow/fields.ts'
import { type Row, rowOf } from '../../testing/rows.ts'
import { type ArchiveCalls, KEEPING_CALLS, type KeepingCalls } from '../archive-calls.ts'
import type { ArchiveReader } from '../archive-reader.ts'
import { fillBatch } from '../batch-filler.ts'
import { FileWriter, type FileWriterOptions } from '../file-writer.ts'

/** Calls `use` with a directory that is gone afterwards. */
export function withDirectory<T>(use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'weir-archive-'))
  try {
    return use(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Tests need not wait for the disk. */
export const UNSYNCED: KeepingCalls = { ...KEEPING_CALLS, syncData() {}, sync() {}, syncDirectory() {} }

/** A writer with small blocks for tests. */
export function testWriter(
  path: string,
  blockRows: number,
  calls: ArchiveCalls = UNSYNCED,
  more: Partial<FileWriterOptions> = {},
): FileWriter {
  return new FileWriter({
    path,
    stream: 'test',
    createdNs: 1_767_225_600_123_456_789n,
    blockRows,
    mostAddresses: 100_000,
    calls,
    log: SILENT,
    ...more,
  })
}

/** A row with its layout spelt out, so that it can be compared between batches and files. */
export type PlainRow = Row & { readonly layoutText?: string }

/** The rows of a batch. */
export function plainRows(batch: FlowBatch): PlainRow[] {
  const rows: PlainRow[] = []
  const column = batch.find(F.layout)
  for (let row = 0; row < batch.rowCount; row++) {
    const plain = rowOf(batch, row)
    if (column?.shape === 'fixed' && column.present[row] === 1) {
      const layout = batch.layouts[column.values[row]! - 1]
      plain['layout'] = 0
      plain['layoutText'] = JSON.stringify(layout ?? null, (key, value) =>
        key === 'index' ? undefined : value,
      )
    }
    // Column order differs between a batch and a file.
    rows.push(Object.fromEntries(Object.entries(plain).sort(([a], [b]) => (a < b ? -1 : 1))) as PlainRow)
  }
  return rows
}

/** All rows of one block, by way of batches. */
export function rowsOfBlock(reader: ArchiveReader, index: number): PlainRow[] {
  const block = reader.block(index)
  if (block === null) return []
  const columns = []
  for (const { field } of block.columns) {
    const column = field === null ? null : block.read(field, reader.problems)
    if (column !== null) columns.push(column)
  }
  const rows: PlainRow[] = []
  for (let from = 0; from < block.info.rows; ) {
    const batch = new FlowBatch()
    from += fillBatch(columns, block.info.rows, from, batch, reader.schema)
    rows.push(...plainRows(batch))
  }
  return rows
}

/** All rows of a file that are of `kind`. */
export function rowsOfKind(reader: ArchiveReader, kind: RecordKind): PlainRow[] {
  return reader.blocks.flatMap((block, index) => (block.kind === kind ? rowsOfBlock(reader, index) : []))
}
