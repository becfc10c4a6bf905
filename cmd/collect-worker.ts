import { parentPort, workerData } from 'node:worker_threads'
import { type CollectorState, loadState, saveState } from '../lib/decode/state-file.ts'
import { newLog } from '../lib/diagnostics/log-writer.ts'
import { encodeFamilies } from '../lib/http/prometheus-text.ts'
import { Control } from '../lib/pipeline/control.ts'
import { WorkerEnd } from '../lib/pipeline/worker-link.ts'
import { openReceiver } from '../lib/receive/listen.ts'
import type { Receiver } from '../lib/receive/receiver.ts'
import type { ArchiveTarget } from './collect-archive.ts'
import { startArchives } from './collect-archive-start.ts'
import type { Engine } from './collect-engine.ts'
import { describeFailure, type LaneFailure } from './collect-failure.ts'
import type { LaneResult, LaneStart } from './collect-lane.ts'
import { trySaving } from './collect-state.ts'
import { answer, newEngine, type Question } from './new-engine.ts'

// The thread that receives, decodes and writes. It blocks in its receive: the main thread reaches it through `Control`
// and the questions that it looks for between two receives.

/** Datagrams taken by one system call. */
const BATCH = 64
const LOG_TICK_MS = 1000

async function run(start: LaneStart & { state: CollectorState | null }): Promise<void> {
  const { options } = start
  const control = new Control(start.memory)
  const end = new WorkerEnd(parentPort!, control, (name, argument) => {
    const question = name as Question
    if (question === 'metrics') return [...receiver.families(), ...engine.metrics()]
    // As text it costs a small part of the memory.
    if (question === 'metrics-text') return encodeFamilies([...receiver.families(), ...engine.metrics()])
    if (question === 'save') return save()
    return answer(engine, question, argument)
  })
  const log = newLog({
    level: options.logLevel,
    limits: { count: options.errorCount, intervalMs: options.errorIntervalMs },
    now: () => performance.now(),
    write: (level, message, attributes) => end.log(level, message, attributes),
  })
  let saving: Promise<void> | null = null
  /** Saves the state, or waits for the saving that is under way. */
  const save = (): Promise<void> => {
    const state = saving === null && start.stateDirectory !== null ? engine.saveState() : null
    if (state === null) return saving ?? Promise.resolve()
    saving = saveState(start.stateDirectory!, [state]).finally(() => {
      saving = null
    })
    return saving
  }
  let receiver: Receiver
  let engine: Engine
  let archive: ArchiveTarget | null
  try {
    receiver = await openReceiver(start.sockets, {
      maxDatagramOctets: options.maxDatagramOctets,
      batch: BATCH,
    })
    archive = await startArchives(start, log)
    engine = newEngine({ options, mapping: start.mapping, control, log, archive })
    if (start.stateDirectory !== null) engine.restoreState(await loadState(start.stateDirectory, log))
    if (start.state !== null) engine.restoreState(start.state)
    // This module's data live as long as the thread.
    start.state = null
  } catch (error) {
    end.event('failed', describeFailure(error))
    return
  }
  end.event('ready', null)

  let tickedMs = 0
  const look = () => {
    const nowMs = performance.now()
    engine.poll(nowMs, Date.now())
    end.poll()
    if (nowMs - tickedMs < LOG_TICK_MS) return
    tickedMs = nowMs
    log.tick()
  }
  let failure: LaneFailure | null = null
  try {
    await receiver.run({
      onDatagram: (datagram, scheme) => engine.take(datagram, scheme),
      afterBatch: look,
      onIdle() {
        // There is time now, and nothing to be gained by waiting.
        engine.flush()
        look()
      },
      shouldStop: () => control.isStopping || control.isBroken,
    })
  } catch (error) {
    failure = describeFailure(error)
  }
  receiver.close()
  engine.close()
  // One that is under way has an older state.
  await trySaving(async () => saving, log)
  await trySaving(save, log)
  log.finish()
  const isAsked = options.stateDirectory !== null && start.stateDirectory === null
  const result: LaneResult = {
    state: isAsked ? engine.saveState() : null,
    failure,
    hasLost: archive?.hasLost === true,
  }
  end.event('done', result)
}

void run(workerData as LaneStart)
