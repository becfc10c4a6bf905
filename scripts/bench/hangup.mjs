// Full load with a rename and a SIGHUP every 50 ms: every flow must be one line, once, and no line may be cut.
// npm run bench hangup -- --seconds=60 --rate=20000 (datagrams of 30 flows a second) --short (one field of each flow).
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openUdpSender } from '../../lib/receive/udp-sender.ts'
import { kernelDrops, usage, weir } from './peers.mjs'

const RECORDS = 30
const PORT = 31_955

/** Numbers every flow in its octet counter, from 1. */
function send(count, perSecond) {
  const sender = openUdpSender({ host: '127.0.0.1', port: PORT })
  const payloads = Array.from({ length: 32 }, () => Buffer.alloc(24 + RECORDS * 48))
  let flow = 0
  let sent = 0
  const started = performance.now()
  while (sent < count) {
    for (const payload of payloads) {
      payload.writeUInt16BE(5, 0)
      payload.writeUInt16BE(RECORDS, 2)
      payload.writeUInt32BE(flow, 16)
      for (let i = 0; i < RECORDS; i++) payload.writeUInt32BE(++flow, 24 + i * 48 + 20)
    }
    const wait = started + (sent / perSecond) * 1000 - performance.now()
    if (wait > 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, wait)
    sender.load(payloads)
    if (sender.send() !== payloads.length) throw new Error('the kernel did not take all')
    sent += payloads.length
  }
  process.stdout.write(String(flow))
}

async function main(seconds, perSecond, shape) {
  if (weir === undefined) throw new Error('dist/weir is missing; run npm run build first')
  const folder = mkdtempSync(join(process.env.BENCH_FOLDER ?? tmpdir(), 'weir-hangup-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'flows')
  writeFileSync(join(folder, 'map.yaml'), 'formatter:\n  fields: [bytes]\n')
  const mapping = shape === 'short' ? ['--mapping', join(folder, 'map.yaml')] : []
  const args = ['collect', '--listen', `netflow://127.0.0.1:${PORT}`, '--output', file, '--addr', '']
  const child = spawn(weir, [...args, '--state', 'none', ...mapping], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exit = new Promise((resolve) => child.on('exit', resolve))
  await new Promise((resolve) => setTimeout(resolve, 1000))

  const count = seconds * perSecond
  const seen = new Uint8Array((count + 64) * RECORDS + 1)
  const found = { lines: 0, cut: 0 }
  const sender = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', import.meta.filename, 'send', count, perSecond].map(String),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let sentFlows = ''
  sender.stdout.on('data', (chunk) => {
    sentFlows += chunk
  })
  let isSending = true
  sender.on('exit', () => {
    isSending = false
  })
  let rotations = 0
  const resident = []
  const turned = setInterval(() => {
    if (existsSync(file)) renameSync(file, `${file}.${rotations++}`)
    child.kill('SIGHUP')
  }, 50)
  while (isSending) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    resident.push(Math.round(usage(child.pid).rssMegabytes))
    // What was turned a second ago is complete.
    check(folder, rotations - 20, seen, found)
  }
  clearInterval(turned)
  await new Promise((resolve) => setTimeout(resolve, 300))
  const { cpuSeconds } = usage(child.pid)
  const dropped = kernelDrops(PORT)
  child.kill('SIGTERM')
  const status = await exit
  check(folder, Number.POSITIVE_INFINITY, seen, found)
  const flows = Number(sentFlows)
  let missing = 0
  let twice = 0
  for (let flow = 1; flow <= flows; flow++) {
    if (seen[flow] === 0) missing++
    else if (seen[flow] > 1) twice++
  }
  console.log(`${flows} flows in ${seconds} s, ${rotations} renames, ${cpuSeconds} CPU s, status ${status}`)
  console.log(
    `${found.lines} lines, ${missing} missing, ${twice} twice, ${found.cut} cut, ${dropped} datagrams dropped`,
  )
  console.log(
    `resident MB over time: ${resident.filter((_, i) => i % Math.ceil(resident.length / 20) === 0).join(' ')}`,
  )
  process.exitCode = missing + twice + found.cut + status === 0 ? 0 : 1
}

/** Counts the flows of the files turned before `before`, and removes them. */
function check(folder, before, seen, found) {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith('flows')) continue
    const number = name === 'flows' ? Number.MAX_SAFE_INTEGER : Number(name.slice(6))
    if (number >= before) continue
    const octets = readFileSync(join(folder, name))
    rmSync(join(folder, name))
    for (let from = 0; from < octets.length; ) {
      const end = octets.indexOf(10, from)
      const line = octets.latin1Slice(from, end < 0 ? octets.length : end)
      const match =
        /^\{(?:"type":"NETFLOW_V5",.*)?"bytes":(\d+)(?:,.*"ipv6_routing_header_seg_left":0)?\}$/.exec(line)
      if (end < 0 || match === null) found.cut++
      else {
        seen[Number(match[1])]++
        found.lines++
      }
      from = end < 0 ? octets.length : end + 1
    }
  }
}

const words = process.argv.slice(2)
const numberOf = (name, otherwise) =>
  Number(words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? otherwise)
if (words[0] === 'send') send(...words.slice(1).map(Number))
else await main(numberOf('seconds', 10), numberOf('rate', 8000), words.includes('--short') ? 'short' : 'json')
