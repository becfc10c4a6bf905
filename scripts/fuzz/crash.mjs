// `npm run fuzz crash`: 1,000 kills of each writer of archives, 1,000 cuts, 1,000 flipped bits, 200 full disks, 500 kills of
// rotate. `--part 0.1` does a tenth of each; names behind it choose: kills damage full rotate.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runDamage } from './crash-damage.mjs'
import { runFull } from './crash-full.mjs'
import { commandLine, runKills } from './crash-kills.mjs'

const project = join(import.meta.dirname, '../..')

async function runRotate({ count, random, report }) {
  const { newTarget } = await import('./crash-rotate.mjs')
  const target = await newTarget(random)
  // A run that ends before its kill is no kill.
  while (target.kills() < count) await target.run(target.next())
  const lines = await target.finish()
  report(`${target.kills()} kills of rotate: ${lines} lines, each found exactly once`)
}

const PARTS = {
  kills: [runKills, 1000],
  damage: [runDamage, 1000],
  full: [runFull, 200],
  rotate: [runRotate, 500],
}

/** Runs the parts that are named, or all; returns how many broke. */
export async function runCrash(names, part, random) {
  const weir = commandLine(project)
  console.log(`crash: ${weir.length === 1 ? weir[0] : 'the sources: npm run build is quicker'}`)
  let failed = 0
  for (const [name, [run, full]] of Object.entries(PARTS)) {
    if (names.length > 0 && !names.includes(name)) continue
    const root = mkdtempSync(join(tmpdir(), 'weir-crash-'))
    const started = performance.now()
    const seconds = () => ((performance.now() - started) / 1000).toFixed(0)
    const report = (text) => console.log(`crash: ${text} (${seconds()} s)`)
    try {
      await run({ root, count: Math.max(1, Math.round(full * part)), random, weir, report })
      rmSync(root, { recursive: true, force: true })
    } catch (error) {
      failed++
      console.error(`crash ${name}: BROKEN after ${seconds()} s; ${root} is kept`)
      console.error(error)
    }
  }
  return failed
}
