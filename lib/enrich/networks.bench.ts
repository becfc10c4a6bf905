import { parseNetworks } from './networks-file.ts'

// A million lines of `--local FILE`, and look-ups a second in it and in a hundred prefixes, one core.

const LINES = Number(process.env['LINES'] ?? 1_000_000)
const COUNT = 1 << 18

function milliseconds(work: () => void): number {
  const started = process.hrtime.bigint()
  work()
  return Number(process.hrtime.bigint() - started) / 1e6
}

const lines: string[] = []
for (let i = 0; i < LINES; i++) {
  lines.push(`${10 + (i >>> 16)}.${(i >>> 8) & 255}.${i & 255}.0/24 net${i % 1000} customer=c${i % 500}`)
}
const text = lines.join('\n')
let many = parseNetworks('10.0.0.0/8', 'bench')
const loadMs = milliseconds(() => {
  many = parseNetworks(text, 'bench')
})
console.log(`networks: ${LINES} lines loaded in ${loadMs.toFixed(0)} ms`)
const few = parseNetworks(Array.from({ length: 100 }, (_, i) => `10.${i}.0.0/16 n${i}`).join('\n'), 'bench')

const words = new Uint32Array(COUNT * 4)
let seed = 1
for (let i = 0; i < COUNT; i++) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  words[i * 4 + 2] = 0xffff
  words[i * 4 + 3] = i % 2 === 0 ? seed : 0x0a000000 + (seed >>> 8)
}
const out = new Uint32Array(COUNT)
for (const [what, networks] of [
  ['100 prefixes', few],
  [`${LINES} prefixes`, many],
] as const) {
  const fact = networks.facts.get('local.name')!
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 8; round++)
    best = Math.min(
      best,
      milliseconds(() => fact.fill(words, 0, COUNT, out)),
    )
  console.log(`look-ups, ${what}: ${(COUNT / best / 1000).toFixed(1)} M/s`)
}
