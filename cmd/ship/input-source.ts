import { randomUUID } from 'node:crypto'
import type { Log } from '../../lib/diagnostics/log.ts'
import { FlowBatch, type RecordKind } from '../../lib/flow/batch.ts'
import { blockOfBatch } from '../../lib/flow/batch-block.ts'
import { BatchWriter } from '../../lib/flow/batch-writer.ts'
import { type CaptureInput, openCaptureInput } from '../../lib/receive/capture-input.ts'
import { openWindow } from '../inputs/open-input.ts'
import type { RecordInput } from '../inputs/records.ts'
import type { RowFilter } from '../row-filter.ts'
import type { BlockLoader } from './block-loader.ts'
import type { LineLoader } from './line-loader.ts'
import type { RowLoader } from './row-loader.ts'
import { SourceProgress } from './source-progress.ts'
import { loadTaken } from './taken-rows.ts'

export interface InputSourceOptions {
  readonly lines: LineLoader
  readonly rows: RowLoader
  readonly blocks: BlockLoader
  /** Null for all rows. */
  readonly filter: RowFilter | null
  readonly log: Log
  /** Takes how many octets of the input were read so far. */
  readonly onOctets: (octets: number) => void
}

const OPEN_BRACE = 0x7b
const LINE_FEED = 0x0a
/** A longer line is cut here. */
const MOST_LINE_OCTETS = 10 << 20

/** What could not be read of an input. */
export interface InputResult {
  readonly rejected: number
  readonly problems: number
}

/**
 * Sends what comes from a pipe, and captures: what cannot be read again from where it was left. Its documents have ids of
 * this run. Throws FILE_UNREADABLE.
 */
export async function shipInput(
  path: string,
  options: InputSourceOptions,
  signal: AbortSignal,
): Promise<InputResult> {
  const progress = new SourceProgress(randomUUID(), path === '-' ? 'standard input' : path, () => {})
  const window = await openCaptureInput(path)
  const isLines = (await window.more(1)) && window.octets[window.from] === OPEN_BRACE
  if (window.to === window.from) {
    await window.close()
    return { rejected: 0, problems: 0 }
  }
  if (isLines) return shipLines(window, options, progress, signal)
  const { log, blocks, onOctets } = options
  const input = await openWindow(path, window, { log })
  try {
    if (input.kind === 'records') return await shipRecords(input, options, progress, signal)
    if (input.kind === 'archive') throw new Error('an archive file is walked')
    const { stream } = input
    let firstRow = 0
    for (let block = await stream.next(); block !== null && !signal.aborted; block = await stream.next()) {
      const { schema, problems } = stream
      await blocks.load({ block, schema, problems, firstRow, from: 0, progress }, signal)
      firstRow += block.info.rows
      onOctets(input.octets)
    }
    return { rejected: stream.rejected, problems: stream.problems.length }
  } finally {
    input.close()
  }
}

async function shipLines(
  window: CaptureInput,
  { lines: loader, onOctets }: InputSourceOptions,
  progress: SourceProgress,
  signal: AbortSignal,
): Promise<InputResult> {
  let isPassing = false
  let wanted = 1
  while (!signal.aborted && (await window.more(wanted))) {
    const { octets, from, to } = window
    const feed = octets.lastIndexOf(LINE_FEED, to - 1)
    if (feed < from && to - from < MOST_LINE_OCTETS) {
      wanted = to - from + 1
      continue
    }
    const end = feed < from ? to : feed + 1
    let begin = from
    if (isPassing) {
      const next = octets.indexOf(LINE_FEED, from) + 1
      begin = next === 0 || next > end ? end : next
    }
    isPassing = feed < from
    await loadLines(window, begin, end, loader, progress)
    onOctets(window.sourceOctets)
    wanted = 1
  }
  if (!signal.aborted && window.to > window.from && !isPassing) {
    await loadLines(window, window.from, window.to, loader, progress)
  }
  const problems = window.damage === undefined ? 0 : 1
  await window.close()
  return { rejected: 0, problems }
}

async function loadLines(
  window: CaptureInput,
  from: number,
  to: number,
  loader: LineLoader,
  progress: SourceProgress,
): Promise<void> {
  const { buffer, byteOffset, length } = window.octets
  const offset = window.position + from - window.from
  const octets = Buffer.from(buffer, byteOffset, length)
  await loader.load({ isMessages: false, octets, from, to, offset, end: offset + to - from }, progress)
  window.from = to
}

/** A capture, or a log that is no JSON: its records are batches, which wait for their turn. */
async function shipRecords(
  input: RecordInput,
  { rows: loader, filter, onOctets }: InputSourceOptions,
  progress: SourceProgress,
  signal: AbortSignal,
): Promise<InputResult> {
  const waiting: FlowBatch[] = []
  const spare: FlowBatch[] = []
  const writer = (kind: RecordKind) =>
    new BatchWriter(kind, (full) => {
      waiting.push(full)
      return spare.pop() ?? new FlowBatch()
    })
  const writers = {
    flow: writer('flow'),
    options: writer('options'),
    counters: writer('counters'),
    discard: writer('discard'),
  }
  let rows = 0
  const loadWaiting = async () => {
    for (const batch of waiting) {
      const place = { position: rows, progress, ids: progress.ids, idPosition: rows }
      const taken = filter?.rows(blockOfBatch(batch), null, input.problems) ?? null
      await loadTaken(taken, 0, batch.rowCount, async (first, last) => {
        if (!signal.aborted) await loader.load(batch, first, last, place)
      })
      rows += batch.rowCount
      batch.trim()
      spare.push(batch)
    }
    waiting.length = 0
    onOctets(input.octets)
    if (signal.aborted) input.close()
  }
  await input.run(writers, () => (waiting.length > 0 || signal.aborted ? loadWaiting() : undefined))
  for (const one of Object.values(writers)) one.flush()
  await loadWaiting()
  return { rejected: input.rejected, problems: input.problems.length }
}
