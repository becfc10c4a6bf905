// What a real server must have in the end, and how weir is run against it.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { newRandom } from '../../lib/testing/workload.ts'
import { FlowLog, isRefused } from './flow-log.mjs'

const MAIN = join(import.meta.dirname, '../../cmd/main.ts')
const NODE = [process.execPath, '--disable-warning=ExperimentalWarning', MAIN]
const CAPTURES = join(import.meta.dirname, '../../testdata/captures/*.pcap*')
const DONE_MS = 600_000
/** Of so many kills one is the server's: it takes its time to come back. */
const SERVER_KILL_EVERY = 5
const STEP_MS = 2500

function must(isSo, what) {
  if (!isSo) throw new Error(what)
}

/** Flags and environment with which weir reaches a server as `user`. */
function access(server, user) {
  const secure = server.certificate !== null
  return {
    words: ['--to', server.url, ...(secure ? ['--ca', server.authority] : [])],
    env: {
      PATH: process.env.PATH,
      ...(secure ? { WEIR_USERNAME: user, WEIR_PASSWORD: server.password } : {}),
    },
  }
}

function setUp(server, user, ...words) {
  const { words: to, env } = access(server, user)
  const [command, ...node] = NODE
  const run = spawnSync(command, [...node, 'ship', 'setup', ...to, ...words], { env, encoding: 'utf8' })
  return { status: run.status, text: run.stdout + run.stderr }
}

/** `weir ship setup`, again, without rights, and over what somebody else made. */
async function proveSetup(server) {
  const first = setUp(server, 'weir')
  must(first.status === 0, `setup: ${first.text}`)
  must((first.text.match(/: made$/gm) ?? []).length === 7, first.text)
  const second = setUp(server, 'weir')
  must((second.text.match(/: unchanged$/gm) ?? []).length === 7, second.text)
  if (server.certificate !== null) {
    const refused = setUp(server, 'writer')
    must(refused.status === 1 && refused.text.includes('manage_index_templates'), refused.text)
  }
  const own = { index_patterns: ['logs-netflow.log-*'], priority: 200, template: {} }
  await server.request('PUT', '/_index_template/logs-netflow.log', own)
  const left = setUp(server, 'weir')
  must(left.status === 3 && left.text.includes('logs-netflow.log: left'), left.text)
  const forced = setUp(server, 'weir', '--force')
  must(forced.status === 0 && forced.text.includes('logs-netflow.log: changed'), forced.text)
  console.log('setup: made, unchanged the second time, left what is not ours, replaced it when forced')
}

/** Documents of real exporters fit the types that setup gave their fields: the server takes each. */
async function proveTypes(server) {
  const { words, env } = access(server, 'writer')
  const [command, ...node] = NODE
  const captures = globSync(CAPTURES)
  const all = [...node, 'ship', ...captures, ...words, '--state', 'none', '--namespace', 'captures']
  const run = spawnSync(command, all, { env, encoding: 'utf8' })
  const [, sent] = /(\d+) documents sent, 0 refused/.exec(run.stderr) ?? []
  must(sent !== undefined && Number(sent) > 0, run.stderr)
  await server.request('POST', '/logs-*-captures/_refresh')
  const { count } = await server.request('GET', '/logs-*-captures/_count')
  must(count === Number(sent), `${count} documents of captures, ${sent} sent`)
  const mapping = await server.request('GET', '/logs-netflow.log-captures/_mapping')
  const { properties } = Object.values(mapping)[0].mappings
  must(properties.source.properties.ip.type === 'ip', 'source.ip is no address')
  must(properties.netflow.properties.octet_delta_count.type === 'long', 'octets are no long')
  const there = setUp(server, 'weir')
  must(there.status === 0 && !there.text.includes(': changed'), there.text)
  console.log(`types: ${sent} documents of ${captures.length} captures, all taken`)
}

