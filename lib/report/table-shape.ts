import type { AddressScope, Coding } from './address-scope.ts'
import type { BlockRows } from './block-rows.ts'
import { type CompiledKey, type KeySource, type PartShape, partWords } from './compiled-key.ts'
import { MOST_DENSE_BITS } from './dense-groups.ts'
import type { Vector } from './group-table.ts'
import { putPiece, takePiece } from './kernels.ts'
import { bitsFor, type KeyLayout, layoutOf } from './key-layout.ts'
import type { NumberCoding } from './number-coding.ts'
import type { LaneOperation } from './sums.ts'
import { outgrows } from './vectors.ts'

/** So many numbers are looked up one by one. */
const FEW = 32

/**
 * What a table groups by. The keys of the head decide which groups belong together; those of the tail, and the time bin,
 * tell them apart within.
 */
export interface TableShape {
  readonly keys: readonly CompiledKey[]
  readonly headKeys: number
  /** Whether the time bin is the last part of the tail. */
  readonly hasTime: boolean
  readonly operations: readonly LaneOperation[]
  /** Columns of a key's meaning: each key's words, then 1 where the row lacks the key; the time bin at last. */
  readonly columnBits: readonly number[]
  /** Where each key's columns begin. */
  readonly columnsAt: readonly number[]
  /** Whether parts whose values are few but wide are numbered: the values would take too many bits. */
  readonly isNumbered: boolean
  /** The layout of meanings: the same in all inputs. */
  readonly meaningLayout: KeyLayout
}

export function tableShape(
  keys: readonly CompiledKey[],
  headKeys: number,
  hasTime: boolean,
  operations: readonly LaneOperation[],
): TableShape {
  const columnBits: number[] = []
  const columnsAt: number[] = []
  for (const key of keys) {
    columnsAt.push(columnBits.length)
    for (const part of key.parts) {
      const bits = 'bits' in part ? part.bits : 32
      for (let word = 0; word < partWords(part); word++) columnBits.push(bits)
    }
    columnBits.push(1)
  }
  columnsAt.push(columnBits.length)
  if (hasTime) columnBits.push(32)
  const meaningLayout = layoutOf(columnBits, columnsAt[headKeys]!)
  const isNumbered = (commonBits({ keys, hasTime }) ?? MOST_DENSE_BITS + 1) > MOST_DENSE_BITS
  return { keys, headKeys, hasTime, operations, columnBits, columnsAt, isNumbered, meaningLayout }
}

/** How keys of one input are packed: addresses by their codes there. */
export interface InputLayout {
  readonly layout: KeyLayout
  /** Of each part, the first column of its meaning. */
  readonly columns: readonly number[]
  /** Number of each key's presence part, and of the time part. */
  readonly presenceParts: readonly number[]
  readonly timePart: number
}

/** What numbers the values of a part whose values are few but wide; null where they are packed as they are. */
export function numberingOf(
  shape: TableShape,
  part: PartShape,
  { numbers }: AddressScope,
): NumberCoding | null {
  return shape.isNumbered && 'bits' in part && part.commonBits !== undefined ? numbers : null
}

/** The values of a key in a block, numbered where tables of this shape number them. */
export function numberedSource(shape: TableShape, key: CompiledKey, rows: BlockRows): KeySource {
  const source = key.source(rows)
  const { parts, present } = source
  if (parts === null || key.parts.every((part) => numberingOf(shape, part, rows.scope) === null))
    return source
  const numbered = parts.map((part, k) => {
    const numbering = numberingOf(shape, key.parts[k]!, rows.scope)
    const { values, half } = part
    if (numbering === null || !(values instanceof Uint32Array)) return part
    const make = () => {
      const numbers = rows.words(rows.rows)
      numbering.encode(values, numbers)
      return numbers
    }
    return { values: rows.once(values, 'numbers', make), half }
  })
  return { parts: numbered, present }
}

/** The bits of keys whose numbers are all common ones; null where these make no difference, or keys are of addresses. */
export function commonBits({ keys, hasTime }: Pick<TableShape, 'keys' | 'hasTime'>): number | null {
  let bits = 0
  let all = 0
  for (const { parts } of keys) {
    for (const part of parts) {
      if ('taking' in part) return null
      bits += part.commonBits ?? part.bits
      all += part.bits
    }
    bits++
    all++
  }
  return hasTime || bits === all ? null : bits
}

/** Whether any row of a block has a number that is none of the common ones. */
export function hasUncommon(shape: TableShape, sources: readonly KeySource[]): boolean {
  return shape.keys.some(({ parts }, i) =>
    parts.some((part, k) => {
      const values = sources[i]!.parts?.[k]?.values
      if ('taking' in part || part.commonBits === undefined) return false
      return values instanceof Uint32Array && outgrows(values, values.length, part.commonBits)
    }),
  )
}

/**
 * The layout for what is known of an input's addresses; `timeBits` are those of bin numbers. `isCommon`: no number needs
 * more than the common bits.
 */
