// Live NetFlow v5 and v9 over UDP into an archive, beside nfcapd that writes lz4: the highest datagrams per second of which
// the kernel drops none, in 3 s runs, within 15 %; and the same with a new file each second, where every flow must be found.
import { liveFiles } from '../../lib/archive/live-files.ts'
import {
  kernelDrops,
  nfcapd,
  runSender,
  settle,
  startCollector,
  temporaryFolder,
  usage,
  weir,
} from './peers.mjs'

const SECONDS = 3
const folder = temporaryFolder()
let port = 33_000

/** Rows in an archive, which its writer has finished. */
function rowsOf(directory) {
  return liveFiles([directory]).reduce((sum, { rows }) => sum + rows, 0)
}

/** Sends at a pace; what was sent, lost and found, and the CPU seconds that it took. */
async function run(name, kind, perSecond, rotate) {
  port += 10
  const collector = await startCollector(name, { protocol: kind, port, output: 'archive', folder, rotate })
  let found = 0
  try {
    const warm = await runSender(kind, port, Math.max(64, perSecond / 2), perSecond / 2)
    await settle(collector.pid, 20)
    const before = usage(collector.pid).cpuSeconds
    const { flows, sent, seconds } = await runSender(kind, port, perSecond * SECONDS, perSecond)
    const cpu = (await settle(collector.pid, 20)) - before
    const dropped = kernelDrops(port)
    await collector.stop()
    if (name === 'weir') found = rowsOf(collector.file)
    const isComplete = name !== 'weir' || found === flows + warm.flows
    return {
      isGood: dropped === 0 && isComplete && sent / seconds > perSecond * 0.95,
      found,
      dropped,
      cpu,
      flows,
    }
  } finally {
    await collector.stop()
    collector.remove()
  }
}

async function highestRate(name, kind, from, rotate) {
  let good = 0
  let bad = 0
  let rate = from
  let last
  while (bad === 0 || bad / good > 1.15) {
    const result = await run(name, kind, Math.round(rate), rotate)
    if (result.isGood) {
      good = rate
      last = result
    } else bad = rate
    if (bad > 0 && good === 0) rate = bad / 2
    else rate = bad === 0 ? good * 1.6 : Math.sqrt(good * bad)
    if (rate < 100) break
  }
  return { rate: good, flowsPerCpuSecond: last === undefined ? 0 : last.flows / last.cpu }
}

const si = (value) => (value >= 1e6 ? `${(value / 1e6).toFixed(2)} M` : `${(value / 1e3).toFixed(1)} k`)

if (weir === undefined) {
  console.log('weir: dist/weir is missing; run npm run build first')
  process.exit(0)
}
for (const kind of ['v5', 'v9']) {
  const ours = await highestRate('weir', kind, 20_000, '1h')
  let line = `${kind} to an archive: weir ${si(ours.rate)} datagrams/s, ${si(ours.flowsPerCpuSecond)} flows per CPU second`
  if (nfcapd === undefined) line += '; nfcapd is not installed'
  else {
    const theirs = await highestRate('nfcapd', kind, 20_000, '1h')
    line += `; nfcapd with lz4 ${si(theirs.rate)}, ${si(theirs.flowsPerCpuSecond)}; ours is ${(ours.rate / theirs.rate).toFixed(2)} of it`
  }
  console.log(line)
  const pace = Math.round(ours.rate * 0.7)
  const { isGood, found, dropped, flows } = await run('weir', kind, pace, '1s')
  console.log(
    `${kind}, a new file each second at ${si(pace)} datagrams/s: ${isGood ? 'nothing lost' : `LOST: ${dropped} datagrams dropped, ${found} rows found, ${flows} sent after the first`}`,
  )
  if (!isGood) process.exitCode = 1
}
process.exit()
