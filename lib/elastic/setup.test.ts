import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowError } from '../diagnostics/flow-error.ts'
import { openHttpTransport } from './http-transport.ts'
import { parseServerAddress } from './server-address.ts'
import { setUpServer } from './setup.ts'
import type { SetupOptions } from './setup-plan.ts'
import { type BulkServer, startBulkServer } from './testing/bulk-server.ts'
import { DEFAULT_TLS } from './tls.ts'
import type { Reply, Request, Transport } from './transport.ts'

const test = suite('setup')

let server: BulkServer
let transport: Transport
test.before.each(async () => {
  server = await startBulkServer()
  transport = await openHttpTransport({
    address: parseServerAddress(server.url),
    connections: 1,
    timeoutMs: 5000,
    idleTimeoutMs: 1000,
    authorization: null,
    headers: {},
    tls: DEFAULT_TLS,
    proxy: null,
  })
})
test.after.each(async () => {
  await transport.close()
  await server.close()
})

const OPTIONS: SetupOptions = {
  datasets: [
    {
      dataset: 'netflow.log',
      fields: [
        { name: 'source.ip', type: 'ip' },
        { name: 'event.original', type: 'keyword', parameters: { index: false, doc_values: false } },
        { name: 'netflow.type', type: 'keyword' },
        { name: 'message', type: 'match_only_text' },
      ],
    },
  ],
  namespace: null,
  retention: '30d',
}

const MAPPINGS = '/_component_template/weir-netflow.log@mappings'
const SETTINGS = '/_component_template/weir@settings'
const TEMPLATE = '/_index_template/logs-netflow.log'

const outcomes = async (options = OPTIONS, isForced = false) =>
  (await setUpServer(transport, options, isForced)).steps.map(
    ({ item, outcome }) => `${item.name} ${outcome}`,
  )

const at = (path: string, ...words: string[]): unknown => {
  let value = server.store.named.get(path)
  for (const word of words) value = (value as Record<string, unknown> | undefined)?.[word]
  return value
}

test('templates of data streams are made once, with types, limits and the mark of who made them', async () => {
  assert.equal(await outcomes(), [
    'weir@settings made',
    'weir-netflow.log@mappings made',
    'logs-netflow.log made',
  ])
  const field = (...words: string[]) =>
    at(MAPPINGS, 'template', 'mappings', ...words.flatMap((word) => ['properties', word]))
  assert.equal(field('source', 'ip'), { type: 'ip' })
  assert.equal(field('event', 'original'), { type: 'keyword', index: false, doc_values: false })
  assert.equal(field('netflow', 'type'), { type: 'keyword', ignore_above: 1024 })
  assert.equal(field('data_stream', 'dataset'), { type: 'constant_keyword', value: 'netflow.log' })
  assert.equal(field('data_stream', 'namespace'), { type: 'constant_keyword' })
  assert.equal(at(TEMPLATE, 'data_stream'), {})
  assert.equal(at(TEMPLATE, 'index_patterns'), ['logs-netflow.log-*'])
  assert.ok((at(TEMPLATE, 'priority') as number) > 100, 'above the built-in template')
  assert.is(at(TEMPLATE, '_meta', 'managed_by'), 'weir')
  assert.equal(at(SETTINGS, 'template', 'lifecycle'), { data_retention: '30d' })
})

test('a second run changes nothing, another retention only what depends on it', async () => {
  await outcomes()
  const all = ['weir@settings', 'weir-netflow.log@mappings', 'logs-netflow.log']
  assert.equal(
    await outcomes(),
    all.map((name) => `${name} unchanged`),
  )
  const [settings, ...others] = await outcomes({ ...OPTIONS, retention: '60d' })
  assert.is(settings, 'weir@settings changed')
  assert.equal(
    others,
    all.slice(1).map((name) => `${name} unchanged`),
  )
})

test('what somebody else made stays, unless forced', async () => {
  const theirs = { index_patterns: ['logs-netflow.log-*'], _meta: { managed_by: 'fleet' } }
  server.store.named.set(TEMPLATE, theirs)
  assert.is((await outcomes()).at(-1), 'logs-netflow.log left')
  assert.equal(at(TEMPLATE), theirs)
  assert.is((await outcomes(OPTIONS, true)).at(-1), 'logs-netflow.log changed')
  assert.is(at(TEMPLATE, '_meta', 'managed_by'), 'weir')
})