export function inputLayout(
  shape: TableShape,
  scope: AddressScope,
  timeBits: number,
  isCommon: boolean,
): InputLayout {
  const bits: number[] = []
  const columns: number[] = []
  const presenceParts: number[] = []
  let tailFrom = 0
  for (const [i, key] of shape.keys.entries()) {
    if (i === shape.headKeys) tailFrom = bits.length
    let column = shape.columnsAt[i]!
    for (const part of key.parts) {
      if ('taking' in part) bits.push(scope.bitsOf(part.taking))
      else if (numberingOf(shape, part, scope) !== null) bits.push(scope.numbers!.bits)
      else bits.push(isCommon ? (part.commonBits ?? part.bits) : part.bits)
      columns.push(column)
      column += partWords(part)
    }
    presenceParts.push(bits.length)
    bits.push(key.isAlways === true ? 0 : 1)
    columns.push(column)
  }
  if (shape.headKeys === shape.keys.length) tailFrom = bits.length
  if (shape.hasTime) {
    bits.push(timeBits)
    columns.push(shape.columnBits.length - 1)
  }
  return { layout: layoutOf(bits, tailFrom), columns, presenceParts, timePart: bits.length - 1 }
}

/** Whether dictionaries have outgrown the bits of a layout, so that another one is needed. */
export function hasOutgrown(shape: TableShape, scope: AddressScope, input: InputLayout): boolean {
  let part = 0
  for (const key of shape.keys) {
    for (const own of key.parts) {
      const coding = 'taking' in own ? scope.coding(own.taking) : numberingOf(shape, own, scope)
      if (coding !== null && bitsFor(coding.count) > bitsOf(input.layout, part)) return true
      part++
    }
    part++
  }
  return false
}

function bitsOf(layout: KeyLayout, part: number): number {
  let bits = 0
  for (const piece of layout.pieces) if (piece.part === part) bits += 32 - Math.clz32(piece.mask)
  return bits
}

/**
 * Puts the meaning of packed keys into columns. `input` is null for keys that are packed meanings; keys begin at word
 * `at` and are `layout.words` apart. Of keys from `meant` on it is only told whether rows have them.
 */
export function unpackMeanings(
  shape: TableShape,
  input: { readonly layout: InputLayout; readonly scope: AddressScope } | null,
  keys: Uint32Array,
  at: number,
  count: number,
  columns: readonly Uint32Array[],
  meant = shape.keys.length,
): void {
  for (const column of columns) column.fill(0, 0, count)
  if (input === null) {
    const { pieces, words } = shape.meaningLayout
    for (const { part, shift, mask, word, left } of pieces)
      takePiece(keys, at + word, words, count, shift, mask, left, columns[part]!)
    return
  }
  const { layout, columns: firstColumns } = input.layout
  for (const { part, shift, mask, word, left } of layout.pieces)
    takePiece(keys, at + word, layout.words, count, shift, mask, left, columns[firstColumns[part]!]!)
  let number = 0
  for (const [i, key] of shape.keys.entries()) {
    for (const part of key.parts) {
      const coding =
        'taking' in part ? input.scope.coding(part.taking) : numberingOf(shape, part, input.scope)
      if (coding !== null && i < meant) mean(coding, columns, firstColumns[number]!, count)
      number++
    }
    number++
    clearAbsent(columns, shape.columnsAt[i]!, shape.columnsAt[i + 1]! - 1, count)
  }
}

/** Packs the meaning of keys, by column, into the words of a vector. */
export function packMeanings(
  { meaningLayout }: TableShape,
  columns: readonly Uint32Array[],
  count: number,
  vector: Vector,
): void {
  vector.count = count
  for (const word of vector.words) word.fill(0, 0, count)
  for (const { part, shift, mask, word, left } of meaningLayout.pieces)
    putPiece(columns[part]!, count, shift, mask, left, vector.words[word]!)
}

/** The time bin of each group of a table that has bins. */
export function binsOf(
  shape: TableShape,
  {
    input,
    keys,
    words,
    count,
  }: {
    readonly input: { readonly layout: InputLayout } | null
    readonly keys: Uint32Array
    readonly words: number
    readonly count: number
  },
): Uint32Array {
  const bins = new Uint32Array(count)
  const layout = input?.layout.layout ?? shape.meaningLayout
  const timePart = input?.layout.timePart ?? shape.columnBits.length - 1
  for (const { part, shift, mask, word, left } of layout.pieces)
    if (part === timePart) takePiece(keys, word, words, count, shift, mask, left, bins)
  return bins
}

/** Replaces a coding's numbers in the first column by the words they mean. */
function mean(coding: Coding, columns: readonly Uint32Array[], first: number, count: number): void {
  const { meaningWords } = coding
  const numbers = columns[first]!
  if (count <= FEW && meanFew(coding, columns, first, count)) return
  const { meaning } = coding
  for (let word = meaningWords - 1; word >= 0; word--) {
    const out = columns[first + word]!
    for (let i = 0; i < count; i++) out[i] = meaning[numbers[i]! * meaningWords + word]!
  }
}

/** As `mean`, number by number; false where that is no quicker. */
function meanFew(coding: Coding, columns: readonly Uint32Array[], first: number, count: number): boolean {
  const numbers = columns[first]!
  for (let i = 0; i < count; i++) {
    const words = coding.meaningOf?.(numbers[i]!) ?? null
    if (words === null) return false
    for (let word = 0; word < coding.meaningWords; word++) columns[first + word]![i] = words[word]!
  }
  return true
}

/** Rows without a key mean the same in every input. */
function clearAbsent(columns: readonly Uint32Array[], from: number, absent: number, count: number): void {
  const flags = columns[absent]!
  for (let column = from; column < absent; column++) {
    const values = columns[column]!
    for (let i = 0; i < count; i++) if (flags[i] === 1) values[i] = 0
  }
}

/** Layouts of the same name give the same numbers to the same keys of one input. */
export function layoutName({ layout, timePart }: InputLayout): string {
  return JSON.stringify([layout, timePart])
}
