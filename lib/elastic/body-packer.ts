import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type BulkBatch, bodyOf } from './bulk-batch.ts'
import { RepeatDeflate } from './repeat-deflate.ts'

/** After a body whose documents are not alike so many are left to zlib before one is tried again. */
const LEFT_TO_ZLIB = 64

/** Packs bodies as gzip of a level: the fastest by what documents have in common, others by zlib. Null for level 0. */
export function newBodyPacker(
  level: number,
): ((batch: BulkBatch) => Promise<Uint8Array> | Uint8Array) | null {
  if (level === 0) return null
  const byZlib = (batch: BulkBatch) => promisify(gzip)(bodyOf(batch), { level })
  if (level !== 1) return byZlib
  const repeats = new RepeatDeflate()
  let left = 0
  return (batch) => {
    if (left > 0) {
      left--
      return byZlib(batch)
    }
    const packed = repeats.pack(batch)
    if (packed !== null) return packed
    left = LEFT_TO_ZLIB
    return byZlib(batch)
  }
}
