// `npm run bench collect`: weir beside goflow2, nfcapd and the Rust crate netflow_parser, in one run on one machine.
// Arguments choose parts: memory cpu receive live; all by default. Whole processes are fed over loopback and judged
// by their CPU seconds, which other load on the machine disturbs least. Peers that are absent are named.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newDecoder } from '../../lib/decode/decoder.ts'
import { DEFAULT_LIMITS } from '../../lib/decode/settings.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { BatchWriter } from '../../lib/flow/batch-writer.ts'
import { NO_CAPTURES } from '../../lib/flow/captures.ts'
import { newDatagram } from '../../lib/flow/datagram.ts'
import { makeWorkload } from '../../lib/testing/workload.ts'
import {
  cargo,
  goflow2,
  kernelDrops,
  nfcapd,
  runSender,
  settle,
  startCollector,
  temporaryFolder,
  usage,
  weir,
} from './peers.mjs'

const here = import.meta.dirname
const chosen = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const wants = (part) => chosen.length === 0 || chosen.includes(part)
const folder = temporaryFolder()
let port = 31_000

const si = (value) =>
  value >= 1e6
    ? `${(value / 1e6).toFixed(2)} M`
    : value >= 1e3
      ? `${(value / 1e3).toFixed(1)} k`
      : value.toFixed(1)

// ---- memory: decode to columns, no process around it

function newMemoryDecoder() {
  let rows = 0
  const writer = new BatchWriter('flow', (batch) => {
    rows += batch.rowCount
    batch.reset()
    return batch
  })
  const decoder = newDecoder({
    writers: { flow: writer },
    captures: NO_CAPTURES,
    keepUnknown: false,
    sampling: { overrides: [], default: 0 },
    limits: DEFAULT_LIMITS,
    log: SILENT,
  })
  return { decoder, rows: () => rows + writer.pending }
}

function decodeFromMemory(kind) {
  const { templates, datagrams } = makeWorkload(kind, 2000)
  const { decoder, rows } = newMemoryDecoder()
  const datagram = newDatagram()
  datagram.address.set([0, 0, 0xffff, 0x7f000001])
  datagram.port = 50_000
  const give = (octets) => {
    datagram.octets = octets
    datagram.view = new DataView(octets.buffer, octets.byteOffset, octets.length)
    datagram.to = octets.length
    decoder.decode(datagram, 'flow')
  }
  for (const octets of templates) give(octets)
  const round = () => {
    const before = rows()
    const started = performance.now()
    for (const octets of datagrams) give(octets)
    return (rows() - before) / ((performance.now() - started) / 1000)
  }
  for (let i = 0; i < 20; i++) round()
  const rates = Array.from({ length: 30 }, round).sort((a, b) => a - b)
  return rates[15]
}

