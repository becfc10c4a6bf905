// Holds decoders to their properties under mutated input: they never throw, never give more rows than octets, keep
// batches well-formed, and give the same again. Usage: npm run fuzz -- [target…] [--seconds 60] [--seed N]
// An input that breaks a property is saved as testdata/fuzz/<target>/<hash>.hex and is a unit test from then on.
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newRandom } from '../lib/testing/workload.ts'

const root = join(import.meta.dirname, '..')
const args = process.argv.slice(2)
function option(name, fallback) {
  const at = args.indexOf(`--${name}`)
  if (at < 0) return fallback
  const value = Number(args[at + 1])
  args.splice(at, 2)
  return value
}
const seconds = option('seconds', 60)
const seed = option('seed', Date.now() % 2 ** 31)
const part = option('part', 1)
// Counted, not timed: crash is run by its name only.
if (args[0] === 'crash') {
  const { runCrash } = await import('./fuzz/crash.mjs')
  console.log(`crash: seed ${seed}`)
  process.exit((await runCrash(args.slice(1), part, newRandom(seed))) > 0 ? 1 : 0)
}
const TARGETS = {
  decode: './fuzz/decode.mjs',
  capture: './fuzz/capture.mjs',
  packets: './fuzz/packets.mjs',
  mapping: './fuzz/mapping.mjs',
  strict: './fuzz/strict.mjs',
  lines: './fuzz/lines.mjs',
  rotate: './fuzz/crash-rotate.mjs',
  archive: './fuzz/crash-archive.mjs',
  server: './fuzz/server.mjs',
  ship: './fuzz/crash-ship.mjs',
}
const names = args.length > 0 ? args : Object.keys(TARGETS)
for (const name of names) {
  if (TARGETS[name] === undefined) {
    console.error(`fuzz: unknown target ${name}: one of ${Object.keys(TARGETS).join(', ')}`)
    process.exit(2)
  }
}

let passed = 0
let failed = 0
// Decoding of datagrams is what the network reaches: it gets half of the time.
const weight = (name) => (name === 'decode' ? Math.max(1, names.length - 1) : 1)
const weights = names.reduce((sum, name) => sum + weight(name), 0)
for (const name of names) {
  const { newTarget } = await import(TARGETS[name])
  const random = newRandom(seed)
  const target = await newTarget(random)
  const end = performance.now() + (seconds * 1000 * weight(name)) / weights
  let inputs = 0
  let broken
  let slowestMs = 0
  while (performance.now() < end && broken === undefined) {
    for (let i = 0; i < 64 && broken === undefined && performance.now() < end; i++) {
      const input = target.next()
      const before = performance.now()
      try {
        await target.run(input)
        inputs++
      } catch (error) {
        broken = { input, error }
      }
      const ms = performance.now() - before
      slowestMs = Math.max(slowestMs, ms)
      // Targets that start programs say how long those may take.
      if (ms > (target.mostMs ?? 2000) && broken === undefined)
        broken = { input, error: new Error(`took ${ms.toFixed(0)} ms`) }
    }
  }
  if (broken === undefined) {
    try {
      await target.finish?.()
    } catch (error) {
      broken = { input: new Uint8Array(0), error }
    }
  }
  if (broken === undefined) {
    const rss = (process.memoryUsage().rss / 1e6).toFixed(0)
    console.log(
      `fuzz ${name}: ${inputs} inputs, seed ${seed}, slowest ${slowestMs.toFixed(1)} ms, RSS ${rss} MB: held`,
    )
    passed++
    continue
  }
  const hex = Buffer.from(broken.input).toString('hex')
  const hash = createHash('sha256').update(broken.input).digest('hex').slice(0, 12)
  mkdirSync(join(root, 'testdata/fuzz', name), { recursive: true })
  writeFileSync(join(root, 'testdata/fuzz', name, `${hash}.hex`), `${hex.replace(/(.{100})/g, '$1\n')}\n`)
  console.error(
    `fuzz ${name}: broken after ${inputs} inputs, seed ${seed}; saved testdata/fuzz/${name}/${hash}.hex`,
  )
  console.error(broken.error)
  failed++
}
console.log(`${passed} passed, ${failed} failed`)
// Servers and writers of the targets would keep the process alive; they end with it.
process.exit(failed > 0 ? 1 : 0)
