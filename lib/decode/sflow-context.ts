import type { FlowBatch } from '../flow/batch.ts'
import type { BatchWriter } from '../flow/batch-writer.ts'
import { F, SAMPLING_SOURCE } from '../flow/fields.ts'
import { fillNumber, type Origin } from './origin.ts'
import type { RowFinisher } from './records.ts'

/** Kinds of samples, in the order of the counts that a reader keeps; goflow2's metric labels, and ours for drops. */
export const SFLOW_SAMPLE_KINDS = [
  'FlowSample',
  'CounterSample',
  'ExpandedFlowSample',
  'ExpandedCounterSample',
  'DiscardedPacket',
  'unknown',
] as const

/** Octets of datagrams whose rows one batch may hold: texts can be as long as a datagram. */
const MOST_OCTETS = 16 * 1024 * 1024

/** What the samples of one datagram share. One object is reused for all. */
export interface SflowContext {
  origin: Origin
  finisher: RowFinisher
  readonly agentAddress: Uint32Array
  /** -1 before version 5. */
  subAgentId: number
  /** Samples and records of the datagram by kind, in the order of SFLOW_SAMPLE_KINDS. */
  readonly samples: Uint32Array
  readonly records: Uint32Array
}

/**
 * Opens rows of one kind, one after the other. What they share is filled for a whole stretch at once: when the
 * sampling rate changes, when the batch is full and when the datagram ends.
 */
export class SampleRows {
  readonly #writer: BatchWriter
  readonly #context: SflowContext
  batch!: FlowBatch
  /** First row of the stretch; -1 between stretches. */
  #from = -1
  #rate = 0
  /** Octets of the datagrams behind the rows of the batch. */
  #octets = 0

  constructor(writer: BatchWriter, context: SflowContext) {
    this.#writer = writer
    this.#context = context
  }

  /** The next row of `batch`. It counts at once: whatever goes wrong later, it holds what was read till then. */
  open(samplingRate: number): number {
    if (this.#from >= 0 && (samplingRate !== this.#rate || this.batch.room === 0)) this.finish()
    this.#rate = samplingRate
    if (this.#from < 0) {
      this.batch = this.#writer.reserve(1)
      this.#from = this.batch.rowCount
      if (this.#from === 0) this.#octets = 0
    }
    return this.batch.rowCount++
  }

  /** Fills what the open rows share; to be called before the datagram is left. */
  finish(): void {
    const from = this.#from
    if (from < 0) return
    this.#from = -1
    const { batch } = this
    const { origin, finisher, agentAddress, subAgentId } = this.#context
    const to = batch.rowCount
    const agent = batch.fixed(F.agentAddress)
    for (let row = from; row < to; row++) {
      const at = row * 4
      agent.words[at] = agentAddress[0]!
      agent.words[at + 1] = agentAddress[1]!
      agent.words[at + 2] = agentAddress[2]!
      agent.words[at + 3] = agentAddress[3]!
      agent.present[row] = 1
    }
    if (subAgentId >= 0) fillNumber(batch, F.subAgentId, from, to, subAgentId)
    if (batch.kind !== 'counters') {
      // A sampled packet has no time of its own; it was seen just before it was reported.
      const { receivedNs } = origin.datagram
      const start = batch.fixed(F.flowStart)
      const end = batch.fixed(F.flowEnd)
      for (let row = from; row < to; row++) {
        start.wide[row] = receivedNs[0]!
        end.wide[row] = receivedNs[0]!
        start.present[row] = 1
        end.present[row] = 1
      }
    }
    origin.samplingRate = this.#rate
    origin.samplingSource = this.#rate > 0 ? SAMPLING_SOURCE.header : SAMPLING_SOURCE.unknown
    finisher.finish(batch, from, to, origin)
    this.#octets += origin.datagram.to - origin.datagram.from
    if (this.#octets > MOST_OCTETS) this.#writer.flush()
  }
}
