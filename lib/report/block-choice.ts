import type { FlowFile } from '../flow/source.ts'
import type { Selector } from './query.ts'

/** More codes than this are everywhere: looking each up does not pay. */
const MOST_CODES = 4096

/**
 * By block of a file, 1 where the addresses that the filter's rows need at least one of may be, as the file's directory
 * says; null where it does not say.
 */
export function blocksOf(file: FlowFile, filter: Selector | null): Uint8Array | null {
  const codes = filter?.codes?.(file.addresses) ?? null
  // Rows without an address have code 0, which no directory tells of.
  if (codes === null || codes[0] === 1) return null
  const directory = file.addressDirectory()
  if (directory === null) return null
  const { first, last } = directory
  const out = new Uint8Array(file.blocks.length)
  let found = 0
  for (let code = codes.indexOf(1); code >= 0; code = codes.indexOf(1, code + 1)) {
    if (++found > MOST_CODES || code >= first.length) return null
    for (let block = first[code]!; block <= last[code]! && block < out.length; block++) out[block] = 1
  }
  return out
}
