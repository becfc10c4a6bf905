// Live packets on a veth pair in a network namespace: the highest pace of 64-octet frames of which none is lost, in 4 s
// runs, the sender on one core and weir on the other. Needs root rights.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { openFrameSender } from '../../lib/receive/frame-sender.ts'
import { temporaryFolder, usage, weir } from './peers.mjs'

const SECONDS = 4
const FRAMES = 64
const FLOWS = 4096
const FROM = 200_000

/** Frames of TCP and UDP, both directions, of many flows. */
function makeFrames() {
  return Array.from({ length: FLOWS }, (_, i) => {
    const frame = new Uint8Array(60)
    const view = new DataView(frame.buffer)
    frame[0] = frame[6] = 2
    frame[11] = 1
    view.setUint16(12, 0x0800)
    frame[14] = 0x45
    view.setUint16(16, 46)
    frame[22] = 64
    frame[23] = i % 3 === 0 ? 17 : 6
    view.setUint32(26, 0x0a00_0000 + i)
    view.setUint32(30, 0xc000_0207)
    view.setUint16(34, 1024 + i)
    view.setUint16(36, 443)
    if (i % 3 === 0) view.setUint16(38, 26)
    else frame[46] = 0x50
    return frame
  })
}

/** Sends at a pace, and says how many frames and how long it took. */
function send(perSecond) {
  const frames = makeFrames()
  const senders = []
  for (let at = 0; at < FLOWS; at += FRAMES) {
    const sender = openFrameSender('veth0')
    sender.load(frames.slice(at, at + FRAMES))
    senders.push(sender)
  }
  const started = performance.now()
  const wanted = perSecond * SECONDS
  let sent = 0
  for (let i = 0; sent < wanted; i = (i + 1) % senders.length) {
    while (sent > ((performance.now() - started) / 1000) * perSecond) {
      // Waits for its time.
    }
    sent += Math.max(0, senders[i].send())
  }
  console.log(JSON.stringify({ sent, seconds: (performance.now() - started) / 1000 }))
}

async function run(namespace, folder, perSecond) {
  const output = join(folder, 'flows')
  rmSync(output, { force: true })
  const inside = ['netns', 'exec', namespace, 'taskset', '-c']
  const collect = [
    'collect',
    '--interface',
    'veth1',
    '--flow-period',
    '-1s',
    '--format',
    'ecs',
    '--output',
    output,
  ]
  const child = spawn('ip', [...inside, '1', weir, ...collect, '--addr', ''], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  while (!said.includes('tracking packets') && child.exitCode === null) await wait(20)
  if (child.exitCode !== null) throw new Error(said)
  const words = ['--disable-warning=ExperimentalWarning', import.meta.filename, '--send', String(perSecond)]
  const { stdout, stderr } = spawnSync('ip', [...inside, '0', process.execPath, ...words], {
    encoding: 'utf8',
  })
  if (stdout === '') throw new Error(stderr)
  const { sent, seconds } = JSON.parse(stdout)
  await wait(500)
  // ip and taskset become weir: it is one process.
  const { cpuSeconds, rssMegabytes } = usage(child.pid)
  child.kill('SIGTERM')
  await ended
  let counted = 0
  for (const line of existsSync(output) ? readFileSync(output, 'utf8').split('\n').slice(0, -1) : []) {
    const { source, network } = JSON.parse(line)
    if (source.port >= 1024) counted += network.packets
  }
  return { sent, counted, pace: sent / seconds, perCpuSecond: sent / cpuSeconds, rssMegabytes }
}

const at = process.argv.indexOf('--send')
if (at > 0) {
  send(Number(process.argv[at + 1]))
  process.exit(0)
}
if (weir === undefined) {
  console.log('weir: dist/weir is missing; run npm run build first')
  process.exit(0)
}
const namespace = `weir${process.pid}`
const folder = temporaryFolder()
const script = `ip netns add ${namespace} && ip -n ${namespace} link add veth0 type veth peer name veth1 &&
  ip -n ${namespace} link set veth0 up && ip -n ${namespace} link set veth1 up`
const made = spawnSync('sh', ['-c', script], { encoding: 'utf8' })
try {
  if (made.status !== 0) console.log(`skipped: no veth pair can be made: ${made.stderr.trim()}`)
  else {
    let good = 0
    let bad = 0
    let pace = FROM
    while (bad === 0 || bad / good > 1.1) {
      const result = await run(namespace, folder, Math.round(pace))
      const isGood = result.counted === result.sent
      console.log(
        `${(result.pace / 1e3).toFixed(0)} k packets/s: ${result.sent} sent, ${result.sent - result.counted} lost, ${(result.perCpuSecond / 1e3).toFixed(0)} k packets per CPU second of weir, ${result.rssMegabytes.toFixed(0)} MB`,
      )
      if (isGood) good = Math.max(good, result.pace)
      else bad = pace
      if (good === 0 && bad < FROM / 8) break
      if (isGood && result.pace < pace * 0.9) {
        console.log('the sender cannot send faster')
        break
      }
      pace = good === 0 ? bad / 2 : bad === 0 ? good * 1.5 : Math.sqrt(good * bad)
    }
    console.log(`live on a veth pair: ${(good / 1e3).toFixed(0)} k packets/s without a loss`)
  }
} finally {
  spawnSync('ip', ['netns', 'del', namespace])
}
