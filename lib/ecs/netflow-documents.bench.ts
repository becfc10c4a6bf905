import { BATCH_ROWS, FlowBatch } from '../flow/batch.ts'
import { clearPage, newDocumentPage } from '../flow/documents.ts'
import { F, type Field } from '../flow/fields.ts'
import type { GeoSource } from '../flow/geo.ts'
import type { Layout } from '../flow/layout.ts'
import { elasticLocality } from '../flow/locality.ts'
import { type CellValue, fillRow } from '../testing/fill-row.ts'
import { newRandom } from '../testing/workload.ts'
import { newNetflowDocuments } from './netflow-documents.ts'

// Documents per second of one thread into memory: a router's NetFlow v9 records of 18 elements, 15 % IPv6.

const random = newRandom(7)
const COMMON: readonly (readonly [number, number, Field])[] = [
  [10, 4, F.ingressInterface],
  [14, 4, F.egressInterface],
  [2, 4, F.packetDeltaCount],
  [1, 4, F.octetDeltaCount],
  [22, 4, F.flowStart],
  [21, 4, F.flowEnd],
  [7, 2, F.sourceTransportPort],
  [11, 2, F.destinationTransportPort],
  [4, 1, F.protocolIdentifier],
  [5, 1, F.ipClassOfService],
  [6, 1, F.tcpControlBits],
  [16, 4, F.bgpSourceAsNumber],
  [17, 4, F.bgpDestinationAsNumber],
]

function layoutOf(isV6: boolean): Layout {
  const address = (v4: number, v6: number, field: Field) => [isV6 ? v6 : v4, isV6 ? 16 : 4, field] as const
  const fields = [
    address(8, 27, F.sourceAddress),
    address(12, 28, F.destinationAddress),
    address(15, 62, F.nextHopAddress),
    [isV6 ? 29 : 9, 1, F.sourcePrefixLength] as const,
    [isV6 ? 30 : 13, 1, F.destinationPrefixLength] as const,
    ...COMMON,
  ]
  return {
    protocol: 9,
    scopeCount: 0,
    fields: fields.map(([element, octets, field]) => ({ enterprise: 0, element, octets, field })),
  }
}
const LAYOUTS = [layoutOf(false), layoutOf(true)]

function rowOf(i: number, isV6: boolean): Record<string, CellValue> {
  const hex = () => random(65_536).toString(16)
  const host = () =>
    isV6
      ? `2001:db8:${hex()}::${hex()}:${hex()}`
      : `${10 + random(3)}.${random(256)}.${random(256)}.${random(256)}`
  const datagram = Math.floor(i / 22)
  const exported = 1_767_225_600_000_000_000n + BigInt(Math.floor(datagram / 40)) * 1_000_000_000n
  const age = BigInt(random(60_000))
  return {
    exportProtocol: 9,
    timeReceived: exported + 123_456_789n,
    exportTime: exported,
    systemUptime: 86_400_000 + datagram * 25,
    exporterAddress: '192.0.2.1',
    exporterPort: 50_000,
    observationDomainId: 1,
    flowStart: exported - (age + BigInt(random(60_000))) * 1_000_000n,
    flowEnd: exported - age * 1_000_000n,
    octetDeltaCount: 60 + random(1_000_000),
    packetDeltaCount: 1 + random(1000),
    sourceAddress: host(),
    destinationAddress: host(),
    nextHopAddress: isV6 ? '2001:db8::1' : '10.0.0.1',
    sourcePrefixLength: 24,
    destinationPrefixLength: 20,
    ingressInterface: 1 + random(64),
    egressInterface: 1 + random(64),
    sourceTransportPort: 1024 + random(64_000),
    destinationTransportPort: [443, 80, 53, 22][random(4)]!,
    protocolIdentifier: random(3) === 0 ? 17 : 6,
    ipClassOfService: 0,
    tcpControlBits: 27,
    bgpSourceAsNumber: 64_512 + random(8),
    bgpDestinationAsNumber: 1 + random(60_000),
  }
}

const batch = new FlowBatch()
for (let i = 0; i < BATCH_ROWS; i++) {
  const isV6 = Math.floor(i / 22) % 7 === 3
  fillRow(batch, rowOf(i, isV6), LAYOUTS[isV6 ? 1 : 0])
}

const GEO: GeoSource = {
  city: () => CITY,
  asn: () => AS,
}
const AS = { number: 64_500, organization: 'Example Networks' }
const CITY = {
  continentName: 'Europe',
  continentCode: 'EU',
  countryIsoCode: 'GB',
  countryName: 'United Kingdom',
  regionIsoCode: 'GB-ENG',
  regionName: 'England',
  cityName: 'London',
  postalCode: '',
  location: { lat: 51.5142, lon: -0.0931 },
}

const CASES = [
  ['final', null],
  ['agent', null],
  ['final', GEO],
] as const
for (const [form, geo] of CASES) {
  const writer = newNetflowDocuments({
    form,
    geo,
    locality: elasticLocality(['private']),
    tags: ['netflow', 'forwarded'],
    fields: {},
    definitions: null,
    steps: [],
    isStrict: false,
  })
  const page = newDocumentPage()
  let octets = 0
  const once = () => {
    for (let at = 0; at < BATCH_ROWS; ) {
      at = writer.write(batch, at, BATCH_ROWS, page)
      octets += page.used
      clearPage(page)
    }
  }
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 8; round++) {
    octets = 0
    const start = cpuMs()
    for (let i = 0; i < 10; i++) once()
    best = Math.min(best, cpuMs() - start)
  }
  const documents = BATCH_ROWS * 10
  console.log(
    `${form}${geo === null ? '' : ', geo'}: ${((documents / best) * 1000).toFixed(0)} documents/s, ` +
      `${((best * 1e6) / documents).toFixed(0)} ns each, ${(octets / documents).toFixed(0)} octets`,
  )
}

/** Milliseconds of processor that this thread has used: other programs are not measured. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
