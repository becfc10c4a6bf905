import { loadMapping } from '../lib/goflow2/mapping.ts'
import type { Mapping } from '../lib/goflow2/mapping-types.ts'
import { mappingOfShape, type ShapeKey } from '../lib/goflow2/reading/line-shape.ts'

/** How to print rows that do not say themselves how their lines were written. */
export interface ParsedShape {
  readonly compat: '2.2' | '2.1'
  readonly mapping: Mapping | null
}

/** What the JSON that an archive keeps of its lines (lib/archive/FORMAT.md 3) says of printing; null for none. */
export function parseLineShape(text: string): ParsedShape | null {
  let facts: unknown
  try {
    facts = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof facts !== 'object' || facts === null) return null
  const { compat: version, mapping, format, keys } = facts as Record<string, unknown>
  const compat = version === '2.1' ? '2.1' : '2.2'
  if (typeof mapping === 'string') {
    try {
      return { compat, mapping: loadMapping(mapping, 'mapping').mapping }
    } catch {
      return { compat, mapping: null }
    }
  }
  // Messages leave fields out that are zero: their keys are no shape.
  const list = format === 'text' && Array.isArray(keys) ? (keys as unknown[]).filter(isKey) : []
  return { compat, mapping: list.length === 0 ? null : mappingOfShape({ compat, keys: list }) }
}

function isKey(value: unknown): value is ShapeKey {
  if (typeof value !== 'object' || value === null) return false
  const { key, name, renderer } = value as Record<string, unknown>
  return typeof key === 'string' && isTextOrNull(name) && isTextOrNull(renderer)
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string'
}
