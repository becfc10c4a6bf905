import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ARCHIVE_CALLS } from '../lib/archive/archive-calls.ts'
import { openArchive } from '../lib/archive/archive-reader.ts'
import { FileWriter } from '../lib/archive/file-writer.ts'
import { SILENT } from '../lib/diagnostics/log.ts'
import { ExporterNames } from '../lib/enrich/exporter-names.ts'
import { FlowBatch } from '../lib/flow/batch.ts'
import { EMPTY_QUESTION, queryOf } from '../lib/report/question.ts'
import { runQueries } from '../lib/report/run.ts'
import { FlowGenerator } from '../lib/testing/flow-generator.ts'
import type { SettingOptions } from './analyze-setting.ts'
import { knowSetting } from './analyze-setting.ts'
import { helpingThreads } from './analyze-threads.ts'
import { ALL_TIMES } from './times.ts'

const OPTIONS: SettingOptions = {
  local: 'private',
  as: undefined,
  asSource: 'auto',
  filter: null,
  timeZone: 'UTC',
  isRaw: true,
  range: ALL_TIMES,
  allocation: 'proportional',
  activeTimeoutMs: null,
  deduplicate: 'none',
  asked: { fromNs: null, toNs: null, binMs: null },
}
const QUESTION = { ...EMPTY_QUESTION, by: ['src.ip', 'dst.ip', 'src.port'], sum: ['bytes', 'flows'] }

const directory = mkdtempSync(join(tmpdir(), 'weir-threads-'))
const path = join(directory, 'flows.weir')
const limits = { blockRows: 4096, mostAddresses: 100_000 }
const shared = { stream: 'test', createdNs: 0n, calls: ARCHIVE_CALLS, log: SILENT }
const writer = new FileWriter({ path, ...limits, ...shared })
const generator = new FlowGenerator(3)
const batch = new FlowBatch()
for (let i = 0; i < 6; i++) {
  batch.reset()
  generator.fill(batch)
  writer.append(batch)
}
writer.close()

test.after(() => rmSync(directory, { recursive: true, force: true }))

test('a thread answers one question after the other, also where groups go to disk', async () => {
  const { setting } = await knowSetting(OPTIONS, SILENT, 0)
  const query = { ...queryOf(QUESTION, setting), limit: 20 }
  const file = openArchive(path)
  const archives = [{ path, blocks: file.blocks.length, codes: file.addresses.codes }]
  const options = { memoryOctets: 2 ** 20, temporaryDirectory: directory }
  const [alone] = await runQueries([query], [file], options)
  file.close()
  const asking = [{ options: OPTIONS, question: { ...QUESTION, top: [20] } }]
  for (let time = 0; time < 3; time++) {
    const again = openArchive(path)
    const helpers = helpingThreads(1, true, { asking, archives, nowMs: 0, ...options })
    // The thread has all blocks.
    const parts = helpers.parts()
    await parts
    const dealer = { ...helpers, parts: () => parts }
    const [shared] = await runQueries([query], [again], { ...options, helpers: dealer })
    assert.equal(shared!.rows, alone!.rows)
    assert.equal(shared!.totals, alone!.totals)
    helpers.close()
    again.close()
  }
})

test('threads know the names that exporters gave', async () => {
  const file = openArchive(path)
  const options = { memoryOctets: 2 ** 26, temporaryDirectory: directory }
  const { setting } = await knowSetting(OPTIONS, SILENT, 0)
  const byIndex = { ...QUESTION, by: ['in.if'] }
  const [indexes] = await runQueries([queryOf(byIndex, setting)], [file], options)
  const [index, bytes] = indexes!.rows[0]!
  const names = new ExporterNames()
  names.addFile(`*,${index},uplink`, 'names')
  const own = { ...OPTIONS, filter: 'in.if.name uplink' }
  const archives = [{ path, blocks: file.blocks.length, codes: file.addresses.codes }]
  const start = {
    asking: [{ options: own, question: byIndex }],
    archives,
    nowMs: 0,
    said: names.state,
    ...options,
  }
  const helpers = helpingThreads(1, true, start)
  // The thread has all blocks.
  const parts = helpers.parts()
  await parts
  const naming = { applicationName: () => '', interfaceName: () => '' }
  const known = await knowSetting(own, SILENT, 0, naming)
  const dealer = { ...helpers, parts: () => parts }
  const [answer] = await runQueries([queryOf(byIndex, known.setting)], [file], {
    ...options,
    helpers: dealer,
  })
  assert.equal(
    answer!.rows.map(([key, sum]) => [key, sum]),
    [[index, bytes]],
  )
  helpers.close()
  file.close()
})

test.run()
