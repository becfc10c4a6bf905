// Proves delivery against real servers: `weir ship setup`, then `weir ship --follow` while its log is rotated and it, or
// the server, is killed at random; at the end the server must have every flow once, and what it refuses must be in the
// dead letters. Usage: npm run servers [-- opensearch|elasticsearch|opensearch2|elasticsearch8|elasticsearch7…]
// [--flows N] [--kills N] [--seed N]; the first two where none is named. Without a Java that the server runs on, Maven,
// unzip or openssl it is skipped, and says why; with CI=true that is a failure.

import { spawnSync } from 'node:child_process'
import { proveExpectations } from './servers/expectations.mjs'
import { fetchServer, findJava, isCached } from './servers/fetch.mjs'
import { proveShipping } from './servers/proof.mjs'
import { startElasticsearch, startOpenSearch } from './servers/start.mjs'

/** Old servers do not run on a Java that has no security manager any more. */
const OLD_JAVA = { least: 17, most: 23 }
const SERVERS = {
  opensearch: { product: 'opensearch', version: '3.8.0.0', java: { least: 21 }, flows: 1_000_000, kills: 50 },
  elasticsearch: {
    product: 'elasticsearch',
    version: '9.2.0',
    java: { least: 21 },
    flows: 100_000,
    kills: 6,
  },
  opensearch2: { product: 'opensearch', version: '2.19.1.0', java: OLD_JAVA, flows: 100_000, kills: 6 },
  elasticsearch8: { product: 'elasticsearch', version: '8.19.0', java: OLD_JAVA, flows: 100_000, kills: 6 },
  elasticsearch7: { product: 'elasticsearch', version: '7.17.0', java: OLD_JAVA, flows: 100_000, kills: 6 },
}
const STARTS = { opensearch: startOpenSearch, elasticsearch: startElasticsearch }
const DEFAULT_NAMES = ['opensearch', 'elasticsearch']

const args = process.argv.slice(2)
function option(name) {
  const at = args.indexOf(`--${name}`)
  return at < 0 ? undefined : Number(args.splice(at, 2)[1])
}
const [flows, kills] = [option('flows'), option('kills')]
const seed = option('seed') ?? Date.now() % 2 ** 31
const names = args.length > 0 ? args : DEFAULT_NAMES
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
    server = await STARTS[kind.product](kind)
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
  const wanted = names.map((name) => SERVERS[name])
  try {
    for (const { java } of wanted) findJava(java)
    for (const tool of wanted.some(({ product }) => product === 'elasticsearch')
      ? ['unzip', 'openssl']
      : []) {
      if (spawnSync(tool, ['-h']).error !== undefined) return `${tool} is not installed`
    }
    for (const release of wanted) if (!isCached(release)) fetchServer(release)
    return null
  } catch (error) {
    return error.message
  }
}
