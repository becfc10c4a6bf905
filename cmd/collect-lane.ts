import type { CollectorState } from '../lib/decode/state-file.ts'
import type { LimitedLog } from '../lib/diagnostics/log-writer.ts'
import type { Control } from '../lib/pipeline/control.ts'
import { MainEnd } from '../lib/pipeline/worker-link.ts'
import type { ListenSocket } from '../lib/receive/listen.ts'
import type { BoundInterface } from '../lib/receive/packet-socket.ts'
import { errorOf, type LaneFailure } from './collect-failure.ts'
import type { CollectOptions } from './collect-flags.ts'
import type { Question } from './new-engine.ts'
import { startWorker } from './runtime.ts'

/** What a worker thread is given. */
export interface LaneStart {
  readonly options: CollectOptions
  readonly mapping: string | null
  /** Of the Control. */
  readonly memory: SharedArrayBuffer
  readonly sockets: readonly ListenSocket[]
  /** Number of the worker, and how many there are. */
  readonly number: number
  readonly workers: number
  /** Where the worker keeps its state by itself: it is the only one. */
  readonly stateDirectory: string | null
  /** What it shall remember, if there are several; they are asked for theirs. */
  readonly state: CollectorState | null
}

/** What a worker thread that tracks packets is given. */
export interface PacketLaneStart
  extends Pick<LaneStart, 'options' | 'mapping' | 'memory' | 'number' | 'workers'> {
  readonly bound: BoundInterface
  /** Four words of the interface's address, null where it has none. */
  readonly observer: Uint32Array | null
}

/** What a worker leaves behind. */
export interface LaneResult {
  /** Null where it keeps its state by itself, or has none. */
  readonly state: CollectorState | null
  /** Why it ended, if nobody told it to. */
  readonly failure: LaneFailure | null
  /** Whether rows that were to be archived or sent were dropped. */
  readonly hasLost: boolean
}

/** Longest waits for an answer: a worker may be held by a pipe that nobody reads, or have much to tell. */
const METRICS_MS = 2000
const ANSWER_MS = 30_000
const SAVE_MS = 600_000

/** The main thread's hold on one worker thread. */
export interface Lane {
  readonly isAlive: boolean
  /** Settles when the thread has ended, after it has written everything. Never rejects. */
  readonly ended: Promise<LaneResult>
  ask(question: Question, argument?: unknown): Promise<unknown>
}

/** Starts a worker; resolves when it receives, rejects with what it could not open. */
export async function startLane(
  start: LaneStart | PacketLaneStart,
  control: Control,
  log: LimitedLog,
): Promise<Lane> {
  const ready = Promise.withResolvers<void>()
  let result: LaneResult | null = null
  let refusal: LaneFailure | null = null
  const script = 'bound' in start ? 'collect-packet-worker' : 'collect-worker'
  const end = new MainEnd(startWorker(script, start), control, log, (name, value) => {
    if (name === 'ready') ready.resolve()
    else if (name === 'done') result = value as LaneResult
    else refusal = value as LaneFailure
  })
  const ended = end.ended.then((error): LaneResult => {
    const failure = refusal ?? { code: null, message: error?.stack ?? 'a worker ended without a word' }
    ready.reject(errorOf(failure))
    return result ?? { state: null, failure, hasLost: false }
  })
  await ready.promise
  return {
    get isAlive() {
      return end.isAlive
    },
    ended,
    ask: (question, argument = null) => end.ask(question, argument, patienceFor(question)),
  }
}

function patienceFor(question: Question): number {
  if (question === 'save') return SAVE_MS
  return question === 'metrics' || question === 'metrics-text' ? METRICS_MS : ANSWER_MS
}

/** The answers of all workers; rejects when one does not answer. */
export function askAll<Answer>(
  lanes: readonly Lane[],
  question: Question,
  argument?: unknown,
): Promise<Answer[]> {
  return Promise.all(lanes.map((lane) => lane.ask(question, argument))) as Promise<Answer[]>
}
