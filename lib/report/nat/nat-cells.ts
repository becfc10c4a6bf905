import { formatAddress, isUnspecified } from '../../bytes/address.ts'
import { F, type Field } from '../../flow/fields.ts'
import { greater } from '../window.ts'
import { type Change, NAT, OBSERVED } from './nat-fields.ts'

/** Single cells of rows, wherever they are kept. */
export interface Cells {
  /** -1 where the row does not hold it. */
  number(field: Field, row: number): number
  wide(field: Field, row: number): bigint | null
  /** Four words of an address; null where the row does not hold it. */
  words(field: Field, row: number): { readonly words: Uint32Array; readonly at: number } | null
  /** The empty text where the row does not hold it. */
  text(field: Field, row: number): string
}

/** The empty text where the row does not hold it, or it is `::` or 0.0.0.0. */
export function addressOf(cells: Cells, field: Field, row: number): string {
  const place = cells.words(field, row)
  return place === null || isNoAddress(place.words, place.at) ? '' : formatAddress(place.words, place.at)
}

/** Whether four words are `::` or 0.0.0.0, which exporters send where there is no address. */
export function isNoAddress(words: Uint32Array, at: number): boolean {
  const isIpv4 = words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0xffff
  return isUnspecified(words, at) || (isIpv4 && words[at + 3] === 0)
}

/** Who sent the row: its address, and its observation domain where that is not 0. */
export function exporterOf(cells: Cells, row: number): string {
  const domain = Math.max(0, cells.number(F.observationDomainId, row))
  const place = cells.words(F.exporterAddress, row)
  return place === null ? `#${domain}` : exporterText(place.words, place.at, domain)
}

/** An address and its port; the empty text where there is no address. */
export function peerOf(cells: Cells, address: Field, port: Field, row: number): string {
  const text = addressOf(cells, address, row)
  return text === '' ? '' : `${text} ${cells.number(port, row)}`
}

/**
 * The ports of a block (RFC 8158 §5.10): from first to last by steps; where the record has only one end, as many as
 * it says. Null where the row has no block.
 */
export function rangeOf(cells: Cells, row: number): { first: number; last: number; step: number } | null {
  const first = cells.number(NAT.rangeStart, row)
  if (first < 0) return null
  const step = Math.max(1, cells.number(NAT.rangeStep, row))
  const ports = cells.number(NAT.rangePorts, row)
  const end = cells.number(NAT.rangeEnd, row)
  if (first === 0 && end <= 0 && ports <= 0) return null
  let last = end > 0 ? end : first + Math.max(0, ports - 1) * step
  // Where the number of ports says less than the end, it is the truth: ends are those of the pool.
  if (end > 0 && ports > 0) last = Math.min(end, first + (ports - 1) * step)
  return last < first ? null : { first, last: Math.min(65_535, last), step }
}

/** When the row's change happened; null where the row has no time at all. */
export function timesOf(
  cells: Cells,
  row: number,
  change: Change,
): { atNs: bigint; fromNs: bigint | null } | null {
  // Columns are read when they are needed.
  const start = cells.wide(F.flowStart, row)
  const told = () => cells.wide(F.exportTime, row) ?? cells.wide(F.timeReceived, row)
  if (change === 'begin') {
    const atNs = observedOf(cells, row) ?? start ?? cells.wide(F.flowEnd, row) ?? told()
    return atNs === null ? null : { atNs, fromNs: null }
  }
  const end = cells.wide(F.flowEnd, row)
  if (change === 'end') {
    const atNs = observedOf(cells, row) ?? end ?? told() ?? start
    return atNs === null ? null : { atNs, fromNs: start !== null && start < atNs ? start : null }
  }
  const atNs = end ?? observedOf(cells, row) ?? start ?? told()
  if (atNs === null) return null
  const fromNs = start ?? atNs
  return { atNs: greater(atNs, fromNs), fromNs }
}

function observedOf(cells: Cells, row: number): bigint | null {
  for (const field of OBSERVED) {
    const ns = cells.wide(field, row)
    if (ns !== null && ns > 0n) return ns
  }
  return null
}

/** An exporter's address, and its domain where that is not 0. */
export function exporterText(words: Uint32Array, at: number, domain: number): string {
  return `${formatAddress(words, at)}${domain === 0 ? '' : `#${domain}`}`
}
