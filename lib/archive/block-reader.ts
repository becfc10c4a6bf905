import type { ValueMemory } from '../flow/block-memory.ts'
import type { Field } from '../flow/fields.ts'
import { F } from '../flow/fields.ts'
import type { AddressCodes, BlockColumnFacts, FlowBlock, Problem } from '../flow/source.ts'
import {
  countCodes,
  findNumbers,
  gatherNumbers,
  readCodes,
  readColumn,
  readRuns,
  readScaled,
} from './column-reader.ts'
import { Damage } from './damage.ts'
import { BLOCK_FIXED_OCTETS, COLUMN_ENTRY_OCTETS, MOST_BLOCK_ROWS } from './encoding.ts'
import type { BlockInfo } from './footer.ts'
import type { BodyReader } from './frame-scan.ts'
import type { Schema } from './schema.ts'
import { type AddressFacts, StreamReader } from './stream-reader.ts'

/** What a block's head says of one column. */
export interface BlockColumn extends BlockColumnFacts {
  readonly presence: number
  readonly streams: readonly [number, number, number, number]
}

/** One block, opened: its columns are read when asked for. */
export interface Block extends FlowBlock {
  readonly info: BlockInfo
  readonly columns: readonly BlockColumn[]
  /** How many rows have each code of an address column; null as `read`. Quickest where codes come in runs. */
  countCodes(field: Field, problems: Problem[]): Map<number, number> | null
}

/**
 * Opens a block by its head, whose checksum was right. Throws Damage where it uses codes, columns or layouts that
 * the file's frames so far did not give.
 */
export function openBlock(
  info: BlockInfo,
  head: Buffer,
  body: BodyReader,
  schema: Schema,
  addresses: AddressFacts & AddressCodes,
  memory: ValueMemory,
): Block {
  if (head.length < BLOCK_FIXED_OCTETS) throw new Damage('the head is too short')
  const [columnCount, streams, planes, codes] = [72, 76, 80, 84].map((at) => head.readUInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ]
  const rows = head.readUInt32LE(0)
  const tablesAt = BLOCK_FIXED_OCTETS + columnCount * COLUMN_ENTRY_OCTETS
  if (rows > MOST_BLOCK_ROWS || tablesAt > head.length) throw new Damage('the head contradicts itself')
  if (codes > addresses.codes) throw new Damage('it uses addresses whose dictionary is missing')
  // Places of the columns' entries, which are read when asked for: most readers want few of many.
  const places = new Map<Field | string, number>()
  for (let i = 0; i < columnCount; i++) {
    const at = BLOCK_FIXED_OCTETS + i * COLUMN_ENTRY_OCTETS
    const known = schema.columns[head.readUInt32LE(at)]
    if (known === undefined) throw new Damage('it uses columns whose schema is missing')
    if (known.field === F.layout && head.readBigUInt64LE(at + 32) >= BigInt(schema.layouts.length))
      throw new Damage('it uses layouts whose schema is missing')
    places.set(known.field ?? known.name, at)
  }
  const columnAt = (key: Field | string, at: number): BlockColumn => {
    const [s1, s2, s3, s4] = [8, 12, 16, 20].map((offset) => head.readUInt32LE(at + offset))
    return {
      field: typeof key === 'string' ? null : key,
      name: schema.columns[head.readUInt32LE(at)]!.name,
      presence: head.readUInt32LE(at + 4),
      streams: [s1!, s2!, s3!, s4!],
      least: head.readBigUInt64LE(at + 24),
      greatest: head.readBigUInt64LE(at + 32),
    }
  }
  let columns: BlockColumn[] | null = null
  const reader = new StreamReader(head.subarray(tablesAt), { streams, planes }, body, addresses, memory)
  const guarded = <T>(field: Field, problems: Problem[], action: (entry: BlockColumn) => T): T | null => {
    const at = places.get(field)
    if (at === undefined) return null
    const entry = columnAt(field, at)
    try {
      return action(entry)
    } catch (error) {
      if (!(error instanceof Damage)) throw error
      problems.push({ at: info.at, what: `column ${entry.name}: ${error.message}` })
      return null
    }
  }
  return {
    info,
    addresses,
    facts(field) {
      const at = places.get(field)
      return at === undefined ? undefined : columnAt(field, at)
    },
    get columns() {
      columns ??= [...places].map(([key, at]) => columnAt(key, at))
      return columns
    },
    layout: (number) => schema.layouts[number] ?? null,
    read: (field, problems) =>
      guarded(field, problems, (entry) => readColumn(entry, field, rows, reader, addresses, memory)),
    readCodes: (field, problems) =>
      field.kind === 'address'
        ? guarded(field, problems, (entry) => readCodes(entry, rows, reader, memory))
        : null,
    countCodes: (field, problems) =>
      field.kind === 'address'
        ? guarded(field, problems, (entry) => countCodes(entry, rows, reader, memory))
        : null,
    readRuns: (field, problems) => guarded(field, problems, (entry) => readRuns(entry, field, rows, reader)),
    gather: (field, wanted, count, out) =>
      guarded(field, [], (entry) => gatherNumbers(entry, field, rows, reader, wanted, count, out)) ?? false,
    find: (field, low, high, found) =>
      guarded(field, [], (entry) => findNumbers(entry, field, rows, reader, low, high, found)) ?? -1,
    readScaled: (field, problems) =>
      field.kind === 'u64'
        ? guarded(field, problems, (entry) => readScaled(entry, rows, reader, memory))
        : null,
  }
}
