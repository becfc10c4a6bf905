import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { F } from '../../flow/fields.ts'
import { familyOf, oppositeElement } from './columns.ts'
import { elementOf, fieldOf, ownFieldOf } from './registry.ts'

test('elements are found by enterprise and number', () => {
  assert.equal(elementOf(0, 1), { name: 'octetDeltaCount', type: 'unsigned64', semantics: 'deltaCounter' })
  assert.is(elementOf(6871, 33)?.name, 'silkAppLabel')
  assert.is(elementOf(0, 40005)?.name, 'FirewallEvent')
  assert.is(elementOf(0, 520)?.name, 'tcpOptionsFull')
  assert.is(elementOf(0, 9999), undefined)
  assert.is(elementOf(4_000_000_000, 1), undefined)
})

test('an element under the reverse enterprise is the forward element with reverse in front', () => {
  assert.equal(elementOf(29305, 2), {
    name: 'reversePacketDeltaCount',
    type: 'unsigned64',
    semantics: 'deltaCounter',
  })
  assert.is(fieldOf(29305, 2)?.name, 'reversePacketDeltaCount')
})

test('elements of one meaning share a column', () => {
  assert.is(fieldOf(0, 8), F.sourceAddress)
  assert.is(fieldOf(0, 27), F.sourceAddress)
  assert.is(fieldOf(0, 152), F.flowStart)
  assert.is(fieldOf(0, 21), F.flowEnd)
  assert.is(fieldOf(0, 74), F.mplsLabelStack)
  assert.is(fieldOf(0, 178), F.icmpTypeCode)
  assert.is(fieldOf(0, 225), F.postNatSourceAddress)
  assert.is(fieldOf(0, 47), F.mplsTopLabelAddress)
  assert.is(familyOf(0, 8), 4)
  assert.is(familyOf(0, 28), 6)
  assert.is(familyOf(0, 1), 0)
})

test('other elements get a column of their own name, vendors with their number in front', () => {
  assert.is(fieldOf(0, 82)?.name, 'interfaceName')
  assert.is(fieldOf(0, 82)?.kind, 'text')
  assert.is(fieldOf(6871, 33)?.name, 'e6871.silkAppLabel')
  assert.is(fieldOf(0, 323)?.semantics, 'timestamp')
  assert.is(ownFieldOf(0, 152)?.name, 'flowStartMilliseconds')
  assert.is(fieldOf(-2, 2)?.name, 'scopeInterface')
  assert.is(fieldOf(7, 7), undefined)
})

test('template and domain numbers inside a record do not meet those of the datagram', () => {
  assert.is(fieldOf(0, 145)?.name, 'recordTemplateId')
  assert.is(fieldOf(0, 149)?.name, 'recordObservationDomainId')
})

test('every element of every table can have a column', () => {
  const names = new Set<string>()
  let count = 0
  for (const enterprise of [
    0, 9, 637, 3054, 5951, 6871, 6876, 9789, 10704, 12326, 15397, 21373, 26866, 29305,
  ]) {
    for (let element = 0; element < 65_536; element++) {
      if (elementOf(enterprise, element) === undefined) continue
      count++
      names.add(ownFieldOf(enterprise, element)!.name)
      assert.ok(fieldOf(enterprise, element))
    }
  }
  assert.is(names.size, count)
  assert.ok(count > 1600)
})

test('directed elements have an opposite, and the opposite of that is the element', () => {
  assert.is(oppositeElement(8), 12)
  assert.is(oppositeElement(14), 10)
  assert.is(oppositeElement(4), 4)
  for (let element = 1; element < 534; element++) {
    assert.is(oppositeElement(oppositeElement(element)), element)
    assert.is(elementOf(0, element)?.type, elementOf(0, oppositeElement(element))?.type)
  }
})

test.run()
