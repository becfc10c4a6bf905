import type { FlowFile, FlowStream } from '../flow/source.ts'
import { compileQuery } from './compiled-query.ts'
import type { Key, Query } from './query.ts'
import { TextInterner } from './text-interner.ts'
import { formatNs } from './time-text.ts'

/** The query in full and what will be read for it, as lines for people; `filter` is the filter's own text. */
export function explainQuery(
  query: Query,
  inputs: readonly (FlowFile | FlowStream)[],
  filter: string | null,
): string {
  const compiled = compileQuery(query, new TextInterner())
  const { window, fields, levels } = compiled
  const lines: [string, string][] = [
    ['query', query.name],
    ['keys', query.keys.map(keyText).join(', ') || 'none: one row of totals'],
    ['measures', query.measures.map(({ name }) => name).join(', ')],
    ['filter', filter ?? 'none'],
    ['window', `${timeText(query.fromNs, 'first flow')} up to ${timeText(query.toNs, 'last flow')}`],
  ]
  if (query.binMs !== null) {
    const cap = query.activeTimeoutMs === null ? '' : `, flows no longer than ${query.activeTimeoutMs} ms`
    const zone = query.binZone === 'UTC' ? '' : ` by the clocks of ${query.binZone}`
    lines.push(['bins', `${query.binMs} ms${zone}, volume ${query.allocation}${cap}`])
  }
  if (query.having !== null) lines.push(['having', query.having.text])
  const by = query.measures[query.order.measure]?.name
  if (by !== undefined && query.keys.length > 0)
    lines.push(['order', `${by} ${query.order.ascending ? 'ascending' : 'descending'}, then keys`])
  if (query.per.length > 0) lines.push(['limits', query.per.join(' per outer group, ')])
  else lines.push(['limit', query.limit === null ? 'none' : String(query.limit)])
  lines.push(['counters', query.counters === 'scaled' ? 'times the sampling rate' : 'as exporters sent them'])
  lines.push(['deduplicate', query.deduplicate])
  lines.push(['tables', String(levels.reduce((sum, { tables }) => sum + tables.length, 0))])
  lines.push(['columns', fields.map(({ name }) => name).join(', ') || 'none'])
  for (const input of inputs) {
    if (!('blocks' in input)) {
      lines.push(['read', `${input.path}: from front to back`])
      continue
    }
    let rows = 0
    let blocks = 0
    for (const facts of input.blocks) {
      if (facts.kind !== 'flow' || !window.mayHold(facts)) continue
      blocks++
      rows += facts.rows
    }
    lines.push(['read', `${input.path}: ${blocks} of ${input.blocks.length} blocks, ${rows} rows at most`])
  }
  return lines.map(([name, value]) => `${name.padEnd(12)}${value}\n`).join('')
}

function timeText(ns: bigint | null, otherwise: string): string {
  return ns === null ? otherwise : formatNs(ns)
}

function keyText(key: Key): string {
  switch (key.kind) {
    case 'field':
      return key.name === key.field.name ? key.name : `${key.name} (${key.field.name})`
    case 'prefix':
      return `${key.name} (IPv4 /${key.ipv4Bits}, IPv6 /${key.ipv6Bits})`
    case 'as': {
      const order = [key.before?.name, key.exporter ? 'exporter' : undefined, key.after?.name]
      return `${key.name} (${order.filter((name) => name !== undefined).join(', then ')})`
    }
    default:
      return key.name
  }
}