function rustPeer() {
  if (cargo === undefined) return undefined
  const target = join(tmpdir(), 'weir-bench-cargo')
  const source = mkdtempSync(join(tmpdir(), 'weir-bench-rust-'))
  cpSync(join(here, 'netflow-parser'), source, { recursive: true })
  const built = spawnSync(cargo, ['build', '--release', '--quiet'], {
    cwd: source,
    env: { ...process.env, CARGO_TARGET_DIR: target },
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  const binary = join(target, 'release/netflow-parser-peer')
  return built.status === 0 && existsSync(binary) ? binary : undefined
}

function rustRate(binary, kind) {
  const { templates, datagrams } = makeWorkload(kind, 2000)
  const pieces = [...templates, ...datagrams].flatMap((octets) => {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(octets.length)
    return [length, octets]
  })
  const file = join(folder, `${kind}.bin`)
  writeFileSync(file, Buffer.concat(pieces))
  const [flows, seconds] = execFileSync(binary, [file, String(templates.length), '20'], {
    encoding: 'utf8',
  }).split(' ')
  return Number(flows) / Number(seconds)
}

if (wants('memory')) {
  console.log('decode to columns from memory, one core, flows/s')
  const binary = rustPeer()
  if (binary === undefined) console.log('  netflow_parser: absent (no cargo, or it did not build)')
  for (const kind of ['v5', 'v5-one', 'v9', 'ipfix', 'sflow']) {
    const ours = decodeFromMemory(kind)
    let line = `  ${kind.padEnd(7)} weir ${si(ours)}`
    if (binary !== undefined && kind !== 'sflow' && kind !== 'v5-one') {
      const theirs = rustRate(binary, kind)
      line += `   netflow_parser ${si(theirs)}   ratio ${(ours / theirs).toFixed(2)}`
    }
    console.log(line)
  }
}

// ---- cpu: flows per CPU second of the whole process

async function flowsPerCpuSecond(name, kind, output, datagrams, perSecond) {
  port += 10
  const collector = await startCollector(name, { protocol: kind, port, output, folder, toNull: true })
  try {
    await runSender(kind, port, Math.ceil(datagrams / 5), perSecond)
    await settle(collector.pid)
    const before = usage(collector.pid).cpuSeconds
    const { flows, seconds } = await runSender(kind, port, datagrams, perSecond)
    const after = await settle(collector.pid, 120)
    const lost = kernelDrops(port)
    return { rate: flows / (after - before), lost, rss: usage(collector.pid).rssMegabytes, seconds }
  } finally {
    await collector.stop()
    collector.remove()
  }
}

if (wants('cpu') && weir !== undefined) {
  console.log('flows per CPU second, whole process, UDP in, JSON lines to /dev/null')
  if (goflow2 === undefined) console.log('  goflow2: absent')
  for (const output of ['default', 'elastic']) {
    for (const kind of ['v5', 'v9', 'ipfix', 'sflow']) {
      const scale = kind === 'sflow' ? 4 : 1
      const ours = await flowsPerCpuSecond('weir', kind, output, 60_000 * scale, 6_000 * scale)
      let line = `  ${output.padEnd(8)} ${kind.padEnd(6)} weir ${si(ours.rate)} (dropped ${ours.lost}, ${ours.rss.toFixed(0)} MB)`
      if (goflow2 !== undefined) {
        const theirs = await flowsPerCpuSecond('goflow2', kind, output, 2000 * scale, 1000 * scale)
        line += `   goflow2 ${si(theirs.rate)} (dropped ${theirs.lost})   ratio ${(ours.rate / theirs.rate).toFixed(1)}`
      }
      console.log(line)
    }
  }
}

// ---- receive: receive and decode only, beside nfcapd (which also writes its file)

if (wants('receive') && weir !== undefined) {
  console.log('receive and decode only, rows per CPU second')
  if (nfcapd === undefined) console.log('  nfcapd: absent')
  for (const [kind, datagrams, perSecond] of [
    ['v5', 400_000, 40_000],
    ['v9', 400_000, 40_000],
    ['v5-one', 1_500_000, 140_000],
  ]) {
    const ours = await flowsPerCpuSecond('weir', kind, 'none', datagrams, perSecond)
    let line = `  ${kind.padEnd(7)} weir ${si(ours.rate)} (dropped ${ours.lost}, ${ours.rss.toFixed(0)} MB)`
    if (nfcapd !== undefined) {
      const theirs = await flowsPerCpuSecond('nfcapd', kind, 'none', datagrams, perSecond)
      line += `   nfcapd ${si(theirs.rate)} (dropped ${theirs.lost})   ratio ${(ours.rate / theirs.rate).toFixed(2)}`
    }
    console.log(line)
  }
}

// ---- live: the highest pace at which nothing is lost and nothing lags half a second behind

async function keepsUp(name, kind, output, perSecond) {
  port += 10
  const seconds = 3
  const collector = await startCollector(name, { protocol: kind, port, output, folder })
  try {
    await runSender(kind, port, Math.max(64, perSecond / 2), perSecond / 2)
    await settle(collector.pid, 20)
    const before = output === 'none' ? 0 : collector.lines()
    const { flows, sent, seconds: took } = await runSender(kind, port, perSecond * seconds, perSecond)
    await new Promise((resolve) => setTimeout(resolve, 500))
    const dropped = kernelDrops(port)
    const isComplete = output === 'none' ? dropped === 0 : collector.lines() - before === flows
    return isComplete && dropped === 0 && sent / took > perSecond * 0.95
  } finally {
    await collector.stop()
    collector.remove()
  }
}

async function highestRate(name, kind, output, from) {
  let good = 0
  let bad = 0
  let rate = from
  while (bad === 0 || bad / good > 1.15) {
    if (await keepsUp(name, kind, output, Math.round(rate))) good = rate
    else bad = rate
    if (bad > 0 && good === 0) rate = bad / 2
    else rate = bad === 0 ? good * 1.6 : Math.sqrt(good * bad)
    if (rate < 10) break
  }
  return good
}

if (wants('live') && weir !== undefined) {
  console.log('live UDP on all cores, highest datagrams/s without loss or lag (3 s runs, within 15 %)')
  for (const kind of ['v5', 'v9']) {
    const ours = await highestRate('weir', kind, 'default', 4000)
    let line = `  ${kind.padEnd(7)} JSON to a file: weir ${si(ours)}`
    if (goflow2 !== undefined) {
      const theirs = await highestRate('goflow2', kind, 'default', 300)
      line += `   goflow2 ${si(theirs)}   ratio ${(ours / theirs).toFixed(1)}`
    }
    console.log(line)
  }
  const ours = await highestRate('weir', 'v5-one', 'none', 200_000)
  console.log(`  v5-one  receive and decode only: weir ${si(ours)}`)
}
if (weir === undefined && (wants('cpu') || wants('receive') || wants('live'))) {
  console.log('weir: dist/weir is missing; run npm run build first')
}
process.exit(0)
