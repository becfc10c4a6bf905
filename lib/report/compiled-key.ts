import { formatAddress, isIpv4 } from '../bytes/address.ts'
import { FlowError } from '../diagnostics/flow-error.ts'
import type { AddressFact } from '../flow/address-fact.ts'
import type { NumberValues, OctetsColumn } from '../flow/batch.ts'
import { F, type Field } from '../flow/fields.ts'
import type { Taking } from './address-scope.ts'
import { compileApplication } from './application-key.ts'
import { type BlockRows, DIRECTIONS, type NumberColumn, partial } from './block-rows.ts'
import type { Cell, Key, ResultColumn, Side } from './query.ts'
import { PORTS, servicePorts, serviceText } from './services.ts'
import type { TextInterner } from './text-interner.ts'

/**
 * One number of a key: of so many bits, of which most numbers need no more than `commonBits`, or a number that a
 * dictionary's coding gives to an address.
 */
export type PartShape = { readonly bits: number; readonly commonBits?: number } | { readonly taking: Taking }

/** Where a block has the numbers of a part. */
export interface PartSource {
  readonly values: NumberValues
  /** Of columns of two words a row, which; -1 for others. */
  readonly half: number
}

/** A block's values of one key; `present` is null where all rows have it. */
export interface KeySource {
  /** Null: no row has it. */
  readonly parts: readonly PartSource[] | null
  readonly present: Uint8Array | null
}

/** A key, ready to be read from blocks and printed. A value is its parts' words: four for addresses, else one. */
export interface CompiledKey {
  readonly key: Key
  readonly parts: readonly PartShape[]
  readonly fields: readonly Field[]
  readonly unit: ResultColumn['unit']
  /** Whether its number is one of the interner's: it tells nothing of order. */
  readonly isInterned?: boolean
  /** Whether there is no row without it. */
  readonly isAlways?: boolean
  source(rows: BlockRows): KeySource
  cell(words: Uint32Array, at: number): Cell
}

const NOTHING: KeySource = { parts: null, present: null }
const AS_NUMBERS = [F.bgpSourceAsNumber, F.bgpDestinationAsNumber] as const
const ENDS = [F.sourceAddress, F.destinationAddress] as const
/** Numbers of AS that registries have given away are below 2^20; private ones of 32 bits are not. */
const AS_BITS = 20
/** Words of a key's value. */
export function wordsOf(key: CompiledKey): number {
  let words = 0
  for (const part of key.parts) words += partWords(part)
  return words
}

export function partWords(part: PartShape): number {
  return 'taking' in part && part.taking.kind !== 'fact' ? 4 : 1
}

/** Throws QUERY_INVALID for keys that no value can be had of. `time` is none of these. */
export function compileKey(key: Key, local: AddressFact | null, interner: TextInterner): CompiledKey {
  const endsOf = (side: Side): readonly Field[] =>
    side === 'source' ? [ENDS[0]] : side === 'destination' ? [ENDS[1]] : ENDS
  const ofSide = (
    side: Side,
    taking: Taking,
    unit: ResultColumn['unit'],
    cell: CompiledKey['cell'],
  ): CompiledKey => ({
    key,
    parts: [{ taking }],
    fields: endsOf(side),
    unit,
    source(rows) {
      const column = rows.sideCodes(side, local)
      return column === null ? NOTHING : one(column.codes, column.present)
    },
    cell,
  })
  switch (key.kind) {
    case 'field':
      return compileField(key, key.field, interner)
    case 'address':
      return ofSide(key.side, { kind: 'address' }, 'address', formatAddress)
    case 'prefix': {
      const { ipv4Bits, ipv6Bits } = key
      const only = key.side === 'local' ? local : null
      return ofSide(key.side, { kind: 'prefix', ipv4Bits, ipv6Bits, only }, 'address', (words, at) => {
        return `${formatAddress(words, at)}/${isIpv4(words, at) ? ipv4Bits : ipv6Bits}`
      })
    }
    case 'fact': {
      const { fact } = key
      return ofSide(key.side, { kind: 'fact', fact }, 'text', (words, at) => fact.text(words[at]!) || null)
    }
    case 'as':
      return compileAs(key, local, endsOf(key.side))
    case 'port':
      return {
        key,
        parts: [{ bits: 16 }],
        fields: [...PORTS, ...endsOf(key.side)],
        unit: 'number',
        source: (rows) => ofNumbers(rows.sideNumbers(key.side, PORTS, local)),
        cell: (words, at) => words[at]!,
      }
    case 'direction':
      return {
        key,
        parts: [{ bits: 2 }],
        fields: ENDS,
        unit: 'text',
        source: (rows) => one(rows.directions(local), null),
        cell: (words, at) => DIRECTIONS[words[at]!] ?? null,
      }
    case 'service': {
      const { text } = key
      return {
        key,
        parts: [{ bits: 8 }, { bits: 16 }],
        fields: [F.protocolIdentifier, ...PORTS],
        unit: 'text',
        source(rows) {
          const protocol = rows.numbers(F.protocolIdentifier)
          if (protocol === null) return NOTHING
          const ports = rows.servicePorts(() => servicePorts(rows, protocol.values))
          return {
            parts: [
              { values: protocol.values, half: -1 },
              { values: ports, half: -1 },
            ],
            present: protocol.present,
          }
        },
        cell: (words, at) => (text ?? serviceText)(words[at]!, words[at + 1]!),
      }
    }
    case 'exporterNumber': {
      const inner = compileField(key, key.field, interner)
      if (inner.parts.length !== 1)
        throw new FlowError('QUERY_INVALID', `${key.name} needs a column of numbers`)
      return {
        key,
        parts: [{ taking: { kind: 'address' } }, ...inner.parts],
        fields: [F.exporterAddress, key.field],
        unit: 'text',
        source(rows) {
          const exporter = rows.codes(F.exporterAddress)
          const { parts, present } = inner.source(rows)
          if (exporter === null || parts === null) return NOTHING
          return { parts: [{ values: exporter.codes, half: -1 }, ...parts], present }
        },
        cell: (words, at) => key.text(formatAddress(words, at), words[at + 4]!) || null,
      }
    }
    case 'application':
      return compileApplication(key, interner)
    case 'pair':
      return {
        key,
        parts: [{ taking: { kind: 'address' } }, { taking: { kind: 'address' } }],
        fields: ENDS,
        unit: 'text',
        source: (rows) => rows.once(null, 'pair', () => pairOf(rows)),
        cell: (words, at) => `${formatAddress(words, at)} <> ${formatAddress(words, at + 4)}`,
      }
    default:
      throw new FlowError('QUERY_INVALID', `${key.name} can stand only once among the keys`)
  }
}

