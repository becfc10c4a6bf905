// Drops the tables by which C++ exceptions find their way (.eh_frame_hdr, .eh_frame, .gcc_except_table) from Node's binary:
// 6 MB. Node and V8 are compiled without exceptions; one that a library threw would end the process with or without them.
import { PT_LOAD, readElf, withoutPages } from './elf.mjs'

const PT_NULL = 0
const PT_GNU_EH_FRAME = 0x6474e550
const SHT_NOBITS = 8
const PAGE = 4096

/**
 * A copy of `octets` without these tables. Only for files that have them at the end of one loaded segment, with the other
 * segments' contents behind it; returns the octets as they are where nothing is gained, throws for others.
 */
export function dropUnwindTables(octets) {
  const { segments, sections } = readElf(octets)
  const header = segments.find(({ type }) => type === PT_GNU_EH_FRAME)
  if (header === undefined) return octets
  const owner = segments.find(
    ({ type, from, octets: length }) =>
      type === PT_LOAD && from <= header.from && header.from + header.octets <= from + length,
  )
  const others = segments.filter(({ type, from }) => type === PT_LOAD && from > header.from)
  const next = Math.min(...others.map(({ from }) => from))
  if (owner === undefined || owner.from + owner.octets > next)
    throw new Error('unwind tables: no segment ends with them')
  // What moves keeps its place within a page, as the loader wants it.
  const [begin, end] = [Math.ceil(header.from / PAGE) * PAGE, Math.floor(next / PAGE) * PAGE]
  if (begin >= end) return octets
  const out = Buffer.from(octets)
  out.fill(0, header.from, next)
  out.writeUInt32LE(PT_NULL, header.at)
  for (const length of [32, 40]) out.writeBigUInt64LE(BigInt(header.from - owner.from), owner.at + length)
  for (const { at, from } of sections) {
    if (from < header.from || from >= next) continue
    out.writeUInt32LE(SHT_NOBITS, at + 4)
    out.writeBigUInt64LE(0n, at + 32)
  }
  return withoutPages(out, begin, end)
}
