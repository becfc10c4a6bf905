import { createHash } from 'node:crypto'
import type { Report, Section } from '../report.ts'
import { escaped } from './markup.ts'
import { ribbonsMarkup } from './ribbons.ts'
import { factsMarkup, hasTime, tableMarkup } from './tables.ts'
import { chartMarkup } from './time-chart.ts'

/** What every page carries, so that it needs nothing else. */
export interface PageParts {
  readonly styles: readonly string[]
  readonly scripts: readonly string[]
  /** What a page with AS data owes their maker. */
  readonly link: { readonly text: string; readonly url: string }
}

/** Rows of a table over time that stand open; longer ones are folded below their chart. */
const MOST_OPEN = 24

/**
 * The text of one page that shows the reports, in pieces. It loads nothing: its policy forbids the network, and lets no
 * scripts run but its own, told by their hashes.
 */
export function* pageText(reports: readonly Report[], parts: PageParts, timeZone: string): Iterable<string> {
  const styles = parts.styles.map((text) => text.replaceAll('</style', '<\\/style'))
  const title = reports.length === 1 ? reports[0]!.title : 'Reports'
  const charts = reports.flatMap(({ sections }) =>
    sections.map((section) => (section.look === 'ribbons' ? null : chartMarkup(section, timeZone))),
  )
  const scripts = charts.some((chart) => chart !== null) ? parts.scripts : []
  const policy = [
    "default-src 'none'",
    `style-src ${styles.map(hashOf).join(' ')}`,
    scripts.length === 0 ? "script-src 'none'" : `script-src ${scripts.map(hashOf).join(' ')}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ]
  yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
  yield `<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}">\n`
  yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
  yield '<meta name="generator" content="weir">\n<link rel="icon" href="data:,">\n'
  yield `<title>${escaped(title)}</title>\n`
  for (const text of styles) yield `<style>${text}</style>\n`
  yield '</head>\n<body>\n'
  if (reports.length > 1) {
    yield '<nav><ul>\n'
    for (const [i, report] of reports.entries())
      yield `<li><a href="#r${i}">${escaped(report.title)}</a></li>\n`
    yield '</ul></nav>\n'
  }
  let at = 0
  const drawn = new Set<string>()
  for (const [i, report] of reports.entries()) {
    const own = charts.slice(at, at + report.sections.length)
    at += report.sections.length
    yield* reportMarkup(report, i, own, parts, timeZone, drawn)
  }
  for (const text of scripts) yield `<script>${text}</script>\n`
  yield '</body>\n</html>\n'
}

function* reportMarkup(
  report: Report,
  number: number,
  charts: readonly (string | null)[],
  { link }: PageParts,
  timeZone: string,
  /** Pictures that stand above already: reports of the same flows share them. */
  drawn: Set<string>,
): Iterable<string> {
  yield `<article id="r${number}">\n<h1>${escaped(report.title)}</h1>\n`
  const span = report.footer.find(({ name }) => name === 'from')
  if (span !== undefined) yield `<p class="window">${escaped(span.text)}; times in ${escaped(timeZone)}</p>\n`
  for (const [i, section] of report.sections.entries()) {
    if (section.look === 'chart' || section.look === 'ribbons') {
      const picture = section.look === 'chart' ? (charts[i] ?? '') : ribbonsMarkup(section, timeZone)
      if (picture === '' || drawn.has(picture)) continue
      drawn.add(picture)
    }
    if (section.title !== null && (charts[i] !== null || section.look !== 'chart'))
      yield `<h2>${escaped(section.title)}</h2>\n`
    yield* sectionMarkup(section, charts[i] ?? null, timeZone)
  }
  for (const note of report.notes) yield `<p class="note">${escaped(note)}</p>\n`
  yield '<footer>\n<ul>\n'
  for (const { name, text } of report.footer) {
    if (text === '' || name === 'from') continue
    const owed = name === 'as_data' ? ` (<a href="${escaped(link.url)}">${escaped(link.text)}</a>)` : ''
    yield `<li>${escaped(text)}${owed}</li>\n`
  }
  yield '</ul>\n'
  if (report.queries.length > 0) {
    yield '<details><summary>The same as commands</summary>\n'
    for (const query of report.queries) yield `<p><code>${escaped(query)}</code></p>\n`
    yield '</details>\n'
  }
  yield '</footer>\n</article>\n'
}

function* sectionMarkup(section: Section, chart: string | null, timeZone: string): Iterable<string> {
  if (section.look === 'ribbons') {
    yield ribbonsMarkup(section, timeZone)
    return
  }
  if (section.look === 'facts') {
    yield* factsMarkup(section, timeZone)
    return
  }
  if (chart !== null) yield chart
  if (section.look === 'chart') return
  const isFolded = chart !== null && hasTime(section) && section.rows.length > MOST_OPEN
  if (isFolded) yield `<details><summary>The ${section.rows.length} rows</summary>\n`
  yield* tableMarkup(section, timeZone)
  if (isFolded) yield '</details>\n'
}

/** A source of the policy that stands for exactly this text. */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
