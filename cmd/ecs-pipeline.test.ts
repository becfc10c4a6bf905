import { readFileSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Payload } from '../lib/decode/testing/payloads.ts'
import { type NetflowElement, netflowElements, netflowEnterprises } from '../lib/ecs/element-table.ts'
import {
  dataSet,
  ipfixMessage,
  ipv4,
  ipv6,
  join,
  mac,
  ntp,
  type Octets,
  type Specifier,
  templateSet,
  text,
  uint,
  variable,
} from '../lib/testing/datagrams.ts'
import { conformance } from '../lib/testing/project.ts'
import { type Document, inMilliseconds, netflowDocuments, sorted } from './ecs-compared.ts'

// The test of the NetFlow integration's own pipeline: its inputs are documents of the Agent, from which the records are
// made again that they came from.

const top = conformance()

type Value = string | number | boolean | readonly number[]
type Input = { netflow: Record<string, Value> & { exporter: Record<string, string | number> } } & Document

/** Elements by the names of their fields; IANA's first where two share one. */
const BY_FIELD = new Map<string, readonly [enterprise: number, element: number, NetflowElement]>()
for (const enterprise of netflowEnterprises()) {
  for (const [number, element] of netflowElements(enterprise)) {
    if (!BY_FIELD.has(element.field)) BY_FIELD.set(element.field, [enterprise, number, element])
  }
}

/** Octets of a value on the wire, and its length in the template. */
function encode({ type }: NetflowElement, value: Value): [length: number, octets: Octets] {
  const ms = () => BigInt(Date.parse(String(value)))
  switch (type) {
    case '4':
      return [4, ipv4(String(value))]
    case '6':
      return [16, ipv6(String(value))]
    case 'm':
      return [6, mac(String(value))]
    case 's':
      return [65535, variable(text(String(value)))]
    case 'o':
      return [65535, variable(Uint8Array.from(value as readonly number[]))]
    case 'b':
      return [1, [value === true ? 1 : 2]]
    case 'ts':
      return [4, uint(ms() / 1000n, 4)]
    case 'tm':
      return [8, uint(ms(), 8)]
    case 'tu':
    case 'tn':
      return [8, ntp(ms() * 1_000_000n)]
    default:
      return [Number(type.slice(1)) / 8, uint(Number(value), Number(type.slice(1)) / 8)]
  }
}

function payloadOf({ netflow }: Input): Payload {
  const { exporter, type: _type, ...fields } = netflow
  const specifiers: Specifier[] = []
  const values: Octets[] = []
  for (const [field, value] of Object.entries(fields)) {
    const found = BY_FIELD.get(field)
    assert.ok(found, field)
    const [enterprise, number, element] = found!
    const [length, octets] = encode(element, value)
    specifiers.push(enterprise === 0 ? [number, length] : [number, length, enterprise])
    values.push(octets)
  }
  const octets = ipfixMessage({
    sets: [templateSet(10, [[256, specifiers]]), dataSet(256, [join(...values)])],
    exportTime: Date.parse(String(exporter['timestamp'])) / 1000,
    domain: Number(exporter['source_id']),
  })
  const [address, port] = String(exporter['address']).split(':')
  return { octets, address: address!, port: Number(port), receivedNs: 0n }
}

/**
 * Without what the Agent adds, the databases, the time of making, and the ids: those are of other addresses, which were
 * replaced when the inputs were published.
 */
function comparable(document: Document): Document {
  const { agent, host, input, tags, ...rest } = document as Record<string, Record<string, unknown>>
  const { created, ...event } = rest['event']!
  const { id, ...flow } = rest['flow']!
  const { community_id, ...network } = rest['network']!
  const bare = (end: Record<string, unknown> | undefined) => {
    if (end === undefined) return undefined
    const { geo, as, ...others } = end
    return others
  }
  return JSON.parse(
    JSON.stringify({
      ...rest,
      ...{ event, flow, network },
      source: bare(rest['source']),
      destination: bare(rest['destination']),
    }),
  )
}

test("documents are those that the integration's pipeline makes of the same records", () => {
  if (top === undefined) {
    console.log('skipped: no conformance data')
    return
  }
  const folder = joinPath(top, 'elastic/netflow-integration')
  const read = (...path: string[]) => JSON.parse(readFileSync(joinPath(folder, ...path), 'utf8'))
  const { events } = read('v2.11.0/test-netflow-log-events.json') as { events: Input[] }
  const { expected } = read('derived-current-expected.json') as { expected: Document[] }
  assert.is(events.length, 34)
  let compared = 0
  events.forEach((event, i) => {
    // One input is of a Beat that did not look at IPv6 yet: its ends are 0.0.0.0.
    const { netflow, source } = event as Document as Record<string, Record<string, unknown>>
    if (netflow!['source_ipv4_address'] === undefined && source!['ip'] === '0.0.0.0') return
    compared++
    const found = netflowDocuments([payloadOf(event)])
    assert.equal(
      sorted(found.map(comparable)),
      sorted([inMilliseconds(comparable(expected[i]!)) as Document]),
      `document ${i}`,
    )
  })
  assert.is(compared, 33)
})

test.run()
