import type { RecordKind } from '../../flow/batch.ts'
import { BatchWriter } from '../../flow/batch-writer.ts'
import { NO_CAPTURES } from '../../flow/captures.ts'
import type { Datagram } from '../../flow/datagram.ts'
import { cells } from '../../testing/cells.ts'
import { hex, ipv4, join, type Octets, received, u32 } from '../../testing/datagrams.ts'
import { structure } from '../../testing/sflow-datagrams.ts'
import { Issues } from '../issues.ts'
import { fillOrigin, type Origin } from '../origin.ts'
import { FrameReader } from '../packet.ts'
import { SflowReader } from '../sflow.ts'

// What the tests of sFlow share; test code only.

export type Row = Record<string, unknown>

/** A reader with a writer for each kind, whose rows are gathered. */
export class SflowBench {
  readonly issues = new Issues()
  readonly rows: Record<RecordKind, Row[]> = {
    flow: [],
    options: [],
    counters: [],
    discard: [],
    rollup: [],
  }
  readonly reader: SflowReader
  readonly #writers: BatchWriter[] = []

  constructor(kinds: readonly RecordKind[] = ['flow', 'counters', 'discard']) {
    const writer = (kind: RecordKind) => {
      const made = new BatchWriter(kind, (full) => {
        for (let row = 0; row < full.rowCount; row++) this.rows[kind].push(cells(full, row))
        full.reset()
        return full
      })
      this.#writers.push(made)
      return made
    }
    const frames = new FrameReader(NO_CAPTURES, this.issues)
    this.reader = new SflowReader(frames, {
      flow: writer('flow'),
      ...(kinds.includes('counters') ? { counters: writer('counters') } : {}),
      ...(kinds.includes('discard') ? { discard: writer('discard') } : {}),
    })
  }

  decode(payload: Octets): number {
    return this.decodeDatagram(received(payload))
  }

  decodeDatagram(datagram: Datagram): number {
    const flows = this.reader.decode(datagram, newOrigin(datagram), { finish: fillOrigin }, this.issues)
    for (const writer of this.#writers) writer.flush()
    return flows
  }
}

export function newOrigin(datagram: Datagram): Origin {
  return {
    protocol: 0,
    datagram,
    exportTime: new BigUint64Array(1),
    systemUptime: 0,
    sequenceNumber: 0,
    domain: 7,
    engineType: 1,
    engineId: 1,
    samplingWord: -1,
    aggregation: -1,
    aggregationVersion: -1,
    templateId: 300,
    layout: null,
    samplingRate: 0,
    samplingSource: 0,
  }
}

export const FRAME = hex(`005300000001 005300000002 0800 45000578 abab4000 4006aaaa 0a000001 0a000002
  01bbd5a2 00000001 00000002 50180200 00000000`)

export const IPV4 = join(
  u32(1344),
  u32(6),
  ipv4('10.0.0.3'),
  ipv4('10.0.0.4'),
  u32(80),
  u32(8080),
  u32(0x12),
  u32(8),
)

export function gateway(parts: { source: number; segments: Octets; count: number }): Uint8Array {
  const head = join(u32(1), ipv4('192.0.2.8'), u32(65000), u32(parts.source), u32(64999))
  const communities = join(u32(2), u32(0xfde80001), u32(0xfde80002))
  return structure(1003, join(head, u32(parts.count), parts.segments, communities, u32(100)))
}
