import { stringify } from 'csv-stringify/sync'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Report, ReportCell, ReportColumn } from '../report.ts'
import { CSV, TSV } from './delimited.ts'
import type { Format } from './format.ts'
import { shortened, timeText } from './human.ts'
import { JSON_OBJECT, NDJSON } from './json.ts'
import { MARKDOWN } from './markdown.ts'
import { PROM } from './prom.ts'
import { sparkline } from './sparkline.ts'
import { TABLE } from './table.ts'

const column = (name: string, more: Partial<ReportColumn> = {}): ReportColumn => ({
  name,
  title: name.toUpperCase(),
  role: 'measure',
  unit: 'number',
  rank: 1,
  mayBeCut: false,
  ...more,
})
const COLUMNS = [
  column('key', { role: 'key', unit: 'text', rank: 0, mayBeCut: true }),
  column('address', { role: 'key', unit: 'address', rank: 0 }),
  column('bytes', { unit: 'octets' }),
  column('share', { unit: 'share', rank: 2 }),
]
const STRANGE = [
  'plain',
  'a "quoted" one',
  'comma, and',
  'line\nbreak',
  'back\\slash|pipe',
  '\u001b[31mred',
  '',
]
const IPV6 = '2001:db8:1111:2222:3333:4444:5555:6666'

function reportOf(rows: readonly ReportCell[][]): Report {
  const section = { title: null, totals: null, look: 'table' as const, outer: [], others: [] }
  const sections = [{ ...section, name: 'test', columns: COLUMNS, rows, groups: rows.length }]
  return { name: 'test', title: 'Test', sections, notes: [], footer: [], queries: [] }
}
const ROWS = STRANGE.map((text, i) => [text, IPV6, 2n ** 64n + BigInt(i), i / 8] as ReportCell[])
const text = (format: Format, width = 200) =>
  [...format.write(reportOf(ROWS), { width, isColored: false, timeZone: 'UTC' })].join('')

test('CSV is what csv-stringify writes', () => {
  const rows = ROWS.map((row) => row.map(String))
  assert.is(text(CSV), stringify([COLUMNS.map(({ name }) => name), ...rows]))
})

test('TSV has a line a row, whatever is in texts', () => {
  assert.is(text(TSV).trimEnd().split('\n').length, ROWS.length + 1)
})

test('JSON holds integers in full', () => {
  assert.match(text(NDJSON), '"bytes":18446744073709551616')
  assert.equal(
    text(NDJSON)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).key),
    STRANGE,
  )
  assert.is(JSON.parse(text(JSON_OBJECT)).rows.length, ROWS.length)
})

test('tables fit: columns go by rank, texts are cut, addresses never', () => {
  const narrow = text(TABLE, 60)
  assert.ok(narrow.split('\n').every((line) => line.length <= 60))
  assert.match(narrow, IPV6)
  assert.not.match(narrow, 'SHARE')
  assert.match(text(TABLE, 20), IPV6)
})

test('nothing of a text steers a terminal', () => {
  assert.not.match(text(TABLE), '\u001b')
  assert.not.match(text(MARKDOWN), '\u001b')
})

test("Markdown's own letters are escaped", () => {
  assert.match(text(MARKDOWN), 'back\\\\slash\\|pipe')
})

test("Prometheus' text has one sample for each set of labels, escaped", () => {
  const lines = text(PROM).trimEnd().split('\n')
  const sample = /^[a-z_]+\{key="(?:[^"\\]|\\["\\n])*",address="[^"]*"\} [\d.]+$/
  for (const line of lines) assert.ok(line.startsWith('#') || sample.test(line), line)
  assert.is(new Set(lines).size, lines.length)
})

test('numbers for eyes have three digits and a unit', () => {
  const shown = [0, 7, 999, 1000, 12_345, 999_499, 999_500, 1e9, 1.5e18].map(shortened)
  assert.equal(shown, ['0', '7', '999', '1.00 k', '12.3 k', '999 k', '1.00 M', '1.00 G', '1.50 E'])
})

test('times for eyes are those of the zone', () => {
  const ns = 1_767_225_600_500_000_000n
  assert.is(timeText(ns, 'UTC'), '2026-01-01 00:00:00.500')
  assert.is(timeText(ns, 'Asia/Kathmandu'), '2026-01-01 05:45:00.500')
})

test('a sparkline shows the greatest of each place, and gaps', () => {
  assert.is(sparkline([0, 7, null, 3.5], 4), '▁█ ▅')
  assert.is(sparkline([0, 1, 0, 9, 0, 0], 3), '▂█▁')
  assert.is(sparkline([0, 0], 10), '▁▁')
})

test.run()
