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
  const writer = await startNumberedWriter(folder, 'slow')
  try {
    const calls = (await runKilled(writer, 'zstd', false, NEVER))!
    assert.ok(calls > 15, `${calls} calls`)
    let killed = 0
    for (let i = 0; i < 11; i++) {
      const at = 1 + Math.floor(Math.random() * calls)
      if ((await runKilled(writer, (['none', 'gzip', 'zstd'] as const)[i % 3]!, false, at)) === null) killed++
    }
    assert.ok(killed > 6, `${killed} killed`)
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
  // Before and after the calls that empty the log, name its copy, and remove that once it is compressed.
  const killedAt = async (at: number): Promise<void> => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-rotate-'))
    const files = { log: join(folder, 'flows.log'), pidFile: '' }
    writeFileSync(files.log, 'line 1\nline 2\n')
    try {
      assert.is(await runKilled(files, 'zstd', true, at), null)
      appendFileSync(files.log, 'line 3\nline 4\n')
      await runKilled(files, 'zstd', true, NEVER)
      assert.equal(faultsOf(folder, 4), [], `killed at ${at}`)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  await Promise.all([24, 33, 44, 76, 89].map(killedAt))
})

test.run()
