import type { MetricFamily } from '../diagnostics/metrics.ts'

/**
 * The text that Prometheus scrapes (exposition format 0.0.4), in UTF-8. Ten thousand exporters make ten megabytes of
 * it, so it is written piece by piece into one buffer.
 */
export function encodeFamilies(families: readonly MetricFamily[]): Uint8Array<ArrayBuffer> {
  const buffer = new TextBuffer()
  for (const { name, help, type, samples } of families) {
    // A summary's sum and count come as families of their own and must not be declared again.
    if (type !== 'summary' || !isPartOf(name, families)) {
      buffer.add(`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`)
      buffer.add(`# TYPE ${name} ${type}\n`)
    }
    for (const { labels, value } of samples)
      buffer.add(`${name}${formatLabels(labels)} ${formatNumber(value)}\n`)
  }
  return buffer.take()
}

/** Text joined as octets. */
class TextBuffer {
  #octets = new Uint8Array(1 << 16)
  #used = 0

  add(text: string): void {
    // UTF-8 has at most three octets for each UTF-16 unit.
    if (this.#used + text.length * 3 > this.#octets.length) this.#grow(text.length * 3)
    this.#used += ENCODER.encodeInto(text, this.#octets.subarray(this.#used)).written
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#octets.slice(0, this.#used)
  }

  #grow(more: number): void {
    const bigger = new Uint8Array(Math.max(this.#octets.length * 2, this.#used + more))
    bigger.set(this.#octets)
    this.#octets = bigger
  }
}

const ENCODER = new TextEncoder()

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
