/** A field beyond the common flow message, as it was appended. */
export interface ExtraField {
  readonly index: number
  /** Number of a varint, octets of a string. */
  readonly value: bigint | Uint8Array
}

const NO_OCTETS = new Uint8Array(0)

/** goflow2's common flow message: numbers of 32 bits as numbers, of 64 bits as bigints, absent octets as empty ones. */
export class FlowMessage {
  /** Enum FlowType. */
  type = 0
  timeReceivedNs = 0n
  sequenceNum = 0
  samplingRate = 0n
  samplerAddress: Uint8Array = NO_OCTETS
  timeFlowStartNs = 0n
  timeFlowEndNs = 0n
  bytes = 0n
  packets = 0n
  srcAddr: Uint8Array = NO_OCTETS
  dstAddr: Uint8Array = NO_OCTETS
  etype = 0
  proto = 0
  srcPort = 0
  dstPort = 0
  inIf = 0
  outIf = 0
  srcMac = 0n
  dstMac = 0n
  srcVlan = 0
  dstVlan = 0
  vlanId = 0
  ipTos = 0
  forwardingStatus = 0
  ipTtl = 0
  ipFlags = 0
  tcpFlags = 0
  icmpType = 0
  icmpCode = 0
  ipv6FlowLabel = 0
  fragmentId = 0
  fragmentOffset = 0
  srcAs = 0
  dstAs = 0
  nextHop: Uint8Array = NO_OCTETS
  nextHopAs = 0
  srcNet = 0
  dstNet = 0
  bgpNextHop: Uint8Array = NO_OCTETS
  bgpCommunities: number[] = []
  asPath: number[] = []
  mplsTtl: number[] = []
  mplsLabel: number[] = []
  mplsIp: Uint8Array[] = []
  observationDomainId = 0
  observationPointId = 0
  /** Enum LayerStack. */
  layerStack: number[] = []
  layerSize: number[] = []
  ipv6RoutingHeaderAddresses: Uint8Array[] = []
  ipv6RoutingHeaderSegLeft = 0
  extra: ExtraField[] = []
}

/** How a field is kept and written; `enum` and `enums` print names. */
export type MessageKind = 'enum' | 'u32' | 'u64' | 'octets' | 'u32s' | 'enums' | 'octets-list'

type Keys<Value> = {
  [Key in keyof FlowMessage]: FlowMessage[Key] extends Value ? Key : never
}[keyof FlowMessage]

/** Fields of 32 and of 64 bits, and lists of numbers. */
export type WordKey = Keys<number>
export type WideKey = Keys<bigint>

export interface MessageField {
  /** Its name in the message, which is Go's with a small letter first. */
  readonly key: Exclude<keyof FlowMessage, 'extra'>
  /** What mapping destinations call it. */
  readonly goName: string
  /** What mapping fields call it, and JSON. */
  readonly jsonName: string
  /** Protobuf number. */
  readonly number: number
  readonly kind: MessageKind
}

const NUMBERS: Record<MessageField['key'], readonly [number, MessageKind]> = {
  type: [1, 'enum'],
  timeReceivedNs: [110, 'u64'],
  sequenceNum: [4, 'u32'],
  samplingRate: [3, 'u64'],
  samplerAddress: [11, 'octets'],
  timeFlowStartNs: [111, 'u64'],
  timeFlowEndNs: [112, 'u64'],
  bytes: [9, 'u64'],
  packets: [10, 'u64'],
  srcAddr: [6, 'octets'],
  dstAddr: [7, 'octets'],
  etype: [30, 'u32'],
  proto: [20, 'u32'],
  srcPort: [21, 'u32'],
  dstPort: [22, 'u32'],
  inIf: [18, 'u32'],
  outIf: [19, 'u32'],
  srcMac: [27, 'u64'],
  dstMac: [28, 'u64'],
  srcVlan: [33, 'u32'],
  dstVlan: [34, 'u32'],
  vlanId: [29, 'u32'],
  ipTos: [23, 'u32'],
  forwardingStatus: [24, 'u32'],
  ipTtl: [25, 'u32'],
  ipFlags: [38, 'u32'],
  tcpFlags: [26, 'u32'],
  icmpType: [31, 'u32'],
  icmpCode: [32, 'u32'],
  ipv6FlowLabel: [37, 'u32'],
  fragmentId: [35, 'u32'],
  fragmentOffset: [36, 'u32'],
  srcAs: [14, 'u32'],
  dstAs: [15, 'u32'],
  nextHop: [12, 'octets'],
  nextHopAs: [13, 'u32'],
  srcNet: [16, 'u32'],
  dstNet: [17, 'u32'],
  bgpNextHop: [100, 'octets'],
  bgpCommunities: [101, 'u32s'],
  asPath: [102, 'u32s'],
  mplsTtl: [80, 'u32s'],
  mplsLabel: [81, 'u32s'],
  mplsIp: [82, 'octets-list'],
  observationDomainId: [70, 'u32'],
  observationPointId: [71, 'u32'],
  layerStack: [103, 'enums'],
  layerSize: [104, 'u32s'],
  ipv6RoutingHeaderAddresses: [105, 'octets-list'],
  ipv6RoutingHeaderSegLeft: [106, 'u32'],
}

/** All fields in the order of goflow2's schema, which is that of the default output. */
export const MESSAGE_FIELDS: readonly MessageField[] = Object.entries(NUMBERS).map(
  ([key, [number, kind]]) => ({
    key: key as MessageField['key'],
    goName: key[0]!.toUpperCase() + key.slice(1),
    jsonName: key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    number,
    kind,
  }),
)

const BY_GO_NAME = new Map(MESSAGE_FIELDS.map((field) => [field.goName, field]))

/** The field that Go calls `name`. */
export function messageField(name: string): MessageField | undefined {
  return BY_GO_NAME.get(name)
}

const NOT_READABLE = 'reflect.Value.Interface: cannot return value obtained from unexported field or method'

/**
 * Names beside the fields that Go's reflection finds in goflow2's message, with the words of the panic that reading
 * or setting them ends in; null where nothing happens.
 */
export const HIDDEN_NAMES: ReadonlyMap<string, { readonly read: string; readonly set: string | null }> =
  new Map([
    ['state', { read: NOT_READABLE, set: null }],
    ['sizeCache', { read: NOT_READABLE, set: NOT_READABLE }],
    [
      'unknownFields',
      {
        read: NOT_READABLE,
        set: 'reflect: reflect.Value.SetBytes using value obtained using unexported field',
      },
    ],
    ['formatter', { read: NOT_READABLE, set: null }],
    ['skipDelimiter', { read: NOT_READABLE, set: null }],
    // Go would print its memory.
    ['FlowMessage', { read: '', set: null }],
  ])
