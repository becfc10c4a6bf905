import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowBatch } from '../flow/batch.ts'
import { defineField, type Field } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import type { FlowBlock, Problem } from '../flow/source.ts'
import { fillRow } from '../testing/fill-row.ts'
import { applicationText, ExporterNames } from './exporter-names.ts'

const NAME = defineField('interfaceName', 'text', 'default', 0, 82)
const ID = defineField('applicationId', 'octets', 'default', 0, 95)
const APPLICATION = defineField('applicationName', 'text', 'default', 0, 96)
const SCOPE = defineField('test.scopeInterface', 'u32', 'identifier')

/** A layout of elements; enterprise -2 is a scope of NetFlow v9. */
function layout(...fields: (readonly [number, number, Field])[]): Layout {
  return {
    protocol: 9,
    scopeCount: 1,
    fields: fields.map(([enterprise, element, field]) => ({ enterprise, element, octets: 4, field })),
  }
}

/** A batch as an archive's block. */
function blockOf(batch: FlowBatch): FlowBlock {
  return {
    info: {
      rows: batch.rowCount,
      kind: batch.kind,
      leastReceived: 0n,
      greatestReceived: 0n,
      leastStart: 0n,
      greatestEnd: 0n,
      octets: 0n,
      packets: 0n,
    },
    columns: batch.columns().map(({ field }) => ({ field, name: field.name, least: 0n, greatest: 0n })),
    addresses: { codes: 0, words: () => new Uint32Array(0) },
    layout: (number) => batch.layouts[number - 1] ?? null,
    read: (field) => {
      const column = batch.find(field)
      return column === undefined ? null : { column, codes: null }
    },
    readCodes: () => null,
  }
}

test('names of interfaces and applications are learnt from options records', () => {
  const batch = new FlowBatch()
  batch.kind = 'options'
  const interfaces = layout([-2, 2, SCOPE], [0, 82, NAME])
  const applications = layout([0, 95, ID], [0, 96, APPLICATION])
  const exporterAddress = '192.0.2.1'
  fillRow(batch, { exporterAddress, 'test.scopeInterface': 7, interfaceName: 'xe-0/0/7\0\0' }, interfaces)
  fillRow(batch, { exporterAddress, 'test.scopeInterface': 8, interfaceName: '' }, interfaces)
  fillRow(batch, { exporterAddress, applicationId: '0d000050', applicationName: 'skype' }, applications)
  fillRow(batch, { exporterAddress }, null)
  const names = new ExporterNames()
  const problems: Problem[] = []
  names.learn(blockOf(batch), problems)
  assert.is(names.interfaceName('192.0.2.1', 7), 'xe-0/0/7')
  assert.is(names.interfaceName('192.0.2.1', 8), '')
  assert.is(names.interfaceName('192.0.2.2', 7), '')
  assert.is(names.applicationName('192.0.2.1', '0d000050'), 'skype')
  assert.is(names.applicationName('192.0.2.1', '0d000051'), '13:81')
  assert.equal(problems, [])
  batch.kind = 'flow'
  const none = new ExporterNames()
  none.learn(blockOf(batch), problems)
  assert.is(none.interfaceName('192.0.2.1', 7), '')
})

test('names and speeds of interfaces are learnt from sFlow counters', () => {
  defineField('ifIndex', 'u32')
  defineField('ifSpeed', 'u64')
  defineField('portName', 'text')
  const batch = new FlowBatch()
  batch.kind = 'counters'
  fillRow(batch, { exporterAddress: '192.0.2.9', ifIndex: 5, ifSpeed: 100_000_000_000n, portName: 'swp5' })
  fillRow(batch, { exporterAddress: '192.0.2.9', ifIndex: 6, ifSpeed: 0n })
  fillRow(batch, { exporterAddress: '192.0.2.9' })
  const names = new ExporterNames()
  names.learn(blockOf(batch), [])
  assert.is(names.interfaceName('192.0.2.9', 5), 'swp5')
  assert.is(names.interfaceSpeed('192.0.2.9', 5), 1e11)
  assert.is(names.interfaceName('192.0.2.9', 6), '')
  assert.is(names.interfaceSpeed('192.0.2.9', 6), 0)
})

