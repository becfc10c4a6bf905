import { BATCH_ROWS, type Column, type FlowBatch } from '../flow/batch.ts'
import { F, type Field, findField } from '../flow/fields.ts'

/** Columns that goflow2's fields are made of; by name where only the registry defines them. */
const SLOT_FIELDS = {
  timeReceived: F.timeReceived,
  sequenceNumber: F.sequenceNumber,
  samplingRate: F.samplingRate,
  samplingSource: F.samplingSource,
  agentAddress: F.agentAddress,
  exporterAddress: F.exporterAddress,
  flowStart: F.flowStart,
  flowEnd: F.flowEnd,
  exportTime: F.exportTime,
  octetDeltaCount: F.octetDeltaCount,
  postOctetDeltaCount: 'postOctetDeltaCount',
  dataLinkFrameSize: 'dataLinkFrameSize',
  packetDeltaCount: F.packetDeltaCount,
  postPacketDeltaCount: 'postPacketDeltaCount',
  sourceAddress: F.sourceAddress,
  destinationAddress: F.destinationAddress,
  ethernetType: F.ethernetType,
  ipVersion: F.ipVersion,
  protocolIdentifier: F.protocolIdentifier,
  sourceTransportPort: F.sourceTransportPort,
  destinationTransportPort: F.destinationTransportPort,
  ingressInterface: F.ingressInterface,
  egressInterface: F.egressInterface,
  ingressInterfaceRaw: F.ingressInterfaceRaw,
  egressInterfaceRaw: F.egressInterfaceRaw,
  sourceMacAddress: F.sourceMacAddress,
  destinationMacAddress: F.destinationMacAddress,
  postSourceMacAddress: F.postSourceMacAddress,
  postDestinationMacAddress: F.postDestinationMacAddress,
  vlanId: F.vlanId,
  postVlanId: F.postVlanId,
  dot1qVlanId: F.dot1qVlanId,
  postDot1qVlanId: F.postDot1qVlanId,
  dot1qTci: F.dot1qTci,
  ipClassOfService: F.ipClassOfService,
  forwardingStatus: F.forwardingStatus,
  minimumTTL: 'minimumTTL',
  ipTTL: F.ipTTL,
  fragmentFlags: F.fragmentFlags,
  tcpControlBits: F.tcpControlBits,
  icmpTypeCode: F.icmpTypeCode,
  flowLabelIPv6: F.flowLabelIPv6,
  fragmentIdentification: F.fragmentIdentification,
  fragmentOffset: F.fragmentOffset,
  bgpSourceAsNumber: F.bgpSourceAsNumber,
  bgpDestinationAsNumber: F.bgpDestinationAsNumber,
  nextHopAddress: F.nextHopAddress,
  bgpNextHopAsNumber: F.bgpNextHopAsNumber,
  sourcePrefixLength: F.sourcePrefixLength,
  destinationPrefixLength: F.destinationPrefixLength,
  bgpNextHopAddress: F.bgpNextHopAddress,
  bgpCommunities: F.bgpCommunities,
  asPath: F.asPath,
  mplsLabelTtl: F.mplsLabelTtl,
  mplsLabelStack: F.mplsLabelStack,
  mplsTopLabelAddress: F.mplsTopLabelAddress,
  observationDomainId: F.observationDomainId,
  observationPointId: F.observationPointId,
  layerStack: F.layerStack,
  layerSize: F.layerSize,
  ipv6RoutingAddresses: F.ipv6RoutingAddresses,
  ipv6RoutingSegmentsLeft: F.ipv6RoutingSegmentsLeft,
  postNatSourceAddress: F.postNatSourceAddress,
  postNatDestinationAddress: F.postNatDestinationAddress,
  postNAPTSourceTransportPort: 'postNAPTSourceTransportPort',
  postNAPTDestinationTransportPort: 'postNAPTDestinationTransportPort',
} as const

export type SlotName = keyof typeof SLOT_FIELDS

const SLOT_NAMES = Object.keys(SLOT_FIELDS) as SlotName[]

/** Number of each slot; slots of captured columns follow. */
export const SLOT = Object.fromEntries(SLOT_NAMES.map((name, i) => [name, i])) as Record<SlotName, number>

/** Slots that every goflow2 mapping shares. */
export const SLOT_COUNT = SLOT_NAMES.length

