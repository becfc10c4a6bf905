import type { OctetsColumn } from '../../../flow/batch.ts'
import { BatchWriter } from '../../../flow/batch-writer.ts'
import { WRITTEN } from '../../written-shape.ts'
import { newWrittenSink } from '../../written-sink.ts'
import { type LineReaderOptions, newLineReader } from '../line-reader.ts'

export interface Rewritten {
  /** What the rows were printed as, in latin1. */
  readonly text: string
  readonly rows: number
  /** Rows whose lines had to be kept whole. */
  readonly whole: number
  readonly rejected: number
}

/** Reads JSON lines in pieces of `chunk` octets, keeping how they were written, and prints them so. */
export function rewritten(
  octets: Uint8Array,
  chunk = octets.length,
  options: Partial<LineReaderOptions> = {},
): Rewritten {
  const pieces: Buffer[] = []
  const sink = newWrittenSink({
    format: 'json',
    compat: '2.2',
    mapping: null,
    separator: Buffer.from('\n'),
    write: (out, from, to) => void pieces.push(Buffer.from(out.subarray(from, to))),
  })
  let whole = 0
  const writer = new BatchWriter('flow', (batch) => {
    const lines = batch.find(WRITTEN.line) as OctetsColumn | undefined
    for (let row = 0; row < batch.rowCount; row++) whole += lines?.present[row] ?? 0
    sink.write(batch)
    batch.reset()
    return batch
  })
  const reader = newLineReader({ ...options, writer, keepsWritten: true })
  for (let p = 0; p < octets.length; p += Math.max(1, chunk)) {
    const piece = Uint8Array.from(octets.subarray(p, p + chunk))
    reader.push(piece, 0, piece.length)
    piece.fill(0x7b)
  }
  reader.end()
  writer.flush()
  return {
    text: Buffer.concat(pieces).toString('latin1'),
    rows: reader.rows,
    whole,
    rejected: reader.rejected,
  }
}
