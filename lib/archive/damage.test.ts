import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowError } from '../diagnostics/flow-error.ts'
import { newRandom } from '../testing/workload.ts'
import { openArchive, scanArchive } from './archive-reader.ts'
import { repairArchive } from './repair.ts'
import { type PlainRow, rowsOfBlock, testWriter, withDirectory } from './testing/files.ts'
import { randomBatches } from './testing/random-batches.ts'
import { verifyArchive } from './verify.ts'

/** Writes a small file of a few blocks; returns its rows by block. */
function smallFile(path: string, seed: number, batches: number): PlainRow[][] {
  const writer = testWriter(path, 16)
  const next = randomBatches(seed, 9)
  for (let i = 0; i < batches; i++) writer.append(next(6))
  assert.ok(writer.close())
  const reader = openArchive(path)
  const blocks = reader.blocks.map((_, index) => rowsOfBlock(reader, index))
  reader.close()
  return blocks
}

function textOf(rows: readonly PlainRow[]): string {
  return JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))
}

test('a file cut at any octet gives its whole blocks and no others', () => {
  withDirectory((directory) => {
    const path = join(directory, 'whole.weir')
    const wanted = smallFile(path, 3, 9).map(textOf)
    const octets = readFileSync(path)
    const opened = openArchive(path)
    const ends = opened.blocks.map(
      ({ at, headOctets, bodyOctets }) => at + 32 + Math.ceil(headOctets / 8) * 8 + bodyOctets,
    )
    opened.close()
    const cut = join(directory, 'cut.weir.part')
    let decoded = -1
    writeFileSync(cut, octets)
    for (let length = octets.length - 1; length >= 0; length--) {
      truncateSync(cut, length)
      const whole = ends.filter((end) => end <= length).length
      try {
        const reader = openArchive(cut)
        assert.is(reader.blocks.length, whole, `cut at ${length}`)
        // Decoding is slow: once for each number of blocks.
        if (whole !== decoded) {
          for (let index = 0; index < whole; index++)
            assert.is(textOf(rowsOfBlock(reader, index)), wanted[index])
          assert.equal(reader.problems, [])
          decoded = whole
        }
        reader.close()
      } catch (error) {
        assert.ok(error instanceof FlowError && error.code === 'ARCHIVE_CORRUPT', String(error))
        assert.is(whole, 0)
      }
    }
  })
})

test('a repaired cut file is finished and has all whole blocks', () => {
  withDirectory((directory) => {
    const path = join(directory, 'whole.weir')
    const wanted = smallFile(path, 4, 9).map(textOf)
    const octets = readFileSync(path)
    const first = openArchive(path).blocks[0]!
    const random = newRandom(7)
    for (let i = 0; i < 25; i++) {
      const length = first.at + random(octets.length - first.at)
      const cut = join(directory, `cut-${i}.weir`)
      writeFileSync(`${cut}.part`, octets.subarray(0, length))
      const report = repairArchive(`${cut}.part`)
      assert.is(report.path, cut)
      assert.not(existsSync(`${cut}.part`))
      const verified = verifyArchive(cut)
      assert.is(verified.state, 'finished')
      assert.is(verified.blocks, report.blocks)
      const reader = openArchive(cut)
      assert.is(reader.state, 'finished')
      for (let index = 0; index < reader.blocks.length; index++)
        assert.is(textOf(rowsOfBlock(reader, index)), wanted[index])
      reader.close()
      assert.is(repairArchive(cut).outcome, 'whole')
    }
  })
})

test('any flipped bit is found, and no wrong row is ever shown', () => {
  withDirectory((directory) => {
    const path = join(directory, 'whole.weir')
    const wanted = smallFile(path, 5, 12).map(textOf)
    const octets = readFileSync(path)
    const bad = join(directory, 'bad.weir')
    const random = newRandom(99)
    const known = new Set(wanted)
    for (let i = 0; i < 300; i++) {
      const bit = random(octets.length * 8)
      const damaged = Buffer.from(octets)
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      writeFileSync(bad, damaged)
      try {
        assert.is(verifyArchive(bad).state, 'damaged', `bit ${bit}`)
      } catch (error) {
        assert.ok(error instanceof FlowError && error.code.startsWith('ARCHIVE_'), String(error))
        continue
      }
      for (const reader of [openArchive(bad), scanArchive(bad)]) {
        for (let index = 0; index < reader.blocks.length; index++) {
          const before = reader.problems.length
          const rows = textOf(rowsOfBlock(reader, index))
          assert.ok(known.has(rows) || reader.problems.length > before, `bit ${bit}: wrong rows`)
        }
        reader.close()
      }
    }
  })
})

