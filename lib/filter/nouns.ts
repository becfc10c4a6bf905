import { defineField, F, type Field } from '../flow/fields.ts'
import { APPLICATION_ID } from '../flow/said-texts.ts'
import { DIRECTIONS, FORWARDING, PROTOCOLS, type ValueNames } from './value-names.ts'

// Columns of IANA elements that only some records have; kinds as the element registry gives them.
const u8 = (name: string, element: number) => defineField(name, 'u8', 'identifier', 0, element)
const u16 = (name: string, element: number) => defineField(name, 'u16', 'identifier', 0, element)
const counter = (name: string, element: number) => defineField(name, 'u64', 'deltaCounter', 0, element)

/** Columns that filters know beside those of `F`. */
export const E = {
  deltaFlowCount: counter('deltaFlowCount', 3),
  postOctetDeltaCount: counter('postOctetDeltaCount', 23),
  postPacketDeltaCount: counter('postPacketDeltaCount', 24),
  responderOctets: counter('responderOctets', 232),
  responderPackets: counter('responderPackets', 299),
  minimumTTL: defineField('minimumTTL', 'u8', 'default', 0, 52),
  maximumTTL: defineField('maximumTTL', 'u8', 'default', 0, 53),
  postIpClassOfService: u8('postIpClassOfService', 55),
  bgpNextAdjacentAsNumber: defineField('bgpNextAdjacentAsNumber', 'u32', 'identifier', 0, 128),
  bgpPrevAdjacentAsNumber: defineField('bgpPrevAdjacentAsNumber', 'u32', 'identifier', 0, 129),
  postNAPTSourceTransportPort: u16('postNAPTSourceTransportPort', 227),
  postNAPTDestinationTransportPort: u16('postNAPTDestinationTransportPort', 228),
  natEvent: u8('natEvent', 230),
  firewallEvent: defineField('firewallEvent', 'u8', 'default', 0, 233),
  ingressVRFID: defineField('ingressVRFID', 'u32', 'default', 0, 234),
  egressVRFID: defineField('egressVRFID', 'u32', 'default', 0, 235),
  portRangeStart: u16('portRangeStart', 361),
  portRangeEnd: u16('portRangeEnd', 362),
  portRangeStepSize: u16('portRangeStepSize', 363),
  portRangeNumPorts: u16('portRangeNumPorts', 364),
  ingressAclID: defineField('ingressAclID', 'octets', 'default', 0, 33000),
  egressAclID: defineField('egressAclID', 'octets', 'default', 0, 33001),
  fwExtEvent: defineField('fwExtEvent', 'u16', 'default', 0, 33002),
  interfaceName: defineField('interfaceName', 'text', 'default', 0, 82),
  applicationName: defineField('applicationName', 'text', 'default', 0, 96),
  username: defineField('username', 'text', 'default', 0, 40000),
} as const

/** A word that has values: which columns stand behind it, by the words before it. */
export interface Noun {
  /** By qualifiers in the order of QUALIFIERS, empty for none; several columns: any of them. */
  readonly places: Readonly<Record<string, readonly Field[]>>
  readonly names?: ValueNames
  /** Greatest number that makes sense; more is told as a mistake. */
  readonly most?: bigint
  /** Counters that are multiplied with the sampling rate unless asked not to. */
  readonly isCounter?: true
  /** The AS columns, where a table helps out. */
  readonly isAs?: true
  readonly shift?: number
  readonly mask?: number
  /** What rows without the column count as. */
  readonly missing?: bigint
}

/** Words before a noun, in the order that `places` names them. */
export const QUALIFIERS = [
  'in',
  'out',
  'ingress',
  'egress',
  'prev',
  'bgp',
  'next',
  'router',
  'src',
  'dst',
  'nat',
  'tun',
  'inner',
  'min',
  'max',
  'local',
  'remote',
  'raw',
  'scaled',
]

const sides = (source: readonly Field[], destination: readonly Field[]) => ({
  '': [...source, ...destination],
  src: source,
  dst: destination,
})

