import type { BatchWriter } from '../../flow/batch-writer.ts'
import { JsonLines } from './json-lines.ts'
import { type KeyHints, newTargetOf } from './key-targets.ts'
import { LineKeeper } from './line-keeper.ts'
import type { LineShape } from './line-shape.ts'
import { MessageLines } from './message-lines.ts'
import { ObjectReader } from './object-reader.ts'
import { TextLines } from './text-lines.ts'

/** Takes `octets[from, to)` that are no flow, with the reason and their place in what was pushed. */
export type OnReject = (octets: Uint8Array, from: number, to: number, reason: string, offset: number) => void

export interface LineReaderOptions extends KeyHints {
  /** Takes the flows. */
  readonly writer: BatchWriter
  readonly onReject?: OnReject
  /** Keeps how lines were written beside the rows, so that `newWrittenSink` prints the same octets again. */
  readonly keepsWritten?: boolean
}

/** Reads records from octets that come in pieces of any size. */
export interface RecordReader {
  /** Flows written, and pieces refused, so far. */
  readonly rows: number
  readonly rejected: number
  /** Reads `octets[from, to)`; keeps copies of what is unfinished. Never throws. */
  push(octets: Uint8Array, from: number, to: number): void
  /** Reads what is left; an unfinished record is refused. The caller flushes the writer. */
  end(): void
  /** How the records look: with it others can be printed in the same way. */
  shape(): LineShape
}

/** A reader of goflow2's JSON lines, of whatever version and mapping. */
export function newLineReader(options: LineReaderOptions): JsonLines {
  const keeper = options.keepsWritten === true ? new LineKeeper() : null
  return new JsonLines(new ObjectReader(options.writer, newTargetOf(options), keeper), options.onReject)
}

/** A reader of goflow2's text lines. */
export function newTextReader(options: LineReaderOptions): RecordReader {
  return new TextLines(newObjectReader(options), options.onReject)
}

/** A reader of goflow2's protobuf messages, each behind its length. */
export function newMessageReader(options: LineReaderOptions): RecordReader {
  return new MessageLines(newObjectReader(options), options.onReject, options.mapping ?? null)
}

/** What goflow2's records are written as. */
export type RecordForm = 'json' | 'text' | 'bin'

const READERS: Readonly<Record<RecordForm, (options: LineReaderOptions) => RecordReader>> = {
  json: newLineReader,
  text: newTextReader,
  bin: newMessageReader,
}

/** A reader of goflow2's records in a form. */
export function newRecordReader(form: RecordForm, options: LineReaderOptions): RecordReader {
  return READERS[form](options)
}

function newObjectReader(options: LineReaderOptions): ObjectReader {
  return new ObjectReader(options.writer, newTargetOf(options), null)
}
