import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowError } from '../diagnostics/flow-error.ts'
import { newRandom } from '../testing/workload.ts'
import { openArchive, scanArchive } from './archive-reader.ts'
import { BLOCK_FIXED_OCTETS, COLUMN_ENTRY_OCTETS } from './encoding.ts'
import { HEADER_OCTETS, headCrcOf, padded } from './frame.ts'
import { plainRows, rowsOfBlock, testWriter, withDirectory } from './testing/files.ts'
import { randomBatches } from './testing/random-batches.ts'

/** Makes the head checksum of the frame at `at` right again. */
function seal(octets: Buffer, at: number): void {
  const end = at + HEADER_OCTETS + padded(octets.readUInt32LE(at + 8))
  octets.writeUInt32LE(headCrcOf(octets.subarray(at, end)), at + 28)
}

test('an unknown encoding takes away its columns in that block, and nothing else', () => {
  withDirectory((directory) => {
    const path = join(directory, 'a.weir')
    const writer = testWriter(path, 30)
    const next = randomBatches(31, 3)
    const wanted = []
    for (let i = 0; i < 4; i++) {
      const batch = next(40)
      batch.kind = 'flow'
      wanted.push(plainRows(batch))
      writer.append(batch)
    }
    assert.ok(writer.close())
    const octets = readFileSync(path)
    const clean = openArchive(path)
    const { at, headOctets } = clean.blocks[1]!
    const head = at + HEADER_OCTETS
    const columns = octets.readUInt32LE(head + 72)
    // The first column's first stream gets an encoding of the future.
    const stream = octets.readUInt32LE(head + BLOCK_FIXED_OCTETS + 8)
    octets[head + BLOCK_FIXED_OCTETS + columns * COLUMN_ENTRY_OCTETS + (stream - 1) * 32] = 200
    assert.ok(headOctets > 0)
    seal(octets, at)
    writeFileSync(path, octets)
    const reader = openArchive(path)
    for (const [index, rows] of wanted.entries()) {
      const before = reader.problems.length
      const got = rowsOfBlock(reader, index)
      assert.is(reader.problems.length > before, index === 1)
      const lost = new Set(reader.problems.map(({ what }) => /^column ([^:]+):/.exec(what)?.[1]))
      for (const [i, row] of rows.entries()) {
        for (const [name, value] of Object.entries(row)) {
          if (index !== 1 || !lost.has(name)) assert.equal(got[i]?.[name], value)
        }
      }
    }
    assert.match(reader.problems[0]!.what, 'encoding 200')
    reader.close()
    clean.close()
  })
})

test('heads with right checksums and wrong contents give problems, never another exception', () => {
  withDirectory((directory) => {
    const path = join(directory, 'a.weir')
    const writer = testWriter(path, 16)
    const next = randomBatches(41, 6)
    for (let i = 0; i < 6; i++) writer.append(next(12))
    assert.ok(writer.close())
    const octets = readFileSync(path)
    const scanned = scanArchive(path)
    const frames = scanned.taken
    scanned.close()
    const random = newRandom(17)
    const bad = join(directory, 'bad.weir')
    for (let i = 0; i < 120; i++) {
      const copy = Buffer.from(octets)
      const { at } = frames[random(frames.length)]!
      const headOctets = copy.readUInt32LE(at + 8)
      for (let k = 1 + random(3); k > 0; k--) {
        const where = at + HEADER_OCTETS + random(headOctets)
        copy[where] = [0, 1, 255, random(256), copy[where]! ^ (1 << random(8))][random(5)]!
      }
      seal(copy, at)
      writeFileSync(bad, copy)
      try {
        for (const open of [openArchive, scanArchive]) {
          const reader = open(bad)
          for (let index = 0; index < reader.blocks.length; index++) rowsOfBlock(reader, index)
          reader.addressDirectory(Uint32Array.of(0, 1, 5))
          reader.close()
        }
      } catch (error) {
        assert.ok(error instanceof FlowError, error instanceof Error ? error.stack : String(error))
      }
    }
  })
})

test.run()
