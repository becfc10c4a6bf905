import { elementOf } from './elements/registry.ts'

/** How deep lists may lie in lists, and how many items one value may hold, before it is called malformed. */
const DEEPEST = 8
const MOST_ITEMS = 16_384

/** Counts down while a value is read; one object is reused. */
const budget = { items: 0 }

/**
 * Whether `[from, to)` is a list as RFC 6313 §4.5 describes it. Lists are kept as the octets that came and never
 * become part of the record around them, so this only has to prove that a reader will find its way through.
 * Records of other templates inside are not looked at.
 */
export function isSoundList(type: string, view: DataView, from: number, to: number): boolean {
  budget.items = MOST_ITEMS
  return isSound(type, view, from, to, 1)
}

function isSound(type: string, view: DataView, from: number, to: number, depth: number): boolean {
  if (depth > DEEPEST) return false
  switch (type) {
    case 'basicList':
      return isBasicList(view, from, to, depth)
    case 'subTemplateList':
      // §4.5.2: semantic and template id.
      return to - from >= 3 && view.getUint16(from + 1) >= 256
    default:
      return isMultiList(view, from, to)
  }
}

/** §4.5.1: semantic, Field Specifier, then values of one element. */
function isBasicList(view: DataView, from: number, to: number, depth: number): boolean {
  let at = from + 5
  if (at > to) return false
  const id = view.getUint16(from + 1)
  const octets = view.getUint16(from + 3)
  let enterprise = 0
  if (id & 0x8000) {
    at += 4
    if (at > to) return false
    enterprise = view.getUint32(from + 5)
  }
  const type = elementOf(enterprise, id & 0x7fff)?.type ?? 'octetArray'
  const isNested = type === 'basicList' || type === 'subTemplateList' || type === 'subTemplateMultiList'
  if (octets !== 65535 && !isNested) return octets === 0 ? at === to : (to - at) % octets === 0
  while (at < to) {
    let length = octets
    if (octets === 65535) {
      length = view.getUint8(at++)
      if (length === 255) {
        if (at + 2 > to) return false
        length = view.getUint16(at)
        at += 2
      }
    }
    if (at + length > to || (length === 0 && octets === 0) || budget.items-- === 0) return false
    if (isNested && !isSound(type, view, at, at + length, depth + 1)) return false
    at += length
  }
  return true
}

/** §4.5.3: semantic, then template id, length with these four octets, records; again and again. */
function isMultiList(view: DataView, from: number, to: number): boolean {
  if (from >= to) return false
  let at = from + 1
  while (at < to) {
    if (at + 4 > to || budget.items-- === 0) return false
    const length = view.getUint16(at + 2)
    if (view.getUint16(at) < 256 || length < 4) return false
    at += length
  }
  return at === to
}
