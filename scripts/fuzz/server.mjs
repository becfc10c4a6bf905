// `weir ship` against a server that does everything wrong that servers and proxies do, refuses documents and is too busy
// for some, at random: in the end each line is there once or a dead letter, the counters say so, and memory stays flat.
// Ten minutes of it: npm run fuzz -- server --seconds 600
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shipToBadServer } from '../../cmd/ship/testing/ship-to-bad-server.ts'
import { newRandom } from '../../lib/testing/workload.ts'

const MOST_MS = 120_000
/** Memory may grow by this beyond what the first inputs took. */
const GROWTH_OCTETS = 100e6
const WARM_INPUTS = 200

export function newTarget(random) {
  const root = mkdtempSync(join(tmpdir(), 'weir-fuzz-server-'))
  process.once('exit', () => rmSync(root, { recursive: true, force: true }))
  let inputs = 0
  let warmRss = 0
  return {
    mostMs: MOST_MS,
    next: () => Uint8Array.from([0, 1, 2, 3], () => random(256)),
    async run(input) {
      const folder = join(root, String(inputs++))
      try {
        await shipToBadServer(folder, newRandom(Buffer.from(input).readUInt32BE() + 1))
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
      const { rss } = process.memoryUsage()
      if (inputs === WARM_INPUTS) warmRss = rss
      if (warmRss > 0 && rss > warmRss + GROWTH_OCTETS) {
        throw new Error(
          `memory grew from ${warmRss / 1e6} to ${rss / 1e6} MB in ${inputs - WARM_INPUTS} inputs`,
        )
      }
    },
  }
}
