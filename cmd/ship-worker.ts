import { unlinkSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { newLog } from '../lib/diagnostics/log-writer.ts'
import { describeFailure } from './collect-failure.ts'
import type { ShipNews, ShipQuestion, ShipThreadStart } from './collect-ship.ts'
import { shipMetrics } from './ship/ship-metrics.ts'
import { ShipRun } from './ship/ship-run.ts'
import { ShipState } from './ship/ship-state.ts'

// The thread that sends what the collector's spool holds.

const METRICS_MS = 1000
/** Where nothing is done for this long at the end, the server is away. */
const STILL_MS = 1500

async function run({ options, spool }: ShipThreadStart): Promise<void> {
  const port = parentPort!
  const say = (news: ShipNews) => port.postMessage(news)
  const log = newLog({
    level: options.logLevel,
    limits: { count: 3, intervalMs: 10_000 },
    now: () => performance.now(),
    write: (level, message, attributes) => say({ kind: 'log', level, message, attributes }),
  })
  const end = new AbortController()
  const drained = new AbortController()
  let state: ShipState | null = null
  try {
    const opened = await ShipState.open(options.stateFolder, options.delivery)
    state = opened
    const shipping = new ShipRun({
      options,
      words: { hasStdin: false, logs: [], archives: [spool], inputs: [] },
      state,
      filter: null,
      isExcluded: () => false,
      rejects: null,
      log,
      drain: drained.signal,
      onArchiveDone: (path, key) => remove(path, () => opened.positions.forget(key)),
    })
    port.on('message', (question: ShipQuestion) => {
      if (question === 'reopen') shipping.reopen()
      else if (question === 'end') end.abort()
      else drained.abort()
      if (question === 'drain') void endWhenStill(shipping, end)
    })
    const telling = setInterval(() => say({ kind: 'metrics', families: shipMetrics(shipping) }), METRICS_MS)
    try {
      await shipping.run(end.signal)
    } finally {
      clearInterval(telling)
      say({ kind: 'metrics', families: shipMetrics(shipping) })
    }
    say({ kind: 'done', failure: null })
  } catch (error) {
    say({ kind: 'done', failure: describeFailure(error) })
  } finally {
    log.finish()
    state?.close()
    port.close()
  }
}

/** Ends it once nothing is done any more: the server is away, and the spool keeps the rest. */
async function endWhenStill(shipping: ShipRun, end: AbortController): Promise<void> {
  for (let before = -1; !end.signal.aborted; ) {
    const done = shipping.sender.counts?.acknowledged ?? 0
    if (done === before) end.abort()
    before = done
    await wait(STILL_MS, undefined, { ref: false })
  }
}

/** What was sent is wanted no more. */
function remove(path: string, forget: () => void): void {
  try {
    unlinkSync(path)
    forget()
  } catch {
    // Its writer has not given it its name yet: the next look finds it.
  }
}

void run(workerData as ShipThreadStart)
