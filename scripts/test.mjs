// Runs every *.test.ts under cmd, lib and scripts with uvu; arguments are path fragments.
// Fails on a file that ran no test and, in a full run, on a golden that nothing compared.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const fragments = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const files = ['cmd', 'lib', 'scripts']
  .flatMap((room) => readdirSync(join(root, room), { recursive: true }).map((file) => join(room, file)))
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) => fragments.length === 0 || fragments.some((fragment) => file.includes(fragment)))
  .sort()

globalThis.UVU_DEFER = 1
const uvu = await import('uvu')
// What is not called is only imported: uvu queues suites in these globals when a file calls `.run()`.
void uvu
globalThis.UVU_QUEUE = []
globalThis.GOLDENS_COMPARED = new Set()

let passed = 0
let failed = 0
let skipped = 0
const started = performance.now()
for (const file of files) {
  const index = globalThis.UVU_QUEUE.push([null]) - 1
  globalThis.UVU_INDEX = index
  const before = performance.now()
  let ran = 0
  let bad = 0
  try {
    await import(join(root, file))
    for (const suite of globalThis.UVU_QUEUE[index].slice(1)) {
      const [errors, good, skips, total] = await suite()
      if (errors.length > 0) process.stdout.write(`\n${file}${errors}\n`)
      passed += good
      bad += total - good
      skipped += skips
      ran += total + skips
    }
    if (ran === 0) {
      process.stdout.write(`\n${file}: ran no test; does it end with test.run()?\n`)
      bad++
    }
  } catch (error) {
    process.stdout.write(`\n${file}: ${error?.stack ?? error}\n`)
    bad++
  }
  failed += bad
  const ms = performance.now() - before
  if (ms > 1000 || bad > 0)
    process.stdout.write(`\n${file}: ${(ms / 1000).toFixed(1)} s${bad > 0 ? `, ${bad} failed` : ''}\n`)
}

if (fragments.length === 0) {
  for (const name of readdirSync(join(root, 'testdata'), { recursive: true })) {
    if (!/\.golden(\.|$)/.test(name)) continue
    if (!globalThis.GOLDENS_COMPARED.has(join('testdata', name))) {
      process.stdout.write(`\nno test compares testdata/${name}: remove it or its test is missing\n`)
      failed++
    }
  }
}

process.stdout.write(`\n${files.length} files, ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
process.exit(failed > 0 ? 1 : 0)
