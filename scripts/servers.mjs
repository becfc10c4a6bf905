// Proves delivery against real servers: `weir ship setup`, then `weir ship --follow` while its log is rotated and it, or
// the server, is killed at random; at the end the server must have every flow once, and what it refuses must be in the
// dead letters. Usage: npm run servers [-- opensearch|elasticsearch…] [--flows N] [--kills N] [--seed N]
// Without Java 21, Maven, unzip or openssl it is skipped, and says why; with CI=true that is a failure.

import { spawnSync } from 'node:child_process'
import { proveExpectations } from './servers/expectations.mjs'
import { areCached, fetchElasticsearch, fetchOpenSearch, findJava } from './servers/fetch.mjs'
import { proveShipping } from './servers/proof.mjs'
import { startElasticsearch, startOpenSearch } from './servers/start.mjs'

const SERVERS = {
  opensearch: { fetch: fetchOpenSearch, start: startOpenSearch, flows: 1_000_000, kills: 50 },
  elasticsearch: { fetch: fetchElasticsearch, start: startElasticsearch, flows: 100_000, kills: 6 },
}

const args = process.argv.slice(2)
function option(name) {
  const at = args.indexOf(`--${name}`)
  return at < 0 ? undefined : Number(args.splice(at, 2)[1])
}
const [flows, kills] = [option('flows'), option('kills')]
const seed = option('seed') ?? Date.now() % 2 ** 31
const names = args.length > 0 ? args : Object.keys(SERVERS)
for (const name of names) {
  if (SERVERS[name] === undefined) {
    console.error(`servers: unknown server ${name}: one of ${Object.keys(SERVERS).join(', ')}`)
    process.exit(2)
  }
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

const missing = whatIsMissing()
if (missing !== null) {
  console.log(`skipped: ${missing}`)
  process.exit(process.env.CI === 'true' ? 1 : 0)
}
let passed = 0
let failed = 0
for (const name of names) {
  const kind = SERVERS[name]
  console.log(`== ${name}, seed ${seed}`)
  let server = null
  try {
    const before = performance.now()
    server = await kind.start()
    console.log(`${server.name} answers after ${((performance.now() - before) / 1000).toFixed(1)} s`)
    await proveExpectations(server)
    await proveShipping(server, { flows: flows ?? kind.flows, kills: kills ?? kind.kills, seed })
    passed++
  } catch (error) {
    console.error(error)
    failed++
  } finally {
    await server?.stop()
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

/** Why the servers cannot be run here, or null. */
function whatIsMissing() {
  try {
    findJava()
    for (const tool of names.includes('elasticsearch') ? ['unzip', 'openssl'] : []) {
      if (spawnSync(tool, ['-h']).error !== undefined) return `${tool} is not installed`
    }
    if (!areCached()) for (const name of names) SERVERS[name].fetch()
    return null
  } catch (error) {
    return error.message
  }
}
