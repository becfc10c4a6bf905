import { LINE_FIELDS, LINE_FIELDS_2_1 } from '../line-fields.ts'
import type { Mapping } from '../mapping-types.ts'
import { type KeyTarget, keyName, OP } from './known-keys.ts'

/** One key of lines: what it is called, which field of goflow2 it is, and how its values are written. */
export interface ShapeKey {
  /** As it is printed. */
  readonly key: string
  /** goflow2's name of the field; null for keys that it does not have. */
  readonly name: string | null
  /** A renderer of mapping.yaml where the values are not written as by default. */
  readonly renderer: string | null
}

/** How lines look, so that others can be printed in the same way. */
export interface LineShape {
  /** Whose names they use: 2.1 ends before `layer_stack` and names five protocols only. */
  readonly compat: '2.2' | '2.1'
  /** Keys of the line that had most of them, in its order. */
  readonly keys: readonly ShapeKey[]
}

/** A key as the first line that had it tells of it: `value` is where its value begins. */
export function shapeKey(key: string, target: KeyTarget, octets: Uint8Array, value: number): ShapeKey {
  const name = keyName(target)
  return { key, name, renderer: name === null ? null : rendererOf(target.op, octets, value) }
}

/** The shape of lines with these keys. */
export function lineShape(keys: readonly ShapeKey[]): LineShape {
  const isAs21 =
    keys.length === LINE_FIELDS_2_1 &&
    LINE_FIELDS.slice(0, LINE_FIELDS_2_1).every(({ name }, i) => keys[i]!.name === name)
  return { compat: isAs21 ? '2.1' : '2.2', keys }
}

/**
 * A mapping that prints goflow2's fields of the shape: their order, names and renderers. Keys that goflow2 does not have
 * are left out: no mapping tells where their values come from.
 */
export function mappingOfShape({ keys }: LineShape): Mapping {
  const fields: string[] = []
  const render: Record<string, string> = {}
  const rename: Record<string, string> = {}
  for (const { key, name, renderer } of keys) {
    if (name === null || fields.includes(name)) continue
    fields.push(name)
    if (renderer !== null) render[name] = renderer
    if (key !== name) rename[name] = key
  }
  return {
    formatter: { fields, key: [], render, rename, protobuf: [] },
    ipfix: [],
    netflowv9: [],
    sflowPorts: [],
    sflowMapping: [],
  }
}

/** The renderer that writes a value so; null for the one that its field has by default. */
function rendererOf(op: number, octets: Uint8Array, p: number): string | null {
  const isQuoted = octets[p] === 0x22
  switch (op) {
    case OP.time:
      return isQuoted ? 'datetimenano' : null
    case OP.etype:
    case OP.proto:
    case OP.mac:
    case OP.network:
      return isQuoted ? null : 'none'
    case OP.address: {
      // Octets in hexadecimal have neither dots nor colons.
      let end = p + 1
      while (isQuoted && octets[end]! > 0x22) {
        if (octets[end] === 0x2e || octets[end] === 0x3a) return null
        end++
      }
      return end > p + 1 ? 'none' : null
    }
    default:
      return null
  }
}
