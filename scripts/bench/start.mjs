// How long `dist/weir --version`, a help page and a report on a small archive take, against `node -e 0` of the Node that
// they carry, taken in turns. (From the start of weir ship to its first request: scripts/bench/ship.mjs.)
// The rounds are paired, so that other work on the machine hits both; the figure is the ratio of the medians.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MOST = 1.3
const ROUNDS = 41
const weir = join(import.meta.dirname, '../../dist/weir')

if (!existsSync(weir)) {
  console.error('dist/weir is missing: npm run build')
  process.exit(1)
}

function time(command, args) {
  const started = performance.now()
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ms = performance.now() - started
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ends with ${status}`)
  return ms
}

function quantile(sorted, part) {
  return sorted[Math.floor((sorted.length - 1) * part)]
}

const folder = mkdtempSync(join(tmpdir(), 'weir-start-'))
process.on('exit', () => rmSync(folder, { recursive: true }))
const capture = join(import.meta.dirname, '../../testdata/demo/office.pcap')
time(weir, ['collect', '--read', capture, '--archive', folder])

const cases = [
  ['node -e 0', process.execPath, ['-e', '0']],
  ['weir --version', weir, ['--version']],
  ['weir collect --help', weir, ['collect', '--help']],
  ['weir analyze top', weir, ['analyze', 'top', '--in', folder]],
]
const times = cases.map(() => [])
for (let round = -2; round < ROUNDS; round++) {
  for (const [i, [, command, args]] of cases.entries()) {
    const ms = time(command, args)
    if (round >= 0) times[i].push(ms)
  }
}
for (const list of times) list.sort((a, b) => a - b)
const base = quantile(times[0], 0.5)
for (const [i, [name]] of cases.entries()) {
  const [least, median, most] = [0, 0.5, 1].map((part) => quantile(times[i], part))
  console.log(
    `${name.padEnd(22)} ${least.toFixed(1)} / ${median.toFixed(1)} / ${most.toFixed(1)} ms (min/median/max), ` +
      `${(median / base).toFixed(2)} times node -e 0`,
  )
}
const ratio = quantile(times[1], 0.5) / base
console.log(
  `weir --version: ${ratio.toFixed(2)}, want at most ${MOST}: ${ratio <= MOST ? 'good' : 'too slow'}`,
)
process.exitCode = ratio <= MOST ? 0 : 1
