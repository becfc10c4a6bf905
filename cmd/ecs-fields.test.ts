import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EcsFlat } from '@elastic/ecs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { parseAddress } from '../lib/bytes/address.ts'
import { payloadsOf } from '../lib/decode/testing/payloads.ts'
import { mappedFields } from '../lib/ecs/fields-table.ts'
import { conformance, testdata } from '../lib/testing/project.ts'
import { type Document, filebeatCases, netflowDocuments } from './ecs-compared.ts'

const top = conformance()
const SKIPPED = 'skipped: no conformance data'
const ecs = EcsFlat as Readonly<Record<string, { type: string; normalize: string[] }>>
const mapped = new Map(mappedFields('netflow.log').map(({ name, type }) => [name, type]))

/** Names under `netflow` that Elastic's mapping lacks and whose documents have them. */
const DYNAMIC = /^netflow\.(options|scope)\./

const INTEGERS: Readonly<Record<string, [number, number]>> = {
  byte: [-128, 127],
  short: [-32_768, 32_767],
  integer: [-(2 ** 31), 2 ** 31 - 1],
  long: [-(2 ** 63), 2 ** 63],
}

/** Whether Elasticsearch would take a value for a field of a type. */
function fits(type: string, value: unknown): boolean {
  const range = INTEGERS[type]
  if (range !== undefined)
    return Number.isInteger(value) && Number(value) >= range[0] && Number(value) <= range[1]
  switch (type) {
    case 'ip':
      return typeof value === 'string' && parseAddress(value, new Uint32Array(4))
    case 'date':
      return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'float':
    case 'double':
      return typeof value === 'number'
    case 'keyword':
    case 'match_only_text':
    case 'wildcard':
      return typeof value === 'string' || typeof value === 'number'
    default:
      return false
  }
}

/** Calls `see` for every value that is no object, with its field's name. */
function walk(
  value: unknown,
  name: string,
  see: (name: string, value: unknown, isList: boolean) => void,
): void {
  if (Array.isArray(value)) for (const each of value) see(name, each, true)
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) walk(inner, name === '' ? key : `${name}.${key}`, see)
  } else see(name, value, false)
}

function check(document: Document): number {
  let count = 0
  walk(document, '', (name, value, isList) => {
    count++
    const standard = ecs[name]
    const type = standard?.type ?? mapped.get(name)
    if (type === undefined && DYNAMIC.test(name)) return
    assert.ok(type !== undefined, `${name} is no field`)
    assert.ok(fits(type!, value), `${name} is ${JSON.stringify(value)}, not ${type}`)
    if (standard?.normalize.includes('array')) assert.ok(isList, `${name} must be a list`)
    const own = mapped.get(name)
    // Our table of types must not contradict the standard.
    if (standard !== undefined && own !== undefined) assert.is(own, standard.type, name)
  })
  return count
}

test('every field of every document has the type that ECS or the package gives it', () => {
  if (top === undefined) {
    console.log(SKIPPED)
    return
  }
  let count = 0
  for (const { name, payloads } of filebeatCases(top)) {
    for (const document of netflowDocuments(payloads)) {
      try {
        count += check(document)
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).message}`)
      }
    }
  }
  assert.ok(count > 10_000, String(count))
})

test('the same holds for captures of our own', () => {
  for (const file of readdirSync(testdata('captures'))) {
    const documents = netflowDocuments(payloadsOf(testdata('captures', file)))
    assert.ok(documents.length > 0, file)
    for (const document of documents) check(document)
  }
})

test("the table has the types of Elastic's package", () => {
  if (top === undefined) {
    console.log(SKIPPED)
    return
  }
  type Node = { name: string; type?: string; fields?: Node[] }
  const path = join(top, 'elastic/filebeat-netflow/meta/fields.yml')
  const [group] = parse(readFileSync(path, 'utf8')) as [{ fields: Node[] }]
  const flat = (nodes: readonly Node[], prefix: string): [string, string][] =>
    nodes.flatMap(({ name, type, fields }): [string, string][] =>
      fields === undefined ? [[prefix + name, type!]] : flat(fields, `${prefix}${name}.`),
    )
  // Two names of elements that no document has: what stands there is netflow.vrf_name, and an entry that was renamed.
  const never = new Set(['netflow.vr_fname', 'netflow.policy_qos_queueindex'])
  const theirs = flat(group.fields, '').filter(([name]) => !never.has(name))
  assert.ok(theirs.length > 1300)
  for (const [name, type] of theirs) assert.is(mapped.get(name), type, name)
})

test.run()
