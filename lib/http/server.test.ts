import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { FlowError } from '../diagnostics/flow-error.ts'
import { SILENT } from '../diagnostics/log.ts'
import { encodeFamilies } from './prometheus-text.ts'
import { collectorRoutes } from './routes.ts'
import { type HttpServer, startHttpServer } from './server.ts'

const view = {
  ready: true,
  healthy: true,
  isReady: () => view.ready,
  isHealthy: () => view.healthy,
  metrics: async () => [
    encodeFamilies([
      {
        name: 'weir_rows_total',
        help: 'Rows.',
        type: 'counter',
        samples: [{ labels: { kind: 'flow' }, value: 3 }],
      },
    ]),
  ],
  templates: async (): Promise<Record<string, Record<string, unknown>>> => ({
    '192.0.2.2:9': { b: 1, a: { id: 256 } },
    '192.0.2.1:9': {},
  }),
}

let server: HttpServer
test.before(async () => {
  server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    routes: new Map([
      ...collectorRoutes(view, '/templates'),
      [
        '/broken',
        () => {
          throw new Error('no')
        },
      ],
    ]),
    log: SILENT,
  })
})
test.after(() => server.close())

const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${server.port}${path}`, { method })

test('metrics are served as Prometheus text', async () => {
  const reply = await get('/metrics')
  assert.is(reply.status, 200)
  assert.match(reply.headers.get('content-type') ?? '', 'version=0.0.4')
  assert.is(
    await reply.text(),
    '# HELP weir_rows_total Rows.\n# TYPE weir_rows_total counter\nweir_rows_total{kind="flow"} 3\n',
  )
})

test('health pages tell ready from alive', async () => {
  for (const path of ['/__health', '/healthz', '/readyz']) {
    const reply = await get(path)
    assert.equal([reply.status, await reply.text()], [200, 'OK\n'])
  }
  view.ready = false
  assert.equal(
    [(await get('/__health')).status, (await get('/healthz')).status, (await get('/readyz')).status],
    [503, 200, 503],
  )
  assert.is(await (await get('/__health')).text(), 'Not OK\n')
  view.ready = true
  view.healthy = false
  assert.equal([(await get('/__health')).status, (await get('/healthz')).status], [503, 503])
  view.healthy = true
})

test('templates are indented JSON in the order of keys', async () => {
  const reply = await get('/templates?x=1')
  assert.is(reply.headers.get('content-type'), 'application/json')
  assert.is(
    await reply.text(),
    '{\n  "192.0.2.1:9": {},\n  "192.0.2.2:9": {\n    "a": {\n      "id": 256\n    },\n    "b": 1\n  }\n}',
  )
})

test('an empty templates path serves none', () => {
  assert.equal([...collectorRoutes(view, '').keys()], ['/metrics', '/__health', '/healthz', '/readyz'])
})

test('unknown paths, other methods and broken pages have their status', async () => {
  assert.is((await get('/nothing')).status, 404)
  assert.is((await get('/metrics', 'POST')).status, 405)
  assert.is((await get('/broken')).status, 500)
  const head = await get('/metrics', 'HEAD')
  assert.equal([head.status, await head.text()], [200, ''])
})

test('a port in use is an error that names it', async () => {
  try {
    await startHttpServer({ host: '127.0.0.1', port: server.port, routes: new Map(), log: SILENT })
    assert.unreachable()
  } catch (error) {
    assert.is((error as FlowError).code, 'HTTP_FAILED')
    assert.match((error as FlowError).message, `127.0.0.1:${server.port}: the port is in use`)
  }
})

test('label values and help are escaped, summaries declared once', () => {
  const octets = encodeFamilies([
    {
      name: 'x',
      help: 'a\\b\nc',
      type: 'summary',
      samples: [{ labels: { quantile: '0.5', r: 'q"\n\\' }, value: Number.POSITIVE_INFINITY }],
    },
    { name: 'x_sum', help: '', type: 'summary', samples: [{ labels: {}, value: 1.5 }] },
    { name: 'x_count', help: '', type: 'summary', samples: [{ labels: {}, value: Number.NaN }] },
  ])
  assert.is(
    new TextDecoder().decode(octets),
    '# HELP x a\\\\b\\nc\n# TYPE x summary\nx{quantile="0.5",r="q\\"\\n\\\\"} +Inf\nx_sum 1.5\nx_count NaN\n',
  )
})

test.run()
