import type { MetricFamily } from '../lib/diagnostics/metrics.ts'
import { writeTime } from '../lib/receive/nanoseconds.ts'
import type { OnPacket } from '../lib/receive/packet-socket.ts'
import { Tracker } from '../lib/track/tracker.ts'
import type { EngineSettings } from './collect-engine.ts'
import { compileMapping } from './collect-mapping.ts'
import { CollectOutputs } from './collect-outputs.ts'
import type { PacketOptions } from './packet-flags.ts'

/** Where packets come from. */
export interface PacketOrigin {
  /** Four words of the address that stands for us, null for none. */
  readonly observer: Uint32Array | null
  /** Index of the interface, 0 for none. */
  readonly ingressInterface: number
  /**
   * What tells when packets came: the capture or the kernel, or the clock on the wall when they are read; and whether
   * time goes on by itself while none comes.
   */
  readonly clock: 'capture' | 'kernel' | 'wall'
}

/** Packetbeat's loop of reports begins at a multiple of this. */
const ALIGN_MS = 10_000

/** The engine for packets: flows tracked, and their reports written as those of exporters are. */
export class PacketEngine {
  readonly tracker: Tracker
  readonly #settings: EngineSettings
  readonly #outputs: CollectOutputs
  readonly #isEnabled: boolean
  readonly #clock: PacketOrigin['clock']
  readonly #timeNs = new BigUint64Array(1)
  readonly #timeWords = new Uint32Array(this.#timeNs.buffer)
  #failures = 0

  /** Throws where a file or the mapping is refused. */
  constructor(settings: EngineSettings, options: PacketOptions, origin: PacketOrigin) {
    this.#settings = settings
    this.#outputs = new CollectOutputs(settings, compileMapping(settings.mapping, settings.options).mapping)
    this.#isEnabled = options.isEnabled
    this.#clock = origin.clock
    const { timeoutMs, periodMs, isDelta, mostFlows, isMacKey } = options
    this.tracker = new Tracker({
      writer: this.#outputs.flows.writer,
      observer: origin.observer,
      ingressInterface: origin.ingressInterface,
      isReportingIdle: hasDocuments(settings),
      isDelta,
      timeoutMs,
      periodMs,
      // Who looks at an interface and asks for short periods wants to see something soon.
      alignMs: options.interfaces.length > 0 && periodMs > 0 ? Math.min(ALIGN_MS, periodMs) : ALIGN_MS,
      mostFlows,
      isMacKey,
    })
  }

  /** Takes one packet; never throws. */
  readonly take: OnPacket = (octets, view, link, from, to, wireOctets, timeNs, timeWords) => {
    if (!this.#isEnabled) return
    try {
      if (this.#clock !== 'wall') {
        this.tracker.take(octets, view, link, from, to, wireOctets, timeNs, timeWords)
      } else {
        const nowMs = performance.timeOrigin + performance.now()
        const seconds = Math.floor(nowMs / 1000)
        const more = Math.round((nowMs - seconds * 1000) * 1e6)
        writeTime(this.#timeWords, 0, seconds, more)
        this.tracker.take(octets, view, link, from, to, wireOctets, this.#timeNs, this.#timeWords)
      }
    } catch (error) {
      // A mistake of ours must cost one packet, not the collector.
      this.#failures++
      this.#outputs.discardSpoiled()
      this.#settings.log.limited('tracker', 'mistake in tracking packets: please report', {
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      })
    }
  }

  /** To be called ten times a second: reports what is due by the wall's clock, writes what has waited long enough. */
  poll(steadyMs: number): void {
    if (this.#clock !== 'capture') this.tracker.advance(Date.now())
    this.#outputs.poll(steadyMs)
  }

  flush(): void {
    this.#outputs.flush()
  }

  /** Reports all flows as ended, and closes the files. */
  close(): void {
    this.tracker.close(this.#clock === 'capture' ? null : Date.now())
    this.#outputs.close()
  }

  /** Prints lines by another mapping from now on; throws MAPPING_INVALID and keeps the old one. */
  remap(text: string): void {
    this.#outputs.remap(compileMapping(text, this.#settings.options).mapping, text)
  }

  metrics(): MetricFamily[] {
    const failures: MetricFamily = {
      name: 'weir_track_failures_total',
      help: 'Packets on which tracking failed: a mistake of weir.',
      type: 'counter',
      samples: [{ labels: {}, value: this.#failures }],
    }
    return [failures, ...this.tracker.metrics(), ...this.#outputs.metrics()]
  }
}

/** Whether documents are made of the rows, now or later: they tell of flows that are idle, too.
 * Lines for people leave those out themselves. */
function hasDocuments({ options, archive }: EngineSettings): boolean {
  return archive !== null || !['json', 'text', 'bin', 'none'].includes(options.format)
}
