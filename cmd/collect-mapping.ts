import { FlowError } from '../lib/diagnostics/flow-error.ts'
import { reasonOf } from '../lib/diagnostics/reason.ts'
import { type Captures, NO_CAPTURES } from '../lib/flow/captures.ts'
import { loadMapping } from '../lib/goflow2/mapping.ts'
import type { Mapping } from '../lib/goflow2/mapping-types.ts'
import type { CollectOptions } from './collect-flags.ts'
import { readText } from './read-text.ts'

/** What a mapping file asks of the decoder and of the printer, and what to tell its owner. */
export interface CompiledMapping {
  readonly mapping: Mapping | null
  readonly captures: Captures
  readonly warnings: readonly string[]
}

/** The text of a mapping file; throws MAPPING_INVALID where it cannot be read. */
export function readMapping(path: string): string {
  try {
    return readText(path)
  } catch (error) {
    const message = `cannot read mapping ${path}: ${reasonOf(error)}; give goflow2's mapping.yaml`
    throw new FlowError('MAPPING_INVALID', message, { cause: error })
  }
}

/** Compiles the text of a mapping file, null for none; throws MAPPING_INVALID with the place of the fault. */
export function compileMapping(
  text: string | null,
  options: Pick<CollectOptions, 'mapping'>,
): CompiledMapping {
  if (text === null) return { mapping: null, captures: NO_CAPTURES, warnings: [] }
  return loadMapping(text, options.mapping ?? 'mapping')
}
