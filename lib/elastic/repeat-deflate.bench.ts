import { gzipSync } from 'node:zlib'
import type { BulkBatch } from './bulk-batch.ts'
import { bodyOf } from './bulk-batch.ts'
import { RepeatDeflate } from './repeat-deflate.ts'

// Packs one body of documents that differ in a few values: octets per second of CPU time, beside zlib's fastest level.
const DOCUMENTS = 1600

function newBody(): BulkBatch {
  const names = Array.from({ length: 60 }, (_, i) => `"field_of_the_record_${i}":`)
  let state = 1
  const next = (most: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * most)
  }
  const items = Array.from({ length: DOCUMENTS }, () => {
    const values = names.map((name, i) => `${name}${i % 3 === 0 ? next(100_000) : i}`)
    return Buffer.from(`{"create":{"_id":"${next(2 ** 31)}"}}\n{${values.join(',')}}\n`)
  })
  const starts = new Uint32Array(DOCUMENTS)
  const ends = new Uint32Array(DOCUMENTS)
  let end = 0
  items.forEach((item, i) => {
    starts[i] = end
    end += item.length
    ends[i] = end
  })
  return { octets: Buffer.concat(items), starts, ends, count: DOCUMENTS }
}

const batch = newBody()
const body = bodyOf(batch)
const packer = new RepeatDeflate()

function measure(name: string, pack: () => number): void {
  for (let i = 0; i < 30; i++) pack()
  const before = process.cpuUsage()
  let packed = 0
  for (let i = 0; i < 60; i++) packed = pack()
  const { user, system } = process.cpuUsage(before)
  const rate = (body.length * 60) / (user + system)
  console.log(
    `${name}: ${rate.toFixed(0)} MB per CPU second, to ${((100 * packed) / body.length).toFixed(1)} %`,
  )
}

measure('repeats', () => packer.pack(batch)?.length ?? body.length)
measure('zlib, level 1', () => gzipSync(body, { level: 1 }).length)
