import { formatAddress } from '../../bytes/address.ts'
import { SILENT } from '../../diagnostics/log.ts'
import type { FlowBatch, RecordKind } from '../../flow/batch.ts'
import { BatchWriter } from '../../flow/batch-writer.ts'
import { NO_CAPTURES } from '../../flow/captures.ts'
import type { Scheme } from '../../flow/datagram.ts'
import { findField } from '../../flow/fields.ts'
import { type Octets, received } from '../../testing/datagrams.ts'
import { type Decoder, newDecoder } from '../decoder.ts'
import { DEFAULT_LIMITS, type DecodeLimits, type DecoderSettings, type RecordWriters } from '../settings.ts'

/** A decoded value: addresses and text as text, 64 bits as BigInt where they do not fit a number. */
export type Value = string | number | bigint | readonly number[] | readonly string[]
export type Row = Readonly<Record<string, Value>>

/** The value of a column in a row, or undefined where the record did not hold it. */
export function valueAt(batch: FlowBatch, name: string, row: number): Value | undefined {
  const field = findField(name)
  const column = field === undefined ? undefined : batch.find(field)
  if (column === undefined || column.present[row] === 0) return undefined
  switch (column.shape) {
    case 'octets': {
      const from = column.starts[row]!
      return Buffer.from(column.data.subarray(from, from + column.lengths[row]!)).toString('latin1')
    }
    case 'list': {
      const from = column.starts[row]! * column.stride
      return [...column.data.subarray(from, from + column.lengths[row]! * column.stride)]
    }
    case 'octets-list':
      return `${column.lengths[row]} items`
    default:
      break
  }
  if (column.field.kind === 'address') return formatAddress(column.words, row * 4)
  if (column.field.kind === 'u64' || column.field.kind === 'i64') {
    const wide = column.wide[row]!
    return wide <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wide) : wide
  }
  if (column.field.kind === 'mac') return column.words[row * 2]! * 2 ** 32 + column.words[row * 2 + 1]!
  return column.values[row]!
}

/** All that a row holds, by column name. */
export function rowOf(batch: FlowBatch, row: number): Row {
  const values: Record<string, Value> = {}
  for (const { field } of batch.columns()) {
    const value = valueAt(batch, field.name, row)
    if (value !== undefined) values[field.name] = value
  }
  return values
}

export interface Subject {
  readonly writers: RecordWriters
  readonly decoder: Decoder
  readonly rows: Row[]
  readonly options: Row[]
  readonly counters: Row[]
  readonly discards: Row[]
  /** Decodes a datagram from an exporter; returns the flows that came of it, earlier ones that waited included. */
  take(
    octets: Octets,
    from?: { address?: string; port?: number; receivedNs?: bigint; scheme?: Scheme },
  ): Row[]
}

/** A decoder whose rows are gathered as objects. */
export function newSubject(
  settings: Partial<Omit<DecoderSettings, 'limits'>> & { readonly limits?: Partial<DecodeLimits> } = {},
): Subject {
  const gathered: Record<RecordKind, Row[]> = {
    flow: [],
    options: [],
    counters: [],
    discard: [],
    rollup: [],
  }
  const writer = (kind: RecordKind) =>
    new BatchWriter(kind, (full) => {
      for (let row = 0; row < full.rowCount; row++) gathered[kind].push(rowOf(full, row))
      full.reset()
      return full
    })
  const writers = {
    flow: writer('flow'),
    options: writer('options'),
    counters: writer('counters'),
    discard: writer('discard'),
  }
  const flush = () => {
    for (const each of Object.values(writers)) each.flush()
  }
  const decoder = newDecoder({
    captures: NO_CAPTURES,
    keepUnknown: false,
    sampling: { overrides: [], default: 0 },
    log: SILENT,
    ...settings,
    writers: settings.writers ?? writers,
    limits: { ...DEFAULT_LIMITS, ...settings.limits },
  })
  return {
    writers,
    decoder,
    rows: gathered.flow,
    options: gathered.options,
    counters: gathered.counters,
    discards: gathered.discard,
    take(octets, from = {}) {
      const before = gathered.flow.length
      decoder.decode(received(octets, from), from.scheme ?? 'flow')
      flush()
      return gathered.flow.slice(before)
    },
  }
}
