// npm run bench [NAME…]: every lib/**/*.bench.ts and scripts/bench/*.mjs whose path contains a NAME, one after the
// other, each in a process of its own; without names all of them.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
/** Files of scripts/bench that are no bench themselves. */
const PARTS = [
  'datagrams.mjs',
  'ordered-sink.mjs',
  'peers.mjs',
  'send.mjs',
  'ship-sink.mjs',
  'whole-process.mjs',
]

const benches = [
  ...['cmd', 'lib'].flatMap((room) =>
    readdirSync(join(root, room), { recursive: true })
      .filter((file) => file.endsWith('.bench.ts'))
      .map((file) => join(room, file)),
  ),
  ...readdirSync(join(root, 'scripts/bench'))
    .filter((file) => file.endsWith('.mjs') && !PARTS.includes(file))
    .map((file) => join('scripts/bench', file)),
].sort()

const words = process.argv.slice(2)
const names = words.filter((word) => !word.startsWith('--'))
const flags = words.filter((word) => word.startsWith('--'))
const wanted = benches.filter((file) => names.length === 0 || names.some((name) => file.includes(name)))
if (wanted.length === 0) {
  console.error(`bench: nothing is called ${names.join(' or ')}; there are:\n  ${benches.join('\n  ')}`)
  process.exit(2)
}

const { stdout } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' })
const model = cpus()[0]?.model.trim() ?? 'unknown CPU'
console.log(
  `Node ${process.versions.node}, ${cpus().length} x ${model}, commit ${stdout?.trim() || 'unknown'}`,
)
let failed = 0
for (const file of wanted) {
  console.log(`\n${file}`)
  const args = ['--disable-warning=ExperimentalWarning', '--expose-gc', join(root, file), ...flags]
  if (spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status !== 0) failed++
}
process.exitCode = failed > 0 ? 1 : 0
