import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { zeros } from '../lib/testing/datagrams.ts'
import { ethernet, ipUdp, pcap } from '../lib/testing/pcap.ts'
import { parseCollectFlags } from './collect-flags.ts'
import { dispatch } from './dispatch.ts'
import type { ExitStatus } from './exit.ts'

// Packets of captures, through the whole command.

const test = suite('collect-packets')

let folder = ''
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-packets-'))
})
test.after(() => rmSync(folder, { recursive: true }))

/** 2026-01-01T00:00:05Z: the loop of reports begins at second 10. */
const START_NS = 1_767_225_605_000_000_000n

function udpFrame(from: string, to: string, ports: readonly [number, number], octets: number): Uint8Array {
  return ethernet(
    ipUdp({
      source: from,
      destination: to,
      sourcePort: ports[0],
      destinationPort: ports[1],
      payload: Uint8Array.from(zeros(octets)),
    }),
  )
}

const ask = udpFrame('10.0.0.1', '10.0.0.2', [40_000, 53], 30)
const answer = udpFrame('10.0.0.2', '10.0.0.1', [53, 40_000], 100)

/** Packets at so many seconds. */
function capture(name: string, packets: readonly (readonly [number, Uint8Array])[]): string {
  const path = join(folder, name)
  const all = packets.map(([seconds, octets]) => ({
    timeNs: START_NS + BigInt(Math.round(seconds * 1e9)),
    octets,
  }))
  writeFileSync(path, pcap(all))
  return path
}

type Json = { readonly [key: string]: unknown } & {
  readonly event: { readonly type: string[]; readonly start: string; readonly end: string }
  readonly source: { readonly packets: number; readonly bytes: number }
  readonly destination: { readonly packets?: number }
  readonly flow: { readonly final: boolean; readonly id: string }
}

const documentsOf = (text: string): Json[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Json)

/** Runs a command in this process, its output going to a file. */
async function run(...words: string[]): Promise<{ status: ExitStatus; stdout: string }> {
  const output = join(folder, 'output')
  rmSync(output, { force: true })
  const status = await dispatch([...words, '--output', output])
  return { status, stdout: existsSync(output) ? readFileSync(output, 'utf8') : '' }
}

/** Warnings are the log's business. */
const collect = (...words: string[]) => run('collect', '--log-level', 'error', '--err.cnt', '1', ...words)

test('reports come on the ticks of the capture, and count from the flow on', async () => {
  const file = capture('ticks.pcap', [
    [0, ask],
    [0.5, answer],
    [17, ask],
    // After the third report of the live flow, and its end.
    [100, udpFrame('10.0.0.9', '10.0.0.2', [1, 2], 1)],
  ])
  const { status, stdout } = await collect('--read-packets', file, '--format', 'ecs')
  assert.is(status, 0)
  const reports = documentsOf(stdout).map((document) => [
    String(document['@timestamp']).slice(17, 23),
    document.source.packets,
    document.destination.packets ?? 0,
    document.flow.final,
    document.event.end.slice(17, 23),
  ])
  assert.equal(reports.slice(0, 4), [
    ['20.000', 1, 1, false, '05.500'],
    ['30.000', 2, 1, false, '22.000'],
    ['40.000', 2, 1, false, '22.000'],
    ['50.000', 2, 1, false, '22.000'],
  ])
  const ended = reports.filter(([, , , isFinal]) => isFinal)
  assert.equal(ended, [
    ['10.000', 2, 1, true, '22.000'],
    ['45.000', 1, 0, true, '45.000'],
  ])
})

test('an archive gives the same documents, and sums of rows are right', async () => {
  const packets = Array.from({ length: 60 }, (_, i) => [i, i % 3 === 0 ? answer : ask] as const)
  const file = capture('sums.pcap', packets)
  const live = await collect('--read-packets', file, '--format', 'ecs', '--archive', join(folder, 'flows'))
  assert.is(live.status, 0)
  assert.ok(documentsOf(live.stdout).length > 5)
  const archived = await run('archive', 'export', join(folder, 'flows'), '--format', 'ecs')
  assert.is(archived.stdout, live.stdout)
  const sums = await run(
    ...['analyze', '--in', join(folder, 'flows'), '--by', 'src.ip,dst.port', '--sum', 'bytes,packets'],
    ...['--format', 'csv'],
  )
  assert.equal(sums.stdout.trim().split('\n').slice(1).sort(), [
    `10.0.0.1,53,${40 * (ask.length - 14)},40`,
    `10.0.0.2,40000,${20 * (answer.length - 14)},20`,
  ])
})

