import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BuiltInNetworks } from './built-in-networks.ts'

// How long the built-in table takes to load, and look-ups a second on one core, of addresses at random and of a few.

function since(started: bigint): number {
  return Number(process.hrtime.bigint() - started) / 1e6
}

const started = process.hrtime.bigint()
const networks = new BuiltInNetworks(readFileSync(join(import.meta.dirname, 'data/networks.bin')))
const table = networks.asTable
console.log(`built-in AS table: loaded in ${since(started).toFixed(1)} ms`)
const later = process.hrtime.bigint()
table.find(new Uint32Array(4), 0)
console.log(`its IPv6 part: ${since(later).toFixed(1)} ms`)
const named = process.hrtime.bigint()
networks.asName(15169)
console.log(`AS names: ${since(named).toFixed(1)} ms`)
const countries = process.hrtime.bigint()
networks.countryTable.find(new Uint32Array(4), 0)
console.log(`countries: ${since(countries).toFixed(1)} ms`)

const BUSY = [0x2001, 0x2400, 0x2402, 0x2600, 0x2606, 0x2804, 0x2a00, 0x2a01, 0x2a06, 0x2a0e]
const COUNT = 1 << 18
let seed = 1
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return (seed ^ (seed >>> 15)) >>> 0
}
for (const [what, distinct, isV6] of [
  ['IPv4, random', COUNT, false],
  ['IPv4, 4096 addresses', 4096, false],
  ['IPv6, random in busy /16s', COUNT, true],
] as const) {
  const pool = new Uint32Array(distinct * 4)
  for (let i = 0; i < distinct; i++) {
    pool[i * 4] = isV6 ? BUSY[random() % BUSY.length]! * 65536 + (random() % 65536) : 0
    pool[i * 4 + 1] = isV6 ? random() : 0
    pool[i * 4 + 2] = isV6 ? random() : 0xffff
    pool[i * 4 + 3] = random()
  }
  const words = new Uint32Array(COUNT * 4)
  for (let i = 0; i < COUNT; i++) {
    const from = (i % distinct) * 4
    for (let w = 0; w < 4; w++) words[i * 4 + w] = pool[from + w]!
  }
  const out = new Uint32Array(COUNT)
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 8; round++) {
    const at = process.hrtime.bigint()
    table.fill(words, 0, COUNT, out)
    best = Math.min(best, since(at))
  }
  console.log(`look-ups, ${what}: ${(COUNT / best / 1000).toFixed(1)} M/s`)
}
