import { formatAddress } from '../bytes/address.ts'
import type { Column, FlowBatch } from '../flow/batch.ts'
import { F, LAYER, PROTOCOL, SAMPLING_SOURCE } from '../flow/fields.ts'
import type { FlowSink } from '../flow/stages.ts'

/** Takes whole lines, `octets[from, to)`, which it must not keep. */
export type WriteLines = (octets: Uint8Array, from: number, to: number) => void

/**
 * A sink that prints each row as one JSON object with every column it has, by the column's name: addresses and MACs
 * as text, octets in hexadecimal, numbers in full, lists as arrays. For records of low rate (sFlow counters and
 * discards): it makes a string per row.
 */
export function newJsonRows(write: WriteLines): FlowSink {
  const encoder = new TextEncoder()
  return {
    write(batch) {
      const columns = inOrder(batch)
      let text = ''
      for (let row = 0; row < batch.rowCount; row++) text += `${formatRow(columns, row)}\n`
      const octets = encoder.encode(text)
      write(octets, 0, octets.length)
    },
    flush() {},
    close() {},
  }
}

/** Who sent it and when comes first, as in the table of fields, whatever order they were decoded in. */
function inOrder(batch: FlowBatch): Column[] {
  return [...batch.columns()].sort((a, b) => a.field.index - b.field.index)
}

/** One row as JSON, without a line feed. */
function formatRow(columns: readonly Column[], row: number): string {
  let text = ''
  for (const column of columns) {
    // A place in a table of this batch, which means nothing outside.
    if (column.present[row] === 0 || column.field === F.layout) continue
    text += `${text === '' ? '{' : ','}${JSON.stringify(column.field.name)}:${formatValue(column, row)}`
  }
  return text === '' ? '{}' : `${text}}`
}

/** Columns of codes that are read more easily as words. */
const WORDS = new Map([
  [F.exportProtocol, wordsOf(PROTOCOL)],
  [F.samplingSource, wordsOf(SAMPLING_SOURCE)],
  [F.layerStack, wordsOf(LAYER)],
])

function wordsOf(table: Readonly<Record<string, number>>): Map<number, string> {
  return new Map(Object.entries(table).map(([word, value]) => [value, JSON.stringify(word)]))
}

function formatValue(column: Column, row: number): string {
  switch (column.shape) {
    case 'fixed':
      switch (column.field.kind) {
        case 'address':
          return `"${formatAddress(column.words, row * 4)}"`
        case 'mac':
          return `"${formatMac(column.words[row * 2]!, column.words[row * 2 + 1]!)}"`
        case 'u64':
          return String(column.wide[row]!)
        case 'i64':
          return String(column.signed[row]!)
        default:
          return formatNumber(column, column.values[row]!)
      }
    case 'octets': {
      const from = column.starts[row]!
      const octets = column.data.subarray(from, from + column.lengths[row]!)
      return column.field.kind === 'text' ? JSON.stringify(TEXT.decode(octets)) : hex(octets)
    }
    case 'list': {
      const items: string[] = []
      const from = column.starts[row]!
      for (let i = from; i < from + column.lengths[row]!; i++) {
        items.push(
          column.stride === 4
            ? `"${formatAddress(column.data, i * 4)}"`
            : formatNumber(column, column.data[i]!),
        )
      }
      return `[${items.join(',')}]`
    }
    default: {
      const items: string[] = []
      const from = column.starts[row]!
      for (let i = from; i < from + column.lengths[row]!; i++) {
        const at = column.itemStarts[i]!
        items.push(hex(column.data.subarray(at, at + column.itemLengths[i]!)))
      }
      return `[${items.join(',')}]`
    }
  }
}

const TEXT = new TextDecoder()

function formatNumber(column: Column, value: number): string {
  // JSON has no word for what is not a number.
  return WORDS.get(column.field)?.get(value) ?? (Number.isFinite(value) ? String(value) : 'null')
}

function hex(octets: Uint8Array): string {
  return `"${Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('hex')}"`
}

function formatMac(high: number, low: number): string {
  const digits = high.toString(16).padStart(4, '0') + low.toString(16).padStart(8, '0')
  return digits.match(/../g)!.join(':')
}
