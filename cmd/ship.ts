import { statSync } from 'node:fs'
import type { LimitedLog } from '../lib/diagnostics/log-writer.ts'
import { Control } from '../lib/pipeline/control.ts'
import { newStderrLog } from './collect-log.ts'
import { stopOnSignals } from './collect-signals.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import type { GivenFlags } from './flags.ts'
import { Progress, tell } from './progress.ts'
import { RejectsFile } from './rejects-file.ts'
import { excludes } from './ship/excluded-files.ts'
import { serveShip } from './ship/ship-metrics.ts'
import { ShipRun } from './ship/ship-run.ts'
import { ShipState } from './ship/ship-state.ts'
import { type ShipWords, sortWords } from './ship/ship-words.ts'
import { type ShipOptions, shipOptions } from './ship-flags.ts'
import { UsageError } from './usage-error.ts'

/** What `weir ship` was asked to do, checked; throws UsageError. */
export function ship(given: GivenFlags, operands: readonly string[]): () => Promise<ExitStatus> {
  const options = shipOptions(given)
  return () => runShip(options, operands)
}

async function runShip(options: ShipOptions, operands: readonly string[]): Promise<ExitStatus> {
  checkWords(options, operands)
  const log = newStderrLog({ ...options, errorCount: 3, errorIntervalMs: 10_000 })
  const { stateFolder, delivery, filter } = options
  const isExcluded = await excludes(options.excludeFiles)
  const rowFilter =
    filter === null ? null : await (await import('./row-filter.ts')).newRowFilter(filter, 'UTC', Date.now())
  const rejects = options.rejects === null ? null : new RejectsFile(options.rejects)
  const isPrinting = options.servers === null
  if (!isPrinting && stateFolder === null && operands.some((word) => word !== '-')) {
    log.warn('how far files were sent is not remembered: name a folder with --state')
  }
  const state = await ShipState.open(stateFolder, isPrinting ? { ...delivery, deadLetter: null } : delivery)
  try {
    const words = sortWords(operands)
    const run = new ShipRun({ options, words, state, filter: rowFilter, isExcluded, rejects, log })
    await runUntilSignal(run, options, words, log)
    return summarise(run, isPrinting)
  } finally {
    rejects?.close()
    log.finish()
    state.close()
  }
}

function checkWords({ servers }: ShipOptions, operands: readonly string[]): void {
  if (servers?.addresses.length === 0) {
    throw new UsageError('ship: no server is named; want weir ship FILE --to URL, or --to - to print')
  }
  if (operands.length === 0) {
    throw new UsageError('ship: a file, folder or - is missing, want weir ship FILE --to URL')
  }
  if (operands.filter((word) => word === '-').length > 1) {
    throw new UsageError('ship: - is there twice, but standard input can be read only once')
  }
}

const PROGRESS_MS = 250
const SIGNAL_MS = 50

async function runUntilSignal(
  run: ShipRun,
  options: ShipOptions,
  words: ShipWords,
  log: LimitedLog,
): Promise<void> {
  const control = new Control()
  const end = new AbortController()
  stopOnSignals({ control, log })
  process.on('SIGHUP', () => run.reopen())
  const progress = new Progress(options.progress)
  const total = options.isFollowing ? 0 : octetsOf(words)
  const looking = setInterval(() => {
    if (control.isStopping) end.abort()
  }, SIGNAL_MS)
  let told = 0
  const show = () => {
    progress.update(run.made, run.octets, total === 0 ? 0 : total - run.passedOctets)
    const { acknowledged = 0 } = run.sender.counts ?? {}
    if (options.progress !== 'always' || acknowledged === told) return
    told = acknowledged
    tell(`acknowledged ${told} documents\n`)
  }
  const showing = setInterval(show, PROGRESS_MS).unref()
  const http = options.http === null || !options.isFollowing ? null : await serveShip(run, options.http, log)
  try {
    await run.run(end.signal)
  } finally {
    clearInterval(looking)
    clearInterval(showing)
    show()
    progress.end()
    await http?.close()
  }
}

/** Says what was done, and what the exit status says of it. */
function summarise(run: ShipRun, isPrinting: boolean): ExitStatus {
  const { missing, bad } = run.troubles
  const { counts } = run.sender
  if (!isPrinting) {
    const { acknowledged = 0, duplicates = 0, rejected = 0 } = counts ?? {}
    const there = duplicates > 0 ? `, ${duplicates} of them there before` : ''
    const kept = run.removedDeadLetters > 0 ? ` (${run.removedDeadLetters} of the dead letters removed)` : ''
    const flaws = run.documents.failed > 0 ? `, ${run.documents.failed} lines are no flows` : ''
    tell(
      `${run.files} ${run.files === 1 ? 'file' : 'files'}, ${acknowledged} documents sent${there}, ${rejected} refused${kept}${flaws}\n`,
    )
  } else if (run.documents.failed > 0) {
    tell(`${run.documents.failed} lines are no flows\n`)
  }
  // Whoever wanted it done must see that it is not.
  if (run.isCut || (missing > 0 && run.files === 0)) return EXIT.failed
  return missing + bad + (counts?.rejected ?? 0) > 0 ? EXIT.badInput : EXIT.done
}

/** Octets of all files that the words name, to know how much is left; 0 where that cannot be known. */
function octetsOf({ hasStdin, logs, archives, inputs }: ShipWords): number {
  if (hasStdin) return 0
  let octets = 0
  for (const path of [...logs, ...archives, ...inputs]) {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat?.isFile() !== true) return 0
    octets += stat.size
  }
  return octets
}