function one(values: NumberValues, present: Uint8Array | null): KeySource {
  return { parts: [{ values, half: -1 }], present }
}

function ofNumbers(column: NumberColumn | null): KeySource {
  return column === null ? NOTHING : one(column.values, column.present)
}

function compileField(key: Key, field: Field, interner: TextInterner): CompiledKey {
  const text = key.kind === 'field' ? (key.text ?? null) : null
  const bits = { u8: 8, u16: 16, u32: 32 }[field.kind as string]
  if (bits !== undefined) {
    return {
      key,
      parts: [{ bits }],
      fields: [field],
      unit: text === null ? 'number' : 'text',
      source: (rows) => ofNumbers(rows.numbers(field)),
      cell: (words, at) => (text === null ? words[at]! : text(words[at]!)),
    }
  }
  switch (field.kind) {
    case 'address':
      return {
        key,
        parts: [{ taking: { kind: 'address' } }],
        fields: [field],
        unit: 'address',
        source(rows) {
          const column = rows.codes(field)
          return column === null ? NOTHING : one(column.codes, column.present)
        },
        cell: formatAddress,
      }
    case 'u64':
    case 'i64':
    case 'f64':
    case 'mac': {
      // MACs have their upper word first, 64-bit numbers their lower.
      const halves = field.kind === 'mac' ? [0, 1] : [1, 0]
      return {
        key,
        parts: [{ bits: 32 }, { bits: 32 }],
        fields: [field],
        unit: field.kind === 'mac' ? 'text' : field.semantics === 'timestamp' ? 'time' : 'number',
        source(rows) {
          const column = rows.fixed(field)
          if (column === null) return NOTHING
          const words = new Uint32Array(column.values.buffer, column.values.byteOffset, rows.rows * 2)
          const present = partial(column.present, rows.rows)
          return { parts: halves.map((half) => ({ values: words, half })), present }
        },
        cell: (words, at) => wideCell(field.kind, words[at]!, words[at + 1]!),
      }
    }
    case 'octets':
    case 'text':
      return {
        key,
        parts: [{ bits: 32 }],
        fields: [field],
        unit: 'text',
        isInterned: true,
        source(rows) {
          const column = rows.column(field)?.column
          if (column?.shape !== 'octets') return NOTHING
          const numbers = rows.once(interner, field.name, () => textNumbers(column, rows.rows, interner))
          return one(numbers, partial(column.present, rows.rows))
        },
        cell(words, at) {
          if (field.kind === 'text') return interner.text(words[at]!)
          return Buffer.from(interner.octets(words[at]!), 'latin1').toString('hex')
        },
      }
    default:
      throw new FlowError('QUERY_INVALID', `cannot group by ${field.name}: it holds lists`)
  }
}

function wideCell(kind: string, high: number, low: number): Cell {
  if (kind === 'mac') {
    const digits = (BigInt(high) * 2n ** 32n + BigInt(low)).toString(16).padStart(12, '0')
    return digits.slice(-12).replace(/..(?!$)/g, '$&:')
  }
  const bits = (BigInt(high) << 32n) + BigInt(low)
  if (kind === 'u64') return bits
  return kind === 'i64' ? BigInt.asIntN(64, bits) : new Float64Array(BigUint64Array.of(bits).buffer)[0]!
}

