import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RollupKnowledge } from '../lib/archive/rollups.ts'
import { loadNetworks } from '../lib/enrich/networks-file.ts'
import { builtInNetworks } from './built-in-networks.ts'

/**
 * What rollups know of addresses: local networks from a file or, for the word `private`, the private ones, and the AS
 * numbers that the executable carries. Reports that use the same may read the rollups. Throws as `loadNetworks`.
 */
export function rollupKnowledge(local: string): RollupKnowledge {
  const fact = loadNetworks(local).facts.get('local')!
  const builtIn = builtInNetworks()
  return {
    local: fact,
    localName: local === 'private' ? 'private' : `sha256:${digestOf(local)}`,
    as: {
      name: 'as',
      fill(words, from, to, out) {
        // Whoever reads rollups needs no numbers of addresses.
        const table = builtIn.asTable
        for (let i = from; i < to; i++) out[i] = table.find(words, i * 4)
      },
      text: String,
      find: () => -1,
    },
    asName: `exporter,built-in:${builtIn.date}`,
  }
}

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16)
}
