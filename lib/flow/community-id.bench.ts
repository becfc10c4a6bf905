import { COMMUNITY_ID_OCTETS, CommunityId } from './community-id.ts'

// Ids of IPv4 and IPv6 flows as text in a buffer, one core.

const FLOWS = 4096
const ROUNDS = Number(process.env['ROUNDS'] ?? 300)
for (const family of [4, 6]) {
  const words = new Uint32Array(FLOWS * 4)
  for (let i = 0; i < FLOWS; i++) {
    words[i * 4] = family === 4 ? 0 : 0x20010db8
    words[i * 4 + 1] = family === 4 ? 0 : i
    words[i * 4 + 2] = family === 4 ? 0xffff : i * 7
    words[i * 4 + 3] = Math.imul(i, 2654435761)
  }
  const id = new CommunityId()
  const out = new Uint8Array(COMMUNITY_ID_OCTETS)
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const started = process.hrtime.bigint()
    for (let i = 0; i < FLOWS; i++) {
      id.hash(words, i * 4, words, ((i * 5) % FLOWS) * 4, 6, i, 443)
      id.put(out, 0)
    }
    best = Math.min(best, Number(process.hrtime.bigint() - started) / FLOWS)
  }
  console.log(`community id, IPv${family}: best ${(1000 / best).toFixed(2)} M/s`)
}
