import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FlowError } from '../../../lib/diagnostics/flow-error.ts'
import { type BulkServer, startBulkServer } from '../../../lib/elastic/testing/bulk-server.ts'
import { MOODS } from '../../../lib/elastic/testing/moods.ts'
import { runShip } from './run-ship.ts'

const ITEM_ERRORS = [429, 429, 500, 503, 504]
/** More than the longest document with its action. */
const LEAST_OCTETS = 2000

const line = (i: number) =>
  `{"type":"SFLOW_5","time_flow_start_ns":1795165300000000000,"bytes":${i},"sampling_rate":1,"src_addr":"192.0.2.1"}\n`
const isRefused = (text: string) => /"bytes":\d*7[,}]/.test(text)
const numberOf = (text: string) => (JSON.parse(text) as { network: { bytes: number } }).network.bytes

/**
 * Ships one log to a server that does wrong whatever servers and proxies do, at random, until all of it is there; again
 * where credentials were refused. Throws where a line is lost, is there twice or is counted wrongly. `folder` is for the
 * run alone.
 */
export async function shipToBadServer(
  folder: string,
  random: (below: number) => number,
): Promise<BulkServer> {
  const server = await startBulkServer()
  const lines = 50 + random(400)
  const log = `${folder}.log`
  writeFileSync(log, Array.from({ length: lines }, (_, i) => line(i)).join(''))
  const mostRefusals = annoy(server, random)
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
    for (let run = 0; ; run++) {
      try {
        const { sender } = await runShip(words)
        const { acknowledged = 0, rejected = 0, duplicates = 0 } = sender.counts ?? {}
        must(duplicates <= acknowledged, 'more duplicates than documents')
        const done = acknowledged + rejected
        if (run === 0) must(done === lines, `${done} documents counted, ${lines} sent`)
        break
      } catch (error) {
        const isRefusal = error instanceof FlowError && error.code === 'SERVER_REFUSED'
        if (!isRefusal || run > mostRefusals) throw error
      }
    }
    check(server, lines, join(folder, 'ship/dead-letters.ndjson'))
    return server
  } finally {
    await server.close()
    rmSync(log)
  }
}

/** Makes a server bad at first, and then less and less, so that it comes to an end; returns how often it refuses credentials. */
function annoy(server: BulkServer, random: (below: number) => number): number {
  const mostRefusals = random(4)
  const badness = random(100)
  const isBad = (request: number) => random(100) < badness - request
  let refusals = 0
  server.mostOctets = LEAST_OCTETS + random(30_000)
  server.mood = (request) => {
    if (!isBad(request)) return null
    if (random(40) === 0 && refusals < mostRefusals) {
      refusals++
      return random(2) === 0 ? 401 : 403
    }
    return MOODS[random(MOODS.length)]!
  }
  server.replaces = (request) => {
    if (!isBad(request) || random(4) > 0) return null
    const status = ITEM_ERRORS[random(ITEM_ERRORS.length)]!
    return { status, error: { type: 'es_rejected_execution_exception', reason: 'busy' } }
  }
  server.refuses = (text) =>
    isRefused(text) ? { status: 400, error: { type: 'document_parsing_exception' } } : null
  return mostRefusals
}

function check(server: BulkServer, lines: number, deadLetters: string): void {
  const stored = [...server.documents.values()].map(numberOf)
  const letters = existsSync(deadLetters) ? readFileSync(deadLetters, 'utf8').trim().split('\n') : []
  const refused = letters.map((text) => numberOf((JSON.parse(text) as { message: string }).message))
  const there = new Set([...stored, ...refused])
  for (let i = 0; i < lines; i++) must(there.has(i), `line ${i} of ${lines} is lost`)
  must(new Set(stored).size === stored.length, 'a line is there twice')
  must(stored.length + new Set(refused).size === lines, 'a line is there and was refused')
  for (const number of refused) must(isRefused(line(number)), `line ${number} was refused`)
}

function must(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(what)
}
