import { BatchWriter } from '../../../flow/batch-writer.ts'
import { cells } from '../../../testing/cells.ts'
import { newLineSink } from '../../line-sink.ts'
import type { Mapping } from '../../mapping-types.ts'
import { type LineReaderOptions, newLineReader, type RecordReader } from '../line-reader.ts'

export interface Read {
  /** Each row's values by column. */
  readonly rows: Record<string, unknown>[]
  /** The same rows as our sink prints them. */
  readonly text: string
  /** Reason, octets and offset of what was refused. */
  readonly rejects: string[]
  readonly reader: RecordReader
}

export interface Reading extends Partial<Omit<LineReaderOptions, 'writer'>> {
  /** Octets per push; all at once where it is not given. */
  readonly chunk?: number
  readonly printWith?: Mapping | null
  readonly compat?: '2.2' | '2.1'
  readonly newReader?: (options: LineReaderOptions) => RecordReader
}

/** Reads `input` and prints what was read. */
export function readLines(input: Uint8Array | string, reading: Reading = {}): Read {
  const octets = typeof input === 'string' ? Buffer.from(input) : input
  const pieces: Buffer[] = []
  const sink = newLineSink({
    format: 'json',
    compat: reading.compat ?? '2.2',
    mapping: reading.printWith ?? null,
    separator: Buffer.from('\n'),
    write: (out, from, to) => void pieces.push(Buffer.from(out.subarray(from, to))),
  })
  const rows: Record<string, unknown>[] = []
  const writer = new BatchWriter('flow', (batch) => {
    for (let row = 0; row < batch.rowCount; row++) rows.push(cells(batch, row))
    sink.write(batch)
    batch.reset()
    return batch
  })
  const rejects: string[] = []
  const reader = (reading.newReader ?? newLineReader)({
    onReject(_, from, to, reason, offset) {
      rejects.push(`${reason}: ${to - from} octets at ${offset}`)
    },
    ...reading,
    writer,
  })
  const chunk = reading.chunk ?? octets.length
  // Each piece in a buffer of its own that is overwritten afterwards, as a caller may do.
  for (let p = 0; p < octets.length; p += chunk) {
    const piece = Uint8Array.from(octets.subarray(p, p + chunk))
    reader.push(piece, 0, piece.length)
    piece.fill(0x7b)
  }
  reader.end()
  writer.flush()
  return { rows, text: Buffer.concat(pieces).toString('latin1'), rejects, reader }
}
