import type { AddressFact } from '../flow/address-fact.ts'
import { F, type Field } from '../flow/fields.ts'
import { ROLLUP } from '../flow/rollup-fields.ts'
import { compiledOf } from './compiled.ts'
import { type AddressTest, ALWAYS, all, any, type Condition, not } from './condition.ts'
import type { CompiledFilter, Filter } from './filter.ts'

// Rows of rollups have few columns. Those that are the records' own are tested as they are; that an end is local, which
// records tell by its address, is a bit of the direction.

/** A filter as rollups are asked. */
export interface RollupFilter {
  readonly filter: CompiledFilter
  /** Whether it is right only where all flows have both addresses: rollups do not tell which lack one. */
  readonly needsAddresses: boolean
}

/** Columns that no record has. */
const OWN: readonly Field[] = Object.values(ROLLUP)
const SOURCE_LOCAL = 1
const DESTINATION_LOCAL = 2

/** The filter over rows of a rollup that has the keys `known`; null where those do not tell. `local`: what rollups know by. */
export function overRollups(
  { condition }: Filter,
  known: readonly Field[],
  local: AddressFact | null,
): RollupFilter | null {
  let needsAddresses = false
  const isTold = (field: Field) => known.includes(field) && !OWN.includes(field)
  const ofEnd = ({ field, match }: AddressTest): Condition | null => {
    if (!known.includes(ROLLUP.localDirection)) return null
    if (match.is === 'any') {
      needsAddresses = true
      return ALWAYS
    }
    if (match.is !== 'fact' || match.fact !== local || match.numbers.length > 0) return null
    const mask = field === F.sourceAddress ? SOURCE_LOCAL : DESTINATION_LOCAL
    const set = { lows: [BigInt(mask)], highs: [BigInt(mask)] }
    return { is: 'number', field: ROLLUP.localDirection, shift: 0, mask, set, missing: null }
  }
  const asked = (part: Condition): Condition | null => {
    switch (part.is) {
      case 'constant':
        return part
      case 'written':
        return asked(part.part)
      case 'not': {
        const inner = asked(part.part)
        return inner === null ? null : not(inner)
      }
      case 'and':
      case 'or': {
        const parts = part.parts.map(asked)
        if (!parts.every((inner) => inner !== null)) return null
        return part.is === 'and' ? all(parts) : any(parts)
      }
      case 'number':
        return isTold(part.field) ? part : null
      case 'address':
        if (part.field === F.sourceAddress || part.field === F.destinationAddress) return ofEnd(part)
        return isTold(part.field) ? part : null
      default:
        return null
    }
  }
  const found = asked(condition)
  return found === null ? null : { filter: compiledOf(found), needsAddresses }
}
