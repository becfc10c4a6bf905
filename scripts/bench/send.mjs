// Sends a workload over UDP at a pace, then prints how many datagrams the kernel took.
// Usage: send.mjs KIND PORT DATAGRAMS PER_SECOND [SEED]; templates go first and then once a second.
import { openUdpSender } from '../../lib/receive/udp-sender.ts'
import { makeWorkload } from '../../lib/testing/workload.ts'

const [kind, port, count, perSecond, seed = '1'] = process.argv.slice(2)
const workload = makeWorkload(kind, 64, Number(seed))
const sender = openUdpSender({ host: '127.0.0.1', port: Number(port) })
/** Above this pace the kernel has to cut equal datagrams out of large buffers, or the sender is the limit. */
const SEGMENTED_FROM = 150_000
const isSegmented = Number(perSecond) >= SEGMENTED_FROM

function loadData() {
  if (!isSegmented || !sender.loadSegmented(workload.datagrams[0], 64)) sender.load(workload.datagrams)
}

let sent = 0
let nextTemplate = 0
const started = performance.now()
loadData()
while (sent < Number(count)) {
  const now = performance.now()
  if (workload.templates.length > 0 && now >= nextTemplate) {
    sender.load(workload.templates)
    sender.send()
    nextTemplate = now + 1000
    loadData()
  }
  const due = started + (sent / Number(perSecond)) * 1000
  while (performance.now() < due) {
    const wait = due - performance.now()
    if (wait > 2) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.floor(wait - 1))
  }
  const taken = sender.send()
  if (taken > 0) sent += taken
}
const seconds = (performance.now() - started) / 1000
sender.close()
process.stdout.write(`${JSON.stringify({ sent, seconds, flows: sent * workload.flowsPerDatagram })}\n`)
