import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { zeros } from '../lib/testing/datagrams.ts'
import { projectRoot } from '../lib/testing/project.ts'
import { transport } from '../lib/track/testing/packets.ts'
import { type RunningWeir, startWeir } from './testing/running-weir.ts'

// Live packets through the whole command: on loopback, and on a veth pair in namespaces that the test makes.

const test = suite('collect-interfaces')

const CAP_NET_RAW = 1n << 13n
const SENT = 50
const PAYLOAD = 100

let folder = ''
const running = new Set<RunningWeir>()
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-interfaces-'))
})
test.after(() => {
  for (const { child } of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

interface Flow {
  readonly flow: { readonly final: boolean; readonly vlan?: number | number[] }
  readonly source: { readonly ip: string; readonly packets: number; readonly bytes: number }
  readonly destination: { readonly port?: number }
  readonly network: { readonly transport?: string }
}

/** Starts tracking an interface, or says why that cannot be tested. */
async function track(
  name: string,
  words: readonly string[],
  before: readonly string[] = [],
): Promise<RunningWeir | null> {
  const weir = startWeir(['collect', '--interface', name, '--format', 'ecs', ...words], folder, before)
  running.add(weir)
  try {
    await weir.said(/msg="tracking packets"/)
    return weir
  } catch (error) {
    running.delete(weir)
    if (!weir.stderr().includes('CAP_NET_RAW')) throw error
    assert.match(
      weir.stderr(),
      /^weir: cannot open .*: capturing needs the capability CAP_NET_RAW; grant it/m,
    )
    console.log(`skipped: ${weir.stderr().trim()}`)
    return null
  }
}

/** The last report of each flow to a port. */
function finalTo(port: number, stdout: string): Flow[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Flow)
    .filter(({ flow, destination }) => flow.final && destination.port === port)
}

test('flows on loopback are reported when weir ends, the right to capture was given up, metrics tell', async () => {
  const weir = await track('lo', ['--flow-period', '1s', '--addr', '127.0.0.1:0'])
  if (weir === null) return
  const [, http] = await weir.said(/msg="serving HTTP" .*port=(\d+)/)
  const capabilities = /CapEff:\s+([0-9a-f]+)/.exec(readFileSync(`/proc/${weir.child.pid}/status`, 'utf8'))!
  assert.is(BigInt(`0x${capabilities[1]}`) & CAP_NET_RAW, 0n)

  const receiver = createSocket('udp4')
  await new Promise<void>((resolve) => receiver.bind(0, '127.0.0.1', resolve))
  const sender = createSocket('udp4')
  const { port } = receiver.address()
  for (let i = 0; i < SENT; i++) {
    await new Promise((resolve) => sender.send(Buffer.alloc(PAYLOAD), port, '127.0.0.1', resolve))
  }
  await wait(300)
  const metrics = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text()
  assert.match(metrics, /^weir_capture_dropped_packets_total\{interface="lo"\} 0$/m)
  assert.ok(Number(/^weir_track_counted_packets_total (\d+)$/m.exec(metrics)![1]) >= SENT)
  sender.close()
  receiver.close()
  assert.is(await weir.stop(), 0)
  running.delete(weir)
  const flows = finalTo(port, weir.stdout())
  assert.is(flows.length, 1)
  // Ethernet, IPv4, UDP.
  assert.equal([flows[0]!.source.packets, flows[0]!.source.bytes], [SENT, SENT * (14 + 20 + 8 + PAYLOAD)])
})

test('on a veth pair, tags that the kernel took off are seen, and an interface that goes ends the run', async () => {
  const namespace = `weir${process.pid}`
  const ip = (...words: string[]) => spawnSync('ip', words, { encoding: 'utf8' })
  const inside = ['ip', 'netns', 'exec', namespace]
  const script = `ip netns add ${namespace} &&
    ip -n ${namespace} link add veth0 type veth peer name veth1 &&
    ip -n ${namespace} link set veth0 up && ip -n ${namespace} link set veth1 up`
  try {
    const made = spawnSync('sh', ['-c', script], { encoding: 'utf8' })
    if (made.status !== 0) {
      console.log(`skipped: no veth pair can be made: ${made.stderr.trim()}`)
      return
    }
    const weir = await track('veth1', ['--addr', ''], inside)
    if (weir === null) return
    const tagged = transport({ ports: [1000, 9999], vlans: [7], payload: zeros(PAYLOAD) })
    const twice = transport({ ports: [1000, 9998], vlans: [100, 7], payload: zeros(PAYLOAD) })
    const send = `
      const { openFrameSender } = await import(${JSON.stringify(join(projectRoot, 'lib/receive/frame-sender.ts'))})
      const sender = openFrameSender('veth0')
      sender.load([${JSON.stringify([...tagged])}, ${JSON.stringify([...twice])}].map((octets) => Uint8Array.from(octets)))
      for (let i = 0; i < ${SENT}; i++) sender.send()`
    const words = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', send]
    const sent = spawnSync(inside[0]!, [...inside.slice(1), process.execPath, ...words], { encoding: 'utf8' })
    assert.is(sent.status, 0, sent.stderr)
    await wait(300)
    ip('-n', namespace, 'link', 'del', 'veth0')
    assert.is(await weir.exit, 1)
    assert.match(weir.stderr(), /cannot go on capturing on veth1: it is gone/)
    running.delete(weir)
    for (const [port, vlan, frame] of [
      [9999, 7, tagged],
      [9998, [100, 7], twice],
    ] as const) {
      const [flow, ...others] = finalTo(port, weir.stdout())
      assert.equal(others, [])
      assert.equal(flow!.flow.vlan, vlan)
      assert.equal([flow!.source.packets, flow!.source.bytes], [SENT, SENT * frame.length])
    }
  } finally {
    ip('netns', 'del', namespace)
  }
})

test.run()
