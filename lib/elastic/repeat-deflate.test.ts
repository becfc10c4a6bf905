import { gunzipSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { BulkBatch } from './bulk-batch.ts'
import { bodyOf } from './bulk-batch.ts'
import { RepeatDeflate } from './repeat-deflate.ts'

/** A seeded source of whole numbers below `most`. */
function newRandom(seed: number): (most: number) => number {
  let state = seed
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * most)
  }
}

function batchOf(texts: readonly (string | Uint8Array)[], before = 5): BulkBatch {
  const pieces = texts.map((text) => (typeof text === 'string' ? Buffer.from(text) : text))
  const octets = Buffer.concat([Buffer.alloc(before, 'x'), ...pieces, Buffer.from('behind')])
  let end = before
  const starts = pieces.map((piece) => {
    end += piece.length
    return end - piece.length
  })
  const ends = starts.map((start, i) => start + pieces[i]!.length)
  return { octets, starts: Uint32Array.from(starts), ends: Uint32Array.from(ends), count: texts.length }
}

function document(i: number, random: (most: number) => number): string {
  const ip = `10.${random(250)}.${random(250)}.${random(250)}`
  const more = random(5) === 0 ? `"vlan":{"id":"${random(4096)}"},` : ''
  return `{"create":{"_id":"${i}${random(1e9)}"}}\n{"source":{"ip":"${ip}","port":${random(65_536)},"bytes":${random(1e6)}},${more}"netflow":{"source_ipv4_address":"${ip}","type":"netflow_flow","exporter":{"address":"192.0.2.1:2055","uptime_millis":${random(1e9)}}},"event":{"kind":"event","category":["network"],"action":"netflow_flow"},"related":{"ip":["${ip}"]}}\n`
}

/** What was packed, unpacked again, is the body. */
function checkPacked(packer: RepeatDeflate, batch: BulkBatch): number {
  const packed = packer.pack(batch)
  if (packed === null) return 0
  const body = bodyOf(batch)
  assert.is(Buffer.compare(gunzipSync(packed), body), 0)
  assert.ok(packed.length <= body.length * 0.4 + 1024 + 8)
  return packed.length
}

test('documents that are alike pack well, and unpack to themselves', () => {
  const random = newRandom(1)
  const packer = new RepeatDeflate()
  for (const count of [40, 1, 2, 1500]) {
    const texts = Array.from({ length: count }, (_, i) => document(i, random))
    const batch = batchOf(texts)
    const length = checkPacked(packer, batch)
    if (count >= 40) assert.ok(length > 0 && length < bodyOf(batch).length / 3, `${length} of ${count}`)
  }
})

test('equal documents of every length up to several windows', () => {
  const packer = new RepeatDeflate()
  const random = newRandom(2)
  for (const length of [
    1, 2, 3, 4, 5, 257, 258, 259, 260, 261, 262, 263, 517, 520, 32_767, 32_768, 32_769, 70_000,
  ]) {
    const text = Uint8Array.from({ length }, () => 97 + random(26))
    checkPacked(packer, batchOf(Array(6).fill(text)))
  }
  const long = Buffer.alloc(4_000_000, 'a')
  checkPacked(packer, batchOf([long, long]))
})

test('octets of any kind are packed right or not at all', () => {
  const packer = new RepeatDeflate()
  const random = newRandom(3)
  let packed = 0
  for (let round = 0; round < 300; round++) {
    const letters = 1 + random(round % 2 === 0 ? 4 : 256)
    const seed = Uint8Array.from({ length: 1 + random(900) }, () => [0x22, 0x2c, 0x7d, 0x61][random(4)]!)
    const items = Array.from({ length: 1 + random(60) }, () => {
      const item =
        random(3) === 0 ? Uint8Array.from({ length: random(900) }, () => random(letters)) : seed.slice()
      for (let change = random(6); change > 0 && item.length > 0; change--)
        item[random(item.length)] = random(256)
      return item.subarray(0, random(20) === 0 ? random(item.length + 1) : item.length)
    })
    if (checkPacked(packer, batchOf(items, random(9))) > 0) packed++
  }
  assert.ok(packed > 20, `${packed} of 300`)
})

