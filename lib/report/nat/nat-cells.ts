import { formatAddress, isUnspecified } from '../../bytes/address.ts'
import type { FixedColumn, OctetsColumn } from '../../flow/batch.ts'
import { F, type Field } from '../../flow/fields.ts'
import type { FlowBlock, Problem } from '../../flow/source.ts'
import { greater } from '../window.ts'
import { type Change, NAT, OBSERVED } from './nat-fields.ts'

/** Single cells of a block: columns are read when the first row asks for them. */
export class NatCells {
  readonly count: number
  readonly #block: FlowBlock
  readonly #problems: Problem[]
  readonly #columns = new Map<Field, FixedColumn | OctetsColumn | null>()
  readonly #codes = new Map<Field, { codes: Uint32Array; present: Uint8Array } | null>()

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

  /** The empty text where the row does not hold it, or it is `::` or 0.0.0.0. */
  address(field: Field, row: number): string {
    const column = this.#codesOf(field)
    if (column === null || column.present[row] === 0) return ''
    const words = this.#block.addresses.words()
    const at = column.codes[row]! * 4
    const isNone = isUnspecified(words, at) || (words[at + 2] === 0xffff && words[at + 3] === 0)
    return isNone ? '' : formatAddress(words, at)
  }

  #codesOf(field: Field): { codes: Uint32Array; present: Uint8Array } | null {
    let known = this.#codes.get(field)
    if (known === undefined) {
      known = this.#block.readCodes(field, this.#problems)
      this.#codes.set(field, known)
    }
    return known
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

  exporter(row: number): string {
    const domain = Math.max(0, this.number(F.observationDomainId, row))
    const column = this.#codesOf(F.exporterAddress)
    if (column === null || column.present[row] === 0) return `#${domain}`
    return exporterText(this.#block.addresses.words(), column.codes[row]! * 4, domain)
  }

  peer(address: Field, port: Field, row: number): string {
    const text = this.address(address, row)
    return text === '' ? '' : `${text} ${this.number(port, row)}`
  }

  /**
   * The ports of a block (RFC 8158 §5.10): from first to last by steps; where the record has only one end, as many as
   * it says. Null where the row has no block.
   */
  range(row: number): { first: number; last: number; step: number } | null {
    const first = this.number(NAT.rangeStart, row)
    if (first < 0) return null
    const step = Math.max(1, this.number(NAT.rangeStep, row))
    const ports = this.number(NAT.rangePorts, row)
    const end = this.number(NAT.rangeEnd, row)
    if (first === 0 && end <= 0 && ports <= 0) return null
    let last = end > 0 ? end : first + Math.max(0, ports - 1) * step
    // Where the number of ports says less than the end, it is the truth: ends are those of the pool.
    if (end > 0 && ports > 0) last = Math.min(end, first + (ports - 1) * step)
    return last < first ? null : { first, last: Math.min(65_535, last), step }
  }

  /** When the row's change happened; null where the row has no time at all. */
  times(row: number, change: Change): { atNs: bigint; fromNs: bigint | null } | null {
    const start = this.wide(F.flowStart, row)
    const end = this.wide(F.flowEnd, row)
    const observed = this.#observed(row)
    const told = this.wide(F.exportTime, row) ?? this.wide(F.timeReceived, row)
    if (change === 'begin') {
      const atNs = observed ?? start ?? end ?? told
      return atNs === null ? null : { atNs, fromNs: null }
    }
    const atNs = change === 'end' ? (observed ?? end ?? told ?? start) : (end ?? observed ?? start ?? told)
    if (atNs === null) return null
    if (change === 'end') return { atNs, fromNs: start !== null && start < atNs ? start : null }
    const fromNs = start ?? atNs
    return { atNs: greater(atNs, fromNs), fromNs }
  }

  #observed(row: number): bigint | null {
    for (const field of OBSERVED) {
      const ns = this.wide(field, row)
      if (ns !== null && ns > 0n) return ns
    }
    return null
  }
}

/** An exporter's address, and its domain where that is not 0. */
export function exporterText(words: Uint32Array, at: number, domain: number): string {
  return `${formatAddress(words, at)}${domain === 0 ? '' : `#${domain}`}`
}