test('a damaged capture is status 3 with the flows before the damage, one that is none is status 1', async () => {
  const whole = pcap([ask, answer, ask].map((octets, i) => ({ timeNs: START_NS + BigInt(i), octets })))
  writeFileSync(join(folder, 'cut.pcap'), whole.subarray(0, whole.length - 20))
  writeFileSync(join(folder, 'text.pcap'), 'this is no capture')
  const cut = await collect('--read-packets', join(folder, 'cut.pcap'), '--format', 'ecs')
  assert.is(cut.status, 3)
  const [document] = documentsOf(cut.stdout)
  assert.equal([document!.source.packets, document!.destination.packets], [1, 1])
  const none = await collect('--read-packets', join(folder, 'text.pcap'), '--format', 'ecs')
  assert.is(none.status, 1)
  assert.is(none.stdout, '')
})

test('the clock on the wall copies Packetbeat: everything ends at once, now', async () => {
  const file = capture('wall.pcap', [
    [0, ask],
    [1000, answer],
  ])
  const { stdout } = await collect('--read-packets', file, '--wall-clock', '--format', 'packetbeat6')
  const documents = stdout.trim().split('\n')
  assert.is(documents.length, 1)
  const { start_time, final, dest } = JSON.parse(documents[0]!) as {
    start_time: string
    final: boolean
    dest: { stats: { net_packets_total: number } }
  }
  assert.ok(Math.abs(Date.parse(start_time) - Date.now()) < 60_000)
  assert.is(final, true)
  assert.is(dest.stats.net_packets_total, 1)
})

test('a filter leaves packets out, and a wrong one is told', async () => {
  const file = capture('filter.pcap', [
    [0, ask],
    [1, udpFrame('10.0.0.3', '10.0.0.2', [9, 9], 1)],
  ])
  try {
    const { status, stdout } = await collect('--read-packets', file, '--format', 'ecs', '--bpf', 'port 9')
    assert.is(status, 0)
    assert.is(documentsOf(stdout).length, 1)
  } catch (error) {
    if (!(error as Error).message.includes('libpcap is not on this machine')) throw error
    console.log(`skipped: ${(error as Error).message}`)
    return
  }
  const wrong = await collect('--read-packets', file, '--bpf', 'port and').catch((error: Error) => error)
  assert.match((wrong as Error).message, /^--bpf port and: .*syntax error/)
})

test('sources and forms that exclude each other are wrong use', () => {
  for (const [words, want] of [
    [['--interface', 'lo', '--listen', 'netflow://:1'], /--interface and --listen exclude each other/],
    [['--interface', 'lo', '--read-packets', 'x'], /--interface and --read-packets exclude each other/],
    [['--read-packets', 'x', '--read', 'y'], /--read-packets and --read exclude each other/],
    [['--read-packets', '-', '-'], /standard input can be read only once/],
    [['--read-packets', 'x', '--format', 'raw'], /tracked flows come in no datagrams/],
    [['--read-packets', 'x', '--goflow2-compat', 'strict'], /leave out --goflow2-compat strict/],
    [['--format', 'packetbeat6'], /is for tracked flows/],
    [['--read-packets', 'x', '--flow-timeout', '500ms'], /want 1s or more/],
    [['--read-packets', 'x', '--flow-period', 'soon'], /want a duration such as 10s, or -1s/],
    [['--read-packets', 'x', '--flow-fields', '[1]'], /want an object/],
    [['--read-packets', 'x', '--max-flows', '0'], /want a number, 1 to/],
    [['--interface', 'lo', '--ring-size', '1k'], /want 2MiB to 1GiB/],
  ] as const) {
    assert.throws(() => parseCollectFlags(words), want)
  }
  const { packets } = parseCollectFlags(['--read-packets', 'a', 'b', '--flow-period', '-1s'])
  assert.equal([packets!.files, packets!.periodMs], [['a', 'b'], -1])
})

test.run()
