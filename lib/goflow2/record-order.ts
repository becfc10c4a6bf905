import type { Layout } from '../flow/layout.ts'
import type { CapturedColumn } from './captured.ts'
import { type LineColumns, SLOT } from './line-columns.ts'
import { FROM, isSflow, lastIndex, type Shape, type Source } from './line-sources.ts'

// goflow2 takes the fields of a record one after the other: what comes later overwrites what came before.

/**
 * Place in the record of the last element that fills the captured column; of a frame's, the frame's. -1 where none
 * does. Where there is no template, captured values come last.
 */
export function capturedIndex(column: CapturedColumn, { protocol, layout }: Shape): number {
  if (isSflow(protocol) || layout === null) return Number.MAX_SAFE_INTEGER
  const name = protocol === 9 ? 'netflow9' : 'ipfix'
  for (let i = layout.fields.length - 1; i >= 0; i--) {
    const { enterprise, element } = layout.fields[i]!
    const isFilled = column.elements.some(
      (e) => e.protocol === name && e.enterprise === enterprise && e.element === element,
    )
    if (isFilled || isFrame(layout, i)) return i
  }
  return -1
}

function isFrame(layout: Layout, i: number): boolean {
  const { enterprise, element } = layout.fields[i]!
  return enterprise === 0 && (element === 315 || element === 313)
}

/** Place in the record of the last element that the source reads. */
export function ownIndex(source: Source, { layout }: Shape, columns: LineColumns): number {
  let last = -1
  for (const slot of slotsOf(source)) last = Math.max(last, lastIndex(layout, columns.fields[slot]))
  return last
}

function slotsOf({ from, a, b, slots }: Source): readonly number[] {
  switch (from) {
    case FROM.nothing:
    case FROM.constant:
    case FROM.type:
    case FROM.icmpName:
      return []
    case FROM.first:
      return slots!
    case FROM.etype:
      return [SLOT.sourceAddress, SLOT.destinationAddress, SLOT.ipVersion]
    case FROM.network:
      return [b]
    default:
      return [a]
  }
}
