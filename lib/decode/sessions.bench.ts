import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SILENT } from '../diagnostics/log.ts'
import { NO_CAPTURES } from '../flow/captures.ts'
import type { Datagram } from '../flow/datagram.ts'
import {
  dataSet,
  netflow9Datagram,
  received,
  type Specifier,
  templateSet,
  u32,
} from '../testing/datagrams.ts'
import { discardingWriter } from '../testing/rows.ts'
import { newDecoder } from './decoder.ts'
import { Sessions } from './sessions.ts'
import { DEFAULT_LIMITS } from './settings.ts'
import { loadState, saveState } from './state-file.ts'

// What 10,000 exporters with 20 templates each cost, every template different from all others: memory, finding the
// session of a datagram, saving all and reading it back.

const EXPORTERS = 10_000
const TEMPLATES = 20
const FIELDS = 18
const LOOKUPS = 2_000_000

function cpuNs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) * 1000
}

function mebioctets(): number {
  globalThis.gc?.()
  return Math.round(process.memoryUsage.rss() / 2 ** 20)
}

function newSubject() {
  return newDecoder({
    writers: { flow: discardingWriter() },
    captures: NO_CAPTURES,
    keepUnknown: false,
    sampling: { overrides: [], default: 0 },
    limits: DEFAULT_LIMITS,
    log: SILENT,
  })
}

/** Templates of an exporter: the number of the exporter and template is in the lengths of their fields. */
function templatesOf(exporter: number): Uint8Array {
  const templates = Array.from({ length: TEMPLATES }, (_, i): [number, Specifier[]] => {
    let number = exporter * TEMPLATES + i
    const fields = Array.from({ length: FIELDS }, (_unused, field): Specifier => {
      const octets = 1 + (number & 3)
      number >>= 2
      return [field + 1, octets]
    })
    return [256 + i, fields]
  })
  return netflow9Datagram({ sets: [templateSet(9, templates)], sourceId: 1 })
}

function address(datagram: Datagram, exporter: number): void {
  datagram.address[3] = 0x0a000000 + exporter
}

function benchFind(): void {
  const sessions = new Sessions({
    limits: DEFAULT_LIMITS,
    takesResets: true,
    overrideOf: () => 0,
    forget: () => {},
  })
  const words = Uint32Array.of(0, 0, 0xffff, 0)
  const order = Uint32Array.from({ length: 65_536 }, () => Math.floor(Math.random() * EXPORTERS))
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    const started = cpuNs()
    for (let i = 0; i < LOOKUPS; i++) {
      words[3] = order[i & 0xffff]!
      const session = sessions.find(words, 2055, round * 10)
      sessions.domain(session, 9, 1, 'datagrams')
    }
    best = Math.min(best, (cpuNs() - started) / LOOKUPS)
  }
  console.log(
    `decode/sessions: ${best.toFixed(0)} ns to find one of ${EXPORTERS} sessions and its domain, at random`,
  )
}

function benchDatagrams(): void {
  const decoder = newSubject()
  const sets = [templateSet(9, [[256, [[1, 4]]]]), dataSet(256, [u32(1)])]
  const datagram = received(netflow9Datagram({ sets }))
  decoder.decode(datagram, 'flow')
  let sequence = 1
  const small = received(netflow9Datagram({ sets: [dataSet(256, [u32(1)])] }))
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 10; round++) {
    const started = cpuNs()
    for (let i = 0; i < 100_000; i++) {
      small.view.setUint32(small.from + 12, ++sequence)
      decoder.decode(small, 'flow')
    }
    best = Math.min(best, (cpuNs() - started) / 100_000)
  }
  console.log(
    `decode/sessions: ${best.toFixed(0)} ns for a v9 datagram of one record of one field, all included`,
  )
}

async function benchState(): Promise<void> {
  const before = mebioctets()
  const decoder = newSubject()
  let started = cpuNs()
  for (let exporter = 0; exporter < EXPORTERS; exporter++) {
    const datagram = received(templatesOf(exporter))
    address(datagram, exporter)
    decoder.decode(datagram, 'flow')
  }
  const learnt = (cpuNs() - started) / 1e6
  const after = mebioctets()
  console.log(
    `decode/sessions: ${EXPORTERS} exporters with ${TEMPLATES} templates each, all different, ${FIELDS} fields: ` +
      `${after} MiB in all, ${after - before} MiB more; learnt in ${learnt.toFixed(0)} ms with making them`,
  )
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'))
  try {
    started = performance.now()
    const state = decoder.saveState()
    const gathered = performance.now() - started
    let longest = 0
    let last = performance.now()
    const watch = setInterval(() => {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }, 1)
    await saveState(folder, [state])
    longest = Math.max(longest, performance.now() - last)
    clearInterval(watch)
    const all = performance.now() - started
    const octets = statSync(join(folder, 'collect-state.jsonl')).size
    console.log(
      `decode/sessions: saved in ${all.toFixed(0)} ms (${(octets / 1e6).toFixed(1)} MB), blocking for ` +
        `${gathered.toFixed(0)} ms and then at most ${longest.toFixed(0)} ms`,
    )
    started = performance.now()
    const again = newSubject()
    const loaded = await loadState(folder, SILENT)
    again.restoreState(loaded)
    console.log(`decode/sessions: read back in ${(performance.now() - started).toFixed(0)} ms`)
    console.log(`decode/sessions: ${mebioctets()} MiB with both and the files' content`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

await benchState()
benchFind()
benchDatagrams()
