// Everything a commit must pass: types, Biome, import rules, tests; or only the parts that are named.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const bin = (name) => join(root, 'node_modules/.bin', name)
const steps = [
  ['types', process.execPath, [bin('tsc')]],
  ['style', process.execPath, [bin('biome'), 'check', '--error-on-warnings']],
  ['imports', process.execPath, [join(root, 'scripts/check-imports.mjs')]],
  ['tests', process.execPath, ['--disable-warning=ExperimentalWarning', join(root, 'scripts/test.mjs')]],
]
const wanted = process.argv.slice(2)
let failed = false
for (const [name, command, args] of steps) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) {
    console.error(`check: ${name} failed`)
    failed = true
  }
}
process.exitCode = failed ? 1 : 0
