import { createSocket } from 'node:dgram'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowError } from '../diagnostics/flow-error.ts'
import { compilePacketFilter, type PacketFilter } from './bpf.ts'
import { openLibpcap } from './ffi.ts'
import { findInterface } from './network-interface.ts'
import { openInterface, PacketRing } from './packet-socket.ts'

const test = suite('packet-socket')

const ETHERNET = 1

/** Opens the loopback interface, or says why that cannot be tested. */
function openLoopback(filter: PacketFilter | null): PacketRing | null {
  try {
    return new PacketRing(openInterface('lo', { ringOctets: 4 << 20, isPromiscuous: false, filter }))
  } catch (error) {
    if (!(error instanceof FlowError) || !error.message.includes('CAP_NET_RAW')) throw error
    console.log(`skipped: ${error.message}`)
    return null
  }
}

/** Payloads of UDP datagrams to `port` that the ring gives until there are `wanted` of them or time is up. */
async function payloadsOf(ring: PacketRing, port: number, wanted: number): Promise<string[]> {
  const payloads: string[] = []
  const deadline = Date.now() + 3000
  while (payloads.length < wanted && Date.now() < deadline) {
    ring.read((octets, view, _link, from, to, wireOctets, timeNs) => {
      // Ethernet, IPv4 without options, UDP.
      if (view.getUint8(from + 23) !== 17 || view.getUint16(from + 36) !== port) return
      assert.is(to - from, wireOctets)
      assert.ok(Math.abs(Number(timeNs[0]! / 1_000_000n) - Date.now()) < 10_000)
      payloads.push(Buffer.from(octets.subarray(from + 42, to)).toString())
    })
    await new Promise((resolve) => setImmediate(resolve))
  }
  return payloads
}

async function sendTo(port: number, texts: readonly string[]): Promise<void> {
  const socket = createSocket('udp4')
  for (const text of texts) await new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve))
  socket.close()
}

/** A port that somebody listens on, so that no ICMP errors come back. */
async function listening(): Promise<{ port: number; close(): void }> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return { port: socket.address().port, close: () => socket.close() }
}

test('each packet on the loopback interface is seen once, whole and with its time', async () => {
  const ring = openLoopback(null)
  if (ring === null) return
  const { port, close } = await listening()
  const texts = Array.from({ length: 200 }, (_, i) => `packet ${i}`)
  await sendTo(port, texts)
  assert.equal(await payloadsOf(ring, port, texts.length), texts)
  ring.count()
  assert.ok(ring.packets >= texts.length)
  assert.is(ring.drops, 0)
  ring.close()
  close()
})

test('a filter is run by the kernel', async () => {
  if (openLibpcap() === null) {
    console.log('skipped: there is no libpcap')
    return
  }
  const [wanted, other] = [await listening(), await listening()]
  const ring = openLoopback(compilePacketFilter(`udp dst port ${wanted.port}`, ETHERNET))
  if (ring !== null) {
    await sendTo(other.port, ['no'])
    await sendTo(wanted.port, ['yes'])
    await payloadsOf(ring, wanted.port, 1)
    ring.count()
    // The one packet goes out and comes in.
    assert.ok(ring.packets <= 2, `${ring.packets} packets`)
    ring.close()
  }
  wanted.close()
  other.close()
})

test('an interface that does not exist is named', () => {
  for (const name of ['nothing0', '', '..', 'a/b', 'name-that-is-too-long']) {
    assert.throws(() => findInterface(name), /there is no network interface/)
  }
})

test.run()
