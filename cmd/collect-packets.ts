import { encodeFamilies } from '../lib/http/prometheus-text.ts'
import { collectorRoutes } from '../lib/http/routes.ts'
import { startHttpServer } from '../lib/http/server.ts'
import { processMetrics } from '../lib/pipeline/process-metrics.ts'
import { compilePacketFilter } from '../lib/receive/bpf.ts'
import { type PacketCaptureStatistics, readPacketCapture } from '../lib/receive/packet-capture.ts'
import { CaptureFiles } from './capture-files.ts'
import { openArchives } from './collect-archive-start.ts'
import { CaptureSpool } from './collect-capture-spool.ts'
import { PacketEngine } from './collect-packet-engine.ts'
import type { CollectRun } from './collect-run.ts'
import { reloadOnHangup, stopOnSignals } from './collect-signals.ts'
import { EXIT, type ExitStatus } from './exit.ts'
import type { PacketOptions } from './packet-flags.ts'

/** The clock is asked for every so many packets. */
const LOOK_EVERY = 1024

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
  const status = await packetFiles(run, packets, engine).read()
  // A pipe that stays open would keep the process alive.
  if (packets.files.includes('-')) process.stdin.destroy()
  engine.close()
  await spool?.send(log)
  await server?.close()
  log.finish()
  return control.hasLost || archive?.hasLost === true ? EXIT.failed : status
}

function packetFiles(
  run: CollectRun,
  packets: PacketOptions,
  engine: PacketEngine,
): CaptureFiles<PacketCaptureStatistics> {
  const { log } = run
  const { filter, files } = packets
  const { take, tracker } = engine
  let seen = 0
  const captures = new CaptureFiles<PacketCaptureStatistics>({
    files,
    run,
    readOne(path) {
      tracker.beginCapture()
      return readPacketCapture(path, {
        log,
        filterOf: (link) => (filter === null ? null : compilePacketFilter(filter, link)),
        onPacket: take,
        afterPacket: () => {
          if (++seen % LOOK_EVERY === 0) captures.look()
        },
      })
    },
    tell(path, { packets, filtered, unreadable, damage }) {
      const isBad = damage !== null || unreadable > 0
      log[isBad ? 'warn' : 'info'](isBad ? 'capture read in part' : 'capture read', {
        file: path,
        packets,
        ...(filtered > 0 ? { filtered } : {}),
        flows: tracker.table.count,
        ...(isBad ? { unreadable, damage: damage ?? '' } : {}),
      })
      return isBad
    },
    poll: (nowMs) => engine.poll(nowMs),
  })
  return captures
}
