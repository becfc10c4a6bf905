import type { MetricFamily } from '../diagnostics/metrics.ts'

/** The text that Prometheus scrapes (exposition format 0.0.4). */
export function formatFamilies(families: readonly MetricFamily[]): string {
  const lines: string[] = []
  for (const { name, help, type, samples } of families) {
    // A summary's sum and count come as families of their own and must not be declared again.
    if (type !== 'summary' || !isPartOf(name, families)) {
      lines.push(`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`)
      lines.push(`# TYPE ${name} ${type}`)
    }
    for (const { labels, value } of samples)
      lines.push(`${name}${formatLabels(labels)} ${formatNumber(value)}`)
  }
  lines.push('')
  return lines.join('\n')
}

function isPartOf(name: string, families: readonly MetricFamily[]): boolean {
  const base = name.replace(/_(sum|count)$/, '')
  return base !== name && families.some((family) => family.name === base)
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}
