import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ARCHIVE_CALLS } from '../lib/archive/archive-calls.ts'
import { openArchive } from '../lib/archive/archive-reader.ts'
import { FileWriter } from '../lib/archive/file-writer.ts'
import { formatAddress } from '../lib/bytes/address.ts'
import { SILENT } from '../lib/diagnostics/log.ts'
import { FlowBatch } from '../lib/flow/batch.ts'
import { BatchWriter } from '../lib/flow/batch-writer.ts'
import { type NatQuestion, natQuestion } from '../lib/report/nat/nat-question.ts'
import { answerNat } from '../lib/report/nat/nat-report.ts'
import { FlowGenerator } from '../lib/testing/flow-generator.ts'
import { natWorld } from '../lib/testing/nat-world.ts'
import { newRandom } from '../lib/testing/workload.ts'

// A day: planted translations among flows of a provider, asked about one by one and all at once.

const ROWS = Number(process.env['ROWS'] ?? 2_000_000)
const HOLDINGS = Number(process.env['HOLDINGS'] ?? 100_000)

/** CPU time, all threads of the process. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Writes the day and gives what will be asked; what was planted is forgotten, so that memory is that of a process. */
function plant(writer: FileWriter): { rows: number; questions: NatQuestion[] } {
  const world = natWorld(1, HOLDINGS)
  const generator = new FlowGenerator(1, ROWS / 86_400)
  const noise = new FlowBatch()
  let rows = 0
  const batches = new BatchWriter('flow', (full) => {
    writer.append(full)
    full.reset()
    // Flows of everybody else come in between.
    if (rows < ROWS) {
      for (let i = 0; i < ROWS / 700_000; i++) {
        noise.reset()
        generator.fill(noise)
        writer.append(noise)
        rows += noise.rowCount
      }
    }
    return full
  })
  world.write(batches)
  batches.flush()
  writer.close()
  const random = newRandom(2)
  const questions = world.holdings.map(({ publicIp, firstPort, protocol, fromNs, toNs }, i): NatQuestion => {
    const ip = formatAddress(Uint32Array.of(0, 0, 0xffff, publicIp), 0)
    const ms = (fromNs + ((toNs - fromNs) * BigInt(random(1000))) / 700n) / 1_000_000n
    const asked = natQuestion(
      i + 1,
      false,
      ip,
      String(firstPort),
      String(ms),
      protocol < 0 ? null : String(protocol),
    )
    if (typeof asked === 'string') throw new Error(asked)
    return asked
  })
  return { rows, questions }
}

const directory = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'weir-bench-'))
try {
  const path = join(directory, 'flows.weir')
  const writer = new FileWriter({
    path,
    stream: 'bench',
    createdNs: 0n,
    blockRows: 131_072,
    mostAddresses: 2_000_000,
    calls: ARCHIVE_CALLS,
    log: SILENT,
  })
  const { rows, questions } = plant(writer)
  const random = newRandom(3)
  const settings = {
    rules: [],
    slackNs: 5_000_000_000n,
    reachNs: 86_400_000_000_000n,
    filter: null,
    leastIndexed: 250_000,
  }
  const options = { memoryOctets: 2 ** 30, temporaryDirectory: directory }
  const statuses = new Map<string, number>()
  const measure = async (name: string, own: readonly NatQuestion[]) => {
    const file = openArchive(path)
    const started = cpuMs()
    const { answers } = await answerNat(own, [file], settings, options)
    for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1)
    const ms = cpuMs() - started
    file.close()
    if (name !== '') console.log(`nat ${name}: ${ms.toFixed(1)} ms, ${(ms / own.length).toFixed(3)} ms each`)
    return ms
  }
  console.log(`nat: ${rows} flows and ${questions.length} translations in one file`)
  const single: number[] = []
  for (let i = 0; i < 20; i++) single.push(await measure('', [questions[random(questions.length)]!]))
  single.sort((a, b) => a - b)
  console.log(`nat one by one: median ${single[10]!.toFixed(1)} ms, worst ${single[19]!.toFixed(1)} ms`)
  await measure(`${questions.length} at once`, questions)
  console.log([...statuses].map(([status, count]) => `${status} ${count}`).join(', '))
  console.log(`memory: ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
