import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatTable, type TextColumn, withCommas, withUnit } from './text-table.ts'

const COLUMNS: readonly TextColumn[] = [
  { title: 'ROWS', isNumber: true, rank: 0 },
  { title: 'EXPORTER', rank: 2 },
  { title: 'STATE', rank: 1 },
  { title: 'PATH', rank: 0, mayBeCut: true },
]
const ADDRESS = '2001:db8:1234:5678:9abc:def0:1234:5678'
const ROWS = [
  ['1,000', ADDRESS, 'finished', 'flows/2026/01/01/main-20260101T000000Z-0.weir'],
  ['7', '10.0.0.1', 'open', 'flows/2026/01/01/main-20260101T010000Z-0.weir.part'],
]
const FOOTER = ['1,007', '', '', '2 files']

test('numbers stand at the right, texts at the left, the sum below a line', () => {
  const [title, rule, first, second, , sum] = formatTable(COLUMNS, ROWS, FOOTER, 999).split('\n')
  assert.is(title, `${' ROWS'}  ${'EXPORTER'.padEnd(ADDRESS.length)}  STATE     PATH`)
  assert.match(rule!, /^─{5} {2}─{38} {2}─{8} {2}─+$/)
  assert.is(first, `1,000  ${ADDRESS}  finished  ${ROWS[0]![3]}`)
  assert.match(second!, /^ {4}7 {2}10\.0\.0\.1 {32}open {6}flows/)
  assert.match(sum!, /^1,007 +2 files$/)
})

test('at every width a line fits, and an address is whole or not there', () => {
  for (let width = 19; width < 140; width++) {
    const text = formatTable(COLUMNS, ROWS, FOOTER, width)
    for (const line of text.split('\n')) assert.ok(line.length <= width, `${width}: ${line}`)
    assert.is(text.includes(ADDRESS), text.includes('EXPORTER'), `${width}`)
    assert.match(text, '.weir.part')
  }
  assert.match(formatTable(COLUMNS, ROWS, FOOTER, 60), '…')
})

test('octets have three digits and a unit', () => {
  const cases: [number | bigint, string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [9999, '10.0 kB'],
    [99_950, '100 kB'],
    [999_600, '1.00 MB'],
    [2n ** 63n, '9.22 EB'],
  ]
  for (const [octets, text] of cases) assert.is(withUnit(octets), text)
  assert.equal([0, 999, 1000, 1_234_567].map(withCommas), ['0', '999', '1,000', '1,234,567'])
})

test.run()
