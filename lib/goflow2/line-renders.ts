import type { LineKind, Renderer } from './line-fields.ts'
import { RENDER } from './line-program.ts'

/** Lists of integers are packed, octets have a length, everything else is a varint. */
export function tagOf(number: number, kind: LineKind): number {
  return number * 8 + (kind === 'bytes' || kind.endsWith('-list') ? 2 : 0)
}

/** What a renderer makes of an integer: goflow2's renderers look at the width, and print plainly what they don't know. */
export function numberRender(kind: LineKind, renderer: Renderer): number {
  const isWide = kind === 'u64'
  switch (renderer) {
    case 'etype':
      return RENDER.etype
    case 'proto':
      return RENDER.proto
    case 'datetime':
      return RENDER.datetime
    case 'mac':
      return isWide ? RENDER.mac : RENDER.decimal
    case 'datetimenano':
      return isWide ? RENDER.nano : RENDER.decimal
    default:
      return RENDER.decimal
  }
}

/** The same for octets. */
export function octetsRender(renderer: Renderer): number {
  switch (renderer) {
    case 'ip':
      return RENDER.ip
    case 'string':
      return RENDER.text
    case 'etype':
    case 'proto':
      return RENDER.unknown
    default:
      return RENDER.hex
  }
}
