// Writes every generated file of the project again, but those whose input must be fetched: `npm run generate -- networks`
// makes the table of autonomous systems instead.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generateElements } from './generate-elements.mjs'
import { generateNetflowFields } from './generate-netflow-fields.mjs'
import { generateNetworks } from './generate-networks.mjs'

const root = join(import.meta.dirname, '..')
const files = process.argv.includes('networks')
  ? { 'lib/enrich/data/networks.bin': generateNetworks() }
  : { ...generateElements(), ...generateNetflowFields() }
for (const [path, text] of Object.entries(files)) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
  console.log(`${path}: ${text.length} octets`)
}
