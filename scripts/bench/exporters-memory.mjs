// Resident memory of the executable with 10,000 exporters of 20 different templates, live; then with what strangers
// send who mean harm. npm run bench exporters-memory -- --exporters=10000 --http (scrapes the pages as well).
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { openUdpSender } from '../../lib/receive/udp-sender.ts'
import { kernelDrops, weir } from './peers.mjs'

const PORT = 31_956
const HTTP = 31_957
const HEADER = 20
const DATA_OCTETS = 1_000

const words = process.argv.slice(2)
const numberOf = (name, otherwise) =>
  Number(words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? otherwise)
const exporters = numberOf('exporters', 10_000)
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
let number = 0

/** A NetFlow v9 header with room for sets behind it. */
function message(octets) {
  const payload = Buffer.alloc(HEADER + octets)
  payload.writeUInt16BE(9, 0)
  payload.writeUInt16BE(1, 2)
  payload.writeUInt32BE(1_000_000, 4)
  payload.writeUInt32BE(Math.floor(Date.now() / 1000), 8)
  payload.writeUInt32BE(++number, 12)
  payload.writeUInt32BE(1, 16)
  return payload
}

/** `count` templates of `fields` fields; no two in this run are alike. */
function templates(count, fields, firstId = 256) {
  const octets = 4 + count * (4 + fields * 4)
  const payload = message(octets)
  payload.writeUInt16BE(octets, HEADER + 2)
  let at = HEADER + 4
  for (let i = 0; i < count; i++) {
    payload.writeUInt16BE(firstId + i, at)
    payload.writeUInt16BE(fields, at + 2)
    at += 4
    let rest = ++number
    for (let field = 0; field < fields; field++, at += 4) {
      payload.writeUInt16BE(1 + (field % 400), at)
      payload.writeUInt16BE(1 + (rest & 3), at + 2)
      rest >>>= 2
    }
  }
  return payload
}

/** A data set of zeros. */
function data(id, octets) {
  const payload = message(octets)
  payload.writeUInt16BE(id, HEADER)
  payload.writeUInt16BE(octets, HEADER + 2)
  return payload
}

/** Each of `count` addresses sends what `make` gives for it; slowly enough that nothing is lost. */
async function fromEach(count, make) {
  let octets = 0
  for (let i = 0; i < count; i++) {
    const source = `127.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`
    const sender = openUdpSender({ host: '127.0.0.1', port: PORT, source, sourcePort: 40_000 })
    for (const payload of make(i)) {
      sender.load([payload])
      sender.send()
      octets += payload.length
    }
    sender.close()
    if (octets < 1 << 20) continue
    octets = 0
    await sleep(25)
  }
  await sleep(500)
}

if (weir === undefined) throw new Error('dist/weir is missing; run npm run build first')
const child = spawn(
  weir,
  ['collect', '--listen', `netflow://127.0.0.1:${PORT}`, '--state', 'none', '--output', '/dev/null'].concat([
    '--addr',
    `127.0.0.1:${HTTP}`,
  ]),
  { stdio: ['ignore', 'ignore', 'inherit'] },
)
const exit = new Promise((resolve) => child.on('exit', resolve))
process.on('exit', () => child.kill('SIGKILL'))

function tell(what) {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  const megabytes = (key) =>
    Math.round((Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)[1]) * 1024) / 1e6)
  console.log(
    `${what}: ${megabytes('VmRSS')} MB resident (at most ${megabytes('VmHWM')} so far), ` +
      `${kernelDrops(PORT)} datagrams dropped`,
  )
}

async function scrape(path) {
  const started = performance.now()
  const reply = await fetch(`http://127.0.0.1:${HTTP}${path}`)
  const { length } = await reply.text()
  const ms = Math.round(performance.now() - started)
  tell(`  ${path} (${reply.status}, ${(length / 1e6).toFixed(1)} MB in ${ms} ms)`)
}

await sleep(1000)
tell('at start')
await fromEach(exporters, () => [templates(20, 20)])
tell(`${exporters} exporters with 20 templates of 20 fields, all different`)
await fromEach(exporters, () => [data(256, DATA_OCTETS), data(275, DATA_OCTETS)])
tell('  and data for two of them each')
if (words.includes('--http')) for (const path of ['/metrics', '/templates', '/metrics']) await scrape(path)
await fromEach(exporters, (i) => [data(300 + (i % 50), 1_400)])
tell('  and data that no template describes')
await fromEach(40_000, () => [templates(1, 1_000)])
tell('40,000 strangers with a template of 1,000 fields')
await fromEach(500, () => [templates(1, 1_000), data(256, 4_000)])
tell('  and 500 with data')
await fromEach(1, () => Array.from({ length: 5_000 }, (_, i) => templates(1, 1_000, 256 + i)))
tell('one exporter with 5,000 templates of 1,000 fields')
await fromEach(100_000, () => [data(256, 100)])
tell('100,000 forged sources')
if (words.includes('--http')) for (const path of ['/metrics', '/templates']) await scrape(path)
child.kill('SIGTERM')
process.exitCode = await exit
