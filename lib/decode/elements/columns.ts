import { F, type Field } from '../../flow/fields.ts'

/** Elements of one meaning and the column that they share, with the address family where that tells them apart. */
interface Shared {
  readonly field: Field
  /** 4 or 6 for elements that say the same of either family, else 0. */
  readonly family: 0 | 4 | 6
}

const SHARED = new Map<number, Shared>()

// Elements whose column has their own name (F says which), except the two that F fills from the datagram's header.
for (const field of Object.values(F)) {
  if (field.enterprise === 0 && field.element !== F.templateId.element) {
    if (field.element !== F.observationDomainId.element) SHARED.set(field.element, { field, family: 0 })
  }
}

const otherFamily = new Map<number, number>()

function share(field: Field, v4: number, v6: number): void {
  otherFamily.set(v4, v6)
  otherFamily.set(v6, v4)
  SHARED.set(v4, { field, family: 4 })
  SHARED.set(v6, { field, family: 6 })
}

share(F.sourceAddress, 8, 27)
share(F.destinationAddress, 12, 28)
share(F.nextHopAddress, 15, 62)
share(F.bgpNextHopAddress, 18, 63)
share(F.mplsTopLabelAddress, 47, 140)
share(F.postNatSourceAddress, 225, 281)
share(F.postNatDestinationAddress, 226, 282)
share(F.sourcePrefixLength, 9, 29)
share(F.destinationPrefixLength, 13, 30)
share(F.icmpTypeCode, 32, 139)
// Type and code apart: icmpTypeIPv4, icmpCodeIPv4, icmpTypeIPv6, icmpCodeIPv6.
for (const element of [176, 177, 178, 179]) SHARED.set(element, { field: F.icmpTypeCode, family: 0 })
for (const element of [22, 150, 152, 154, 156, 158]) SHARED.set(element, { field: F.flowStart, family: 0 })
for (const element of [21, 151, 153, 155, 157, 159]) SHARED.set(element, { field: F.flowEnd, family: 0 })
// mplsTopLabelStackSection to mplsLabelStackSection10.
for (let element = 70; element <= 79; element++) {
  SHARED.set(element, { field: F.mplsLabelStack, family: 0 })
}

/** The column that rooms know by name for the element, if it has one. */
export function sharedColumn(enterprise: number, element: number): Field | undefined {
  return enterprise === 0 ? SHARED.get(element)?.field : undefined
}

/** The address family that the element speaks of, if an element of the other family shares its column; else 0. */
export function familyOf(enterprise: number, element: number): 0 | 4 | 6 {
  return enterprise === 0 ? (SHARED.get(element)?.family ?? 0) : 0
}

/** The element that says the same of the other family; itself where there is none. */
export function otherFamilyOf(element: number): number {
  return otherFamily.get(element) ?? element
}

/** RFC 5103 §4: what the element is called when the flow is looked at from the other end. */
const OPPOSITES: readonly (readonly [number, number])[] = [
  [7, 11], // ports
  [8, 12], // addresses
  [27, 28],
  [9, 13], // prefix lengths
  [29, 30],
  [44, 45], // prefixes
  [170, 169],
  [10, 14], // interfaces
  [252, 253],
  [368, 369],
  [16, 17], // AS numbers
  [128, 129],
  [56, 80], // MAC addresses
  [81, 57],
  [58, 59], // VLANs
  [243, 254],
  [245, 255],
  [92, 93], // traffic indices
  [180, 181], // UDP and TCP ports
  [182, 183],
  [225, 226], // translated addresses and ports
  [281, 282],
  [227, 228],
  [234, 235], // VRFs
]
const opposite = new Map<number, number>(
  OPPOSITES.flatMap(([a, b]): [number, number][] => [
    [a, b],
    [b, a],
  ]),
)

/** The IANA element that holds this one's value in the reverse half of a biflow; itself where it has no direction. */
export function oppositeElement(element: number): number {
  return opposite.get(element) ?? element
}
