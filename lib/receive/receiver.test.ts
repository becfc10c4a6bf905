import { createSocket } from 'node:dgram'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAddress } from '../bytes/address.ts'
import { FlowError } from '../diagnostics/flow-error.ts'
import type { MetricFamily } from '../diagnostics/metrics.ts'
import { openLibc } from './ffi.ts'
import { bindListener, closeSockets, type ListenSocket, openReceiver } from './listen.ts'
import { parseListenUrls } from './listen-url.ts'
import type { ReceiverHooks } from './receiver.ts'

const ring = { maxDatagramOctets: 9000, batch: 16 }

/** The ways of receiving that can be tested here; says what cannot. */
async function testable(): Promise<('best' | 'dgram')[]> {
  try {
    const receiver = await openReceiver(await bind('flow://127.0.0.1:0', 'dgram'), ring)
    receiver.close()
  } catch (error) {
    console.log(`receiver.test.ts: skipped: ${(error as Error).message}`)
    return []
  }
  if (openLibc() !== null) return ['best', 'dgram']
  console.log('receiver.test.ts: only dgram, no node:ffi with glibc here')
  return ['dgram']
}

const ways = await testable()
const check = ways.length > 0 ? test : test.skip

async function bind(urls: string, how: 'best' | 'dgram', sockets = 1): Promise<ListenSocket[]> {
  const bound: ListenSocket[] = []
  for (const listener of parseListenUrls(urls)) {
    bound.push(...(await bindListener(listener, { sockets, receiveBufferOctets: 1 << 20, how })))
  }
  return bound
}

/** Sends each payload to its port from one socket; resolves when all are out. */
async function send(...datagrams: [port: number, payload: string][]): Promise<void> {
  const socket = createSocket('udp4')
  for (const [port, payload] of datagrams) {
    await new Promise((resolve) => socket.send(payload, port, '127.0.0.1', resolve))
  }
  socket.close()
}

function value(families: MetricFamily[], name: string, labels: Record<string, string> = {}): number {
  const family = families.find((one) => one.name === name)
  let sum = 0
  for (const sample of family?.samples ?? []) {
    if (Object.entries(labels).every(([key, text]) => sample.labels[key] === text)) sum += sample.value
  }
  return sum
}

/** Hooks that gather payloads as text, and stop after `count` datagrams or two seconds. */
function gatherer(count: number, more: Partial<ReceiverHooks> = {}) {
  const seen: string[] = []
  const end = Date.now() + 2000
  const hooks: ReceiverHooks = {
    onDatagram(datagram, scheme) {
      const payload = Buffer.from(datagram.octets.subarray(datagram.from, datagram.to)).toString()
      const now = BigInt(Date.now()) * 1_000_000n
      assert.ok(now - datagram.receivedNs[0]! < 5_000_000_000n)
      assert.is(datagram.view.getUint8(datagram.from), payload.charCodeAt(0))
      seen.push(`${scheme} ${formatAddress(datagram.address, 0)} ${payload}`)
    },
    shouldStop: () => seen.length >= count || Date.now() > end,
    ...more,
  }
  return { seen, hooks }
}

for (const how of ways) {
  test(`${how}: one thread serves several listeners, each datagram with its scheme`, async () => {
    const bound = await bind('sflow://127.0.0.1:0,netflow://127.0.0.1:0', how)
    const receiver = await openReceiver(bound, ring)
    const ports = receiver.places().map(({ localPort }) => localPort)
    const { seen, hooks } = gatherer(4)
    const done = receiver.run(hooks)
    await send(
      [ports[0]!, 'one'],
      [ports[1]!, 'two'],
      [ports[0]!, ''],
      [ports[0]!, 'three'],
      [ports[1]!, 'four'],
    )
    await done
    const of = (scheme: string) => seen.filter((line) => line.startsWith(scheme))
    assert.equal(of('sflow'), ['sflow 127.0.0.1 one', 'sflow 127.0.0.1 three'])
    assert.equal(of('netflow'), ['netflow 127.0.0.1 two', 'netflow 127.0.0.1 four'])

    const families = receiver.families()
    const labels = {
      type: 'sflow',
      remote_ip: '127.0.0.1',
      local_ip: '127.0.0.1',
      local_port: String(ports[0]),
    }
    assert.is(value(families, 'goflow2_flow_traffic_packets_total', labels), 2)
    assert.is(value(families, 'goflow2_flow_traffic_bytes_total', labels), 8)
    assert.is(value(families, 'goflow2_flow_traffic_size_bytes_sum', labels), 8)
    assert.is(value(families, 'goflow2_flow_traffic_size_bytes_count', labels), 2)
    assert.is(value(families, 'goflow2_flow_traffic_size_bytes', { ...labels, quantile: '0.5' }), 3)
    assert.is(value(families, 'goflow2_flow_traffic_size_bytes', { ...labels, quantile: '0.99' }), 5)
    assert.is(value(families, 'weir_receive_datagrams_total', { local_port: String(ports[0]) }), 3)
    assert.is(value(families, 'weir_receive_kernel_drops_total'), 0)
    assert.ok(value(families, 'weir_receive_buffer_octets') > 0)
    receiver.close()
  })

  test(`${how}: a receiver told to stop still takes what has come`, async () => {
    const receiver = await openReceiver(await bind('netflow://127.0.0.1:0', how), ring)
    const port = receiver.places()[0]!.localPort
    await send(...Array.from({ length: 40 }, (_, i): [number, string] => [port, `${i + 100}`]))
    await sleep(20)
    const { seen, hooks } = gatherer(0)
    await receiver.run(hooks)
    assert.is(seen.length, 40)
    assert.is(seen[39], 'netflow 127.0.0.1 139')
    receiver.close()
  })

  test(`${how}: a promise after a batch holds up the receiver, and nothing is lost`, async () => {
    const receiver = await openReceiver(await bind('flow://127.0.0.1:0', how), { ...ring, batch: 4 })
    const port = receiver.places()[0]!.localPort
    let isBusy = false
    const { seen, hooks } = gatherer(12, {
      async afterBatch() {
        isBusy = true
        await sleep(5)
        isBusy = false
      },
    })
    const { onDatagram } = hooks
    const done = receiver.run({
      ...hooks,
      onDatagram(datagram, scheme) {
        assert.is(isBusy, false)
        onDatagram(datagram, scheme)
      },
    })
    await send(...Array.from({ length: 12 }, (_, i): [number, string] => [port, `${i}`]))
    await done
    assert.equal(
      seen,
      Array.from({ length: 12 }, (_, i) => `flow 127.0.0.1 ${i}`),
    )
    receiver.close()
  })

  test(`${how}: silence is told, and timers run beside the receiver`, async () => {
    const receiver = await openReceiver(await bind('flow://127.0.0.1:0', how), ring)
    let idle = 0
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    await receiver.run({ onDatagram() {}, onIdle: () => void idle++, shouldStop: () => idle >= 2 })
    clearInterval(timer)
    assert.is(idle, 2)
    assert.ok(ticks > 0)
    receiver.close()
  })

  test(`${how}: a port in use is refused in one line`, async () => {
    const receiver = await openReceiver(await bind('flow://127.0.0.1:0', how), ring)
    const port = receiver.places()[0]!.localPort
    try {
      await openReceiver(await bind(`flow://127.0.0.1:${port}`, how), ring)
      assert.unreachable()
    } catch (error) {
      assert.instance(error, FlowError)
      assert.match(
        (error as FlowError).message,
        new RegExp(`^cannot listen on udp 127.0.0.1:${port}: the port is in use`),
      )
    }
    receiver.close()
  })

  test(`${how}: an empty host takes IPv4 datagrams, whose addresses are IPv4`, async () => {
    const receiver = await openReceiver(await bind('flow://:0', how), ring)
    const { seen, hooks } = gatherer(1)
    const done = receiver.run(hooks)
    await send([receiver.places()[0]!.localPort, 'x'])
    await done
    assert.equal(seen, ['flow 127.0.0.1 x'])
    receiver.close()
  })
}

