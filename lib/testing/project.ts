import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The project's top folder. */
export const projectRoot = join(import.meta.dirname, '../..')

/** A file of `testdata/`. */
export function testdata(...parts: string[]): string {
  return join(projectRoot, 'testdata', ...parts)
}

/** Other implementations' inputs and outputs, if they lie beside the checkout; they are never part of it. */
export function conformance(...parts: string[]): string | undefined {
  const path = join(projectRoot, '../shared/conformance', ...parts)
  return existsSync(path) ? path : undefined
}