test('codes stay short enough where some octets are very rare', () => {
  const texts: Uint8Array[] = []
  for (let octet = 0, count = 1; octet < 24; octet++, count = Math.ceil(count * 1.7)) {
    for (let i = 0; i < Math.min(count, 3000); i++)
      texts.push(Uint8Array.of(octet + 65, octet + 66, octet + 65))
  }
  checkPacked(new RepeatDeflate(), batchOf(texts))
})

/** Items whose values are marked, as those print them who know: of some shapes, with values of any octets. */
function markedBatch(random: (most: number) => number, count: number, longest: number): BulkBatch {
  const shapes = Array.from({ length: 3 }, (_, shape) =>
    Array.from({ length: 1 + random(12) }, (_, i) => `"name_${shape}_${i}":`),
  )
  const newValue = () => {
    const letters = random(3) === 0 ? 256 : 10
    return Buffer.from(
      Array.from({ length: random(random(9) === 0 ? longest : 9) }, () => 48 + random(letters)),
    )
  }
  const usual = newValue()
  const pieces: Buffer[] = [Buffer.from('before')]
  let end = 6
  const put = (piece: Buffer) => {
    pieces.push(piece)
    end += piece.length
  }
  const batch = {
    starts: new Uint32Array(count),
    ends: new Uint32Array(count),
    values: { shapes: new Uint32Array(count), firsts: new Uint32Array(count + 1), marks: [] as number[] },
  }
  const { values } = batch
  for (let i = 0; i < count; i++) {
    batch.starts[i] = end
    const shape = random(shapes.length)
    values.shapes[i] = random(20) === 0 ? 0 : shape + 1 + (random(2) === 0 ? 0 : 64)
    values.firsts[i] = values.marks.length
    put(Buffer.from(`{"create":{"_id":"${(1e15 + random(1e9)).toString(36)}"}}\n`))
    let twin = 0
    let twinValue = usual
    for (const name of shapes[shape]!) {
      put(Buffer.from(name))
      const isAgain = twin > 0 && random(4) === 0
      const value = isAgain ? twinValue : random(2) === 0 ? usual : newValue()
      values.marks.push(end, end + value.length, isAgain ? twin : 0)
      if (!isAgain) [twin, twinValue] = [end, value]
      put(value)
    }
    put(Buffer.from('}\n'))
    batch.ends[i] = end
    values.firsts[i + 1] = values.marks.length
  }
  // What lies behind is another batch's.
  const octets = Buffer.concat([...pieces, Buffer.from('"behind"')])
  return { ...batch, octets, count, values: { ...values, marks: Int32Array.from(values.marks) } }
}

test('documents whose values are marked unpack to themselves, whatever their values', () => {
  const packer = new RepeatDeflate()
  const random = newRandom(5)
  let packed = 0
  for (let round = 0; round < 200; round++) {
    const batch = markedBatch(random, 1 + random(150), [9, 60, 700, 9000][random(4)]!)
    if (checkPacked(packer, batch) > 0) packed++
  }
  assert.ok(packed > 100, `${packed} of 200`)
})

test('documents further apart than a window, and marks of another document than is there', () => {
  const random = newRandom(6)
  const far = markedBatch(random, 40, 30_000)
  checkPacked(new RepeatDeflate(), far)
  const batch = markedBatch(random, 60, 9)
  const action = { ...batch, octets: Buffer.from(batch.octets) }
  // An action that differs by more than its id.
  action.octets.write('index!', batch.starts[30]! + 2)
  checkPacked(new RepeatDeflate(), action)
})

test('an empty batch, and one of empty items', () => {
  const packer = new RepeatDeflate()
  assert.is(checkPacked(packer, batchOf([])) > 0, true)
  assert.is(checkPacked(packer, batchOf(['', '', ''])) > 0, true)
})

test('noise is left to others', () => {
  const random = newRandom(4)
  const noise = Uint8Array.from({ length: 300_000 }, () => random(256))
  assert.is(new RepeatDeflate().pack(batchOf([noise])), null)
})

test.run()
