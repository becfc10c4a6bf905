import { workerData } from 'node:worker_threads'
import { newLog } from '../lib/diagnostics/log-writer.ts'
import { type Parcel, ParcelUnpacker } from '../lib/pipeline/batch-parcel.ts'
import { type ArchiveTarget, CollectArchive } from './collect-archive.ts'
import { type ArchiveNews, type ArchiveThreadStart, PLACE } from './collect-archive-link.ts'
import { describeFailure } from './collect-failure.ts'
import { CollectSpool } from './collect-spool.ts'

// The thread that encodes and writes archive blocks, so that the one that receives is never held by a block or a disk.

const LOOK_MS = 100
const METRICS_EVERY = 10

function run(start: ArchiveThreadStart): void {
  const { port } = start
  const words = new Int32Array(start.memory)
  const say = (news: ArchiveNews, moved: readonly ArrayBuffer[] = []) => {
    port.postMessage(news, [...moved])
    Atomics.add(words, PLACE.news, 1)
    Atomics.notify(words, PLACE.news)
  }
  const log = newLog({
    level: start.logLevel,
    limits: { count: start.errorCount, intervalMs: start.errorIntervalMs },
    now: () => performance.now(),
    write: (level, message, attributes) => say({ kind: 'log', level, message, attributes }),
  })
  const unpacker = new ParcelUnpacker()
  let archive: ArchiveTarget
  try {
    const Archive = start.archive.mostOctets === undefined ? CollectArchive : CollectSpool
    archive = new Archive(start.archive, (name) => `${name}${start.suffix}`, log)
  } catch (error) {
    say({ kind: 'failed', failure: describeFailure(error) })
    port.close()
    return
  }
  let looks = 0
  const tellMetrics = () => {
    if (archive.hasLost) Atomics.store(words, PLACE.lost, 1)
    say({ kind: 'metrics', families: archive.metrics() })
  }
  /** What nobody expected must not end the collector without a word. */
  const guarded = (action: () => void) => {
    try {
      action()
    } catch (error) {
      Atomics.store(words, PLACE.lost, 1)
      log.limited('archive', 'archive cannot be written', { error: describeFailure(error).message })
    }
  }
  const looking = setInterval(() => {
    guarded(() => archive.poll())
    if (++looks % METRICS_EVERY !== 0) return
    log.tick()
    tellMetrics()
  }, LOOK_MS)
  port.on('message', (parcel: Parcel | string | null) => {
    if (typeof parcel === 'string') {
      guarded(() => archive.setLineShape(parcel))
      return
    }
    if (parcel !== null) {
      guarded(() => archive.append(unpacker.unpack(parcel)))
      say({ kind: 'buffer', buffer: parcel.buffer }, [parcel.buffer])
      return
    }
    clearInterval(looking)
    guarded(() => archive.close())
    log.finish()
    tellMetrics()
    Atomics.store(words, PLACE.closed, 1)
    Atomics.notify(words, PLACE.closed)
    port.close()
  })
  say({ kind: 'ready' })
}

run(workerData as ArchiveThreadStart)
