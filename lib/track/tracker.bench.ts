import { BatchWriter } from '../flow/batch-writer.ts'
import { transport } from './testing/packets.ts'
import { Tracker } from './tracker.ts'

// Packets in memory to flows: TCP and UDP of both families, few and many flows, and a million at one time.

const writer = new BatchWriter('flow', (batch) => {
  batch.reset()
  return batch
})

function newTracker(mostFlows = 2_000_000): Tracker {
  return new Tracker({
    writer,
    observer: null,
    ingressInterface: 0,
    isReportingIdle: false,
    isDelta: false,
    timeoutMs: 30_000,
    periodMs: 10_000,
    alignMs: 10_000,
    mostFlows,
    isMacKey: true,
  })
}

const timeNs = new BigUint64Array([1_700_000_000_000_000_000n])
const timeWords = new Uint32Array(timeNs.buffer)
const frames = Array.from({ length: 64 }, (_, i) =>
  transport({
    protocol: i % 3 === 0 ? 17 : 6,
    from: i % 4 === 0 ? `2001:db8::${i}` : `10.0.0.${i}`,
    to: i % 4 === 0 ? '2001:db8:1::1' : '10.1.0.1',
    ports: [1024 + i, 443],
  }),
)
const views = frames.map((frame) => new DataView(frame.buffer, frame.byteOffset, frame.byteLength))

function run(tracker: Tracker, packets: number, flows: number): number {
  const started = performance.now()
  for (let i = 0; i < packets; i++) {
    const n = i & 63
    const frame = frames[n]!
    // A varied source address or part of it makes another flow.
    const flow = (i * 7) % flows
    frame[28] = flow & 255
    frame[27] = (flow >>> 8) & 255
    frame[7] = (flow >>> 16) & 255
    if ((i & 1023) === 0) timeNs[0]! += 1000n
    tracker.take(frame, views[n]!, 1, 0, frame.length, frame.length, timeNs, timeWords)
  }
  return packets / (performance.now() - started) / 1000
}

for (const flows of [16, 1000, 65_536]) {
  let best = 0
  for (let round = 0; round < 4; round++) best = Math.max(best, run(newTracker(), 1_000_000, flows))
  console.log(`track/tracker: ${flows * 64} keys: ${best.toFixed(2)} M packets/s`)
}

const before = process.memoryUsage.rss()
const tracker = newTracker(1_000_000)
const rate = run(tracker, 6_000_000, 1 << 20)
console.log(
  `track/tracker: ${tracker.table.count} flows at one time: ${((process.memoryUsage.rss() - before) / 2 ** 20).toFixed(0)} MiB more, ${rate.toFixed(2)} M packets/s`,
)
const started = performance.now()
tracker.advance(Number(timeNs[0]!) / 1e6 + 100_000)
console.log(`track/tracker: ending them: ${(performance.now() - started).toFixed(0)} ms`)