const bytes: Noun = {
  places: {
    '': [F.octetDeltaCount],
    in: [F.octetDeltaCount],
    out: [E.postOctetDeltaCount, E.responderOctets],
  },
  isCounter: true,
}
const packets: Noun = {
  places: {
    '': [F.packetDeltaCount],
    in: [F.packetDeltaCount],
    out: [E.postPacketDeltaCount, E.responderPackets],
  },
  isCounter: true,
}
const ip: Noun = {
  places: {
    ...sides([F.sourceAddress], [F.destinationAddress]),
    nat: [F.postNatSourceAddress, F.postNatDestinationAddress],
    'src nat': [F.postNatSourceAddress],
    'dst nat': [F.postNatDestinationAddress],
    // The outer header of a tunnel; where there is none the primitive asks for the inner address too.
    tun: [F.sourceAddress, F.destinationAddress],
    'src tun': [F.sourceAddress],
    'dst tun': [F.destinationAddress],
    inner: [F.innerSourceAddress, F.innerDestinationAddress],
    'src inner': [F.innerSourceAddress],
    'dst inner': [F.innerDestinationAddress],
    router: [F.exporterAddress, F.agentAddress],
    next: [F.nextHopAddress],
    'bgp next': [F.bgpNextHopAddress],
  },
}
const vlan: Noun = {
  places: sides([F.vlanId, F.dot1qVlanId], [F.postVlanId, F.postDot1qVlanId]),
  most: 4095n,
}
const mac: Noun = {
  places: {
    '': [F.sourceMacAddress, F.destinationMacAddress, F.postSourceMacAddress, F.postDestinationMacAddress],
    src: [F.sourceMacAddress, F.postSourceMacAddress],
    dst: [F.destinationMacAddress, F.postDestinationMacAddress],
    in: [F.sourceMacAddress, F.destinationMacAddress],
    out: [F.postSourceMacAddress, F.postDestinationMacAddress],
    'in src': [F.sourceMacAddress],
    'in dst': [F.destinationMacAddress],
    'out src': [F.postSourceMacAddress],
    'out dst': [F.postDestinationMacAddress],
  },
}
const inputOutput = {
  '': [F.ingressInterface, F.egressInterface],
  in: [F.ingressInterface],
  out: [F.egressInterface],
  ingress: [F.ingressInterface],
  egress: [F.egressInterface],
}

/** nfdump's words that are followed by values, and ours of the same kind. */
export const NOUNS: Readonly<Record<string, Noun>> = {
  ip,
  port: {
    places: {
      ...sides([F.sourceTransportPort], [F.destinationTransportPort]),
      nat: [E.postNAPTSourceTransportPort, E.postNAPTDestinationTransportPort],
      'src nat': [E.postNAPTSourceTransportPort],
      'dst nat': [E.postNAPTDestinationTransportPort],
      inner: [F.innerSourceTransportPort, F.innerDestinationTransportPort],
      'src inner': [F.innerSourceTransportPort],
      'dst inner': [F.innerDestinationTransportPort],
    },
    most: 65_535n,
  },
  proto: {
    places: {
      '': [F.protocolIdentifier],
      tun: [F.protocolIdentifier],
      inner: [F.innerProtocolIdentifier],
    },
    names: PROTOCOLS,
    most: 255n,
  },
  as: {
    places: {
      ...sides([F.bgpSourceAsNumber], [F.bgpDestinationAsNumber]),
      next: [E.bgpNextAdjacentAsNumber, F.bgpNextHopAsNumber],
      prev: [E.bgpPrevAdjacentAsNumber],
    },
    most: 0xffffffffn,
    isAs: true,
  },
  if: { places: inputOutput, most: 0xffffffffn },
  mask: { places: sides([F.sourcePrefixLength], [F.destinationPrefixLength]), most: 128n },
  vlan,
  mac,
  tos: {
    places: { ...sides([F.ipClassOfService], [E.postIpClassOfService]), '': [F.ipClassOfService] },
    most: 255n,
  },
  ttl: {
    places: {
      '': [E.minimumTTL, E.maximumTTL, F.ipTTL],
      min: [E.minimumTTL],
      max: [E.maximumTTL],
    },
    most: 255n,
  },
  bytes,
  packets,
  flows: { places: { '': [E.deltaFlowCount] }, missing: 1n },
  fwdstat: { places: { '': [F.forwardingStatus] }, names: FORWARDING, most: 255n },
  flowdir: { places: { '': [F.flowDirection] }, names: DIRECTIONS, most: 255n },
  ethertype: { places: { '': [F.ethernetType] }, most: 65_535n },
  vrf: {
    places: { '': [E.ingressVRFID, E.egressVRFID], ingress: [E.ingressVRFID], egress: [E.egressVRFID] },
  },
}

