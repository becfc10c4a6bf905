import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { bindListener, openReceiver } from './listen.ts'
import { parseListenUrls } from './listen-url.ts'
import { openUdpSender } from './udp-sender.ts'

// Receiving alone, on loopback: a worker sends as fast as the receiver takes, another rate is what came per second of
// the receiver's own processor time. 100 octets, and 1400 as full datagrams have.

interface Job {
  readonly port: number
  readonly octets: number
  readonly stop: SharedArrayBuffer
}

function sendUntilStopped({ port, octets, stop }: Job): void {
  const flag = new Int32Array(stop)
  const sender = openUdpSender({ host: '127.0.0.1', port })!
  const payload = new Uint8Array(octets).fill(5)
  if (!sender.loadSegmented(payload, 640)) sender.load(Array.from({ length: 64 }, () => payload))
  let sent = 0
  while (Atomics.load(flag, 0) === 0) sent += Math.max(0, sender.send())
  sender.close()
  parentPort!.postMessage(sent)
}

async function measure(octets: number, seconds: number): Promise<void> {
  const [listener] = parseListenUrls('netflow://127.0.0.1:0')
  const bound = await bindListener(listener!, { sockets: 1, receiveBufferOctets: 32 << 20 })
  const receiver = await openReceiver(bound, { maxDatagramOctets: 9000, batch: 128 })
  const stop = new SharedArrayBuffer(4)
  const job: Job = { port: receiver.places()[0]!.localPort, octets, stop }
  const worker = new Worker(new URL(import.meta.url), { workerData: job })
  const sent = new Promise<number>((resolve) => worker.once('message', resolve))
  let count = 0
  let started = 0
  let cpu = process.threadCpuUsage()
  await receiver.run({
    onDatagram() {
      if (count++ > 0) return
      started = performance.now()
      cpu = process.threadCpuUsage()
    },
    shouldStop: () => started > 0 && performance.now() - started > seconds * 1000,
  })
  const took = (performance.now() - started) / 1000
  const { user, system } = process.threadCpuUsage(cpu)
  Atomics.store(new Int32Array(stop), 0, 1)
  const total = await sent
  receiver.close()
  const rate = count / took / 1e6
  const perDatagram = ((user + system) * 1000) / count
  console.log(
    `receive/udp: ${octets} octets: ${rate.toFixed(2)} M datagrams/s received of ${(total / took / 1e6).toFixed(2)} M sent, ${perDatagram.toFixed(0)} ns of processor time each`,
  )
}

if (isMainThread) {
  for (const octets of [100, 1400]) await measure(octets, 1.5)
} else sendUntilStopped(workerData as Job)
