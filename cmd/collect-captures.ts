import { loadState, saveState } from '../lib/decode/state-file.ts'
import { encodeFamilies } from '../lib/http/prometheus-text.ts'
import { collectorRoutes } from '../lib/http/routes.ts'
import { startHttpServer } from '../lib/http/server.ts'
import { processMetrics } from '../lib/pipeline/process-metrics.ts'
import { type CaptureStatistics, readCapture } from '../lib/receive/capture.ts'
import { openArchives } from './collect-archive-start.ts'
import { CaptureSpool } from './collect-capture-spool.ts'
import type { Engine } from './collect-engine.ts'
import type { CollectRun } from './collect-run.ts'
import { reloadOnHangup, stopOnSignals } from './collect-signals.ts'
import { openStateFolder, StateKeeper, trySaving } from './collect-state.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import { newEngine } from './new-engine.ts'

/** How often the engine is looked after. */
const LOOK_MS = 100

/** Thrown through the capture's reader when somebody wants us to end. */
class Stopped extends Error {}

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
  const reader = new CaptureLoop(run, engine)
  const status = await reader.read()
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

/** Reads the captures and sees how it went. */
class CaptureLoop {
  readonly #run: CollectRun
  readonly #engine: Engine
  readonly #stop = Promise.withResolvers<never>()
  #seen = 0
  #lookedMs = 0
  /** Of the last datagram, in milliseconds: what is stale is judged by the capture's clock. */
  #captureMs = 0

  constructor(run: CollectRun, engine: Engine) {
    this.#run = run
    this.#engine = engine
  }

  async read(): Promise<ExitStatus> {
    const { options, log } = this.#run
    let unreadable = 0
    let isBad = false
    // A pipe may say nothing for long: what it gave before is written, and a signal is heeded.
    this.#stop.promise.catch(() => {})
    const looking = setInterval(() => this.#lookWhileWaiting(), LOOK_MS)
    for (const path of options.read) {
      try {
        isBad = this.#tell(path, await this.#readOne(path)) || isBad
      } catch (error) {
        if (error instanceof Stopped) break
        if ((error as Error).name !== 'FlowError') throw error
        log.error('capture skipped', { error: (error as Error).message })
        unreadable++
      }
    }
    clearInterval(looking)
    if (unreadable === options.read.length) return EXIT.failed
    return unreadable > 0 || isBad ? EXIT.badInput : EXIT.done
  }

  #readOne(path: string): Promise<CaptureStatistics> {
    const { options, log } = this.#run
    const reading = readCapture(path, {
      log,
      ...(options.readPorts.length === 0 ? {} : { ports: new Set(options.readPorts) }),
      onDatagram: (datagram) => {
        this.#engine.take(datagram, 'flow')
        // The clock is asked for every few datagrams only.
        if ((++this.#seen & 15) !== 0) return
        this.#captureMs = Number(datagram.receivedNs[0]! / 1_000_000n)
        this.#look()
      },
    })
    return Promise.race([reading, this.#stop.promise])
  }

  #lookWhileWaiting(): void {
    try {
      this.#look()
    } catch (error) {
      this.#stop.reject(error)
    }
  }

  #look(): void {
    const nowMs = performance.now()
    if (nowMs - this.#lookedMs < LOOK_MS) return
    this.#lookedMs = nowMs
    const { control, log } = this.#run
    this.#engine.poll(nowMs, this.#captureMs)
    log.tick()
    if (control.isStopping || control.isBroken) throw new Stopped()
  }

  /** Says what a capture held; returns whether some of it was bad or missing. */
  #tell(path: string, statistics: CaptureStatistics): boolean {
    const { packets, datagrams, incomplete, cut, unreadable, damage } = statistics
    const isBad = damage !== undefined || incomplete > 0 || cut > 0 || unreadable > 0
    this.#run.log[isBad ? 'warn' : 'info'](isBad ? 'capture read in part' : 'capture read', {
      file: path,
      packets,
      datagrams,
      ...(isBad ? { incomplete, cut, unreadable } : {}),
    })
    return isBad
  }
}
