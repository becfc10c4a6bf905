// What `strip -s` does, without binutils: drops symbols and debug sections from an executable.
import { readElf, SHF_ALLOC } from './elf.mjs'

const SHT_NOBITS = 8
const SHT_STRTAB = 3

/**
 * A copy of `octets` without the sections that are not loaded. Only for files whose loaded sections come first, in the
 * file and in the table, so that nothing moves and no index changes; throws for others.
 */
export function strip(octets) {
  const { segments, sections } = readElf(octets)
  const count = sections.findIndex((section, i) => i > 0 && (section.flags & SHF_ALLOC) === 0n)
  if (count < 0) return octets
  if (sections.slice(count).some((section) => (section.flags & SHF_ALLOC) !== 0n)) {
    throw new Error('strip: loaded sections behind others')
  }
  const end = Math.max(
    ...segments.map((segment) => segment.from + segment.octets),
    ...sections
      .slice(0, count)
      .map((section) => section.from + (section.type === SHT_NOBITS ? 0 : section.octets)),
  )
  if (sections.slice(count).some((section) => section.octets > 0 && section.from < end)) {
    throw new Error('strip: other sections among the loaded ones')
  }
  // The new tail: section names, then the section table with one more entry for them.
  const namesSection = sections[octets.readUInt16LE(62)]
  const names = octets.subarray(namesSection.from, namesSection.from + namesSection.octets)
  const namesAt = (end + 7) & ~7
  const tableAt = (namesAt + names.length + 7) & ~7
  const out = Buffer.alloc(tableAt + (count + 1) * 64)
  octets.copy(out, 0, 0, end)
  names.copy(out, namesAt)
  octets.copy(out, tableAt, sections[0].at, sections[0].at + count * 64)
  const entry = tableAt + count * 64
  out.writeUInt32LE(namesSection.name, entry)
  out.writeUInt32LE(SHT_STRTAB, entry + 4)
  out.writeBigUInt64LE(BigInt(namesAt), entry + 24)
  out.writeBigUInt64LE(BigInt(names.length), entry + 32)
  out.writeBigUInt64LE(1n, entry + 48)
  out.writeBigUInt64LE(BigInt(tableAt), 40)
  out.writeUInt16LE(count + 1, 60)
  out.writeUInt16LE(count, 62)
  return out
}