/** A table of applications of one exporter: name, id, second of its reception. */
function tableOf(rows: readonly (readonly [id: string, name: string, second: number])[]): FlowBlock {
  const batch = new FlowBatch()
  batch.kind = 'options'
  const own = layout([0, 95, ID], [0, 96, APPLICATION])
  for (const [applicationId, applicationName, second] of rows) {
    const timeReceived = BigInt(second) * 1_000_000_000n
    fillRow(batch, { exporterAddress: '192.0.2.1', timeReceived, applicationId, applicationName }, own)
  }
  return blockOf(batch)
}

test('what was said last counts, in whatever order it is read; ids may be sent in fewer octets', () => {
  const names = new ExporterNames()
  names.learn(tableOf([['0d0001c5', 'new', 200]]), [])
  names.learn(tableOf([['0d01c5', 'old', 100]]), [])
  for (const id of ['0d0001c5', '0d01c5', '0d000001c5'])
    assert.is(names.applicationName('192.0.2.1', id), 'new')
  names.learn(tableOf([['0d01c5', 'newest', 200]]), [])
  assert.is(names.applicationName('192.0.2.1', '0d0001c5'), 'newest')
  assert.is(new ExporterNames(names.state).applicationName('192.0.2.1', '0d0001c5'), 'newest')
  assert.equal(names.counts, { interfaces: 0, applications: 1 })
})

test('names beyond what memory is given for are left out, and counted; known ones may change', () => {
  const names = new ExporterNames(null, 10_000)
  const ids = Array.from({ length: 1000 }, (_, i) => `0d${(i + 0x100000).toString(16)}`)
  names.learn(tableOf(ids.map((id) => [id, `name ${id}`, 1])), [])
  const { applications } = names.counts
  assert.ok(applications > 20 && applications < 100)
  assert.is(names.leftOut, 1000 - applications)
  names.learn(tableOf([[ids[0]!, 'shorter', 2]]), [])
  assert.is(names.applicationName('192.0.2.1', ids[0]!), 'shorter')
  assert.is(names.applicationName('192.0.2.1', ids[999]!), `13:${0x100000 + 999}`)
})

test("the user's file goes first, and gives speeds", () => {
  const names = new ExporterNames()
  names.addFacts({
    address: '192.0.2.1',
    port: 0,
    interfaces: new Map([
      [1, { name: 'ge-0/0/1', description: 'x' }],
      [2, { name: '', description: 'to the north' }],
    ]),
    applications: new Map(),
    vrfs: new Map(),
    samplers: new Map(),
    activeTimeout: 0,
    idleTimeout: 0,
  })
  names.addFile(
    'exporter,ifindex,name,speed\n192.0.2.1,1,uplink-1,10G\n*,9,loopback\n192.0.2.1 3 lan 2.5Gbit/s\n',
    'ifs.csv',
  )
  assert.is(names.interfaceName('192.0.2.1', 1), 'uplink-1')
  assert.is(names.interfaceName('192.0.2.1', 2), 'to the north')
  assert.is(names.interfaceName('192.0.2.7', 9), 'loopback')
  assert.is(names.interfaceSpeed('192.0.2.1', 1), 1e10)
  assert.is(names.interfaceSpeed('192.0.2.1', 3), 2.5e9)
  assert.is(names.interfaceSpeed('192.0.2.1', 2), 0)
  for (const [text, want] of [
    ['192.0.2.1,x,lan', 'ifs:1: "x" is no interface index'],
    ['192.0.2.1,1', 'ifs:1: want exporter,ifindex,name or exporter,ifindex,name,speed'],
    ['192.0.2.1,1,lan,fast', 'ifs:1: "fast" is no speed; want bits per second, as 1000000000 or 10G'],
  ] as const) {
    try {
      names.addFile(text, 'ifs')
      assert.unreachable(text)
    } catch (error) {
      assert.is((error as Error).message, want)
    }
  }
})

test('application ids that nobody named are told by their engine', () => {
  assert.is(applicationText('01000006'), 'tcp')
  assert.is(applicationText('03000050'), 'http')
  assert.is(applicationText('030001bb'), 'https')
  assert.is(applicationText('0300ffff'), '3:65535')
  assert.is(applicationText('14000000090000ff'), '20:150995199')
  assert.is(applicationText(''), '')
  assert.is(applicationText('03'), '')
})

test.run()
