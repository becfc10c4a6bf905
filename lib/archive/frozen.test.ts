import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { FlowGenerator } from '../testing/flow-generator.ts'
import { golden } from '../testing/golden.ts'
import { testdata } from '../testing/project.ts'
import { openArchive } from './archive-reader.ts'
import { rowsOfBlock, testWriter } from './testing/files.ts'
import { randomBatches } from './testing/random-batches.ts'
import { verifyArchive } from './verify.ts'

// Files of format version 1 must read the same for ever. FREEZE=1 writes those that are missing; none is ever
// written again.
const FOLDER = testdata('archive', 'v1')

if (process.env['FREEZE'] === '1') {
  mkdirSync(FOLDER, { recursive: true })
  freeze('flows.weir', 200, (append) => {
    const generator = new FlowGenerator(11)
    const batch = new FlowBatch()
    generator.fill(batch)
    batch.rowCount = 240
    append(batch)
  })
  freeze('all-kinds.weir', 16, (append) => {
    const next = randomBatches(12)
    for (let i = 0; i < 8; i++) append(next(7))
  })
  freeze('cut.weir.part', 40, (append) => {
    const next = randomBatches(13, 6)
    for (let i = 0; i < 8; i++) append(next(20))
  })
}

function freeze(name: string, blockRows: number, fill: (append: (batch: FlowBatch) => void) => void): void {
  const path = join(FOLDER, name)
  if (existsSync(path)) return
  const writer = testWriter(path.replace(/\.part$/, ''), blockRows)
  fill((batch) => writer.append(batch))
  if (name.endsWith('.part')) writer.sync()
  else writer.close()
  if (!existsSync(path)) renameSync(`${path}.part`, path)
}

/** A line per block, column and row: what must never change. */
function textOf(path: string): string {
  const reader = openArchive(path)
  const layouts: string[] = []
  const spell = (layout: string): number => {
    if (!layouts.includes(layout)) layouts.push(layout)
    return layouts.indexOf(layout)
  }
  const lines = [`${reader.schema.stream} ${reader.state} ${reader.blocks.length} blocks`]
  for (const [index, info] of reader.blocks.entries()) {
    const { kind, rows, leastReceived, greatestReceived, leastStart, greatestEnd, octets, packets } = info
    lines.push(
      `block ${index} ${kind} ${rows} rows, received ${leastReceived}-${greatestReceived}, ` +
        `${leastStart}-${greatestEnd}, ${octets} octets, ${packets} packets`,
    )
    for (const { name, least, greatest } of reader.block(index)!.columns)
      lines.push(`  ${name} ${least}-${greatest}`)
    // What many rows share is printed once: their columns, and their layouts.
    let names = ''
    for (const { layoutText, ...row } of rowsOfBlock(reader, index)) {
      if (layoutText !== undefined) row['layout'] = spell(layoutText)
      const columns = Object.keys(row).join(' ')
      if (columns !== names) lines.push(columns)
      names = columns
      lines.push(
        JSON.stringify(Object.values(row), (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
      )
    }
  }
  assert.equal(reader.problems, [])
  reader.close()
  return `${[...lines, ...layouts].join('\n')}\n`
}

for (const name of existsSync(FOLDER) ? readdirSync(FOLDER).sort() : []) {
  if (!/\.weir(\.part)?$/.test(name)) continue
  test(`the frozen file ${name} of version 1 reads as it always did`, () => {
    const path = join(FOLDER, name)
    assert.not.equal(verifyArchive(path).state, 'damaged')
    golden(`testdata/archive/v1/${name}.golden`, textOf(path))
  })
}

test('there are frozen files', () => {
  assert.ok(readdirSync(FOLDER).filter((name) => name.includes('.weir')).length >= 3)
})

test.run()
