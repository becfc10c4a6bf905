import { isIpv4 } from '../bytes/address.ts'
import { defineField, F, type Field } from '../flow/fields.ts'
import type { Layout, LayoutField } from '../flow/layout.ts'
import type { ColumnSlots } from './column-slots.ts'

/** A column that goflow2's lines fill, and the elements that say the same: of IPv4 and, where it differs, of IPv6. */
interface LineColumn {
  readonly field: Field
  readonly element: number
  readonly element6: number
  readonly octets: number
  /** Whether zero is worth a field: goflow2 prints zeros for what a record did not have. */
  readonly keepsZero: boolean
}

function column(
  field: Field,
  octets: number,
  element: number,
  element6 = element,
  keepsZero = false,
): LineColumn {
  return { field, octets, element, element6, keepsZero }
}

function always(field: Field, octets: number, element: number): LineColumn {
  return column(field, octets, element, element, true)
}

const COLUMNS: readonly LineColumn[] = [
  column(F.sourceAddress, 4, 8, 27, true),
  column(F.destinationAddress, 4, 12, 28, true),
  column(F.nextHopAddress, 4, 15, 62),
  column(F.bgpNextHopAddress, 4, 18, 63),
  column(F.mplsTopLabelAddress, 4, 47, 140),
  column(F.postNatSourceAddress, 4, 225, 281),
  column(F.postNatDestinationAddress, 4, 226, 282),
  column(F.sourcePrefixLength, 1, 9, 29),
  column(F.destinationPrefixLength, 1, 13, 30),
  column(F.icmpTypeCode, 2, 32, 139),
  always(F.octetDeltaCount, 8, 1),
  always(F.packetDeltaCount, 8, 2),
  always(F.protocolIdentifier, 1, 4),
  always(F.ipClassOfService, 1, 5),
  always(F.tcpControlBits, 2, 6),
  always(F.sourceTransportPort, 2, 7),
  always(F.destinationTransportPort, 2, 11),
  always(F.ingressInterface, 4, 10),
  always(F.egressInterface, 4, 14),
  column(F.bgpSourceAsNumber, 4, 16),
  column(F.bgpDestinationAsNumber, 4, 17),
  column(F.flowLabelIPv6, 4, 31),
  column(F.samplingRate, 4, 34),
  column(F.fragmentIdentification, 4, 54),
  column(F.sourceMacAddress, 6, 56),
  column(F.destinationMacAddress, 6, 80),
  column(F.vlanId, 2, 58),
  column(F.postVlanId, 2, 59),
  column(F.ipVersion, 1, 60),
  column(F.flowDirection, 1, 61),
  column(F.fragmentOffset, 2, 88),
  column(F.forwardingStatus, 1, 89),
  column(F.observationPointId, 8, 138),
  column(F.flowStart, 8, 152),
  column(F.flowEnd, 8, 153),
  column(F.ipTTL, 1, 192),
  column(F.fragmentFlags, 1, 197),
  column(defineField('postNAPTSourceTransportPort', 'u16', 'identifier', 0, 227), 2, 227),
  column(defineField('postNAPTDestinationTransportPort', 'u16', 'identifier', 0, 228), 2, 228),
  column(F.ethernetType, 2, 256),
]
/** Layouts kept; the lines of one collector have a few. */
const MOST_LAYOUTS = 512

/** What rows of goflow2's NetFlow lines would have been sent as: layouts of the columns that they fill. */
export class LineLayouts {
  readonly #slots: ColumnSlots
  readonly #numbers: readonly number[]
  readonly #layouts = new Map<string, Layout>()
  readonly #seen = new Uint8Array(COLUMNS.length)
  #protocol = -1
  #last: Layout | null = null

  constructor(slots: ColumnSlots) {
    this.#slots = slots
    this.#numbers = COLUMNS.map(({ field }) => slots.slotOf(field))
  }

  /** The layout of a row whose columns are bound; the same object for rows that hold the same. */
  layoutOf(row: number, protocol: number): Layout {
    let isSame = this.#last !== null && this.#protocol === protocol
    for (let i = 0; i < COLUMNS.length; i++) {
      const seen = this.#look(i, row)
      if (this.#seen[i] === seen) continue
      this.#seen[i] = seen
      isSame = false
    }
    if (isSame) return this.#last!
    this.#protocol = protocol
    const key = `${protocol}.${this.#seen.join('')}`
    let layout = this.#layouts.get(key)
    if (layout === undefined) {
      layout = { protocol, scopeCount: 0, fields: this.#fields() }
      if (this.#layouts.size >= MOST_LAYOUTS) this.#layouts.clear()
      this.#layouts.set(key, layout)
    }
    this.#last = layout
    return layout
  }

  /** 0 for a column that is not worth a field, 4 or 6 by its family, 1 for others. */
  #look(i: number, row: number): number {
    const { field, element, element6, keepsZero } = COLUMNS[i]!
    const slot = this.#numbers[i]!
    if (this.#slots.present[slot]![row] === 0 || (!keepsZero && this.#isZero(field, slot, row))) return 0
    if (element === element6) return 1
    // The flow's own family counts for what has no address in itself.
    const told = field.kind === 'address' ? slot : this.#numbers[0]!
    return isIpv4(this.#slots.words[told]!, row * 4) ? 4 : 6
  }

  #isZero({ kind }: Field, slot: number, row: number): boolean {
    const { u8, u16, words } = this.#slots
    const own = words[slot]!
    switch (kind) {
      case 'u8':
        return u8[slot]![row] === 0
      case 'u16':
        return u16[slot]![row] === 0
      case 'u32':
        return own[row] === 0
      case 'address':
        return own[row * 4 + 3] === 0 && own[row * 4] === 0 && own[row * 4 + 1] === 0
      default:
        return own[row * 2] === 0 && own[row * 2 + 1] === 0
    }
  }

  #fields(): LayoutField[] {
    return COLUMNS.flatMap(({ field, element, element6, octets }, i) => {
      const seen = this.#seen[i]!
      if (seen === 0) return []
      const isV6 = seen === 6
      const width = isV6 && octets === 4 ? 16 : octets
      return [{ enterprise: 0, element: isV6 ? element6 : element, octets: width, field }]
    })
  }
}
