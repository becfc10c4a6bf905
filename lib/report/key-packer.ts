import type { AddressScope } from './address-scope.ts'
import type { KeySource } from './compiled-key.ts'
import { newVector, type Vector } from './group-table.ts'
import { gatherAbsent, mapThrough, putPiece, setPiece, VECTOR_ROWS } from './kernels.ts'
import type { InputLayout, TableShape } from './table-shape.ts'
import { gather } from './vectors.ts'

/** `count` rows, from `from` on in `selection`. */
export interface PackedRows {
  readonly selection: Uint32Array
  readonly from: number
  readonly count: number
}

/** Packs keys of rows of one input into the words of a vector. */
export class KeyPacker {
  readonly vector: Vector
  readonly scope: AddressScope
  readonly #shape: TableShape
  readonly #layout: InputLayout
  readonly #numbers = new Uint32Array(VECTOR_ROWS)
  /** Words of the vector's keys that hold something of the rows at hand: 1. */
  readonly #begun: Uint8Array

  constructor(shape: TableShape, layout: InputLayout, scope: AddressScope) {
    this.#shape = shape
    this.#layout = layout
    this.scope = scope
    this.vector = newVector(layout.layout.words, shape.operations.length)
    this.#begun = new Uint8Array(layout.layout.words)
  }

  /** Packs the keys of rows, and their bins at the same places. */
  pack(
    sources: readonly KeySource[],
    { selection, from, count }: PackedRows,
    bins: Uint32Array | null,
  ): void {
    const { scope } = this
    const layout = this.#layout
    const numbers = this.#numbers
    this.#begun.fill(0)
    let part = 0
    for (const [i, key] of this.#shape.keys.entries()) {
      const source = sources[i]!
      for (const [k, shape] of key.parts.entries()) {
        if (source.parts !== null) {
          gather(source.parts[k]!, selection, from, count, numbers)
          const map = 'taking' in shape ? scope.coding(shape.taking).map : null
          if (map !== null) mapThrough(map, numbers, count)
          this.#put(part, numbers, count)
        }
        part++
      }
      if (source.parts === null) this.#put(part, numbers.fill(1, 0, count), count)
      else if (source.present !== null) {
        gatherAbsent(source.present, selection, from, count, numbers)
        this.#put(part, numbers, count)
        this.#clearAbsent(layout.presenceParts[i]! - key.parts.length, part, count, numbers)
      }
      part++
    }
    if (bins !== null && this.#shape.hasTime) this.#put(layout.timePart, bins, count)
    for (const [i, word] of this.vector.words.entries()) if (this.#begun[i] === 0) word.fill(0, 0, count)
  }

  /** Rows that lack a key are one group, whatever stands in its columns. */
  #clearAbsent(from: number, to: number, count: number, absent: Uint32Array): void {
    for (const piece of this.#layout.layout.pieces) {
      if (piece.part < from || piece.part >= to) continue
      const word = this.vector.words[piece.word]!
      const keep = ~(piece.mask << piece.left)
      for (let i = 0; i < count; i++) if (absent[i] === 1) word[i]! &= keep
    }
  }

  #put(part: number, numbers: Uint32Array, count: number): void {
    for (const piece of this.#layout.layout.pieces) {
      if (piece.part !== part) continue
      const word = this.vector.words[piece.word]!
      if (this.#begun[piece.word] === 1) putPiece(numbers, count, piece.shift, piece.mask, piece.left, word)
      else setPiece(numbers, count, piece.shift, piece.mask, piece.left, word)
      this.#begun[piece.word] = 1
    }
  }
}
