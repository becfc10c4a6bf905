import { readFileSync } from 'node:fs'
import { type Transferable, Worker } from 'node:worker_threads'

// What the executable has inside and the sources have in files (build.mjs puts it there).

/** Worker scripts: each is a file of this folder, and a part of the executable's program (program.ts). */
export type WorkerName =
  | 'collect-worker'
  | 'collect-packet-worker'
  | 'collect-archive-worker'
  | 'ship-worker'
  | 'analyze-worker'
  | 'log-worker'

const sea = process.getBuiltinModule('node:sea')
const isExecutable = sea?.isSea() ?? false

/**
 * Starts a worker thread from its source file, or from the text inside the executable. `workerData` is cloned; what
 * `transferList` names moves.
 */
export function startWorker(
  name: WorkerName,
  workerData: unknown,
  transferList: readonly Transferable[] = [],
): Worker {
  const options = { workerData, transferList: [...transferList], name }
  if (isExecutable) {
    return new Worker(sea.getAsset('thread.js', 'utf8'), { ...options, argv: [name], eval: true })
  }
  return new Worker(new URL(`./${name}.ts`, import.meta.url), options)
}

/** Data files: each is an asset of the executable under this name, and lies here in the sources. */
const DATA_FILES = {
  'networks.bin': '../lib/enrich/data/networks.bin',
  'chart.js': '../node_modules/uplot/dist/uPlot.iife.min.js',
  'chart.css': '../node_modules/uplot/dist/uPlot.min.css',
  'page.js': '../lib/report/html/page.js',
  'page.css': '../lib/report/html/page.css',
} as const

/** The octets of a data file, in place where it is inside the executable. */
export function readDataFile(name: keyof typeof DATA_FILES): Uint8Array {
  if (isExecutable) return new Uint8Array(sea.getRawAsset(name) as ArrayBuffer)
  return readFileSync(new URL(DATA_FILES[name], import.meta.url))
}
