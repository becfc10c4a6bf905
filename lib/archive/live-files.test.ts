import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { F } from '../flow/fields.ts'
import { FlowGenerator } from '../testing/flow-generator.ts'
import type { FileWriterOptions } from './file-writer.ts'
import { archiveFiles, liveFiles, splitReplaced, touches } from './live-files.ts'
import type { FileIdentity } from './schema.ts'
import { testWriter, withDirectory } from './testing/files.ts'

const DAY = 86_400_000_000_000n
const T0 = 1_767_225_600_000_000_000n

/** A finished file of `rows` flows that began at `start`. */
function write(
  path: string,
  rows: number,
  start = T0,
  more: Partial<FileWriterOptions & { replaces: FileIdentity[] }> = {},
) {
  mkdirSync(join(path, '..'), { recursive: true })
  const writer = testWriter(path, 1000, undefined, { createdNs: start, ...more })
  writer.replaces = more.replaces ?? []
  const batch = new FlowBatch()
  for (let row = 0; row < rows; row++) {
    batch.fixed(F.flowStart).wide[row] = start + BigInt(row)
    batch.fixed(F.flowEnd).wide[row] = start + BigInt(row) + 5n
    batch.fixed(F.octetDeltaCount).wide[row] = 10n
    batch.fixed(F.exporterAddress).words.set([0, 0, 0xffff, row % 3 === 0 ? 7 : 8], row * 4)
    for (const column of batch.columns()) column.present[row] = 1
  }
  batch.rowCount = rows
  writer.append(batch)
  assert.ok(writer.close())
  return writer.identity
}

test('files are found at any depth, sorted by stream and time, with what they hold', () => {
  withDirectory((directory) => {
    write(join(directory, '2026/01/02/b-20260102T000000Z-0.weir'), 3, T0 + DAY)
    write(join(directory, 'flat.weir'), 4, T0)
    writeFileSync(join(directory, 'notes.txt'), 'no archive')
    writeFileSync(join(directory, '.hidden.weir'), 'no archive')
    const files = liveFiles([directory])
    assert.equal(
      files.map(({ path, rows }) => [path, rows]),
      [
        [join(directory, 'flat.weir'), 4],
        [join(directory, '2026/01/02/b-20260102T000000Z-0.weir'), 3],
      ],
    )
    const [first] = files
    assert.is(first!.state, 'finished')
    assert.equal([first!.octets, first!.from, first!.to], [40n, T0, T0 + 8n])
    assert.equal(first!.exporters, [
      { address: '0.0.0.7', rows: 2 },
      { address: '0.0.0.8', rows: 2 },
    ])
    assert.equal(liveFiles([join(directory, 'flat.weir')]), [first])
  })
})

test('a time range leaves out files whose flows all lie elsewhere', () => {
  withDirectory((directory) => {
    write(join(directory, 'a.weir'), 4, T0)
    write(join(directory, 'b.weir'), 4, T0 + DAY)
    const names = (from: bigint, to: bigint) =>
      liveFiles([directory], { from, to }).map(({ path }) => path.slice(-6, -5))
    assert.equal(names(T0, T0 + 2n * DAY), ['a', 'b'])
    assert.equal(names(T0, T0 + DAY), ['a'])
    assert.equal(names(T0 + 8n, T0 + DAY), ['a'], 'the last nanosecond of the last flow')
    assert.equal(names(T0 + 9n, T0 + DAY), [])
  })
})

test('a file that a whole one replaces does not count, whatever its name, and counts again without it', () => {
  withDirectory((directory) => {
    const [a, b] = [write(join(directory, 'a.weir'), 4, T0), write(join(directory, 'b.weir'), 5, T0 + 1n)]
    write(join(directory, 'c.weir'), 6, T0 + 2n)
    const joined = join(directory, 'joined.weir')
    write(joined, 9, T0, { replaces: [a, b] })
    assert.equal(
      liveFiles([directory]).map(({ rows }) => rows),
      [9, 6],
    )
    assert.equal(
      splitReplaced(archiveFiles([directory])).replaced.map(({ rows }) => rows),
      [4, 5],
    )
    truncateSync(joined, statSync(joined).size - 30)
    assert.equal(
      liveFiles([directory]).map(({ rows }) => rows),
      [4, 5, 6],
      'damaged, and all that it replaces is there',
    )
    unlinkSync(join(directory, 'b.weir'))
    assert.equal(
      liveFiles([directory]).map(({ rows, state }) => `${rows} ${state}`),
      ['9 damaged', '6 finished'],
    )
  })
})

