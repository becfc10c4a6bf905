import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { BlockMemory } from '../flow/block-memory.ts'
import { F } from '../flow/fields.ts'
import type { ReadColumn } from '../flow/source.ts'
import { FlowGenerator } from '../testing/flow-generator.ts'
import { openArchive } from './archive-reader.ts'
import { testWriter, withDirectory } from './testing/files.ts'
import { randomBatches } from './testing/random-batches.ts'

/** Calls `use` with the path of a file of generated flows and of batches of every kind of column. */
function withFile(use: (path: string) => void): void {
  withDirectory((directory) => {
    const path = join(directory, 'a.weir')
    const writer = testWriter(path, 3000)
    const generator = new FlowGenerator(2)
    const batch = new FlowBatch()
    for (let i = 0; i < 3; i++) {
      batch.reset()
      generator.fill(batch)
      writer.append(batch)
    }
    const next = randomBatches(7, 3)
    for (let i = 0; i < 6; i++) writer.append(next(60))
    assert.ok(writer.close())
    use(path)
  })
}

/** What a column holds, whatever memory it lies in. */
function contents(read: ReadColumn | null): string {
  return JSON.stringify(read, (_, value: unknown) => {
    if (typeof value === 'bigint') return String(value)
    if (!ArrayBuffer.isView(value)) return value
    const { buffer, byteOffset, byteLength } = value
    return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
  })
}

test('blocks that are read into the same memory are read as they are into new memory', () => {
  withFile((path) => {
    const [kept, again] = [openArchive(path), openArchive(path)]
    const memory = new BlockMemory()
    for (let index = 0; index < kept.blocks.length; index++) {
      const block = kept.block(index)!
      const other = again.block(index, memory)!
      for (const { field, name } of block.columns) {
        if (field === null) continue
        const [got, wanted] = [other.read(field, again.problems), block.read(field, kept.problems)]
        assert.is(contents(got), contents(wanted), `${name} of ${index}`)
      }
    }
    assert.equal([...kept.problems, ...again.problems], [])
    kept.close()
    again.close()
  })
})

test('64-bit columns in half their width have the same values', () => {
  withFile((path) => {
    const reader = openArchive(path)
    let found = 0
    for (let index = 0; index < reader.blocks.length; index++) {
      for (const { field } of reader.block(index)!.columns) {
        if (field?.kind !== 'u64') continue
        const block = reader.block(index)!
        const scaled = block.readScaled!(field, reader.problems)
        const { column } = block.read(field, reader.problems)!
        if (scaled === null || column.shape !== 'fixed') continue
        found++
        for (const [row, value] of scaled.values.entries()) {
          const whole = BigInt.asUintN(64, scaled.base + scaled.unit * BigInt(value))
          assert.is(scaled.present[row] === 1 ? whole : 0n, column.wide[row]!, `${field.name} of row ${row}`)
        }
      }
    }
    assert.ok(found > 5)
    reader.close()
  })
})

test('some rows of a column have what they have in the whole, whichever of both is read first', () => {
  withFile((path) => {
    const reader = openArchive(path)
    const kinds = new Set<string>()
    for (let index = 0; index < reader.blocks.length; index++) {
      const { columns, info } = reader.block(index)!
      const rows = Uint32Array.from({ length: info.rows }, (_, row) => row).filter((row) => row % 7 < 2)
      for (const { field } of columns) {
        if (field === null) continue
        for (const isReadFirst of [false, true]) {
          const block = reader.block(index, new BlockMemory())!
          if (isReadFirst) block.read(field, reader.problems)
          const out = new Uint32Array(rows.length)
          const isGiven = block.gather!(field, rows, rows.length, out)
          const { column, codes } = block.read(field, reader.problems)!
          if (!isGiven) continue
          kinds.add(field.kind)
          assert.is(column.shape, 'fixed')
          if (column.shape !== 'fixed') continue
          const values = codes ?? (field.kind === 'u64' ? column.wide : column.values)
          for (const [i, row] of rows.entries())
            assert.equal([column.present[row], BigInt(out[i]!)], [1, BigInt(values[row]!)], field.name)
        }
      }
    }
    assert.equal([...kinds].sort(), ['address', 'u16', 'u32', 'u64', 'u8'])
    assert.equal(reader.problems, [])
    reader.close()
  })
})

test('rows are found by their numbers and codes, in any part of the range that these have', () => {
  withFile((path) => {
    const reader = openArchive(path)
    let found = 0
    for (let index = 0; index < reader.blocks.length; index++) {
      for (const { field } of reader.block(index)!.columns) {
        if (field === null) continue
        const block = reader.block(index, new BlockMemory())!
        const { column, codes } = block.read(field, reader.problems)!
        const rows = new Uint32Array(block.info.rows)
        const [least, middle, greatest] = [0, rows.length >> 1, rows.length - 1].map((row) =>
          column.shape === 'fixed' && field.kind !== 'f64' && field.kind !== 'mac'
            ? Number(codes?.[row] ?? (field.kind === 'u64' ? column.wide[row] : column.values[row]))
            : 0,
        ) as [number, number, number]
        const ranges = [
          [least, least],
          [Math.min(middle, greatest), Math.max(middle, greatest)],
          [0, 2 ** 32 - 1],
          [0, 0],
          [2 ** 32 - 1, 2 ** 32 - 1],
          [2 ** 31, 2 ** 31 + 5],
        ] as const
        for (const [low, high] of ranges) {
          const again = reader.block(index, new BlockMemory())!
          const count = again.find!(field, low, high, rows)
          if (count < 0 || column.shape !== 'fixed') continue
          const values = codes ?? (field.kind === 'u64' ? column.wide : column.values)
          const wanted = Array.from(rows.keys()).filter((row) => values[row]! >= low && values[row]! <= high)
          assert.equal([...rows.subarray(0, count)], wanted, `${field.name} ${low} to ${high}`)
          found++
        }
      }
    }
    assert.ok(found > 100)
    reader.close()
  })
})

test('numbers that are all beyond 32 bits are not looked for: bounds for all there is are cut to 32', () => {
  withDirectory((directory) => {
    const path = join(directory, 'large.weir')
    const writer = testWriter(path, 1000)
    const batch = new FlowBatch()
    const octets = batch.fixed(F.octetDeltaCount)
    octets.wide[0] = 2n ** 34n
    octets.present[0] = 1
    batch.rowCount = 1
    writer.append(batch)
    assert.ok(writer.close())
    const reader = openArchive(path)
    assert.is(reader.block(0)!.find!(F.octetDeltaCount, 1, 2 ** 32 - 1, new Uint32Array(1)), -1)
    reader.close()
  })
})

test('of a column that is damaged no rows are given, and reading it tells why', () => {
  withFile((path) => {
    const reader = openArchive(path)
    const { at, headOctets } = reader.blocks[0]!
    const octets = readFileSync(path)
    octets.fill(0xff, at + 32 + headOctets + 8, at + 32 + headOctets + reader.blocks[0]!.bodyOctets)
    writeFileSync(path, octets)
    const block = reader.block(0)!
    const out = new Uint32Array(2)
    assert.not(block.gather!(F.sourceTransportPort, Uint32Array.of(0, 1), 2, out))
    assert.is(block.find!(F.sourceTransportPort, 0, 65_535, new Uint32Array(block.info.rows)), -1)
    assert.is(block.read(F.sourceTransportPort, reader.problems), null)
    assert.is(reader.problems.length, 1)
    assert.match(reader.problems[0]!.what, 'column sourceTransportPort')
    reader.close()
  })
})

test.run()
