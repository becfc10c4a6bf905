import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type NatQuestion, natQuestion } from '../lib/report/nat/nat-question.ts'
import { answerNat } from '../lib/report/nat/nat-report.ts'
import { newRandom } from '../lib/testing/workload.ts'
import { openFlowInputs } from './flow-inputs.ts'
import { natDayQuestions, writeNatDay } from './testing/nat-day.ts'
import { ALL_TIMES } from './times.ts'

// A day: planted translations among flows of a provider, asked about one by one and all at once, with an index and
// without. With NAT_DAY=FOLDER the day is made there once and stays.

const ROWS = Number(process.env['ROWS'] ?? 2_000_000)
const HOLDINGS = Number(process.env['HOLDINGS'] ?? 100_000)
const FILE_MS = Number(process.env['FILE_MINUTES'] ?? 60) * 60_000
const SINGLE = 50
const SETTINGS = { rules: [], slackNs: 5_000_000_000n, reachNs: 86_400_000_000_000n, filter: null }

/** CPU time, all threads of the process. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Questions in an order without pattern; what was planted is forgotten, so that memory is that of a process. */
function ask(): { words: string[]; question: NatQuestion }[] {
  const random = newRandom(4)
  const planted = natDayQuestions(HOLDINGS)
  return planted.map((_, i) => {
    const words = planted[random(planted.length)]!
    const [ip, port, at, protocol = null] = words as [string, string, string, string?]
    const question = natQuestion(i + 1, false, ip, port, at, protocol)
    if (typeof question === 'string') throw new Error(question)
    return { words, question }
  })
}

function show(name: string, times: number[]): void {
  const sorted = times.sort((a, b) => a - b)
  const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))]!.toFixed(1)
  console.log(`nat ${name}: median ${at(0.5)} ms, 90 % ${at(0.9)} ms, worst ${at(1)} ms`)
}

const kept = process.env['NAT_DAY']
const directory = kept ?? mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'weir-bench-'))
try {
  if (kept === undefined || !existsSync(kept) || readdirSync(kept).length === 0)
    writeNatDay(directory, { flows: ROWS, holdings: HOLDINGS, fileMs: FILE_MS })
  const questions = ask()
  const inputs = await openFlowInputs([directory], ALL_TIMES)
  const options = { memoryOctets: 2 ** 30, temporaryDirectory: tmpdir() }
  const measure = async (own: readonly NatQuestion[], leastIndexed: number | null) => {
    const statuses = new Map<string, number>()
    const started = cpuMs()
    const { answers } = await answerNat(own, inputs.flows, { ...SETTINGS, leastIndexed }, options)
    for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1)
    return { ms: cpuMs() - started, statuses }
  }
  const rows = inputs.flows.reduce(
    (sum, input) => sum + ('blocks' in input ? input.blocks.reduce((all, block) => all + block.rows, 0) : 0),
    0,
  )
  console.log(`nat: ${rows} rows, ${questions.length} translations, ${inputs.flows.length} files`)
  const one = async (leastIndexed: number | null, count: number) => {
    const times: number[] = []
    for (const { question } of questions.slice(0, count))
      times.push((await measure([question], leastIndexed)).ms)
    return times
  }
  show('one by one, without index', await one(null, 10))
  console.log(`nat first question, which makes the index: ${(await one(1, 1))[0]!.toFixed(0)} ms`)
  show('one by one', await one(1, SINGLE))
  for (const leastIndexed of [null, 1]) {
    const all = questions.map(({ question }) => question)
    const { ms, statuses } = await measure(all, leastIndexed)
    const name = leastIndexed === null ? 'without index' : 'with index'
    const counts = [...statuses].sort().map(([status, count]) => `${status} ${count}`)
    console.log(
      `nat ${all.length} at once, ${name}: ${(ms / all.length).toFixed(3)} ms each; ${counts.join(', ')}`,
    )
  }
  inputs.close()
  const executable = fileURLToPath(new URL('../dist/weir', import.meta.url))
  if (existsSync(executable)) {
    const spawned = (words: readonly string[]) => {
      const started = performance.now()
      const { status } = spawnSync(executable, words, { stdio: 'ignore' })
      if (status !== 0) throw new Error(`weir ${words.join(' ')} ended with ${status}`)
      return performance.now() - started
    }
    const asking = questions.slice(0, SINGLE).map(({ words: [ip, port, at, protocol] }) => {
      const proto = protocol === undefined ? [] : ['--proto', protocol]
      return ['analyze', 'nat', '--in', directory, '--ip', ip!, '--port', port!, '--at', at!, ...proto]
    })
    show('whole process', asking.map(spawned))
    show(
      'of these, weir --version',
      asking.map(() => spawned(['--version'])),
    )
  }
  console.log(`memory: ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`)
} finally {
  if (kept === undefined) rmSync(directory, { recursive: true, force: true })
}