test('the catalog answers without opening files, and is never believed over them', () => {
  withDirectory((directory) => {
    const path = join(directory, 'a.weir')
    const catalog = join(directory, '.catalog')
    write(path, 4)
    const before = liveFiles([directory])
    const made = readFileSync(catalog)
    assert.equal(liveFiles([directory]), before, 'the same from the catalog')
    assert.equal(readFileSync(catalog), made, 'not written again')

    unlinkSync(path)
    write(path, 7)
    assert.is(liveFiles([directory])[0]!.rows, 7, 'another file of the name')
    const text = readFileSync(catalog, 'latin1')
    writeFileSync(catalog, text.replace('"rows":7', '"rows":9'))
    assert.is(liveFiles([directory])[0]!.rows, 7, 'a changed catalog')
    writeFileSync(catalog, 'nonsense')
    assert.is(liveFiles([directory])[0]!.rows, 7)
    unlinkSync(path)
    assert.equal(liveFiles([directory]), [])
  })
})

test('a file that is named by itself leaves the catalog of its folder as it is', () => {
  withDirectory((directory) => {
    write(join(directory, 'a.weir'), 4)
    const [path] = [join(directory, 'b.weir'), write(join(directory, 'b.weir'), 5)]
    liveFiles([path])
    assert.not.ok(existsSync(join(directory, '.catalog')))
    liveFiles([directory])
    const made = readFileSync(join(directory, '.catalog'))
    liveFiles([path])
    assert.equal(readFileSync(join(directory, '.catalog')), made)
  })
})

test('files move with their catalog', () => {
  withDirectory((directory) => {
    write(join(directory, 'one/a.weir'), 4)
    liveFiles([directory])
    const stat = statSync(join(directory, 'one/.catalog'))
    assert.ok(stat.size > 0)
    assert.is(liveFiles([join(directory, 'one')])[0]!.path, join(directory, 'one/a.weir'))
  })
})

test('where no catalog can be written, files are listed all the same', () => {
  withDirectory((directory) => {
    write(join(directory, 'a.weir'), 4)
    mkdirSync(join(directory, '.catalog'))
    chmodSync(directory, 0o555)
    assert.is(liveFiles([directory])[0]!.rows, 4)
    chmodSync(directory, 0o755)
  })
})

test('files being written are open, cut and empty ones are damaged', () => {
  withDirectory((directory) => {
    const writer = testWriter(join(directory, 'open.weir'), 1000)
    const batch = new FlowBatch()
    new FlowGenerator(1).fill(batch)
    writer.append(batch)
    writer.sync()
    write(join(directory, 'cut.weir'), 9)
    truncateSync(join(directory, 'cut.weir'), statSync(join(directory, 'cut.weir')).size - 30)
    writeFileSync(join(directory, 'empty.weir'), '')
    writeFileSync(join(directory, 'empty.weir.part'), '')
    appendFileSync(join(directory, 'text.weir'), 'this is no archive at all')
    const states = liveFiles([directory]).map(({ path, state, rows }) => [
      path.slice(directory.length + 1),
      state,
      rows,
    ])
    assert.equal(
      new Set(states.map((state) => state.join(' '))),
      new Set([
        `open.weir.part open ${batch.rowCount}`,
        'cut.weir damaged 9',
        'empty.weir damaged 0',
        'empty.weir.part open 0',
        'text.weir damaged 0',
      ]),
    )
    assert.throws(() => liveFiles([join(directory, 'nothing')]), /cannot read archive/)
    writer.close()
  })
})

test('a file also holds what it received when its other flows were not', () => {
  withDirectory((directory) => {
    const path = join(directory, 'flat.weir')
    const writer = testWriter(path, 1000, undefined, { createdNs: T0 })
    const batch = new FlowBatch()
    batch.fixed(F.flowStart).wide[0] = T0
    batch.fixed(F.flowEnd).wide[0] = T0 + 5n
    batch.fixed(F.flowStart).present[0] = batch.fixed(F.flowEnd).present[0] = 1
    batch.fixed(F.timeReceived).wide.fill(T0 + DAY, 0, 2)
    batch.fixed(F.timeReceived).present.fill(1, 0, 2)
    batch.rowCount = 2
    writer.append(batch)
    assert.ok(writer.close())
    const [file] = archiveFiles([directory])
    assert.ok(touches(file!, T0, T0 + 1n))
    assert.ok(touches(file!, T0 + DAY, T0 + DAY + 1n))
    assert.not.ok(touches(file!, T0 + DAY + 1n, T0 + 2n * DAY))
    assert.not.ok(touches(file!, T0 - DAY, T0))
  })
})

test.run()
