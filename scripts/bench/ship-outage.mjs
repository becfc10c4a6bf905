// A server that is away while NetFlow v9 comes at 20,000 flows/s for an hour, faster than in real time (UDP is sent as fast
// as it is taken): memory of weir collect --ship and size of its spool, then the server comes back. All that was kept must
// come, once and in order, and what is missing must be what weir counts as dropped. --minutes=N for a shorter outage,
// --spool-size=SIZE (default 1G for an hour, and less in proportion).
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { octetsBelow } from '../../cmd/collect-spool.ts'
import { openUdpSender } from '../../lib/receive/udp-sender.ts'
import { makeWorkload, V4_FIELDS } from '../../lib/testing/workload.ts'
import {
  freePort,
  kernelDrops,
  metric,
  startCollector,
  temporaryFolder,
  usage,
  waitingOctets,
} from './peers.mjs'

const flag = (name, otherwise) =>
  process.argv.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? otherwise
const minutes = Number(flag('--minutes', '60'))
const flowsWanted = minutes * 60 * 20_000
const spoolSize = flag('--spool-size', `${Math.ceil((minutes * 1024) / 60)}M`)
const MOST_RSS_MB = 300
/** As much may wait at the socket; its buffer takes several times that. */
const MOST_WAITING = 2 << 20
const STILL_MS = 20_000
/** Elements of NetFlow v9. */
const OCTETS = 1
const SOURCE_PORT = 7
const ADDRESSES = [8, 12, 15]
/** Datagrams of one round: enough different ones that an archive cannot do with less than for real flows. */
const ROUND = 512
const PORT = await freePort()

/** Octets of a record, up to an element or all of it; in IPv6's template addresses have 16. */
function recordLength(isIpv6, before = null) {
  const place = V4_FIELDS.findIndex(([element]) => element === before)
  const lengthOf = ([element, octets]) => (isIpv6 && ADDRESSES.includes(element) ? 16 : octets)
  return V4_FIELDS.slice(0, place < 0 ? V4_FIELDS.length : place).reduce((sum, one) => sum + lengthOf(one), 0)
}

/** Where each record of a datagram counts its octets, and has its source's port. */
function recordPlaces(datagram) {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length)
  const places = []
  for (let at = 20; at < datagram.length; at += view.getUint16(at + 2)) {
    const isIpv6 = view.getUint16(at) === 257
    const [length, octets, port] = [null, OCTETS, SOURCE_PORT].map((before) => recordLength(isIpv6, before))
    const end = at + view.getUint16(at + 2)
    for (let from = at + 4; from + length <= end; from += length) {
      places.push({ octets: from + octets, port: from + port })
    }
  }
  return places
}

/** Sends `count` numbered flows, without loss. */
async function sendNumbered(count, onRound) {
  const { templates, datagrams } = makeWorkload('v9', ROUND)
  const sender = openUdpSender({ host: '127.0.0.1', port: PORT })
  const places = datagrams.map(recordPlaces)
  const views = datagrams.map(({ buffer, byteOffset, length }) => new DataView(buffer, byteOffset, length))
  let number = 0
  for (let round = 0; number < count; round++) {
    while (waitingOctets(PORT) > MOST_WAITING) await wait(2)
    if (round % 25 === 0) {
      sender.load(templates)
      sender.send()
    }
    for (const [i, view] of views.entries()) {
      for (const { octets, port } of places[i]) {
        view.setUint16(port, Math.imul(number, 0x9e3779b1) >>> 16)
        view.setUint32(octets, number++)
      }
    }
    sender.load(datagrams)
    if (sender.send() !== datagrams.length) throw new Error('the kernel did not take all datagrams')
    if (round % 8 === 0) await onRound()
  }
  sender.close()
  return number
}

const folder = temporaryFolder()
const sink = fork(join(import.meta.dirname, 'ordered-sink.mjs'), { stdio: 'inherit' })
const [sinkPort] = await once(sink, 'message')
const url = `http://127.0.0.1:${sinkPort}`
const ship = ['--ship', url, '--spool-size', spoolSize, '--backoff-max', '2s']
const collector = await startCollector('weir', { protocol: 'v9', port: PORT, output: 'ship', folder, ship })
let mostRss = 0
let mostSpool = 0
const look = () => {
  mostRss = Math.max(mostRss, usage(collector.pid).rssMegabytes)
  const spool = join(collector.file, 'ship', 'spool')
  if (existsSync(spool)) mostSpool = Math.max(mostSpool, octetsBelow(spool))
}
let isGood = false
try {
  let started = performance.now()
  const watching = setInterval(look, 500)
  const flows = await sendNumbered(flowsWanted, () => wait(0))
  while (waitingOctets(PORT) > 0) await wait(20)
  await wait(2500)
  const seconds = Math.round((performance.now() - started) / 1000)
  const dropped = await metric(PORT + 1, 'weir_spool_dropped_rows_total')
  const lost = await metric(PORT + 1, 'weir_archive_dropped_rows_total')
  const byKernel = kernelDrops(PORT)
  console.log(
    `${minutes} minutes without a server, ${flows} flows in ${seconds} s: at most ${Math.round(mostRss)} MB resident, spool of ${spoolSize} at most ${(mostSpool / 2 ** 20).toFixed(0)} MiB, ${dropped} rows dropped, ${byKernel} datagrams dropped by the kernel`,
  )
  sink.send('up')
  await once(sink, 'message')
  started = performance.now()
  const counts = async () => (await fetch(`${url}/counts`)).json()
  const wanted = flows - dropped - lost
  let now = await counts()
  for (let last = performance.now(), before = 0; now.documents < wanted; now = await counts()) {
    if (now.documents > before) [before, last] = [now.documents, performance.now()]
    if (performance.now() - last > STILL_MS) break
    await wait(200)
  }
  // What comes twice or too much comes soon after.
  await wait(1500)
  clearInterval(watching)
  now = await counts()
  const tail = flows - 1 - now.last
  isGood =
    now.documents === wanted &&
    now.missing + tail === dropped + lost &&
    now.disordered === 0 &&
    byKernel === 0 &&
    mostRss <= MOST_RSS_MB
  console.log(
    `then ${now.documents} documents in ${Math.round((now.lastMs - performance.timeOrigin - started) / 1000)} s, of ${wanted} that were kept; ${now.missing + tail} missing, ${now.disordered} requests out of order, at most ${Math.round(mostRss)} MB resident: ${isGood ? 'good' : 'BAD'}`,
  )
} finally {
  const said = await collector.stop()
  if (!isGood) console.error(said)
  collector.remove()
}
process.exit(isGood ? 0 : 1)
