import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import * as assert from 'uvu/assert'

const root = join(import.meta.dirname, '../..')

/**
 * Compares `actual` with the golden file at `path`, relative to the project; UPDATE=1 rewrites it. Names end in
 * `.golden` or `.golden.<ext>`; the runner fails on goldens that no test compared.
 */
export function golden(path: string, actual: string): void {
  const compared = (globalThis as { GOLDENS_COMPARED?: Set<string> }).GOLDENS_COMPARED
  compared?.add(normalize(path))
  const file = join(root, path)
  if (process.env['UPDATE'] === '1') {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, actual)
    return
  }
  if (!existsSync(file)) throw new Error(`${path} is missing; run with UPDATE=1 and read the diff`)
  assert.fixture(actual, readFileSync(file, 'utf8'))
}
