import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Report, ReportColumn, Section } from '../report.ts'
import { dataText, escaped } from './markup.ts'
import { type PageParts, pageText } from './page.ts'

const own = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')
const PARTS: PageParts = {
  styles: [own('page.css')],
  scripts: [own('page.js')],
  link: { text: 'Made by <them>', url: 'https://example.com/?a=1&b="2"' },
}
const HOSTILE = '</script><script>alert(1)</script> "\' & \u2028\u202e<img src=x onerror=alert(2)>'

function column(name: string, role: 'key' | 'measure', unit: ReportColumn['unit']): ReportColumn {
  return { name, title: name, role, unit, rank: 0, mayBeCut: false }
}

function section(more: Partial<Section>): Section {
  const columns = [column('name', 'key', 'text'), column('bytes', 'measure', 'octets')]
  const base = {
    name: 'main',
    title: null,
    columns,
    rows: [],
    others: [],
    totals: null,
    groups: 0,
    outer: [],
  }
  return { ...base, look: 'table', ...more }
}

function reportOf(sections: Section[], more: Partial<Report> = {}): Report {
  return { name: 'top', title: 'Title', sections, notes: [], footer: [], queries: [], ...more }
}

const page = (...reports: Report[]) => [...pageText(reports, PARTS, 'UTC')].join('')

const START = 1_767_225_600_000_000_000n
const series = (names: string[], bins: number) =>
  section({
    columns: [
      column('time', 'key', 'time'),
      column('name', 'key', 'text'),
      column('bps', 'measure', 'bitsPerSecond'),
    ],
    rows: Array.from({ length: bins }, (_, bin) => START + BigInt(bin) * 300_000_000_000n).flatMap(
      (time, bin) => names.map((name, i) => [time, name, bin === 3 ? null : bin * (i + 1) * 1000]),
    ),
  })

test('names of others never become markup, whatever they hold', () => {
  const hostile = section({ title: HOSTILE, rows: [[HOSTILE, 5n]], totals: [null, 5n] })
  const ribbons = section({
    look: 'ribbons',
    columns: [column('a', 'key', 'text'), column('b', 'key', 'text'), column('bytes', 'measure', 'octets')],
    rows: [[HOSTILE, HOSTILE, 5]],
  })
  const text = page(
    reportOf([hostile, series([HOSTILE, 'b'], 6), ribbons], {
      title: HOSTILE,
      notes: [HOSTILE],
      footer: [{ name: 'x', value: 1, text: HOSTILE }],
      queries: [HOSTILE],
    }),
  )
  assert.not.match(text, '<script>alert')
  assert.not.match(text, '<img')
  assert.not.match(text, '\u2028')
  assert.not.match(text, '\u202e')
  // Ours: the page's script and the data of the chart.
  assert.is(text.match(/<script/g)?.length, 2)
  assert.is(text.match(/<\/script/g)?.length, 2)
})

test('data of charts are read back as they were', () => {
  const value = { name: HOSTILE, values: [1, null] }
  assert.equal(JSON.parse(dataText(value)), value)
  assert.not.match(dataText(value), '<')
  assert.is(escaped(`a<b>&"'`), 'a&lt;b&gt;&amp;&quot;&#39;')
})

test('the policy lets nothing run or load but what the page carries', () => {
  const text = page(reportOf([series(['a'], 6)]))
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(text)![1]!
  assert.match(policy, "default-src 'none'")
  for (const [kind, content] of [
    ['script-src', PARTS.scripts[0]!],
    ['style-src', PARTS.styles[0]!],
  ]) {
    assert.match(policy, `${kind} 'sha256-${createHash('sha256').update(content!).digest('base64')}'`)
    assert.ok(text.includes(`>${content}</`))
  }
  assert.not.match(text, / style=/)
  assert.not.match(text, / on[a-z]+=/)
})

test('a page without a chart carries no script', () => {
  const text = page(reportOf([section({ rows: [['a', 1n]] })]))
  assert.not.match(text, '<script')
  assert.match(text, "script-src 'none'")
})

test('the course of traffic is drawn without scripts too, with a hole where nobody listened', () => {
  const text = page(reportOf([series(['a', 'b'], 6)]))
  const paths = [...text.matchAll(/<path class="c\d" d="([^"]*)"/g)].map(([, path]) => path!)
  assert.is(paths.length, 2)
  for (const path of paths) assert.is(path.match(/M/g)?.length, 2)
  const data = JSON.parse(/<script type="application\/json">(.*?)<\/script>/.exec(text)![1]!)
  assert.equal(data.lines[1], { name: 'b', values: [0, 2000, 4000, null, 8000, 10_000] })
  assert.equal(data.times.slice(0, 2), [1_767_225_600, 1_767_225_900])
})

test('of many groups the largest are drawn, and the page says so', () => {
  const text = page(
    reportOf([
      series(
        Array.from({ length: 11 }, (_, i) => `g${i}`),
        4,
      ),
    ]),
  )
  assert.is([...text.matchAll(/<path class="c\d" d=/g)].length, 8)
  assert.match(text, '3 smaller groups are not drawn')
})

test('of many bins each dot is the greatest of some, to the end', () => {
  const text = page(reportOf([{ ...series(['a'], 50_000), look: 'chart' }]))
  const data = JSON.parse(/<script type="application\/json">(.*?)<\/script>/.exec(text)![1]!)
  assert.is(data.times.length, Math.ceil(50_000 / 3))
  assert.is(data.lines[0].values.at(-1), 49_999_000)
  assert.match(text, 'the greatest of each 3 bins')
})

test('an empty answer says that nothing matches', () => {
  assert.match(page(reportOf([section({})])), 'No flow matches.')
  for (const bins of [0, 1]) {
    const text = page(reportOf([{ ...series(['a'], bins), title: 'Over time', look: 'chart' }]))
    assert.not.match(text, 'Over time')
  }
})

test('who made the AS data is named with the link they ask for', () => {
  const text = page(reportOf([], { footer: [{ name: 'as_data', value: 'x', text: 'AS data: x' }] }))
  assert.match(
    text,
    'AS data: x (<a href="https://example.com/?a=1&amp;b=&quot;2&quot;">Made by &lt;them&gt;</a>)',
  )
})

test('several reports make one page with a list of them', () => {
  const text = page(reportOf([], { title: 'One' }), reportOf([], { title: 'Two' }))
  assert.match(text, '<li><a href="#r1">Two</a></li>')
  assert.is(text.match(/<article/g)?.length, 2)
})

test('a long table stops at 5000 rows and says so', () => {
  const rows = Array.from({ length: 5001 }, (_, i) => [`k${i}`, BigInt(i)])
  const text = page(reportOf([section({ rows })]))
  assert.match(text, 'The first 5000 of 5001 rows')
  assert.is(text.match(/<tr/g)?.length, 5001)
})

test.run()
