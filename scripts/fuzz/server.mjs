// `weir ship` against a server that does everything wrong that servers and proxies do, at random, and against one that
// refuses documents and is too busy for some; in the end each line is there once or a dead letter, and the counters say so.
// Ten minutes of it: npm run fuzz -- server --seconds 600
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runShip } from '../../cmd/ship/testing/run-ship.ts'
import { startBulkServer } from '../../lib/elastic/testing/bulk-server.ts'
import { MOODS } from '../../lib/elastic/testing/moods.ts'
import { newRandom } from '../../lib/testing/workload.ts'

const MOST_MS = 120_000
const ITEM_ERRORS = [429, 429, 500, 503, 504]
/** Memory may grow by this beyond what the first inputs took. */
const GROWTH_OCTETS = 100e6
const WARM_INPUTS = 200

const line = (i) =>
  `{"type":"SFLOW_5","time_flow_start_ns":1795165300000000000,"bytes":${i},"sampling_rate":1,"src_addr":"192.0.2.1"}\n`
const isRefused = (text) => /"bytes":\d*7[,}]/.test(text)
const numberOf = (text) => JSON.parse(text).network.bytes

export function newTarget(random) {
  const root = mkdtempSync(join(tmpdir(), 'weir-fuzz-server-'))
  process.once('exit', () => rmSync(root, { recursive: true, force: true }))
  let inputs = 0
  let warmRss = 0
  return {
    mostMs: MOST_MS,
    next: () => Uint8Array.from([0, 1, 2, 3], () => random(256)),
    async run(input) {
      const folder = join(root, String(inputs++))
      try {
        await shipOnce(folder, newRandom(Buffer.from(input).readUInt32BE() + 1))
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
      const { rss } = process.memoryUsage()
      if (inputs === WARM_INPUTS) warmRss = rss
      if (warmRss > 0 && rss > warmRss + GROWTH_OCTETS) {
        throw new Error(
          `memory grew from ${warmRss / 1e6} to ${rss / 1e6} MB in ${inputs - WARM_INPUTS} inputs`,
        )
      }
    },
  }
}

/** One log to one server, until all of it is there; started again where credentials were refused. */
export async function shipOnce(folder, random) {
  const server = await startBulkServer()
  const lines = 50 + random(400)
  const log = `${folder}.log`
  writeFileSync(log, Array.from({ length: lines }, (_, i) => line(i)).join(''))
  server.mostOctets = 2000 + random(30_000)
  // Bad at first, and then less and less: it must come to an end.
  const badness = random(100)
  const bad = (request) => random(100) < badness - request
  let refusals = 0
  server.mood = (request) => {
    if (!bad(request)) return null
    if (random(40) === 0 && refusals++ < 3) return random(2) === 0 ? 401 : 403
    return MOODS[random(MOODS.length)]
  }
  server.replaces = (request) => {
    if (!bad(request) || random(4) > 0) return null
    const status = ITEM_ERRORS[random(ITEM_ERRORS.length)]
    return { status, error: { type: 'es_rejected_execution_exception', reason: 'busy' } }
  }
  server.refuses = (text) =>
    isRefused(text) ? { status: 400, error: { type: 'document_parsing_exception' } } : null
  const size = ['--bulk-max-size', String(1 + random(100)), '--workers', String(1 + random(4))]
  const pace = [
    '--backoff-init',
    '1ms',
    '--backoff-max',
    '20ms',
    '--timeout',
    '150ms',
    '--flush-timeout',
    '5ms',
  ]
  const packed = ['--compression-level', String(random(2))]
  const words = [log, '--to', server.url, '--state', folder, ...size, ...pace, ...packed]
  try {
    let sent = 0
    for (let run = 0; ; run++) {
      try {
        const { sender } = await runShip(words)
        const { acknowledged = 0, rejected = 0, duplicates = 0 } = sender.counts ?? {}
        must(duplicates <= acknowledged, 'more duplicates than documents')
        sent += acknowledged + rejected
        if (run === 0) must(sent === lines, `${sent} documents counted, ${lines} sent`)
        break
      } catch (error) {
        if (error.code !== 'SERVER_REFUSED' || run > refusals) throw error
      }
    }
    check(server, lines, join(folder, 'ship/dead-letters.ndjson'))
  } finally {
    await server.close()
    rmSync(log)
  }
}

function check(server, lines, path) {
  const stored = [...server.documents.values()].map(numberOf)
  const letters = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  const refused = letters.map((text) => numberOf(JSON.parse(text).message))
  const there = new Set([...stored, ...refused])
  for (let i = 0; i < lines; i++) must(there.has(i), `line ${i} of ${lines} is lost`)
  must(new Set(stored).size === stored.length, 'a line is there twice')
  must(stored.length + new Set(refused).size === lines, 'a line is there and was refused')
  for (const number of refused) must(isRefused(line(number)), `line ${number} was refused`)
}

function must(isSo, what) {
  if (!isSo) throw new Error(what)
}
