import { encodeFamilies } from '../lib/http/prometheus-text.ts'
import { collectorRoutes } from '../lib/http/routes.ts'
import { startHttpServer } from '../lib/http/server.ts'
import { processMetrics } from '../lib/pipeline/process-metrics.ts'
import { compilePacketFilter } from '../lib/receive/bpf.ts'
import { type PacketCaptureStatistics, readPacketCapture } from '../lib/receive/packet-capture.ts'
import { openArchives } from './collect-archive-start.ts'
import { CaptureSpool } from './collect-capture-spool.ts'
import { PacketEngine } from './collect-packet-engine.ts'
import type { CollectRun } from './collect-run.ts'
import { reloadOnHangup, stopOnSignals } from './collect-signals.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import type { PacketOptions } from './packet-flags.ts'

/** How often the engine is looked after. */
const LOOK_MS = 100
/** The clock is asked for every so many packets. */
const LOOK_EVERY = 1024

/** Thrown through the capture's reader when somebody wants us to end. */
class Stopped extends Error {}

/** Tracks the flows of packets in captures, one file after the other, and reports all of them behind the last one. */
export async function collectPacketFiles(run: CollectRun, packets: PacketOptions): Promise<ExitStatus> {
  const { options, control, log } = run
  const startedMs = Date.now()
  const spool = options.ship === null ? null : new CaptureSpool(options.ship)
  const archive = openArchives(run, spool, log)
  const settings = { options, mapping: run.mapping, control, log, archive }
  const engine = new PacketEngine(settings, packets, {
    observer: null,
    ingressInterface: 0,
    clock: packets.isWallClock ? 'wall' : 'capture',
  })
  stopOnSignals(run)
  reloadOnHangup(run, async (text) => engine.remap(text))
  const view = {
    isReady: () => true,
    isHealthy: () => true,
    metrics: async () => [encodeFamilies([...engine.metrics(), ...processMetrics(startedMs)])],
    templates: async () => ({}),
  }
  const { http } = options
  const server =
    http === null ? null : await startHttpServer({ ...http, routes: collectorRoutes(view, ''), log })
  const status = await new PacketLoop(run, packets, engine).read()
  // A pipe that stays open would keep the process alive.
  if (packets.files.includes('-')) process.stdin.destroy()
  engine.close()
  await spool?.send(log)
  await server?.close()
  log.finish()
  return control.hasLost || archive?.hasLost === true ? EXIT.failed : status
}

/** Reads the captures and sees how it went. */
class PacketLoop {
  readonly #run: CollectRun
  readonly #packets: PacketOptions
  readonly #engine: PacketEngine
  readonly #stop = Promise.withResolvers<never>()
  #seen = 0
  #lookedMs = 0

  constructor(run: CollectRun, packets: PacketOptions, engine: PacketEngine) {
    this.#run = run
    this.#packets = packets
    this.#engine = engine
  }

  async read(): Promise<ExitStatus> {
    const { log } = this.#run
    const { files } = this.#packets
    let unreadable = 0
    let isBad = false
    // A pipe may say nothing for long: what it gave before is written, and a signal is heeded.
    this.#stop.promise.catch(() => {})
    const looking = setInterval(() => this.#lookWhileWaiting(), LOOK_MS)
    try {
      for (const path of files) {
        try {
          isBad = this.#tell(path, await this.#readOne(path)) || isBad
        } catch (error) {
          if (error instanceof Stopped) break
          const { name, code, message } = error as Error & { code?: string }
          // A filter that is wrong is so for every file.
          if (name !== 'FlowError' || code === 'FILTER_INVALID') throw error
          log.error('capture skipped', { error: message })
          unreadable++
        }
      }
    } finally {
      clearInterval(looking)
    }
    if (unreadable === files.length) return EXIT.failed
    return unreadable > 0 || isBad ? EXIT.badInput : EXIT.done
  }

  #readOne(path: string): Promise<PacketCaptureStatistics> {
    const { filter } = this.#packets
    const { take, tracker } = this.#engine
    tracker.beginCapture()
    const reading = readPacketCapture(path, {
      log: this.#run.log,
      filterOf: (link) => (filter === null ? null : compilePacketFilter(filter, link)),
      onPacket: take,
      afterPacket: () => {
        if (++this.#seen % LOOK_EVERY === 0) this.#look()
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
    this.#engine.poll(nowMs)
    log.tick()
    if (control.isStopping || control.isBroken) throw new Stopped()
  }

  /** Says what a capture held; returns whether some of it was bad or missing. */
  #tell(path: string, { packets, filtered, unreadable, damage }: PacketCaptureStatistics): boolean {
    const { log } = this.#run
    const isBad = damage !== null || unreadable > 0
    log[isBad ? 'warn' : 'info'](isBad ? 'capture read in part' : 'capture read', {
      file: path,
      packets,
      ...(filtered > 0 ? { filtered } : {}),
      flows: this.#engine.tracker.table.count,
      ...(isBad ? { unreadable, damage: damage ?? '' } : {}),
    })
    return isBad
  }
}
