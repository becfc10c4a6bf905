import type { FixedColumn, OctetsColumn } from '../../flow/batch.ts'
import { F, type Field } from '../../flow/fields.ts'
import type { FlowBlock, Problem } from '../../flow/source.ts'
import type { Cells } from './nat-cells.ts'

/** Cells of a block: columns are read when the first row asks for them. */
export class BlockCells implements Cells {
  readonly count: number
  readonly #block: FlowBlock
  readonly #problems: Problem[]
  readonly #columns = new Map<Field, FixedColumn | OctetsColumn | null>()
  readonly #codes = new Map<Field, { codes: Uint32Array; present: Uint8Array } | null>()
  readonly #senders = new Map<string, number>()
  #lastSender: { readonly code: number; readonly domain: number; readonly number: number } | null = null

  constructor(block: FlowBlock, problems: Problem[]) {
    this.count = block.info.rows
    this.#block = block
    this.#problems = problems
  }

  fixed(field: Field): FixedColumn | null {
    const column = this.#column(field)
    return column?.shape === 'fixed' ? column : null
  }

  #column(field: Field): FixedColumn | OctetsColumn | null {
    let known = this.#columns.get(field)
    if (known === undefined) {
      const read = this.#block.read(field, this.#problems)?.column ?? null
      known = read?.shape === 'fixed' || read?.shape === 'octets' ? read : null
      this.#columns.set(field, known)
    }
    return known
  }

  /** -1 where the row does not hold it. */
  number(field: Field, row: number): number {
    const column = this.fixed(field)
    return column === null || column.present[row] === 0 ? -1 : column.values[row]!
  }

  wide(field: Field, row: number): bigint | null {
    const column = this.fixed(field)
    return column === null || column.present[row] === 0 ? null : column.wide[row]!
  }

  words(field: Field, row: number): { words: Uint32Array; at: number } | null {
    const column = this.codes(field)
    if (column === null || column.present[row] === 0) return null
    return { words: this.#block.addresses.words(), at: column.codes[row]! * 4 }
  }

  /** Address codes, one a row; null where no row holds the field. */
  codes(field: Field): { codes: Uint32Array; present: Uint8Array } | null {
    let known = this.#codes.get(field)
    if (known === undefined) {
      known = this.#block.readCodes(field, this.#problems)
      this.#codes.set(field, known)
    }
    return known
  }

  /** A number for the row's exporter and domain, the same for all rows of this block that share them. */
  sender(row: number): number {
    const exporters = this.codes(F.exporterAddress)
    const code = exporters === null || exporters.present[row] === 0 ? -1 : exporters.codes[row]!
    const domain = this.number(F.observationDomainId, row)
    const last = this.#lastSender
    if (last !== null && last.code === code && last.domain === domain) return last.number
    const key = `${code} ${domain}`
    let number = this.#senders.get(key)
    if (number === undefined) {
      number = this.#senders.size
      this.#senders.set(key, number)
    }
    this.#lastSender = { code, domain, number }
    return number
  }

  text(field: Field, row: number): string {
    const column = this.#column(field)
    if (column?.shape !== 'octets' || column.present[row] === 0) return ''
    const from = column.starts[row]!
    // Control characters of exporters stay off terminals.
    return Buffer.from(column.data.subarray(from, from + Math.min(256, column.lengths[row]!)))
      .toString('utf8')
      .replace(/[\p{Cc}\p{Cf}]/gu, '')
  }
}
