import { zstdCompressSync } from 'node:zlib'
import type { SchemaElement } from 'hyparquet'
import type { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { formatAddress } from '../bytes/address.ts'
import { putMac } from '../bytes/put-address.ts'
import type { Column, FixedColumn, ListColumn, OctetsColumn, OctetsListColumn } from '../flow/batch.ts'
import type { Field } from '../flow/fields.ts'
import type { FlowBlock, Problem } from '../flow/source.ts'
import type { BlockSink, WriteOctets } from './block-sink.ts'
import type { ExportColumn } from './columns.ts'

export interface ParquetOptions {
  readonly columns: readonly ExportColumn[]
  /** Who wrote the file, for its footer. */
  readonly createdBy: string
  readonly write: WriteOctets
}

/** Rows of a group at most: their values stand in memory as JavaScript's. */
const GROUP_ROWS = 32_768
/** Texts of addresses that are kept for one block. */
const MOST_TEXTS = 65_536

/**
 * A sink that writes a Parquet file, zstd-compressed, each block as row groups of its own, so that memory grows with a
 * group. Numbers have their unsigned types, times are nanoseconds in UTC, addresses and MACs text, lists LISTs.
 */
export async function newParquetSink(options: ParquetOptions): Promise<BlockSink> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer')
  return new ParquetSink(options, new ByteWriter(), ParquetWriter)
}

class ParquetSink implements BlockSink {
  readonly #columns: readonly ExportColumn[]
  readonly #octets: ByteWriter
  readonly #parquet: ParquetWriter
  readonly #write: WriteOctets
  readonly #texts = new Map<number, string>()

  constructor(options: ParquetOptions, octets: ByteWriter, Writer: typeof ParquetWriter) {
    this.#columns = options.columns
    this.#octets = octets
    this.#write = options.write
    this.#parquet = new Writer({
      writer: octets,
      schema: schemaOf(options.columns),
      codec: 'ZSTD',
      compressors: { ZSTD: (plain) => zstdCompressSync(plain) },
      createdBy: options.createdBy,
    })
  }

  write(block: FlowBlock, rows: Uint32Array | null, problems: Problem[]): void {
    const count = rows === null ? block.info.rows : rows.length
    const read = this.#columns.map(({ field }) => block.read(field, problems))
    // Codes mean other addresses in another file.
    this.#texts.clear()
    for (let from = 0; from < count; from += GROUP_ROWS) {
      const to = Math.min(count, from + GROUP_ROWS)
      const columnData = this.#columns.map(({ name, field }, i) => {
        const column = read[i]?.column ?? null
        const data = this.#values(field, column, read[i]?.codes ?? null, rows, from, to)
        // The least and the greatest text of an address say nothing.
        return {
          name,
          data,
          offsetIndex: false,
          statistics: field.kind !== 'address' && field.kind !== 'mac',
        }
      })
      void this.#parquet.write({ columnData, rowGroupSize: GROUP_ROWS })
      this.#flush()
    }
  }

  close(): void {
    void this.#parquet.finish()
    this.#flush()
  }

  #flush(): void {
    const octets = this.#octets
    this.#write(octets.getBytes(), 0, octets.index)
    octets.index = 0
  }

  #values(
    field: Field,
    column: Column | null,
    codes: Uint32Array | null,
    rows: Uint32Array | null,
    from: number,
    to: number,
  ): unknown[] {
    const values: unknown[] = new Array(to - from).fill(null)
    if (column === null) return values
    const value = this.#readerOf(field, column, codes)
    const { present } = column
    for (let i = from; i < to; i++) {
      const row = rows === null ? i : rows[i]!
      if (present[row] === 1) values[i - from] = value(row)
    }
    return values
  }

  #readerOf(field: Field, column: Column, codes: Uint32Array | null): (row: number) => unknown {
    switch (field.kind) {
      case 'address':
        return this.#addressReader(column as FixedColumn, codes)
      case 'mac': {
        const { words } = column as FixedColumn
        return (row) => macText(words[row * 2]!, words[row * 2 + 1]!)
      }
      case 'u64': {
        const { wide } = column as FixedColumn
        if (field.semantics !== 'timestamp') return (row) => wide[row]
        // Parquet's times have 63 bits: none of later ones.
        return (row) => (wide[row]! >> 63n === 0n ? wide[row] : null)
      }
      case 'i64': {
        const { signed } = column as FixedColumn
        return (row) => signed[row]
      }
      case 'text': {
        const { data, starts, lengths } = column as OctetsColumn
        return (row) => decoder.decode(data.subarray(starts[row]!, starts[row]! + lengths[row]!))
      }
      case 'octets': {
        const { data, starts, lengths } = column as OctetsColumn
        return (row) => data.subarray(starts[row]!, starts[row]! + lengths[row]!)
      }
      case 'u32-list':
      case 'address-list': {
        const { data, starts, lengths, stride } = column as ListColumn
        return (row) =>
          Array.from({ length: lengths[row]! }, (_, i) => {
            const at = (starts[row]! + i) * stride
            return stride === 4 ? formatAddress(data, at) : data[at]
          })
      }
      case 'octets-list': {
        const { data, starts, lengths, itemStarts, itemLengths } = column as OctetsListColumn
        return (row) =>
          Array.from({ length: lengths[row]! }, (_, i) => {
            const item = starts[row]! + i
            return data.subarray(itemStarts[item]!, itemStarts[item]! + itemLengths[item]!)
          })
      }
      default: {
        const { values } = column as FixedColumn
        return (row) => values[row]
      }
    }
  }

  #addressReader({ words }: FixedColumn, codes: Uint32Array | null): (row: number) => string {
    if (codes === null) return (row) => formatAddress(words, row * 4)
    const texts = this.#texts
    return (row) => {
      const code = codes[row]!
      let text = texts.get(code)
      if (text === undefined) {
        text = formatAddress(words, row * 4)
        if (texts.size >= MOST_TEXTS) texts.clear()
        texts.set(code, text)
      }
      return text
    }
  }
}

