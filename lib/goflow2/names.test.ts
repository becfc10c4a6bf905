import { existsSync, readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conformance } from '../testing/project.ts'
import { etypeName, flowTypeName, icmpName, layerName, type NamesOf, protoName } from './names.ts'

test('protocols have the names of goflow2 2.2, with its blanks and its ranges', () => {
  const names = [0, 1, 6, 58, 89, 124, 135, 145].map((n) => protoName(n, '2.2'))
  assert.equal(names, [
    'HOPOPT',
    'ICMP',
    'TCP',
    'IPv6-ICMP',
    'OSPFIGP',
    'ISIS over IPv4',
    'Mobility Header',
    'NSH',
  ])
  const ranges = [146, 252, 253, 254, 255, 256, 4294967295].map((n) => protoName(n, '2.2'))
  assert.equal(ranges, [
    'unassigned',
    'unassigned',
    'experimental',
    'experimental',
    'reserved',
    'unknown',
    'unknown',
  ])
})

test('goflow2 2.1 knows five protocols', () => {
  const names = [0, 1, 6, 17, 58, 132, 255].map((n) => protoName(n, '2.1'))
  assert.equal(names, ['', 'ICMP', 'TCP', 'UDP', 'ICMPv6', 'SCTP', ''])
})

test('ICMP names go by type, and other protocols are unknown', () => {
  assert.equal(
    [icmpName(1, 8), icmpName(1, 5), icmpName(58, 135), icmpName(6, 0)],
    ['Echo', '', '', 'unknown'],
  )
})

test('enum values without a name print as numbers', () => {
  assert.equal([flowTypeName(4), flowTypeName(9)], ['IPFIX', '9'])
  assert.equal(
    [layerName(0), layerName(13), layerName(99), layerName(14)],
    ['Ethernet', 'Teredo', 'Custom', '14'],
  )
})

const facts = conformance('goflow2', 'names.json')
if (facts === undefined || !existsSync(facts)) {
  test.skip('skipped: no conformance data', () => {})
} else {
  test('all names are those that goflow2 prints', () => {
    const versions = JSON.parse(readFileSync(facts, 'utf8'))
    for (const [compat, version] of [
      ['2.2', 'v2.2.6'],
      ['2.1', 'v2.1.2'],
    ] as [NamesOf, string][]) {
      const known = versions[version]
      for (const [n, name] of Object.entries(known.protoName)) assert.is(protoName(Number(n), compat), name)
      for (const [n, name] of Object.entries(known.etypeName)) assert.is(etypeName(Number(n)), name)
      for (const [n, name] of Object.entries(known.icmpTypeName)) assert.is(icmpName(1, Number(n)), name)
      for (const [n, name] of Object.entries(known.icmp6TypeName)) assert.is(icmpName(58, Number(n)), name)
    }
  })
}

test.run()
