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
  const out = new Uint8Array(file.blocks.length)
  const wanted = fewCodes(codes)
  if (wanted === null || wanted.length === 0) return wanted === null ? null : out
  const directory = file.addressDirectory(wanted)
  if (directory === null) return null
  const { first, last } = directory
  for (let i = 0; i < wanted.length; i++)
    for (let block = first[i]!; block <= last[i]! && block < out.length; block++) out[block] = 1
  return out
}

/** The codes that are marked; null where they are too many. */
function fewCodes(marks: Uint8Array): Uint32Array | null {
  const codes: number[] = []
  for (let code = marks.indexOf(1); code >= 0; code = marks.indexOf(1, code + 1)) {
    if (codes.length === MOST_CODES) return null
    codes.push(code)
  }
  return Uint32Array.from(codes)
}