test('a namespace has templates of its own that win over those for all', async () => {
  await outcomes()
  const names = await outcomes({ ...OPTIONS, namespace: 'border', retention: '365d' })
  assert.equal(names, [
    'weir-border@settings made',
    'weir-netflow.log-border@mappings made',
    'logs-netflow.log-border made',
  ])
  assert.equal(at(`${TEMPLATE}-border`, 'index_patterns'), ['logs-netflow.log-border'])
  assert.ok((at(`${TEMPLATE}-border`, 'priority') as number) > (at(TEMPLATE, 'priority') as number))
})

test('an older server gets a policy, and one without either is told apart', async () => {
  server.abilities.hasStreamLifecycle = false
  assert.is((await outcomes())[0], 'weir made')
  const phases = at('/_ilm/policy/weir', 'policy', 'phases') as Record<string, { min_age?: string }>
  assert.is(phases['delete']?.min_age, '30d')
  assert.equal(at(SETTINGS, 'template', 'settings', 'index', 'lifecycle'), { name: 'weir' })
  assert.not.ok(at(SETTINGS, 'template', 'lifecycle'))
  assert.is((await outcomes())[0], 'weir unchanged')
  server.abilities.hasPolicies = false
  const { server: kind } = await setUpServer(transport, OPTIONS, false)
  assert.is(kind.lifecycle, 'none')
})

test('a server without data streams gets templates of plain indices', async () => {
  server.abilities.hasDataStreams = false
  const { server: kind } = await setUpServer(transport, OPTIONS, false)
  assert.not.ok(kind.hasDataStreams)
  assert.is(at(TEMPLATE, 'data_stream'), undefined)
})

test('types that a server does not know are replaced by plain ones', async () => {
  const refusing = (word: RegExp): Transport => ({
    ...wrapped(transport, async (request, send) =>
      request.method === 'PUT' && word.test(String(request.body))
        ? reply(400, { error: { reason: 'No handler for type [constant_keyword]' } })
        : send(),
    ),
  })
  await setUpServer(refusing(/"constant_keyword"[^,]/), OPTIONS, false)
  const namespace = ['data_stream', 'namespace'].flatMap((word) => ['properties', word])
  assert.equal(at(MAPPINGS, 'template', 'mappings', ...namespace), { type: 'keyword', ignore_above: 1024 })
  server.store.named.clear()
  await setUpServer(refusing(/constant_keyword|match_only_text/), OPTIONS, false)
  assert.equal(at(MAPPINGS, 'template', 'mappings', 'properties', 'message'), { type: 'text' })
})

test('a server that does not let indices say how they are compressed gets templates that do not', async () => {
  const serverless = wrapped(transport, async (request, send) =>
    request.method === 'PUT' && String(request.body).includes('"codec"')
      ? reply(400, {
          error: { reason: 'Settings [index.codec] are not available when running in serverless mode' },
        })
      : send(),
  )
  await setUpServer(serverless, OPTIONS, false)
  assert.equal(at(SETTINGS, 'template', 'settings', 'index'), {})
  assert.equal(at(SETTINGS, 'template', 'lifecycle'), { data_retention: '30d' })
})

test('a right that is missing is named, and nobody is asked twice', async () => {
  const forbidding = wrapped(transport, async (request, send) =>
    request.path.includes('_index_template') || request.path.includes('_component_template')
      ? reply(403, { error: { reason: 'action [cluster:admin/…] is unauthorized' } })
      : send(),
  )
  const error = await failure(setUpServer(forbidding, OPTIONS, false))
  assert.is(error.code, 'SERVER_REFUSED')
  assert.match(error.message, 'cluster privilege manage_index_templates')
  const unknown = wrapped(transport, async () => reply(401, { error: { reason: 'unable to authenticate' } }))
  assert.match((await failure(setUpServer(unknown, OPTIONS, false))).message, '401: unable to authenticate')
  await server.close()
  assert.is((await failure(setUpServer(transport, OPTIONS, false))).code, 'SERVER_UNREACHABLE')
})

const reply = (status: number, body: unknown): Reply => ({ status, headers: {}, body: JSON.stringify(body) })

function wrapped(
  inner: Transport,
  answer: (request: Request, send: () => Promise<Reply>) => Promise<Reply>,
): Transport {
  return {
    name: inner.name,
    send: (request) => answer(request, () => inner.send(request)),
    close: () => inner.close(),
  }
}

async function failure(promise: Promise<unknown>): Promise<FlowError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof FlowError) return error
    throw error
  }
  throw new Error('it went well')
}

test.run()
