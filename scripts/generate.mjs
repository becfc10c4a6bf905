// Writes every generated file of the project again.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generateElements } from './generate-elements.mjs'
import { generateNetflowFields } from './generate-netflow-fields.mjs'

const root = join(import.meta.dirname, '..')
for (const [path, text] of Object.entries({ ...generateElements(), ...generateNetflowFields() })) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
  console.log(`${path}: ${text.length} octets`)
}
