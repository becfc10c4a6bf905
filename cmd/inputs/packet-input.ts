import { newDecoder } from '../../lib/decode/decoder.ts'
import { DEFAULT_LIMITS, type RecordWriters } from '../../lib/decode/settings.ts'
import type { Log } from '../../lib/diagnostics/log.ts'
import type { Captures } from '../../lib/flow/captures.ts'
import type { Field } from '../../lib/flow/fields.ts'
import type { Problem } from '../../lib/flow/source.ts'
import { readOpenCapture } from '../../lib/receive/capture.ts'
import type { CaptureInput } from '../../lib/receive/capture-input.ts'
import type { RecordInput } from './records.ts'

export interface PacketSettings {
  /** UDP destination ports wanted; empty: all. */
  readonly readPorts: readonly number[]
  readonly captures: Captures
  readonly log: Log
}

/** Thrown through the capture's reader when it is closed. */
class Closed extends Error {}

/** Datagrams between two pauses. */
const PAUSE_EVERY = 16
/** How often stale sessions, templates and held sets are looked for, by the capture's clock. */
const TICK_MS = 1000
const NS_PER_MS = 1_000_000n

/** The export datagrams of a capture, decoded as if received at their time. */
export class PacketInput implements RecordInput {
  readonly kind = 'records'
  readonly path: string
  readonly format = 'pcap'
  readonly rejected = 0
  readonly problems: Problem[] = []
  only: readonly Field[] | null = null
  readonly #window: CaptureInput
  readonly #settings: PacketSettings
  #isClosed = false

  constructor(path: string, window: CaptureInput, settings: PacketSettings) {
    this.path = path
    this.#window = window
    this.#settings = settings
  }

  get octets(): number {
    return this.#window.sourceOctets
  }

  lineShape(): string {
    return ''
  }

  async run(writers: RecordWriters, between: () => void | Promise<void>): Promise<void> {
    const { readPorts, captures, log } = this.#settings
    const decoder = newDecoder({
      writers,
      captures,
      keepUnknown: true,
      sampling: { overrides: [], default: 0 },
      limits: DEFAULT_LIMITS,
      detectSequenceReset: true,
      log,
    })
    let seen = 0
    let tickedMs = 0
    try {
      const statistics = await readOpenCapture(this.path, this.#window, {
        log,
        ...(readPorts.length === 0 ? {} : { ports: new Set(readPorts) }),
        onDatagram: (datagram) => {
          if (this.#isClosed) throw new Closed()
          decoder.decode(datagram, 'flow')
          if (++seen % PAUSE_EVERY !== 0) return undefined
          const captureMs = Number(datagram.receivedNs[0]! / NS_PER_MS)
          if (captureMs - tickedMs >= TICK_MS || captureMs < tickedMs) {
            tickedMs = captureMs
            decoder.tick(captureMs)
          }
          return between()
        },
      })
      this.#tell(statistics)
    } catch (error) {
      if (!(error instanceof Closed)) throw error
    }
  }

  close(): void {
    this.#isClosed = true
    void this.#window.close()
  }

  #tell({ damage, incomplete, cut, unreadable }: Awaited<ReturnType<typeof readOpenCapture>>): void {
    if (this.#isClosed) return
    const at = this.#window.position
    if (damage !== undefined) this.problems.push({ at, what: damage })
    if (incomplete > 0) this.problems.push({ at, what: `${incomplete} datagrams are incomplete` })
    if (cut > 0) this.problems.push({ at, what: `${cut} datagrams were cut by the capture` })
    if (unreadable > 0) this.problems.push({ at, what: `${unreadable} packets are malformed` })
  }
}
