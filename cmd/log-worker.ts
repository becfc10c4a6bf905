import { readSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { reasonOf } from '../lib/diagnostics/reason.ts'
import { BatchWriter } from '../lib/flow/batch-writer.ts'
import { defineField } from '../lib/flow/fields.ts'
import { newLineReader } from '../lib/goflow2/reading/line-reader.ts'
import { ParcelPacker } from '../lib/pipeline/batch-parcel.ts'
import type { LogPiece, LogThreadOrder, LogThreadReport, LogThreadStart } from './inputs/log-threads.ts'

// A thread that reads pieces of goflow2's logs.

const LINE_FEED = 0x0a
const READ_OCTETS = 1 << 18
/** Batches that may lie with whoever asked before they are taken over. */
const MOST_LYING = 32

const { only } = workerData as LogThreadStart
const fields = only === null ? {} : { only: only.map((field) => defineField(...field)) }
const octets = new Uint8Array(READ_OCTETS)
const packer = new ParcelPacker()
const orders: LogPiece[] = []
let lying = 0
let isReading = false
let goOn: () => void = () => {}

const writer = new BatchWriter('flow', (batch) => {
  const parcel = packer.pack(batch)
  lying++
  report({ kind: 'rows', parcel }, [parcel.buffer])
  batch.reset()
  return batch
})
let reader = newLineReader({ writer, ...fields })
let logOfReader = -1

function report(said: LogThreadReport, transfer: readonly ArrayBuffer[] = []): void {
  parentPort!.postMessage(said, [...transfer])
}

/** Reads the lines that begin in the piece; a line that goes on behind it is read to its end. */
async function read({ log, fd, from, to, firstKey }: LogPiece): Promise<void> {
  if (log !== logOfReader) {
    reader = newLineReader({ writer, ...fields })
    logOfReader = log
  }
  reader.firstKey ??= firstKey
  const before = reader.rejected
  let damage: { at: number; what: string } | null = null
  // A line begins here if the octet before is a line feed.
  let position = Math.max(0, from - 1)
  let isWithin = from === 0
  for (let isEnd = false; !isEnd; ) {
    let count = 0
    try {
      count = readSync(fd, octets, 0, octets.length, position)
    } catch (error) {
      damage = { at: position, what: reasonOf(error) }
    }
    if (count === 0) break
    const known = octets.subarray(0, count)
    let begin = 0
    if (!isWithin) {
      begin = known.indexOf(LINE_FEED) + 1
      isWithin = begin > 0
      if (isWithin ? position + begin >= to : position + count >= to) break
    }
    if (isWithin) {
      const last = to - 1 - position
      const feed = last < count ? known.indexOf(LINE_FEED, Math.max(begin, last)) : -1
      isEnd = feed >= 0
      reader.push(octets, begin, isEnd ? feed + 1 : count)
    }
    position += count
    while (lying >= MOST_LYING) await new Promise<void>((resolve) => (goOn = resolve))
  }
  reader.end()
  writer.flush()
  report({ kind: 'done', rejected: reader.rejected - before, damage })
}

async function work(): Promise<void> {
  if (isReading) return
  isReading = true
  for (let piece = orders.shift(); piece !== undefined; piece = orders.shift()) await read(piece)
  isReading = false
}

parentPort!.on('message', (order: LogThreadOrder) => {
  switch (order.kind) {
    case 'read':
      orders.push(order.piece)
      void work()
      break
    case 'taken':
      lying--
      goOn()
      break
    case 'free':
      packer.giveBack(order.buffer)
  }
})
