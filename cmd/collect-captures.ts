import { loadState, saveState } from '../lib/decode/state-file.ts'
import { encodeFamilies } from '../lib/http/prometheus-text.ts'
import { collectorRoutes } from '../lib/http/routes.ts'
import { startHttpServer } from '../lib/http/server.ts'
import { processMetrics } from '../lib/pipeline/process-metrics.ts'
import { type CaptureStatistics, readCapture } from '../lib/receive/capture.ts'
import { CaptureFiles } from './capture-files.ts'
import { openArchives } from './collect-archive-start.ts'
import { CaptureSpool } from './collect-capture-spool.ts'
import type { Engine } from './collect-engine.ts'
import type { CollectRun } from './collect-run.ts'
import { reloadOnHangup, stopOnSignals } from './collect-signals.ts'
import { openStateFolder, StateKeeper, trySaving } from './collect-state.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import { newEngine } from './new-engine.ts'

/** Reads captures one after the other, as if received at their time, and ends behind the last one. */
export async function collectCaptures(run: CollectRun): Promise<ExitStatus> {
  const { options, control, log } = run
  const startedMs = Date.now()
  // Opening a pipe waits for its reader, and until then a signal must end the process by itself.
  const spool = options.ship === null ? null : new CaptureSpool(options.ship)
  const archive = openArchives(run, spool, log)
  const engine = newEngine({ options, mapping: run.mapping, control, log, archive })
  stopOnSignals(run)
  reloadOnHangup(run, async (text) => engine.remap(text))
  const directory = openStateFolder(options, log)
  if (directory !== null) engine.restoreState(await loadState(directory, log))
  const view = {
    isReady: () => true,
    isHealthy: () => true,
    metrics: async () => [encodeFamilies([...engine.metrics(), ...processMetrics(startedMs)])],
    templates: async () => engine.templates(),
  }
  const { http } = options
  const server =
    http === null
      ? null
      : await startHttpServer({ ...http, routes: collectorRoutes(view, http.templatesPath), log })

  const save = async () => {
    const state = engine.saveState()
    if (directory !== null && state !== null) await saveState(directory, [state])
  }
  const keeper = new StateKeeper(save, log)
  const status = await captureFiles(run, engine).read()
  // A pipe that stays open would keep the process alive.
  if (options.read.includes('-')) process.stdin.destroy()
  engine.close()
  await keeper.stop()
  await trySaving(save, log)
  await spool?.send(log)
  await server?.close()
  const issues = engine.issues()
  if (issues.length > 0) log.info('faults in the datagrams', Object.fromEntries(issues))
  log.finish()
  return control.hasLost || archive?.hasLost === true ? EXIT.failed : status
}

function captureFiles(run: CollectRun, engine: Engine): CaptureFiles<CaptureStatistics> {
  const { options, log } = run
  let seen = 0
  /** Of the last datagram, in milliseconds: what is stale is judged by the capture's clock. */
  let captureMs = 0
  const captures = new CaptureFiles<CaptureStatistics>({
    files: options.read,
    run,
    readOne: (path) =>
      readCapture(path, {
        log,
        ...(options.readPorts.length === 0 ? {} : { ports: new Set(options.readPorts) }),
        onDatagram: (datagram) => {
          engine.take(datagram, 'flow')
          // The clock is asked for every few datagrams only.
          if ((++seen & 15) !== 0) return
          captureMs = Number(datagram.receivedNs[0]! / 1_000_000n)
          captures.look()
        },
      }),
    tell(path, { packets, datagrams, incomplete, cut, unreadable, damage }) {
      const isBad = damage !== undefined || incomplete > 0 || cut > 0 || unreadable > 0
      log[isBad ? 'warn' : 'info'](isBad ? 'capture read in part' : 'capture read', {
        file: path,
        packets,
        datagrams,
        ...(isBad ? { incomplete, cut, unreadable } : {}),
      })
      return isBad
    },
    poll: (nowMs) => engine.poll(nowMs, captureMs),
  })
  return captures
}
