import { gzipSync } from 'node:zlib'
import { Client } from '@elastic/elasticsearch'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openHttpTransport } from '../http-transport.ts'
import { parseServerAddress } from '../server-address.ts'
import { DEFAULT_TLS } from '../tls.ts'
import type { Transport } from '../transport.ts'
import { EXPECTATIONS, newBulk, STREAM_EXPECTATIONS } from './bulk-expectations.ts'
import { type BulkServer, startBulkServer } from './bulk-server.ts'

const test = suite('bulk-server')

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

for (const { says, check } of EXPECTATIONS) {
  test(`as real servers: ${says}`, () => check(newBulk(transport), 'weir-expected'))
}

for (const { says, check } of STREAM_EXPECTATIONS) {
  test(`as real servers: ${says}`, async () => {
    const template = { index_patterns: ['logs-*'], data_stream: {} }
    server.store.named.set('/_index_template/logs', template)
    await check(newBulk(transport), 'logs-weir.expected-default')
  })
}

test("Elastic's own client is served: its helper counts what is created, there before and refused", async () => {
  const client = new Client({ node: server.url, maxRetries: 0 })
  server.refuses = (text) =>
    text.includes('"n":3')
      ? { status: 400, error: { type: 'document_parsing_exception', reason: 'n' } }
      : null
  const dropped: number[] = []
  const run = () =>
    client.helpers.bulk<{ n: number }>({
      datasource: [1, 2, 3].map((n) => ({ n })),
      onDocument: ({ n }) => ({ create: { _index: 'weir-client', _id: String(n) } }),
      onDrop: ({ status }) => void dropped.push(status),
      retries: 0,
    })
  const first = await run()
  assert.equal([first.total, first.successful, first.failed], [3, 2, 1])
  const second = await run()
  assert.equal([second.successful, second.failed], [0, 3])
  assert.equal(dropped, [400, 409, 409, 400])
  server.mood = () => 429
  const error = await client
    .bulk({ operations: [{ create: { _index: 'weir-client' } }, { n: 4 }] })
    .catch((reason: Error) => reason)
  assert.is((error as Error).name, 'ResponseError')
  await client.close()
})

test('packed bodies are taken, broken ones refused, and too large ones are a 413', async () => {
  const body = gzipSync('{"create":{"_index":"weir-packed","_id":"a"}}\n{"n":1}\n')
  const send = (octets: Uint8Array) =>
    transport.send({
      method: 'POST',
      path: '/_bulk',
      headers: { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' },
      body: octets,
    })
  assert.is((await send(body)).status, 200)
  assert.is((await send(body.subarray(0, 20))).status, 400)
  server.mostOctets = 20
  assert.is((await send(body)).status, 413)
})

test.run()
