import { parentPort, type Transferable } from 'node:worker_threads'
import { type ArchiveReader, openArchive } from '../lib/archive/archive-reader.ts'
import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { ExporterNames } from '../lib/enrich/exporter-names.ts'
import { BlockDealer } from '../lib/report/block-dealer.ts'
import type { Query } from '../lib/report/query.ts'
import { queryOf, type Setting } from '../lib/report/question.ts'
import { asRollup } from '../lib/report/rollup-rows.ts'
import { runPart } from '../lib/report/run.ts'
import { askedOfRollups } from './analyze-rollups.ts'
import { knowSetting, type Naming, type SettingOptions } from './analyze-setting.ts'
import type { AnalyzeThreadEnd, AnalyzeThreadStart } from './analyze-threads.ts'
import { newStderrLog } from './collect-log.ts'

// A thread that answers part of the questions of `weir analyze`.

async function run(start: AnalyzeThreadStart): Promise<AnalyzeThreadEnd> {
  const files: ArchiveReader[] = []
  try {
    if (!openAll(start, files)) return { kind: 'unfit' }
    const { memoryOctets, temporaryDirectory, rollups } = start
    const options = { memoryOctets, temporaryDirectory }
    const inputs = rollups == null ? files : files.map((file, i) => asRollup(file, rollups.records[i]!))
    const dealer = new BlockDealer(start.dealer)
    const part = await runPart(await queriesOf(start), inputs, options, dealer, rollups?.expected)
    return { kind: 'part', part }
  } finally {
    for (const file of files) file.close()
  }
}

/** Opens the files; false where one is not what it was when the question was asked. */
function openAll({ archives }: AnalyzeThreadStart, files: ArchiveReader[]): boolean {
  for (const { path, blocks, codes } of archives) {
    const file = openArchive(path)
    files.push(file)
    if (file.state !== 'finished' || file.blocks.length !== blocks || file.addresses.codes !== codes)
      return false
  }
  return true
}

async function queriesOf({ asking, nowMs, said = null, rollups }: AnalyzeThreadStart): Promise<Query[]> {
  const log = newStderrLog({ logLevel: 'error', logFormat: 'text', errorCount: 0, errorIntervalMs: 0 })
  const names = new ExporterNames(said)
  const naming: Naming = {
    applicationName: (exporter, id) => names.applicationName(exporter, id),
    interfaceName: (exporter, index) => names.interfaceName(exporter, index),
  }
  const settings = new Map<SettingOptions, Setting>()
  const queries: Query[] = []
  for (const { options, question } of asking) {
    let setting = settings.get(options)
    if (setting === undefined) {
      setting = (await knowSetting(options, log, nowMs, naming)).setting
      settings.set(options, setting)
    }
    const query = queryOf(question, setting)
    queries.push(rollups == null ? query : askedOfRollups(query, rollups))
  }
  return queries
}

/** Memory that moves instead of being copied. */
function buffersIn(value: unknown, found = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    // Empty ones may be constants that are needed again.
    if (value.buffer instanceof ArrayBuffer && value.buffer.byteLength > 0) found.add(value.buffer)
  } else if (value !== null && typeof value === 'object' && !(value instanceof Set)) {
    for (const inner of Object.values(value)) buffersIn(inner, found)
  }
  return found
}

function failureOf(error: unknown): AnalyzeThreadEnd {
  // A file that is gone is met by the thread that opened it first: it has it still.
  if (error instanceof FlowError && (error.code === 'FILE_UNREADABLE' || error.code === 'ARCHIVE_CORRUPT'))
    return { kind: 'unfit' }
  if (error instanceof FlowError) return { kind: 'failed', code: error.code, message: error.message }
  throw error
}

/** Answers one start after the other. Files that parts lie in stay open: whoever asked closes them. */
async function answer(start: AnalyzeThreadStart): Promise<void> {
  const said = await run(start).catch(failureOf)
  parentPort!.postMessage(said, [...buffersIn(said)] as Transferable[])
}

parentPort!.on('message', (start: AnalyzeThreadStart) => void answer(start))
