import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BulkAction } from './bulk-action.ts'
import { DocumentIds } from './document-id.ts'

const test = suite('bulk-action')

const idOf = (ids: DocumentIds, position: number): string => {
  const octets = Buffer.alloc(22)
  ids.put(octets, 0, position)
  return octets.toString()
}

test('an action stands right before its document', () => {
  const action = new BulkAction('logs-netflow.log-"x"', '_none')
  const octets = Buffer.alloc(200)
  octets.write('{"a":1}', 150)
  action.put(octets, 150, new DocumentIds('file'), 7)
  const text = octets.toString('utf8', 150 - action.length, 157)
  const [line, document] = text.split('\n')
  assert.is(document, '{"a":1}')
  assert.equal(JSON.parse(line!), {
    create: { _index: 'logs-netflow.log-"x"', pipeline: '_none', _id: idOf(new DocumentIds('file'), 7) },
  })
})

test('ids are the same for the same place, and for no other', () => {
  const ids = new DocumentIds('file')
  const positions = [0, 1, 2, 255, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 52, Number.MAX_SAFE_INTEGER]
  for (let i = 0; i < 20_000; i++) positions.push(1000 + i * 3)
  const all = positions.map((position) => idOf(ids, position))
  assert.is(new Set(all).size, positions.length)
  assert.ok(all.every((id) => /^[A-Za-z0-9_-]{22}$/.test(id)))
  assert.equal(
    positions.slice(0, 9).map((position) => idOf(new DocumentIds('file'), position)),
    all.slice(0, 9),
  )
  assert.is.not(idOf(new DocumentIds('other'), 0), all[0])
})

test('ids never change: servers hold those of older versions', () => {
  assert.is(idOf(new DocumentIds('weir'), 12_345_678_901), '9aX3lnsjsj6ANQwqLDBhZQ')
})

test.run()
