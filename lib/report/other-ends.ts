import type { AddressFact } from '../flow/address-fact.ts'
import { F, type Field } from '../flow/fields.ts'
import type { ReadColumn, ScaledColumn } from '../flow/source.ts'
import { BlockRows, type CodeColumn, type NumberColumn } from './block-rows.ts'
import type { CounterName } from './counters.ts'
import type { LaneValues } from './lane-kernels.ts'
import type { Side } from './query.ts'

/** Columns of both ends of a flow, the source's first. */
const PAIRS: readonly (readonly [Field, Field])[] = [
  [F.sourceAddress, F.destinationAddress],
  [F.sourceTransportPort, F.destinationTransportPort],
  [F.bgpSourceAsNumber, F.bgpDestinationAsNumber],
  [F.sourcePrefixLength, F.destinationPrefixLength],
  [F.sourceMacAddress, F.destinationMacAddress],
  [F.ingressInterface, F.egressInterface],
]
const OTHER_ENDS: ReadonlyMap<Field, Field> = new Map(PAIRS.flatMap(([a, b]) => [[a, b] as const, [b, a]]))

/** The same column of the other end; columns that have none are their own. */
export function otherEnd(field: Field): Field {
  return OTHER_ENDS.get(field) ?? field
}

/** The rows of a block as their destinations see them: source and destination change places, all else is as it was. */
export class OtherEnds extends BlockRows {
  readonly #rows: BlockRows

  constructor(rows: BlockRows) {
    super(rows.block, rows.scope, rows.problems)
    this.#rows = rows
  }

  override column(field: Field): ReadColumn | null {
    return this.#rows.column(otherEnd(field))
  }

  override scaled(field: Field): ScaledColumn | null {
    return this.#rows.scaled(otherEnd(field))
  }

  override codes(field: Field): CodeColumn | null {
    return this.#rows.codes(otherEnd(field))
  }

  override directions(local: AddressFact | null): Uint8Array {
    return this.#rows.directions(local)
  }

  override sideCodes(side: Side, local: AddressFact | null): CodeColumn | null {
    return this.#rows.sideCodes(otherSide(side), local)
  }

  override sideNumbers(
    side: Side,
    fields: readonly [Field, Field],
    local: AddressFact | null,
  ): NumberColumn | null {
    return this.#rows.sideNumbers(otherSide(side), fields, local)
  }

  override servicePorts(make: () => Uint16Array): Uint16Array {
    return this.#rows.servicePorts(make)
  }

  override scaledBefore(name: CounterName): LaneValues | null {
    return this.#rows.scaledBefore(name)
  }
}

/** Local and remote ends are what they are, whoever looks. */
function otherSide(side: Side): Side {
  return side === 'source' ? 'destination' : side === 'destination' ? 'source' : side
}
