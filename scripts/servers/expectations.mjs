// What the test server in this process is held to (lib/elastic/testing) is held against a real one.
import { openHttpTransport } from '../../lib/elastic/http-transport.ts'
import { parseServerAddress } from '../../lib/elastic/server-address.ts'
import { EXPECTATIONS, newBulk, STREAM_EXPECTATIONS } from '../../lib/elastic/testing/bulk-expectations.ts'
import { DEFAULT_TLS } from '../../lib/elastic/tls.ts'

const INDEX = 'weir-expected'
const STREAM = 'logs-weir.expected-default'

/** Throws where the server is not as expected. */
export async function proveExpectations(server) {
  const { certificate } = server
  const transport = await openHttpTransport({
    address: parseServerAddress(server.url),
    connections: 1,
    timeoutMs: 60_000,
    idleTimeoutMs: 1000,
    authorization: server.headers.authorization ?? null,
    headers: {},
    tls: certificate === null ? DEFAULT_TLS : { ...DEFAULT_TLS, authorities: [certificate] },
    proxy: null,
  })
  try {
    const bulk = newBulk(transport)
    const streams = await hasStreams(transport)
    if (streams) {
      const template = { index_patterns: [STREAM], data_stream: {}, priority: 300 }
      await server.request('PUT', '/_index_template/weir-expected', template)
    }
    const all = [
      ...EXPECTATIONS.map((expectation) => [expectation, INDEX]),
      ...(streams ? STREAM_EXPECTATIONS.map((expectation) => [expectation, STREAM]) : []),
    ]
    for (const [{ says, check }, index] of all) {
      try {
        await check(bulk, index)
      } catch (error) {
        throw new Error(
          `${server.name} is not as expected: ${says}: ${error.message}\n${error.details ?? ''}`,
        )
      }
    }
    await server.request('DELETE', `/${INDEX}`)
    if (streams) await server.request('DELETE', `/_data_stream/${STREAM}`)
    console.log(`bulk API: ${all.length} expectations hold${streams ? '' : ', no data streams'}`)
  } finally {
    await transport.close()
  }
}

async function hasStreams(transport) {
  const { status } = await transport.send({ method: 'GET', path: '/_data_stream/logs-weir.none-none' })
  return status === 200 || status === 404
}
