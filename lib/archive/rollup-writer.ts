import { BATCH_ROWS, FlowBatch } from '../flow/batch.ts'
import { F, type Field } from '../flow/fields.ts'
import { ROLLUP } from '../flow/rollup-fields.ts'
import type { FileWriter } from './file-writer.ts'
import type { RollupGroups } from './rollup-groups.ts'
import { MEASURES, type RollupKind } from './rollup-kinds.ts'

/** What the numbers of keys stand for: four words per address code, and per prefix. */
export interface KeyMeanings {
  addresses(): Uint32Array
  prefixes(): Uint32Array
}

/** Writes groups as rows of a rollup file, by bin. */
export class RollupWriter {
  readonly #kind: RollupKind
  readonly #file: FileWriter
  readonly #meanings: KeyMeanings
  readonly #receivedNs: bigint
  readonly #batch = new FlowBatch()

  /** `receivedNs`: when the latest of the flows was received; the age of the rollup. */
  constructor(kind: RollupKind, file: FileWriter, meanings: KeyMeanings, receivedNs: bigint) {
    this.#kind = kind
    this.#file = file
    this.#meanings = meanings
    this.#receivedNs = receivedNs
    this.#batch.kind = 'rollup'
  }

  write(groups: RollupGroups): void {
    const { count, words, keys } = groups
    const order = new Float64Array(count)
    for (let group = 0; group < count; group++) order[group] = keys[group * words]! * 2 ** 20 + group
    order.sort()
    for (let i = 0; i < count; i++) {
      this.#row(groups, order[i]! % 2 ** 20)
      if (this.#batch.rowCount === BATCH_ROWS) this.#flush()
    }
    this.#flush()
  }

  #row({ words, keys, sums }: RollupGroups, group: number): void {
    const batch = this.#batch
    const row = batch.rowCount++
    const at = group * words
    const start = BigInt(keys[at]!) * BigInt(this.#kind.binNs)
    this.#wide(F.flowStart, row, start)
    this.#wide(F.flowEnd, row, start + BigInt(this.#kind.binNs))
    this.#wide(F.timeReceived, row, this.#receivedNs)
    const there = keys[at + 1]!
    for (const [k, field] of this.#kind.keys.entries()) {
      if ((there & (1 << k)) === 0) continue
      const value = keys[at + 2 + k]!
      const column = batch.fixed(field)
      column.present[row] = 1
      if (field.kind !== 'address') column.values[row] = value
      else {
        const meanings = field === ROLLUP.localPrefix ? this.#meanings.prefixes() : this.#meanings.addresses()
        for (let word = 0; word < 4; word++) column.words[row * 4 + word] = meanings[value * 4 + word]!
      }
    }
    for (const [k, field] of MEASURES.entries()) this.#wide(field, row, sums[group * MEASURES.length + k]!)
  }

  #wide(field: Field, row: number, value: bigint): void {
    const column = this.#batch.fixed(field)
    column.wide[row] = value
    column.present[row] = 1
  }

  #flush(): void {
    this.#file.append(this.#batch)
    this.#batch.reset()
  }
}
