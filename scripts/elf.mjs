// The little of ELF that the build needs: x86-64 executables, whole files in a Buffer.

export const PT_LOAD = 1
export const PT_DYNAMIC = 2
export const PF_R_X = 5
export const SHF_ALLOC = 2n

/** Headers of an ELF64 x86-64 file; throws when it is something else. */
export function readElf(octets) {
  const isElf64 =
    octets.length > 64 && octets.readUInt32BE(0) === 0x7f454c46 && octets[4] === 2 && octets[5] === 1
  if (!isElf64 || octets.readUInt16LE(18) !== 62) throw new Error('not an x86-64 ELF executable')
  const segments = []
  for (let i = 0; i < octets.readUInt16LE(56); i++) {
    const at = number(octets, 32) + i * octets.readUInt16LE(54)
    segments.push({
      at,
      type: octets.readUInt32LE(at),
      flags: octets.readUInt32LE(at + 4),
      from: number(octets, at + 8),
      address: number(octets, at + 16),
      octets: number(octets, at + 32),
    })
  }
  const sections = []
  for (let i = 0; i < octets.readUInt16LE(60); i++) {
    const at = number(octets, 40) + i * 64
    sections.push({
      at,
      name: octets.readUInt32LE(at),
      type: octets.readUInt32LE(at + 4),
      flags: octets.readBigUInt64LE(at + 8),
      address: number(octets, at + 16),
      from: number(octets, at + 24),
      octets: number(octets, at + 32),
    })
  }
  return { segments, sections }
}

/** Tells where in the file an address of the running program is; throws for one that is not of the file. */
export function offsetsOf(octets) {
  const loads = readElf(octets).segments.filter(({ type }) => type === PT_LOAD)
  return (address) => {
    const segment = loads.find((load) => address >= load.address && address < load.address + load.octets)
    if (segment === undefined) throw new Error(`address ${address.toString(16)} is not loaded`)
    return address - segment.address + segment.from
  }
}

/** The entries of the dynamic section at `from`, the last one included, which is zero. */
export function readDynamic(octets, from) {
  const entries = []
  for (let at = from; ; at += 16) {
    const entry = { at, tag: number(octets, at), value: number(octets, at + 8) }
    entries.push(entry)
    if (entry.tag === 0) return entries
  }
}

/** A copy without the pages from offset `from` to `to`, in which no header has a say; what is behind them keeps its address. */
export function withoutPages(octets, from, to) {
  const gap = Math.max(0, to - from)
  const moved = (at) => BigInt(at >= to ? at - gap : at)
  const { segments, sections } = readElf(octets)
  const whole = Buffer.from(octets)
  for (const segment of segments) whole.writeBigUInt64LE(moved(segment.from), segment.at + 8)
  for (const section of sections) whole.writeBigUInt64LE(moved(section.from), section.at + 24)
  for (const at of [32, 40]) whole.writeBigUInt64LE(moved(number(octets, at)), at)
  return Buffer.concat([whole.subarray(0, from), whole.subarray(from + gap)])
}

/** The 64-bit number at `at`; no file here is larger than 2^53. */
export function number(octets, at) {
  return Number(octets.readBigUInt64LE(at))
}

/** Text up to the next zero octet. */
export function text(octets, at) {
  return octets.toString('latin1', at, octets.indexOf(0, at))
}