check('dgram: what finds the queue full is dropped and counted by exporter', async () => {
  const bound = await bind('flow://127.0.0.1:0?queue_size=4', 'dgram')
  const receiver = await openReceiver(bound, { maxDatagramOctets: 9000, batch: 4 })
  const port = receiver.places()[0]!.localPort
  await send(...Array.from({ length: 20 }, (_, i): [number, string] => [port, `${i}`.padStart(2)]))
  await sleep(30)
  const { seen, hooks } = gatherer(4)
  await receiver.run(hooks)
  assert.is(seen.length, 4)
  const families = receiver.families()
  const labels = { remote_ip: '127.0.0.1', local_ip: '127.0.0.1', local_port: String(port) }
  assert.is(value(families, 'goflow2_flow_dropped_packets_total', labels), 16)
  assert.is(value(families, 'goflow2_flow_dropped_bytes_total', labels), 32)
  assert.is(value(families, 'weir_receive_queue_drops_total'), 16)
  receiver.close()
})

check('dgram: a datagram longer than the longest is cut and counted', async () => {
  const receiver = await openReceiver(await bind('flow://127.0.0.1:0', 'dgram'), {
    ...ring,
    maxDatagramOctets: 10,
  })
  const { seen, hooks } = gatherer(1)
  const done = receiver.run(hooks)
  await send([receiver.places()[0]!.localPort, '0123456789abc'])
  await done
  assert.equal(seen, ['flow 127.0.0.1 0123456789'])
  assert.is(value(receiver.families(), 'weir_receive_truncated_total'), 1)
  receiver.close()
})

if (ways.includes('best')) {
  test('sockets bound by one thread are received from by another', async () => {
    const bound = await bind('netflow://127.0.0.1:0', 'best')
    const [first] = bound
    const code = `
      const { workerData, parentPort } = require('node:worker_threads')
      import(workerData.module).then(async ({ openReceiver }) => {
        const receiver = await openReceiver(workerData.bound, { maxDatagramOctets: 9000, batch: 8 })
        let count = 0
        const end = Date.now() + 2000
        parentPort.postMessage('ready')
        await receiver.run({ onDatagram: () => void count++, shouldStop: () => count >= 3 || Date.now() > end })
        receiver.close()
        parentPort.postMessage(count)
      })`
    const worker = new Worker(code, {
      eval: true,
      workerData: { bound, module: new URL('./listen.ts', import.meta.url).href },
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    const port = first!.how === 'recvmmsg' ? first!.localPort : 0
    const said: unknown[] = []
    worker.on('message', (message) => {
      said.push(message)
      if (message === 'ready') void send([port, 'a'], [port, 'b'], [port, 'c'])
    })
    await new Promise((resolve) => worker.once('exit', resolve))
    assert.equal(said, ['ready', 3])
  })

  test('sockets that no thread took can be closed', async () => {
    const bound = await bind('netflow://127.0.0.1:0', 'best', 2)
    assert.is(bound.length, 2)
    closeSockets(bound)
  })
}

test('a host without an address is refused in one line', async () => {
  try {
    await bind('flow://a..b:2055', 'best')
    assert.unreachable()
  } catch (error) {
    assert.instance(error, FlowError)
    assert.match((error as FlowError).message, /cannot listen on a\.\.b: the name has no address/)
  }
})

test.run()
