import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { faultsOf, runKilled, startNumberedWriter } from './testing/numbered-lines.ts'

// The long form is `npm run fuzz -- rotate`.
const NEVER = 1e9

test('runs that are killed lose no line and give none twice, while the log is written', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-rotate-'))
  const writer = await startNumberedWriter(folder)
  try {
    const calls = (await runKilled(writer, 'zstd', false, NEVER))!
    assert.ok(calls > 15, `${calls} calls`)
    let killed = 0
    for (let i = 0; i < 13; i++) {
      const at = 1 + Math.floor(Math.random() * calls)
      if ((await runKilled(writer, (['none', 'gzip', 'zstd'] as const)[i % 3]!, false, at)) === null) killed++
    }
    assert.ok(killed > 7, `${killed} killed`)
  } finally {
    const count = await writer.stop()
    await runKilled(writer, 'gzip', false, NEVER)
    const faults = faultsOf(folder, count)
    rmSync(folder, { recursive: true })
    assert.ok(count > 500, `${count} lines`)
    assert.equal(faults.slice(0, 10), [])
  }
})

test('copying runs that are killed neither lose nor double what was there before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-rotate-'))
  const files = { log: join(folder, 'flows.log'), pidFile: '' }
  let count = 0
  const add = () => appendFileSync(files.log, `line ${++count}\nline ${++count}\n`)
  writeFileSync(files.log, '')
  try {
    for (let i = 0; i < 5; i++) {
      add()
      await runKilled(files, i % 2 === 0 ? 'none' : 'zstd', true, 3 + i * 7)
    }
    add()
    await runKilled(files, 'zstd', true, NEVER)
    assert.equal(faultsOf(folder, count), [])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.run()
