import type { Field } from '../../flow/fields.ts'
import { capturedColumns } from '../captured.ts'
import type { Mapping } from '../mapping-types.ts'
import type { TargetOf } from './key-finder.ts'
import { capturedTarget, EXTRA, elementTarget, type KeyTarget, keyTarget } from './known-keys.ts'
import { newIsWanted, skipped } from './wanted-keys.ts'

export interface KeyHints {
  /** The mapping that the lines were printed with: its renamed fields, and the columns that it captures. */
  readonly mapping?: Mapping | null
  /** What other keys mean, by their printed name: goflow2's names go first. */
  readonly rename?: Readonly<Record<string, string>>
  /** The column of an information element by its name in snake_case, as a registry has it. */
  readonly elementOf?: (name: string) => Field | undefined
  /** The columns that are wanted; what other keys say is skipped. */
  readonly only?: readonly Field[]
}

/** Returns where the values of keys go. */
export function newTargetOf({ mapping, rename, elementOf, only }: KeyHints): TargetOf {
  const names = new Map<string, string>()
  for (const [name, printed] of Object.entries(mapping?.formatter.rename ?? {})) names.set(printed, name)
  for (const [printed, name] of Object.entries(rename ?? {})) names.set(printed, name)
  const captured = mapping ? capturedTargets(mapping) : new Map<string, KeyTarget>()
  const targetOf = (key: string): KeyTarget => {
    const name = names.get(key) ?? key
    const known = captured.get(name) ?? keyTarget(name)
    if (known !== undefined) return known
    const element = elementOf?.(name)
    return (element === undefined ? undefined : elementTarget(element)) ?? EXTRA
  }
  if (only === undefined) return targetOf
  const isWanted = newIsWanted(only)
  return (key) => {
    const target = targetOf(key)
    return isWanted(target) ? target : skipped(target)
  }
}

/** Fields that the mapping declares and fills, by name. */
function capturedTargets(mapping: Mapping): Map<string, KeyTarget> {
  const targets = new Map<string, KeyTarget>()
  for (const { field, destination, isLittleEndian } of capturedColumns(mapping)) {
    const { custom } = destination
    // Little-endian values could not be told from those of a column beside it.
    if (custom === null || isLittleEndian) continue
    const renderer = mapping.formatter.render[custom.name]
    const octetsAs = renderer === 'ip' ? 'address' : renderer === 'string' ? 'text' : 'hex'
    targets.set(custom.name, capturedTarget(field, octetsAs))
  }
  return targets
}
