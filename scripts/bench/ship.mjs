// weir ship into a sink that reads and answers: documents per CPU second of the shipping process, of goflow2's lines and of
// NetFlow v9 from an archive, with and without gzip; lines per CPU second to stdout; and from the start to the first
// request. The sink is a process of its own. CPU time is that of all threads, less that of a run over ten lines.
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ArchiveWriter } from '../../lib/archive/archive-writer.ts'
import { newDecoder } from '../../lib/decode/decoder.ts'
import { DEFAULT_LIMITS } from '../../lib/decode/settings.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { BatchWriter } from '../../lib/flow/batch-writer.ts'
import { NO_CAPTURES } from '../../lib/flow/captures.ts'
import { received } from '../../lib/testing/datagrams.ts'
import { makeWorkload } from '../../lib/testing/workload.ts'
import { temporaryFolder, usage, weirCommand } from './peers.mjs'

const LINES = 1_000_000
const FLOWS = 1_000_000
const folder = temporaryFolder()

function writeLines(path, count) {
  const file = openSync(path, 'w')
  let text = ''
  for (let i = 0; i < count; i++) {
    const ns = 1_795_165_499_707_000_000n + BigInt(i) * 1000n
    text += `{"type":"SFLOW_5","time_flow_start_ns":${ns},"sampler_address":"192.0.2.${i % 8}","sequence_num":${i},"in_if":${i % 30},"out_if":${i % 31},"src_addr":"10.${i % 200}.${i % 251}.${i % 13}","dst_addr":"198.51.${i % 100}.${i % 255}","etype":"IPv4","proto":"${i % 3 ? 'TCP' : 'UDP'}","src_port":${1024 + (i % 60_000)},"dst_port":443,"src_vlan":10,"dst_vlan":20,"sampling_rate":1000,"bytes":${64 + (i % 1400)}}\n`
    if (text.length < 1 << 20 && i + 1 < count) continue
    writeSync(file, text)
    text = ''
  }
  closeSync(file)
}

/** An archive of NetFlow v9 flows, as a collector would have written it. */
function writeArchive(directory, flows) {
  const { templates, datagrams, flowsPerDatagram } = makeWorkload('v9', 4096)
  const archive = new ArchiveWriter({ directory, stream: 'bench', log: SILENT })
  const flow = new BatchWriter('flow', (full) => {
    archive.append(full)
    full.reset()
    return full
  })
  const limits = DEFAULT_LIMITS
  const sampling = { overrides: [], default: 0 }
  const decoder = newDecoder({
    writers: { flow },
    captures: NO_CAPTURES,
    keepUnknown: false,
    sampling,
    limits,
    log: SILENT,
  })
  for (const octets of templates) decoder.decode(received(octets), 'flow')
  for (let i = 0; i * flowsPerDatagram < flows; i++)
    decoder.decode(received(datagrams[i % datagrams.length]), 'flow')
  flow.flush()
  archive.close()
}

/** CPU seconds of a run, which reports them itself where it is over too soon to be asked. */
async function run(words, stdout = 'ignore') {
  const startedMs = Date.now()
  const child = spawn(weirCommand[0], [...weirCommand.slice(1), 'ship', ...words], {
    stdio: ['ignore', stdout, 'ignore'],
  })
  let cpu = 0
  const watching = setInterval(() => {
    try {
      cpu = Math.max(cpu, usage(child.pid).cpuSeconds)
    } catch {
      // It has ended.
    }
  }, 5)
  const [status] = await once(child, 'exit')
  clearInterval(watching)
  if (status !== 0) throw new Error(`ship ${words.join(' ')} ends with ${status}`)
  return { cpu, startedMs }
}

const sink = fork(join(import.meta.dirname, 'ship-sink.mjs'), { stdio: 'inherit' })
const [port] = await once(sink, 'message')
const url = `http://127.0.0.1:${port}`
const counts = async () => (await fetch(`${url}/counts`)).json()

const [log, few, archive] = ['big.log', 'few.log', 'archive'].map((name) => join(folder, name))
writeLines(log, LINES)
writeLines(few, 10)
writeArchive(archive, FLOWS)
writeFileSync(join(folder, 'none'), '')

const idle = (await run([few, '--to', '-'])).cpu
const printed = (await run([log, '--to', '-', '--documents-only'])).cpu - idle
console.log(`lines to stdout: ${(LINES / printed / 1e6).toFixed(3)} M lines per CPU second`)
for (const [name, path] of [
  ['goflow2.sflow', log],
  ['netflow.log', archive],
]) {
  for (const level of [0, 1]) {
    const words = [
      path,
      '--to',
      url,
      '--state',
      'none',
      '--compression-level',
      String(level),
      '--workers',
      '2',
    ]
    await counts()
    const { cpu } = await run(words)
    const { documents, octets } = await counts()
    const each = (octets / documents / 1000).toFixed(2)
    const rate = Math.round(documents / (cpu - idle))
    console.log(`${name}, gzip ${level}: ${rate} documents per CPU second, ${each} kB each on the wire`)
  }
}
const waits = []
for (let i = 0; i < 9; i++) {
  await counts()
  const { startedMs } = await run([few, '--to', url, '--state', 'none'])
  waits.push((await counts()).firstMs - startedMs)
}
waits.sort((a, b) => a - b)
console.log(`start to the first request: ${waits[4]} ms (median of 9), least ${waits[0]} ms`)
sink.disconnect()
