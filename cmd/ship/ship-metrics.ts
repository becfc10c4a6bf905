import type { Log } from '../../lib/diagnostics/log.ts'
import type { MetricFamily } from '../../lib/diagnostics/metrics.ts'
import type { BulkCounts } from '../../lib/elastic/bulk-sender.ts'
import { encodeFamilies } from '../../lib/http/prometheus-text.ts'
import { collectorRoutes } from '../../lib/http/routes.ts'
import { type HttpServer, startHttpServer } from '../../lib/http/server.ts'
import { processMetrics } from '../../lib/pipeline/process-metrics.ts'
import type { ShipRun } from './ship-run.ts'

const COUNTS: readonly (readonly [keyof BulkCounts, string, string])[] = [
  ['requests', 'requests', 'Bulk requests sent.'],
  ['octets', 'request_octets', 'Octets of their bodies, as sent.'],
  ['acknowledged', 'acknowledged_documents', 'Documents that a server has.'],
  ['duplicates', 'duplicate_documents', 'Documents of these that a server had before.'],
  ['failureStore', 'failure_store_documents', 'Documents of these that went to the failure store.'],
  ['rejected', 'rejected_documents', 'Documents that the server refused for good.'],
  ['retried', 'retried_documents', 'Times that a document had to be sent again.'],
  ['throttled', 'throttled_requests', 'Replies with documents for which the server was too busy.'],
  ['failedRequests', 'failed_requests', 'Requests without a reply, or with one that is none.'],
  ['splitBatches', 'split_requests', 'Requests that were too large and were halved.'],
]

/** What a run tells Prometheus. */
export function shipMetrics(run: ShipRun): MetricFamily[] {
  const one = (
    name: string,
    help: string,
    value: number,
    type: MetricFamily['type'] = 'counter',
  ): MetricFamily => ({ name: `weir_ship_${name}`, help, type, samples: [{ labels: {}, value }] })
  const { counts } = run.sender
  const { missing, bad } = run.troubles
  return [
    one('documents_total', 'Documents made.', run.made),
    one('read_octets_total', 'Octets read from logs and archives.', run.octets),
    one('unreadable_lines_total', 'Lines that are no flows; their documents say why.', run.documents.failed),
    one(
      'skipped_octets_total',
      'Octets skipped because they were too far behind (--max-lag).',
      run.skippedOctets,
    ),
    one(
      'lag_octets',
      'Octets of plain logs that no server has yet, at the last look.',
      run.lagOctets,
      'gauge',
    ),
    one('input_problems_total', 'Files, and places in files, that cannot be read.', missing + bad),
    one(
      'removed_dead_letters_total',
      'Refused documents that were kept and then removed (--dead-letter-size).',
      run.removedDeadLetters,
    ),
    one('requests_under_way', 'Requests whose documents are not all done.', run.loads.underWay, 'gauge'),
    ...COUNTS.map(([key, name, help]) => one(`${name}_total`, help, counts?.[key] ?? 0)),
  ]
}

/** Serves metrics and health of a run; throws HTTP_FAILED. */
export async function serveShip(
  run: ShipRun,
  { host, port }: { readonly host: string; readonly port: number },
  log: Log,
): Promise<HttpServer> {
  const startedMs = Date.now()
  const view = {
    isReady: () => true,
    isHealthy: () => true,
    metrics: async () => [encodeFamilies([...shipMetrics(run), ...processMetrics(startedMs)])],
    templates: async () => ({}),
  }
  const server = await startHttpServer({ host, port, routes: collectorRoutes(view, ''), log })
  log.info('serving HTTP', { hostname: host, port: server.port })
  return server
}
