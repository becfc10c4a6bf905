import { parentPort, workerData } from 'node:worker_threads'
import { newLog } from '../lib/diagnostics/log-writer.ts'
import { encodeFamilies } from '../lib/http/prometheus-text.ts'
import { Control } from '../lib/pipeline/control.ts'
import { WorkerEnd } from '../lib/pipeline/worker-link.ts'
import { PacketRing } from '../lib/receive/packet-socket.ts'
import type { ArchiveTarget } from './collect-archive.ts'
import { startArchives } from './collect-archive-start.ts'
import { describeFailure, type LaneFailure } from './collect-failure.ts'
import type { LaneResult, PacketLaneStart } from './collect-lane.ts'
import { PacketEngine } from './collect-packet-engine.ts'
import type { Question } from './new-engine.ts'

// The thread that reads one interface's ring, tracks flows and writes their reports. It blocks in the ring: the main
// thread reaches it through `Control` and the questions that it looks for between two reads.

const LOOK_MS = 100
/** How often the event loop has its turn: an archive's thread is spoken to without it. */
const YIELD_MS = 50
const LOG_TICK_MS = 1000

async function run(start: PacketLaneStart): Promise<void> {
  const { options, bound } = start
  const control = new Control(start.memory)
  const families = () => [...ring.metrics(), ...engine.metrics()]
  const end = new WorkerEnd(parentPort!, control, (name, argument) => {
    switch (name as Question) {
      case 'metrics':
        return families()
      case 'metrics-text':
        return encodeFamilies(families())
      case 'remap':
        return engine.remap(argument as string)
      case 'templates':
        return {}
      default:
        return null
    }
  })
  const log = newLog({
    level: options.logLevel,
    limits: { count: options.errorCount, intervalMs: options.errorIntervalMs },
    now: () => performance.now(),
    write: (level, message, attributes) => end.log(level, message, attributes),
  })
  let ring: PacketRing
  let engine: PacketEngine
  let archive: ArchiveTarget | null
  try {
    ring = new PacketRing(bound)
    archive = await startArchives(start, log)
    engine = new PacketEngine({ options, mapping: start.mapping, control, log, archive }, options.packets!, {
      observer: start.observer,
      ingressInterface: bound.index,
      clock: 'kernel',
    })
  } catch (error) {
    end.event('failed', describeFailure(error))
    return
  }
  end.event('ready', null)

  let lookedMs = 0
  let tickedMs = 0
  let drops = 0
  const look = (nowMs: number) => {
    if (nowMs - lookedMs < LOOK_MS) return
    lookedMs = nowMs
    engine.poll(nowMs)
    end.poll()
    if (nowMs - tickedMs < LOG_TICK_MS) return
    tickedMs = nowMs
    log.tick()
    ring.count()
    if (ring.drops === drops) return
    log.limited('drops', 'the kernel dropped packets: the ring was full', {
      interface: bound.name,
      packets: ring.drops - drops,
    })
    drops = ring.drops
  }
  let failure: LaneFailure | null = null
  try {
    let yieldedMs = performance.now()
    while (!control.isStopping && !control.isBroken) {
      const count = ring.read(engine.take)
      const nowMs = performance.now()
      // There is time now, and nothing to be gained by waiting.
      if (count === 0) engine.flush()
      look(nowMs)
      if (count > 0 && nowMs - yieldedMs < YIELD_MS) continue
      await new Promise((resolve) => setImmediate(resolve))
      yieldedMs = nowMs
    }
    // What came before the end belongs to it.
    ring.readReady(engine.take)
  } catch (error) {
    failure = describeFailure(error)
  }
  ring.close()
  engine.close()
  log.finish()
  end.event('done', { state: null, failure, hasLost: archive?.hasLost === true } satisfies LaneResult)
}

void run(workerData as PacketLaneStart)
