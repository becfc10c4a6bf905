import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import type { Field } from '../flow/fields.ts'
import type { ReadColumn } from '../flow/source.ts'
import { FlowGenerator } from '../testing/flow-generator.ts'
import { type ArchiveReader, openArchive } from './archive-reader.ts'
import { RECORD_KINDS } from './encoding.ts'
import { testWriter, withDirectory } from './testing/files.ts'
import { type NaiveValue, readNaively } from './testing/naive-reader.ts'
import { randomBatches } from './testing/random-batches.ts'

/** A cell as the naive reader gives it. */
function cellOf({ column }: ReadColumn, row: number): NaiveValue {
  const { kind } = column.field
  switch (column.shape) {
    case 'fixed': {
      const { values, words } = column
      if (kind === 'address') return [...words.subarray(row * 4, row * 4 + 4)].join(' ')
      if (kind === 'mac') return (BigInt(values[row * 2]!) << 32n) | BigInt(values[row * 2 + 1]!)
      if (kind === 'u64' || kind === 'i64' || kind === 'f64')
        return (BigInt(words[row * 2 + 1]!) << 32n) | BigInt(words[row * 2]!)
      return BigInt(values[row]!)
    }
    case 'octets': {
      const start = column.starts[row]!
      return Buffer.from(column.data.subarray(start, start + column.lengths[row]!)).toString('hex')
    }
    case 'list':
      return Array.from({ length: column.lengths[row]! }, (_, i) => {
        const at = (column.starts[row]! + i) * column.stride
        return column.stride === 1
          ? BigInt(column.data[at]!)
          : [...column.data.subarray(at, at + 4)].join(' ')
      })
    case 'octets-list':
      return Array.from({ length: column.lengths[row]! }, (_, i) => {
        const start = column.itemStarts[column.starts[row]! + i]!
        const end = start + column.itemLengths[column.starts[row]! + i]!
        return Buffer.from(column.data.subarray(start, end)).toString('hex')
      })
  }
}

function compare(path: string, reader: ArchiveReader): number {
  const naive = readNaively(readFileSync(path))
  assert.is(naive.length, reader.blocks.length)
  let cells = 0
  for (const [index, { kind, rows }] of naive.entries()) {
    const block = reader.block(index)!
    assert.is(block.info.kind, RECORD_KINDS[kind])
    assert.is(block.info.rows, rows.length)
    for (const { field, name } of block.columns) {
      const column = block.read(field as Field, reader.problems)!
      for (const [row, naiveRow] of rows.entries()) {
        const isPresent = column.column.present[row] === 1
        assert.is(Object.hasOwn(naiveRow, name), isPresent, name)
        if (isPresent) assert.equal(naiveRow[name], cellOf(column, row), `${name} row ${row}`)
        cells++
      }
    }
  }
  assert.equal(reader.problems, [])
  return cells
}

test('a second reader, written from FORMAT.md alone, finds the same values', () => {
  withDirectory((directory) => {
    for (let seed = 20; seed < 24; seed++) {
      const path = join(directory, `${seed}.weir`)
      const writer = testWriter(path, 800)
      const next = randomBatches(seed, 2)
      for (let i = 0; i < 6; i++) writer.append(next(120))
      assert.ok(writer.close())
      const reader = openArchive(path)
      assert.ok(compare(path, reader) > 1000)
      reader.close()
    }
  })
})

test('realistic flows use derived columns, and both readers agree on them', () => {
  withDirectory((directory) => {
    const path = join(directory, 'flows.weir')
    const writer = testWriter(path, 2000)
    const generator = new FlowGenerator(3)
    const batch = new FlowBatch()
    generator.fill(batch)
    writer.append(batch)
    assert.ok(writer.close())
    const reader = openArchive(path)
    compare(path, reader)
    reader.close()
  })
})

test.run()