const decoder = new TextDecoder()
const macOctets = Buffer.alloc(24)
const macView = new DataView(macOctets.buffer, macOctets.byteOffset, 24)

function macText(high: number, low: number): string {
  return macOctets.toString('latin1', 0, putMac(macView, 0, high | 0, low | 0))
}

function schemaOf(columns: readonly ExportColumn[]): SchemaElement[] {
  const root: SchemaElement = { name: 'flows', num_children: columns.length }
  return [root, ...columns.flatMap(({ name, field }) => elementsOf(name, field))]
}

function elementsOf(name: string, field: Field): SchemaElement[] {
  switch (field.kind) {
    case 'u32-list':
      return listOf(name, { type: 'INT32', converted_type: 'UINT_32' })
    case 'address-list':
      return listOf(name, { type: 'BYTE_ARRAY', converted_type: 'UTF8' })
    case 'octets-list':
      return listOf(name, { type: 'BYTE_ARRAY' })
    default:
      return [{ name, repetition_type: 'OPTIONAL', ...typeOf(field) }]
  }
}

type TypeOf = Omit<SchemaElement, 'name'>

function listOf(name: string, element: TypeOf): SchemaElement[] {
  return [
    { name, repetition_type: 'OPTIONAL', converted_type: 'LIST', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'OPTIONAL', ...element },
  ]
}

function typeOf(field: Field): TypeOf {
  switch (field.kind) {
    case 'u8':
      return { type: 'INT32', converted_type: 'UINT_8' }
    case 'u16':
      return { type: 'INT32', converted_type: 'UINT_16' }
    case 'u32':
      return { type: 'INT32', converted_type: 'UINT_32' }
    case 'i64':
      return { type: 'INT64' }
    case 'f64':
      return { type: 'DOUBLE' }
    case 'u64':
      return field.semantics === 'timestamp'
        ? { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' } }
        : { type: 'INT64', converted_type: 'UINT_64' }
    case 'octets':
      return { type: 'BYTE_ARRAY' }
    default:
      return { type: 'BYTE_ARRAY', converted_type: 'UTF8' }
  }
}