/** A number for each row's octets; rows that share octets of the block ask once. */
function textNumbers(column: OctetsColumn, rows: number, interner: TextInterner): Uint32Array {
  const out = new Uint32Array(rows)
  const known = new Map<number, number>()
  for (let row = 0; row < rows; row++) {
    if (column.present[row] === 0) continue
    const place = column.starts[row]! * 2 ** 20 + Math.min(column.lengths[row]!, 2 ** 20 - 1)
    let number = known.get(place)
    if (number === undefined) {
      number = interner.numberOf(column.data, column.starts[row]!, column.lengths[row]!)
      known.set(place, number)
    }
    out[row] = number
  }
  return out
}

/** Codes of both ends, the smaller address first; rows that lack one have none. */
function pairOf(rows: BlockRows): KeySource {
  const [a, b] = ENDS.map((field) => rows.codes(field)) as [
    ReturnType<BlockRows['codes']>,
    ReturnType<BlockRows['codes']>,
  ]
  if (a === null || b === null) return NOTHING
  const words = rows.scope.addresses.words()
  const low = new Uint32Array(rows.rows)
  const high = new Uint32Array(rows.rows)
  for (let row = 0; row < low.length; row++) {
    const [x, y] = [a.codes[row]! * 4, b.codes[row]! * 4]
    let word = 0
    while (word < 3 && words[x + word] === words[y + word]) word++
    const isOrdered = words[x + word]! <= words[y + word]!
    low[row] = (isOrdered ? x : y) / 4
    high[row] = (isOrdered ? y : x) / 4
  }
  let present: Uint8Array | null = null
  if (a.present !== null || b.present !== null) {
    present = new Uint8Array(rows.rows)
    for (let row = 0; row < present.length; row++)
      present[row] = (a.present?.[row] ?? 1) & (b.present?.[row] ?? 1)
  }
  return {
    parts: [
      { values: low, half: -1 },
      { values: high, half: -1 },
    ],
    present,
  }
}

type AsKey = Key & { kind: 'as' }

function compileAs(key: AsKey, local: AddressFact | null, ends: readonly Field[]): CompiledKey {
  const { side, before, after, exporter, shows } = key
  const isNumber = shows === 'number'
  const only = before ?? after
  if (isNumber && !exporter && only !== null && (before === null || after === null)) {
    return {
      key,
      parts: [{ taking: { kind: 'fact', fact: only } }],
      fields: ends,
      unit: 'number',
      source(rows) {
        const column = rows.sideCodes(side, local)
        return column === null ? NOTHING : one(column.codes, column.present)
      },
      cell: (words, at) => words[at]!,
    }
  }
  const names = ['', before?.name ?? '', 'exporter', after?.name ?? '']
  return {
    key,
    parts: [isNumber ? { bits: 32, commonBits: AS_BITS } : { bits: 2 }],
    isAlways: true,
    fields: exporter ? [...ends, ...AS_NUMBERS] : ends,
    unit: isNumber ? 'number' : 'text',
    source(rows) {
      // Nobody else says any number: the exporter's stand as they are.
      const isPlain = isNumber && before === null && after === null
      const told = isPlain && exporter ? rows.sideNumbers(side, AS_NUMBERS, local) : null
      if (told !== null) return one(told.values, null)
      const { numbers, origins } = rows.once(key, 'as', () => asNumbers(rows, key, local))
      return one(isNumber ? numbers : origins, null)
    },
    cell: (words, at) => (isNumber ? words[at]! : (names[words[at]!] ?? '') || null),
  }
}

function asNumbers(
  rows: BlockRows,
  key: AsKey,
  local: AddressFact | null,
): { numbers: Uint32Array; origins: Uint8Array } {
  const numbers = new Uint32Array(rows.rows)
  const origins = new Uint8Array(rows.rows)
  const side = rows.sideCodes(key.side, local)
  const take = (values: NumberValues | null, codes: Uint32Array | null, origin: number) => {
    if (values === null) return
    const present = codes === null ? null : (side?.present ?? null)
    for (let row = 0; row < numbers.length; row++) {
      if (numbers[row] !== 0 || (present !== null && present[row] === 0)) continue
      const value = codes === null ? values[row]! : values[codes[row]!]!
      if (value === 0) continue
      numbers[row] = value
      origins[row] = origin
    }
  }
  const byCode = (fact: AddressFact | null) => (fact === null ? null : rows.scope.factByCode(fact))
  if (side !== null) take(byCode(key.before), side.codes, 1)
  if (key.exporter) take(rows.sideNumbers(key.side, AS_NUMBERS, local)?.values ?? null, null, 2)
  if (side !== null) take(byCode(key.after), side.codes, 3)
  return { numbers, origins }
}
