import type { RecordWriters } from '../../lib/decode/settings.ts'
import type { BatchWriter } from '../../lib/flow/batch-writer.ts'
import type { Field } from '../../lib/flow/fields.ts'
import type { Problem } from '../../lib/flow/source.ts'
import type { Mapping } from '../../lib/goflow2/mapping-types.ts'
import { newRecordReader, type RecordForm, type RecordReader } from '../../lib/goflow2/reading/line-reader.ts'
import type { CaptureInput } from '../../lib/receive/capture-input.ts'
import type { OnReject, RecordInput } from './records.ts'

export interface LogSettings {
  /** The mapping that the log was written with, and its text. */
  readonly mapping: Mapping | null
  readonly mappingText: string | null
  readonly onReject: OnReject
  /** Whether rows say how their lines were written; it costs about half of the speed. */
  readonly keepsWritten: boolean
}

/** A log that goflow2 wrote, of any version and mapping. */
export class LogInput implements RecordInput {
  readonly kind = 'records'
  readonly path: string
  readonly format: RecordForm
  readonly problems: Problem[] = []
  only: readonly Field[] | null = null
  readonly #window: CaptureInput
  readonly #settings: LogSettings
  #reader: RecordReader | null = null
  #isClosed = false

  constructor(path: string, format: RecordForm, window: CaptureInput, settings: LogSettings) {
    this.path = path
    this.format = format
    this.#window = window
    this.#settings = settings
  }

  get octets(): number {
    return this.#window.sourceOctets
  }

  get rejected(): number {
    return this.#reader?.rejected ?? 0
  }

  /** Whether it is a file of lines that are read each by itself. */
  get isDivisible(): boolean {
    const { mapping, keepsWritten } = this.#settings
    return this.format === 'json' && this.#window.isPlain && mapping === null && !keepsWritten
  }

  lineShape(): string {
    if (this.#reader === null) return ''
    const { mappingText } = this.#settings
    const mapping = mappingText === null ? {} : { mapping: mappingText }
    return JSON.stringify({ format: this.format, ...mapping, ...this.#reader.shape() })
  }

  async run({ flow }: RecordWriters, between: () => void | Promise<void>): Promise<void> {
    const window = this.#window
    const reader = this.#newReader(flow)
    while (await window.more(1)) {
      const { octets, from, to } = window
      window.from = to
      reader.push(octets, from, to)
      const pause = between()
      if (pause !== undefined) await pause
      if (this.#isClosed) return
    }
    // A record that was cut off because we were told to stop is not bad input.
    if (this.#isClosed) return
    reader.end()
    if (window.damage !== undefined) this.problems.push({ at: window.position, what: window.damage })
    await window.close()
  }

  close(): void {
    this.#isClosed = true
    void this.#window.close()
  }

  #newReader(writer: BatchWriter): RecordReader {
    const { mapping, onReject, keepsWritten } = this.#settings
    const isLine = this.format !== 'bin'
    this.#reader = newRecordReader(this.format, {
      writer,
      mapping,
      keepsWritten,
      ...(this.only === null ? {} : { only: this.only }),
      onReject: (octets, from, to, reason, offset) => onReject(octets, from, to, reason, offset, isLine),
    })
    return this.#reader
  }
}
