import { gzipSync } from 'node:zlib'
import type { BulkBatch } from './bulk-batch.ts'
import { bodyOf } from './bulk-batch.ts'
import { RepeatDeflate } from './repeat-deflate.ts'

// Packs one body of documents that differ in a few values, which are told or not: octets per second of CPU time, beside
// zlib's fastest level.
const DOCUMENTS = 1600

function newBody(): BulkBatch {
  const names = Array.from({ length: 60 }, (_, i) => `"field_of_the_record_${i}":`)
  let state = 1
  const next = (most: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * most)
  }
  const pieces: string[] = []
  let end = 0
  const put = (text: string) => {
    pieces.push(text)
    end += text.length
    return end
  }
  const starts = new Uint32Array(DOCUMENTS)
  const ends = new Uint32Array(DOCUMENTS)
  const firsts = new Uint32Array(DOCUMENTS + 1)
  const marks: number[] = []
  for (let i = 0; i < DOCUMENTS; i++) {
    starts[i] = end
    put(`{"create":{"_id":"${next(2 ** 31)}${next(2 ** 31)}"}}\n{`)
    names.forEach((name, k) => {
      const from = put(`${k > 0 ? ',' : ''}${name}`)
      marks.push(from, put(String(k % 3 === 0 ? next(100_000) : k)), 0)
    })
    ends[i] = put('}\n')
    firsts[i + 1] = marks.length
  }
  const values = { shapes: new Uint32Array(DOCUMENTS).fill(1), firsts, marks: Int32Array.from(marks) }
  return { octets: Buffer.from(pieces.join('')), starts, ends, count: DOCUMENTS, values }
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

measure('values told', () => packer.pack(batch)?.length ?? body.length)
measure('not told', () => packer.pack({ ...batch, values: null })?.length ?? body.length)
measure('zlib, level 1', () => gzipSync(body, { level: 1 }).length)
