// Live NetFlow v9 over UDP, by way of weir collect --ship, into a sink that reads and answers: the highest flows per second
// of which none is lost and none is late, without gzip and with it. Sender, collector and sink share the machine. Nothing is
// lost: the kernel dropped no datagram, weir dropped no row, and the sink was sent as many documents as there were flows.
// Nothing is late: the sink has the last document soon after the last datagram, so that nothing piles up in the spool.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort, kernelDrops, metric, runSender, startCollector, temporaryFolder, usage } from './peers.mjs'

const SECONDS = 10
/** What the spool may need to pass on what it got: its sync, the look for it, and the time after which documents are sent. */
const MOST_LATE_MS = 2500
const GIVE_UP_MS = 60_000
const FLOWS_PER_DATAGRAM = 20
const FILEBEAT = 46_000
/** gzip of requests: none and the fastest, or that of `--gzip=LEVEL`. */
const asked = process.argv.find((word) => word.startsWith('--gzip='))?.slice('--gzip='.length)
const LEVELS = asked === undefined ? [0, 1] : [Number(asked)]
const folder = temporaryFolder()

const sink = fork(join(import.meta.dirname, 'ship-sink.mjs'), { stdio: 'inherit' })
const [sinkPort] = await once(sink, 'message')
const url = `http://127.0.0.1:${sinkPort}`
const counts = async (query = '') => (await fetch(`${url}/counts${query}`)).json()

/** Counters of rows that the collector has lost: the spool is full, the disk has no room. */
const LOSSES = ['weir_spool_dropped_rows_total', 'weir_archive_dropped_rows_total']

/** Resolves to when the sink had `wanted` documents, or to null where it never gets them. */
async function whenSent(wanted) {
  const end = performance.now() + GIVE_UP_MS
  let now = await counts('?keep')
  for (; now.documents < wanted && performance.now() < end; now = await counts('?keep')) await wait(20)
  return now.documents === wanted ? now.lastMs : null
}

/** Sends at a pace; what was lost, how late the last document came, and what that took. */
async function run(level, flowsPerSecond) {
  const port = await freePort()
  const ship = ['--ship', url, '--compression-level', String(level), '--ship-workers', '2']
  const collector = await startCollector('weir', { protocol: 'v9', port, output: 'ship', folder, ship })
  const perSecond = flowsPerSecond / FLOWS_PER_DATAGRAM
  try {
    await counts()
    // Compiled code is what is measured.
    const warm = await runSender('v9', port, Math.round(perSecond * 1.5), perSecond / 2)
    await whenSent(warm.flows)
    await counts()
    const before = usage(collector.pid).cpuSeconds
    const { flows, seconds } = await runSender('v9', port, Math.round(perSecond * SECONDS), perSecond)
    const endMs = Date.now()
    const lastMs = await whenSent(flows)
    const { cpuSeconds, rssMegabytes } = usage(collector.pid)
    const { documents, octets } = await counts()
    const dropped = kernelDrops(port)
    const losses = await Promise.all(LOSSES.map((name) => metric(port + 1, name)))
    const rows = losses.reduce((sum, one) => sum + one, 0)
    const lateMs = lastMs === null ? Number.POSITIVE_INFINITY : Math.max(0, lastMs - endMs)
    const isComplete = dropped === 0 && rows === 0 && documents === flows
    const isGood = isComplete && lateMs <= MOST_LATE_MS && flows / seconds > flowsPerSecond * 0.95
    return { isGood, flows, documents, dropped, rows, lateMs, octets, cpu: cpuSeconds - before, rssMegabytes }
  } finally {
    await collector.stop()
    collector.remove()
  }
}

for (const level of LEVELS) {
  let good = 0
  let bad = 0
  let best
  for (let rate = FILEBEAT * 3; bad === 0 || bad / good > 1.12; ) {
    const result = await run(level, Math.round(rate))
    const { isGood, flows, documents, dropped, rows, lateMs, cpu } = result
    if (process.argv.includes('--steps')) {
      console.log(
        `  gzip ${level}, ${Math.round(rate)} flows/s: ${isGood ? 'good' : 'BAD'}, ${flows} flows, ${documents} documents, ${dropped} datagrams and ${rows} rows dropped, last ${Math.round(lateMs)} ms late, ${cpu.toFixed(1)} CPU s`,
      )
    }
    if (isGood) {
      good = rate
      best = result
    } else bad = rate
    if (bad > 0 && good === 0) rate = bad / 1.4
    else rate = bad === 0 ? good * 1.4 : Math.sqrt(good * bad)
    if (rate < 1000) break
  }
  if (best === undefined) {
    console.log(`v9 over UDP to the sink, gzip ${level}: nothing was kept`)
    process.exitCode = 1
    continue
  }
  const each = Math.round(best.flows / best.cpu)
  console.log(
    `v9 over UDP to the sink, gzip ${level}: ${Math.round(good)} flows/s without loss, ${(good / FILEBEAT).toFixed(1)} times Filebeat's ${FILEBEAT}; ${each} per CPU second, ${Math.round(best.rssMegabytes)} MB resident`,
  )
}
sink.disconnect()
process.exit()
