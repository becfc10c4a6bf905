import { StreamOut } from '../lib/archive/stream-out.ts'
import type { FlowBatch } from '../lib/flow/batch.ts'
import type { FlowSink } from '../lib/flow/stages.ts'
import type { Control } from '../lib/pipeline/control.ts'
import type { LineFile } from '../lib/pipeline/line-file.ts'
import type { EngineSettings } from './collect-engine.ts'

/** The flow stream of `--format weir`: begins anew in each new file, and where some of it was lost. */
export class CollectStream implements FlowSink {
  readonly #file: LineFile
  readonly #control: Control
  readonly #stream: StreamOut
  #epoch: number
  #lost = 0

  /** `file` is one that only `poll` reopens. */
  constructor(file: LineFile, { control, log }: Pick<EngineSettings, 'control' | 'log'>) {
    this.#file = file
    this.#control = control
    this.#epoch = control.epoch
    const write = (octets: Uint8Array, from: number, to: number) => file.write(octets, from, to)
    this.#stream = new StreamOut({ stream: 'collect', write, log })
  }

  write(batch: FlowBatch): void {
    this.#stream.write(batch)
  }

  /** Writes what waited long enough; to be called before the file is polled, with a steady clock. */
  poll(nowMs: number): void {
    const { epoch } = this.#control
    const { lostOctets } = this.#file.counts
    if (epoch === this.#epoch && lostOctets === this.#lost) {
      this.#stream.poll(nowMs)
      return
    }
    // What waits belongs to the old file.
    this.#stream.close()
    this.#epoch = epoch
    this.#lost = this.#file.counts.lostOctets
  }

  /** Idle times are no reason for small blocks: `poll` sees to what waits. */
  flush(): void {}

  close(): void {
    this.#stream.close()
  }
}
