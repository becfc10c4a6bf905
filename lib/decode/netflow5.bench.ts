import { received } from '../testing/datagrams.ts'
import { discardingWriter } from '../testing/rows.ts'
import { makeWorkload } from '../testing/workload.ts'
import { Issues } from './issues.ts'
import { decodeNetflow5 } from './netflow5.ts'
import { fillOrigin, newOrigin } from './origin.ts'

// Full and one-record datagrams into rows, with origin columns and batch turnover.

/** Nanoseconds of this thread: other work on the machine does not count. */
function cpuNs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) * 1000
}

const writer = discardingWriter()
const issues = new Issues()
const finisher = { finish: fillOrigin }

function round(payloads: readonly ReturnType<typeof received>[], repeats: number): number {
  const origin = newOrigin(payloads[0]!)
  const started = cpuNs()
  let rows = 0
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const payload of payloads) rows += decodeNetflow5(payload, origin, writer, finisher, issues)
  }
  return (rows / (cpuNs() - started)) * 1000
}

for (const kind of ['v5', 'v5-one'] as const) {
  const payloads = makeWorkload(kind, 256).datagrams.map((octets) => received(octets))
  let best = 0
  for (let i = 0; i < 8; i++) best = Math.max(best, round(payloads, kind === 'v5' ? 200 : 2000))
  console.log(`decode/netflow5: ${best.toFixed(1)} M rows/s of ${kind}, ${(1000 / best).toFixed(0)} ns each`)
}