test('a repair leaves out damage within the file and keeps the original', () => {
  withDirectory((directory) => {
    const path = join(directory, 'whole.weir')
    const wanted = smallFile(path, 6, 30).map(textOf)
    const octets = readFileSync(path)
    const { blocks } = openArchive(path)
    const damaged = join(directory, 'damaged.weir')
    for (const victim of [blocks.length - 2, blocks.length - 1]) {
      const copy = Buffer.from(octets)
      const { at, headOctets } = blocks[victim]!
      copy[at + 32 + headOctets + 40]! ^= 0x10
      writeFileSync(damaged, copy)
      const report = repairArchive(damaged)
      assert.is(report.outcome, victim === blocks.length - 1 ? 'finished' : 'rebuilt')
      const reader = openArchive(damaged)
      assert.is(verifyArchive(damaged).state, 'finished')
      const got = reader.blocks.map((_, index) => textOf(rowsOfBlock(reader, index)))
      assert.equal(
        got,
        wanted.filter((_, index) => index !== victim),
      )
      reader.close()
    }
    assert.ok(existsSync(`${damaged}.bad`))
  })
})

test('of a damaged block it is said which columns are readable, and they are', () => {
  withDirectory((directory) => {
    const path = join(directory, 'whole.weir')
    smallFile(path, 8, 12)
    const octets = readFileSync(path)
    const { blocks } = openArchive(path)
    const { at, headOctets, bodyOctets, rows } = blocks[1]!
    const bodyAt = at + 32 + Math.ceil(headOctets / 8) * 8
    octets[bodyAt + (bodyOctets >> 1)]! ^= 1
    writeFileSync(path, octets)
    const report = verifyArchive(path)
    assert.is(report.state, 'damaged')
    assert.is(report.blocks, blocks.length - 1)
    const [partly, ...others] = report.partly
    assert.equal(others, [])
    assert.equal([partly!.at, partly!.rows], [at, rows])
    assert.ok(partly!.readable.length > partly!.lost.length && partly!.lost.length > 0)
    const reader = openArchive(path)
    const block = reader.block(1)!
    for (const { field, name } of block.columns) {
      assert.is(block.read(field!, []) !== null, partly!.readable.includes(name), name)
    }
    reader.close()
  })
})

test('blocks that need a damaged dictionary are problems, those before are read', () => {
  withDirectory((directory) => {
    const path = join(directory, 'whole.weir')
    const wanted = smallFile(path, 8, 12)
    const dictionaries = scanArchive(path).taken.filter(({ type }) => type === 'D')
    assert.ok(dictionaries.length > 2)
    const { at, octets } = dictionaries[1]!
    const damaged = readFileSync(path)
    damaged[at + octets - 12]! ^= 1
    writeFileSync(path, damaged)
    for (const asksFirst of [false, true]) {
      const reader = openArchive(path)
      assert.is(reader.state, 'finished')
      // Whoever asks for all addresses gets those that are known.
      if (asksFirst) assert.is(reader.addresses.words().length, reader.addresses.codes * 4)
      let read = 0
      for (const [index, { at: blockAt }] of reader.blocks.entries()) {
        const block = reader.block(index)
        if (blockAt < at) assert.ok(block !== null)
        if (block === null) continue
        assert.is(textOf(rowsOfBlock(reader, index)), textOf(wanted[index]!))
        read++
      }
      assert.ok(read > 0 && read < reader.blocks.length)
      assert.is(reader.problems[0]!.what, 'a frame of type D is damaged')
      assert.ok(reader.problems.slice(1).every(({ what }) => /dictionary is missing/.test(what)))
      assert.is(reader.problems.length, 1 + reader.blocks.length - read)
      reader.close()
    }
  })
})

test('a file being written that ends inside a frame is open and not damaged; a finished one is', () => {
  withDirectory((directory) => {
    const path = join(directory, 'whole.weir')
    smallFile(path, 9, 9)
    const octets = readFileSync(path)
    const { at, headOctets, bodyOctets } = openArchive(path).blocks.at(-1)!
    const end = at + 32 + Math.ceil(headOctets / 8) * 8 + bodyOctets
    for (const length of [end - bodyOctets + 8, at + 40, at + 8, at]) {
      for (const name of ['cut.weir', 'cut.weir.part']) {
        const cut = join(directory, name)
        writeFileSync(cut, octets.subarray(0, length))
        assert.is(verifyArchive(cut).state, name.endsWith('.part') ? 'open' : 'damaged', `${name} ${length}`)
      }
    }
    const flipped = Buffer.from(octets.subarray(0, end))
    flipped[end - 9]! ^= 1
    const cut = join(directory, 'cut.weir.part')
    writeFileSync(cut, flipped)
    assert.is(verifyArchive(cut).state, 'damaged', 'the last frame is there and wrong')
  })
})

test('a repair can keep what it takes off, and never overwrites what an earlier one kept', () => {
  withDirectory((directory) => {
    const path = join(directory, 'whole.weir')
    smallFile(path, 10, 9)
    const octets = readFileSync(path)
    const { at } = openArchive(path).blocks.at(-1)!
    const cut = join(directory, 'cut.weir')
    for (const bad of [`${cut}.bad`, `${cut}.bad.1`]) {
      writeFileSync(cut, octets.subarray(0, at + 40))
      const report = repairArchive(cut, true)
      assert.is(report.bad, bad)
      assert.equal(Buffer.concat([octets.subarray(0, at), readFileSync(bad)]).length, at + 40)
      assert.ok(octets.subarray(at, at + 40).equals(readFileSync(bad).subarray(-40)))
    }
  })
})

test.run()