/** Credentials that lack rights end a run with one line that says which, and that holds no secret. */
function proveRights(server) {
  const root = mkdtempSync(join(tmpdir(), 'weir-servers-'))
  const log = new FlowLog(join(root, 'logs'))
  log.write(10)
  const ship = (user, password, ...more) => {
    const { words, env } = access(server, user)
    const [command, ...node] = NODE
    const all = [...node, 'ship', log.pattern, ...words, '--state', 'none', ...more]
    const run = spawnSync(command, all, { env: { ...env, WEIR_PASSWORD: password }, encoding: 'utf8' })
    must(run.status === 1 && !run.stderr.includes(password), run.stderr)
    return run.stderr
  }
  try {
    const strange = ship('writer', 'not-the-password')
    must(strange.includes('unable to authenticate user [writer]'), strange)
    for (const text of [
      ship('reader', server.password),
      ship('writer', server.password, '--index', 'elsewhere'),
    ]) {
      must(/refuses the credentials .*unauthorized for user \[.*privileges \[/.test(text), text)
    }
    console.log(
      'rights: a wrong password, a role without and one for other indices end the run with the reason',
    )
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** Ships a log that grows and rotates while weir and the server are killed; throws where a flow is missing or twice. */
export async function proveShipping(server, { flows, kills, seed }) {
  await proveSetup(server)
  await proveTypes(server)
  if (server.certificate !== null) proveRights(server)
  const random = newRandom(seed)
  const root = mkdtempSync(join(tmpdir(), 'weir-servers-'))
  const log = new FlowLog(join(root, 'logs'))
  const state = join(root, 'state')
  const shipper = new Shipper(server, log.pattern, state)
  const began = performance.now()
  try {
    let serverKills = 0
    for (let i = 0; i <= kills; i++) {
      log.write(Math.floor(((i + 1) * flows) / (kills + 1)) - log.written)
      if (random(2) === 0) log.rotate(random(3) === 0)
      shipper.start()
      if (i === kills) break
      await wait(200 + random(STEP_MS))
      if (i % SERVER_KILL_EVERY === SERVER_KILL_EVERY >> 1) {
        serverKills++
        await server.kill()
        await wait(random(1000))
        await server.start()
      } else await shipper.kill()
    }
    const sought = countsOf(flows)
    await until(async () => (await total(server)) >= sought.stored)
    must((await shipper.end()) === 0 || sought.refused > 0, 'weir ship failed')
    await proveCounts(server, flows, join(state, 'ship/dead-letters.ndjson'))
    const seconds = (performance.now() - began) / 1000
    console.log(
      `${flows} flows in ${seconds.toFixed(0)} s, ${kills - serverKills} kills of weir, ${serverKills} of the server, ` +
        `${log.rotations} rotations: each flow once`,
    )
  } catch (error) {
    console.error(shipper.said.split('\n').slice(-20).join('\n'))
    throw error
  } finally {
    await shipper.kill()
    rmSync(root, { recursive: true, force: true })
  }
}

/** One `weir ship --follow` at a time. */
class Shipper {
  said = ''
  #child = null
  #ended = null

  constructor(server, pattern, state) {
    const { words, env } = access(server, 'writer')
    const fast = [
      '--scan-interval',
      '200ms',
      '--backoff-init',
      '100ms',
      '--backoff-max',
      '1s',
      '--workers',
      '2',
    ]
    this.words = [...NODE.slice(1), 'ship', pattern, ...words, '--follow', '--state', state, ...fast]
    this.env = env
  }

  /** Starts it unless it runs. */
  start() {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) return
    const child = spawn(NODE[0], this.words, { env: this.env, stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr.on('data', (text) => {
      this.said = (this.said + text).slice(-20_000)
    })
    this.#child = child
    this.#ended = new Promise((resolve) => child.once('exit', (status) => resolve(status)))
  }

  async kill() {
    this.#child?.kill('SIGKILL')
    await this.#ended
  }

  /** Ends it as a service manager would; gives its status. */
  async end() {
    this.#child.kill('SIGTERM')
    return this.#ended
  }
}

async function until(isSo) {
  for (const end = Date.now() + DONE_MS; !(await isSo()); await wait(1000)) {
    must(Date.now() < end, 'the server does not get all flows')
  }
}

function countsOf(flows) {
  let refused = 0
  for (let number = 0; number < flows; number++) if (isRefused(number)) refused++
  return { stored: flows - refused, refused }
}

async function total(server) {
  await server.request('POST', '/logs-*-default/_refresh')
  return (await server.request('GET', '/logs-*-default/_count')).count
}

const BUCKET = 5000

/** Every number once: so many in each bucket, and their sum. */
async function proveCounts(server, flows, deadLetters) {
  const { stored, refused } = countsOf(flows)
  must((await total(server)) === stored, `${await total(server)} documents, ${stored} wanted`)
  const reply = await server.request('POST', '/logs-*-default/_search?size=0', {
    track_total_hits: true,
    aggs: {
      buckets: {
        histogram: { field: 'network.bytes', interval: BUCKET },
        aggs: { numbers: { cardinality: { field: 'network.bytes', precision_threshold: 40_000 } } },
      },
      sum: { sum: { field: 'network.bytes' } },
    },
  })
  let sum = 0
  for (let number = 0; number < flows; number++) if (!isRefused(number)) sum += number
  must(reply.aggregations.sum.value === sum, `sum ${reply.aggregations.sum.value}, ${sum} wanted`)
  for (const { key, doc_count: count } of reply.aggregations.buckets.buckets) {
    const wanted = Math.min(BUCKET, flows - key) - refusedIn(key, Math.min(key + BUCKET, flows))
    must(count === wanted, `flows from ${key} on: ${count}, ${wanted} wanted`)
  }
  const letters = new Set()
  let repeated = 0
  for (const line of existsSync(deadLetters) ? readFileSync(deadLetters, 'utf8').trim().split('\n') : []) {
    const { message } = JSON.parse(line)
    const number = JSON.parse(message).network.bytes
    must(isRefused(number), `flow ${number} was refused`)
    if (letters.has(number)) repeated++
    letters.add(number)
  }
  must(letters.size === refused, `${letters.size} dead letters, ${refused} wanted`)
  console.log(`${stored} documents, ${refused} dead letters (${repeated} written again after a kill)`)
}

function refusedIn(from, to) {
  let count = 0
  for (let number = from; number < to; number++) if (isRefused(number)) count++
  return count
}
