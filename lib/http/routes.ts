import { plain, type Route } from './server.ts'

/** What the pages show; asked anew for each request. */
export interface CollectorView {
  /** Whether datagrams are being taken. */
  isReady(): boolean
  /** Whether every thread that should work does. */
  isHealthy(): boolean
  /** Prometheus text, in pieces. */
  metrics(): Promise<readonly Uint8Array[]>
  templates(): Promise<Record<string, Record<string, unknown>>>
}

/**
 * A collector's pages: goflow2's /metrics, /__health and template dump (at `templatesPath`, none where that is empty),
 * and /healthz (alive) and /readyz (receiving).
 */
export function collectorRoutes(view: CollectorView, templatesPath: string): Map<string, Route> {
  const health = (isFine: () => boolean) => () => (isFine() ? plain(200, 'OK\n') : plain(503, 'Not OK\n'))
  const routes = new Map<string, Route>([
    ['/metrics', async () => ({ status: 200, type: METRICS_TYPE, body: await view.metrics() })],
    ['/__health', health(() => view.isReady() && view.isHealthy())],
    ['/healthz', health(() => view.isHealthy())],
    ['/readyz', health(() => view.isReady())],
  ])
  if (templatesPath !== '') {
    const path = templatesPath.startsWith('/') ? templatesPath : `/${templatesPath}`
    routes.set(path, async () => ({
      status: 200,
      type: 'application/json',
      body: JSON.stringify(sorted(await view.templates()), null, 2),
    }))
  }
  return routes
}

/** Exposition format of Prometheus. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** By exporter, then by template, as Go prints maps. */
function sorted(templates: Record<string, Record<string, unknown>>): unknown {
  return byKey(templates, (session) => byKey(session, (template) => template))
}

function byKey<Value>(record: Record<string, Value>, inner: (value: Value) => unknown): unknown {
  const keys = Object.keys(record).sort()
  return Object.fromEntries(keys.map((key) => [key, inner(record[key]!)]))
}