/** Other spellings: a text of words that means the same. */
export const SPELLINGS: Readonly<Record<string, string>> = {
  host: 'ip',
  addr: 'ip',
  address: 'ip',
  xip: 'nat ip',
  nip: 'nat ip',
  xport: 'nat port',
  nport: 'nat port',
  xnet: 'nat net',
  tunip: 'tun ip',
  xlate: 'nat',
  bgpnext: 'bgp next',
  source: 'src',
  destination: 'dst',
  flow: 'flows',
  octets: 'bytes',
  asn: 'as',
  protocol: 'proto',
  exporter: 'router',
  inet: 'ipv4',
  inet6: 'ipv6',
  geo: 'country',
  'engine-type': 'engine type',
  'engine-id': 'engine id',
  app: 'application',
  'app.name': 'application',
  'icmp-type': 'icmp type',
  'icmp-code': 'icmp code',
  sysid: 'router sysid',
  pblock: 'nat pblock',
}

/** Names of the Elastic Common Schema. */
export const ECS: Readonly<Record<string, string>> = {
  'source.ip': 'src ip',
  'source.address': 'src ip',
  'source.port': 'src port',
  'source.mac': 'in src mac',
  'source.bytes': 'bytes',
  'source.packets': 'packets',
  'source.as.number': 'src as',
  'source.nat.ip': 'src nat ip',
  'source.nat.port': 'src nat port',
  'source.geo.country_iso_code': 'src country',
  'destination.ip': 'dst ip',
  'destination.address': 'dst ip',
  'destination.port': 'dst port',
  'destination.mac': 'in dst mac',
  'destination.bytes': 'out bytes',
  'destination.packets': 'out packets',
  'destination.as.number': 'dst as',
  'destination.nat.ip': 'dst nat ip',
  'destination.nat.port': 'dst nat port',
  'destination.geo.country_iso_code': 'dst country',
  'network.bytes': 'bytes',
  'network.packets': 'packets',
  'network.transport': 'proto',
  'network.iana_number': 'proto',
  'network.vlan.id': 'vlan',
  'network.inner.vlan.id': 'innerVlanId',
  'network.name': 'wlanSSID',
  'related.ip': 'ip',
  'observer.ip': 'router ip',
  'observer.ingress.interface.id': 'in if',
  'observer.egress.interface.id': 'out if',
  'observer.ingress.vlan.id': 'src vlan',
  'observer.egress.vlan.id': 'dst vlan',
  'event.start': 'first seen',
  'event.end': 'last seen',
  'user.name': 'username',
}

/** Words for names that exporters gave, and for ECS's the column that is asked where nobody knows such names. */
export const SAID: Readonly<
  Record<string, { readonly fields: readonly Field[]; readonly otherwise: Field | null }>
> = {
  application: { fields: [APPLICATION_ID], otherwise: null },
  'network.application': { fields: [APPLICATION_ID], otherwise: E.applicationName },
  'if.name': { fields: [F.ingressInterface, F.egressInterface], otherwise: null },
  'in.if.name': { fields: [F.ingressInterface], otherwise: null },
  'out.if.name': { fields: [F.egressInterface], otherwise: null },
  'observer.ingress.interface.name': { fields: [F.ingressInterface], otherwise: E.interfaceName },
  'observer.egress.interface.name': { fields: [F.egressInterface], otherwise: null },
}

/** What a flow never holds here, and why. */
export const NOT_HELD: Readonly<Record<string, string>> = {
  ident: 'archives have no stream names; ask for the exporter instead: router ip 192.0.2.1',
  count:
    'records have no number of their own, blocks are read side by side; limit the rows with --top or --limit',
  payload: 'flows carry no payload here',
  ja3: 'flows carry no payload here',
  ja4: 'flows carry no payload here',
  ja4s: 'flows carry no payload here',
  ssl: 'flows carry no payload here',
  tls: 'flows carry no payload here',
  dns: 'flows carry no payload here',
  id: 'exporters have no numbers here; ask for the address: router ip 192.0.2.1',
  sysid: 'exporters have no numbers here; ask for the address: router ip 192.0.2.1',
  client: 'no element of the registry tells client, server or application latency',
  server: 'no element of the registry tells client, server or application latency',
  pf: 'logs of OpenBSD’s packet filter are not collected',
  latency: 'no element of the registry tells client, server or application latency',
  tz: 'addresses have no time zone here; ask for the country: country CH',
}

/** Which end of the flow a column speaks of, where it does. */
export function sideOf(field: Field): 'source' | 'destination' | null {
  for (const key of ['src', 'in src', 'src nat', 'src inner']) {
    for (const noun of SIDED) if (noun.places[key]?.includes(field)) return 'source'
  }
  for (const key of ['dst', 'in dst', 'dst nat', 'dst inner']) {
    for (const noun of SIDED) if (noun.places[key]?.includes(field)) return 'destination'
  }
  return null
}
const SIDED = [ip, NOUNS['port']!, NOUNS['as']!, NOUNS['mask']!, vlan, mac]
