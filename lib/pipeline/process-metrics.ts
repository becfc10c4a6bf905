import type { MetricFamily } from '../diagnostics/metrics.ts'

/** What Prometheus clients of every language tell of their process. */
export function processMetrics(startedMs: number): MetricFamily[] {
  const usage = process.resourceUsage()
  const one = (name: string, help: string, type: MetricFamily['type'], value: number): MetricFamily => ({
    name,
    help,
    type,
    samples: [{ labels: {}, value }],
  })
  return [
    one(
      'process_cpu_seconds_total',
      'User and system CPU time spent in seconds.',
      'counter',
      (usage.userCPUTime + usage.systemCPUTime) / 1e6,
    ),
    one('process_resident_memory_bytes', 'Resident memory in bytes.', 'gauge', process.memoryUsage.rss()),
    one(
      'process_start_time_seconds',
      'Start of the process in seconds since the epoch.',
      'gauge',
      startedMs / 1000,
    ),
  ]
}
