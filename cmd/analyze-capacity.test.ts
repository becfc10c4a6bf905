import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { PRESETS } from '../lib/report/presets/presets.ts'
import { ipv4, join, u32, u64, zeros } from '../lib/testing/datagrams.ts'
import { ethernet, ipUdp, pcap } from '../lib/testing/pcap.ts'
import {
  counterSample,
  flowSample,
  opaque,
  rawHeader,
  sflow5Datagram,
  structure,
} from '../lib/testing/sflow-datagrams.ts'
import { analyzeOptions, commandOf } from './analyze-flags.ts'
import { answerText } from './analyze-run.ts'
import { parseFlags } from './parse-flags.ts'
import { runWeir } from './testing/running-weir.ts'

// Counters of interfaces from the datagrams of an agent to the report, through the decoder and an archive.

const directory = mkdtempSync(joinPath(tmpdir(), 'weir-capacity-'))
const START_NS = 1_767_225_600_000_000_000n
const AGENT = '192.0.2.9'
const SPEED = 100_000_000
const RATE = 1000
const FRAME = 1000

interface Reading {
  readonly second: number
  readonly index: number
  readonly into: bigint
  readonly out: bigint
}

/** Structure 1 of sFlow version 5: if_counters. */
function reading({ index, into, out }: Reading): Uint8Array {
  const generic = join(
    u32(index),
    u32(6),
    u64(SPEED),
    u32(1),
    u32(3),
    u64(into),
    zeros(24),
    u64(out),
    zeros(24),
  )
  const name = structure(1005, opaque([...Buffer.from(`port-${index}`)]))
  return counterSample({ source: index, records: [structure(1, generic), name] })
}

/** A frame of 1000 octets that came in by interface 1 and went out by 2; one of 1000. */
function frame(): Uint8Array {
  const octets = ethernet(
    ipUdp({
      source: '10.0.0.1',
      sourcePort: 4000,
      destination: '198.51.100.7',
      destinationPort: 53,
      payload: new Uint8Array(60),
    }),
  )
  return flowSample({ rate: RATE, input: 1, output: 2, records: [rawHeader(octets, { frameLength: FRAME })] })
}

/** The rows of `weir analyze capacity` about an agent that sends these readings, and a frame each second of a minute. */
async function capacity(readings: readonly Reading[]): Promise<Record<string, string>[]> {
  const datagrams: { second: number; octets: Uint8Array }[] = []
  let sequence = 1
  for (let second = 0; second < 300; second++) {
    const samples = [
      ...readings.filter((each) => each.second === second).map(reading),
      ...(second < 60 ? [frame()] : []),
    ]
    if (samples.length > 0)
      datagrams.push({
        second,
        octets: sflow5Datagram({ agent: ipv4(AGENT), sequence: sequence++, samples }),
      })
  }
  const packets = datagrams.map(({ second, octets }) => ({
    timeNs: START_NS + BigInt(second) * 1_000_000_000n,
    octets: ethernet(
      ipUdp({
        source: AGENT,
        destination: '192.0.2.1',
        sourcePort: 6343,
        destinationPort: 6343,
        payload: octets,
      }),
    ),
  }))
  const capture = joinPath(directory, 'agent.pcap')
  const archive = joinPath(directory, `archive-${Math.random()}`)
  writeFileSync(capture, pcap(packets))
  const { status, stderr } = await runWeir(['archive', 'write', capture, '--archive', archive], directory)
  assert.is(status, 0, stderr)
  const preset = PRESETS.find(({ name }) => name === 'capacity')!
  const words = ['--in', archive, '--format', 'csv', '--from', '2026-01-01', '--to', '2026-01-01T00:05']
  const { given, operands } = parseFlags(commandOf(preset), words)
  const [head, ...lines] = (await answerText(analyzeOptions(preset, given, operands, 0))).trim().split('\n')
  const names = head!.split(',')
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i], cell])))
}

/** Readings of both interfaces every minute, by what they counted since the one before. */
function counted(first: readonly [bigint, bigint], steps: readonly (readonly [bigint, bigint])[]): Reading[] {
  let [into, out] = first
  const readings = [0, ...steps.map((_, i) => i + 1)].map((minute): Reading => {
    if (minute > 0) {
      into += steps[minute - 1]![0]
      out += steps[minute - 1]![1]
    }
    return { second: minute * 60, index: 1, into, out }
  })
  return [...readings, ...readings.map((each) => ({ ...each, index: 2, into: each.out, out: each.into }))]
}

const MINUTE: readonly (readonly [bigint, bigint])[] = [
  [60_000_000n, 1_000_000n],
  [0n, 2_000_000n],
  [500_000n, 0n],
]

test('counters of an agent are the control of its flows: names, speeds and octets each way', async () => {
  const rows = await capacity(counted([2n ** 40n, 7n], MINUTE))
  const [into] = rows.filter(({ way, if: index }) => way === 'in' && index === '1')
  assert.is(into!['exporter'], AGENT)
  assert.is(into!['name'], 'port-1')
  assert.is(into!['speed'], String(SPEED))
  // 60 frames of 1000 octets, one of 1000: 60 MB and 8 Mbit/s of 100.
  assert.is(into!['peak'], String((FRAME * RATE * 8 * 60) / 60))
  assert.is(Number(into!['peak.share']), 0.08)
  assert.is(into!['control'], '60500000')
  assert.is(Number(into!['difference']), Number(((60_000_000 - 60_500_000) / 60_500_000).toFixed(6)))
  assert.ok(Math.abs(Number(into!['error']) - 1.96 / Math.sqrt(60)) < 1e-6)
  const [out] = rows.filter(({ way, if: index }) => way === 'out' && index === '2')
  assert.is(out!['control'], '60500000')
})

test('a counter of 32 bits that wraps goes on, one that is set to zero tells what came after', async () => {
  const controlOf = async (readings: readonly Reading[]) =>
    (await capacity(readings)).find(({ way, if: index }) => way === 'in' && index === '1')!['control']
  const near = counted([2n ** 32n - 1_000_000n, 0n], MINUTE)
  assert.is(
    await controlOf(
      near.map((each) => ({ ...each, into: each.into % 2n ** 32n, out: each.out % 2n ** 32n })),
    ),
    '60500000',
  )
  const anew = counted([5_000_000_000n, 9_000_000n], MINUTE).map((each) =>
    each.second < 120 ? each : { ...each, into: each.into - 5_059_990_000n, out: each.out % 1000n },
  )
  // 60 MB, then a restart, 10 kB since, and half a MB.
  assert.is(await controlOf(anew), '60510000')
})

test.after(() => rmSync(directory, { recursive: true, force: true }))

test.run()