const NO_OCTETS = new Uint8Array(BATCH_ROWS)
const NO_SHORTS = new Uint16Array(BATCH_ROWS)
const NO_WORDS = new Uint32Array(BATCH_ROWS * 4)

/**
 * The columns of one batch by slot, split by the width of their values so that a printer's loads stay monomorphic.
 * A slot without column reads as zeros that are not present.
 */
export class LineColumns {
  readonly fields: (Field | undefined)[]
  readonly columns: (Column | undefined)[]
  readonly u8: Uint8Array[]
  readonly u16: Uint16Array[]
  /** Words of u32, u64, addresses and MACs. */
  readonly u32: Uint32Array[]
  readonly present: Uint8Array[]
  /** One bit per slot: whether any row of the run holds it (`scan`). */
  readonly mask: Uint32Array
  readonly #batchMask: Uint32Array
  /** Four rows of `present` at a time. */
  readonly #presentFours: Uint32Array[]
  readonly #names: (string | undefined)[]

  /** `more` are columns after goflow2's own, by name where they may not be defined yet. */
  constructor(more: readonly (Field | string)[]) {
    const all: (Field | string)[] = [...SLOT_NAMES.map((name) => SLOT_FIELDS[name]), ...more]
    this.#names = all.map((field) => (typeof field === 'string' ? field : undefined))
    this.fields = all.map((field) => (typeof field === 'string' ? undefined : field))
    const slots = this.fields.length
    this.columns = new Array(slots).fill(undefined)
    this.u8 = new Array(slots).fill(NO_OCTETS)
    this.u16 = new Array(slots).fill(NO_SHORTS)
    this.u32 = new Array(slots).fill(NO_WORDS)
    this.present = new Array(slots).fill(NO_OCTETS)
    this.#presentFours = new Array(slots).fill(new Uint32Array(NO_OCTETS.buffer))
    this.mask = new Uint32Array((slots + 31) >>> 5)
    this.#batchMask = new Uint32Array(this.mask.length)
  }

  has(slot: number): boolean {
    return (this.mask[slot >>> 5]! & (1 << (slot & 31))) !== 0
  }

  /** Finds the columns of `batch` and which of them any row holds. */
  bind(batch: FlowBatch): void {
    this.#batchMask.fill(0)
    for (let slot = 0; slot < this.fields.length; slot++) {
      let field = this.fields[slot]
      if (field === undefined) {
        field = findField(this.#names[slot]!)
        if (field === undefined) continue
        this.fields[slot] = field
      }
      const column = batch.find(field)
      if (column !== this.columns[slot]) this.#setColumn(slot, column)
      if (column !== undefined && this.#isAnyPresent(slot, 0, batch.rowCount)) {
        this.#batchMask[slot >>> 5]! |= 1 << (slot & 31)
      }
    }
  }

  /**
   * Fills `mask` for rows `[from, to)`. It may name a slot that only neighbouring rows hold, never leave one out;
   * `whole` says that the run is the batch.
   */
  scan(from: number, to: number, whole: boolean): void {
    this.mask.set(this.#batchMask)
    if (whole) return
    for (let slot = 0; slot < this.fields.length; slot++) {
      const bit = 1 << (slot & 31)
      if ((this.#batchMask[slot >>> 5]! & bit) === 0 || this.#isAnyPresent(slot, from, to)) continue
      this.mask[slot >>> 5]! &= ~bit
    }
  }

  #isAnyPresent(slot: number, from: number, to: number): boolean {
    const fours = this.#presentFours[slot]!
    const end = (to + 3) >>> 2
    for (let i = from >>> 2; i < end; i++) if (fours[i] !== 0) return true
    return false
  }

  #setColumn(slot: number, column: Column | undefined): void {
    this.columns[slot] = column
    this.u8[slot] = NO_OCTETS
    this.u16[slot] = NO_SHORTS
    this.u32[slot] = NO_WORDS
    this.present[slot] = column?.present ?? NO_OCTETS
    this.#presentFours[slot] = new Uint32Array(this.present[slot]!.buffer)
    if (column === undefined || column.shape !== 'fixed') return
    const { values } = column
    if (values instanceof Uint8Array) this.u8[slot] = values
    else if (values instanceof Uint16Array) this.u16[slot] = values
    else if (values instanceof Uint32Array) this.u32[slot] = values
  }
}
