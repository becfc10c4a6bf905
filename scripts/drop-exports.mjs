// Drops the symbols that Node's binary offers to add-ons, of which a single executable loads none: 46,000 names, 4 MB
// at the start of the file. What stays are the names that it wants itself, a few that we call, and of those that it has
// the C and C++ libraries' own: these libraries must find the executable's copy of a variable, and share one copy of
// what the standard makes unique.
import { number, offsetsOf, PT_DYNAMIC, PT_LOAD, readDynamic, readElf, text, withoutPages } from './elf.mjs'

const DT = { strings: 5, symbols: 6, rela: 7, relaSize: 8, stringsSize: 10, jumpRel: 23, jumpRelSize: 2 }
const DT_NEEDED = 1
const DT_GNU_HASH = 0x6ffffef5
const DT_VERSYM = 0x6ffffff0
const DT_VERNEED = 0x6ffffffe
const DT_VERNEEDNUM = 0x6fffffff
const R_X86_64_COPY = 5
const SYMBOL = 24
const RELOCATION = 24
const PAGE = 4096
/** Names of the C++ libraries: namespaces std, __gnu_cxx and __cxxabiv1, and operators new and delete. */
const LIBRARY_NAME = /^_Z(?:(?:T[VTIS]|GV)?N?[KRO]*(?:S[abdiost]|9__gnu_cxx|10__cxxabiv1)|n[aw]|d[al])/

/** What we ask node:ffi for ourselves (lib/archive/zstd.ts, lib/bytes/crc32.ts). */
const OWN_NAMES = ['ZSTD_createDCtx', 'ZSTD_decompressDCtx', 'crc32']

/** A copy of `octets` without these symbols; throws for a file that is made otherwise than Node's. */
export function dropExports(octets) {
  const { segments } = readElf(octets)
  const offsetOf = offsetsOf(octets)
  const dynamic = readDynamic(octets, segments.find(({ type }) => type === PT_DYNAMIC).from)
  const entry = (tag) => dynamic.find((each) => each.tag === tag)
  const place = (tag) => offsetOf(entry(tag).value)
  const first = segments.find(({ type }) => type === PT_LOAD)
  const tables = [DT_GNU_HASH, DT.symbols, DT.strings, DT_VERSYM, DT_VERNEED, DT.rela, DT.jumpRel].map(place)
  const isAsExpected =
    first.from === 0 &&
    tables.every((at, i) => i === 0 || at > tables[i - 1]) &&
    place(DT.jumpRel) + entry(DT.jumpRelSize).value === first.octets
  if (!isAsExpected) throw new Error('exports: the tables of symbols are not where they were')

  const symbols = readSymbols(octets, {
    from: place(DT.symbols),
    to: place(DT.strings),
    strings: place(DT.strings),
    versions: place(DT_VERSYM),
  })
  const missing = OWN_NAMES.find((wanted) => !symbols.some(({ name }) => name === wanted))
  if (missing !== undefined) throw new Error(`exports: ${missing} is not there`)
  const rela = { from: place(DT.rela), octets: entry(DT.relaSize).value }
  const jumpRel = { from: place(DT.jumpRel), octets: entry(DT.jumpRelSize).value }
  const kept = keptSymbols(symbols, usedSymbols(octets, [rela, jumpRel]))
  const { hash, order } = hashTable(kept)
  const names = new Names()
  const needs = movedNeeds(octets, place(DT_VERNEED), entry(DT_VERNEEDNUM).value, place(DT.strings), names)
  const libraries = dynamic.filter(({ tag }) => tag === DT_NEEDED)
  const libraryNames = libraries.map(({ value }) => names.add(text(octets, place(DT.strings) + value)))
  const parts = [
    [DT_GNU_HASH, hash],
    [DT.symbols, symbolTable(octets, order, names)],
    [DT.strings, names.octets()],
    [DT_VERSYM, Buffer.from(Uint16Array.from(order, ({ version }) => version).buffer)],
    [DT_VERNEED, needs],
    [DT.rela, movedRelocations(octets, rela, order)],
    [DT.jumpRel, movedRelocations(octets, jumpRel, order)],
  ]
  return put(octets, parts, { begin: tables[0], end: first.octets, dynamic, libraries, libraryNames })
}

function readSymbols(octets, { from, to, strings, versions }) {
  const symbols = []
  for (let at = from; at + SYMBOL <= to; at += SYMBOL) {
    const isForeign = octets.readUInt16LE(at + 6) === 0
    const address = number(octets, at + 8)
    symbols.push({
      index: symbols.length,
      at,
      name: text(octets, strings + octets.readUInt32LE(at)),
      isForeign,
      // Libraries ask for a foreign function, too, where the executable has an address that stands for it.
      isWanted: isForeign && address === 0,
      address,
      version: octets.readUInt16LE(versions + 2 * symbols.length),
    })
  }
  return symbols
}

/** Numbers of the symbols that relocations name, and the addresses of the executable's copies of libraries' variables. */
function usedSymbols(octets, tables) {
  const used = new Set()
  const copied = new Set()
  for (const { from, octets: length } of tables) {
    for (let at = from; at < from + length; at += RELOCATION) {
      used.add(octets.readUInt32LE(at + 12))
      if (octets.readUInt32LE(at + 8) === R_X86_64_COPY) copied.add(number(octets, at))
    }
  }
  return { used, copied }
}

function keptSymbols(symbols, { used, copied }) {
  return symbols.filter(
    ({ index, isForeign, address, name }) =>
      isForeign ||
      used.has(index) ||
      copied.has(address) ||
      OWN_NAMES.includes(name) ||
      LIBRARY_NAME.test(name),
  )
}

/** The texts that tables refer to, each once. */
class Names {
  #text = '\0'
  #places = new Map([['', 0]])

  add(name) {
    let place = this.#places.get(name)
    if (place === undefined) {
      place = this.#text.length
      this.#text += `${name}\0`
      this.#places.set(name, place)
    }
    return place
  }

  octets() {
    return Buffer.from(this.#text, 'latin1')
  }
}

/** The order that the hash table wants, and the table: DT_GNU_HASH, with one word of filter for eight symbols. */
function hashTable(kept) {
  const wanted = kept.filter(({ isWanted }) => isWanted)
  const buckets = Math.max(1, kept.length >> 2)
  const offered = kept
    .filter(({ isWanted }) => !isWanted)
    .map((symbol) => ({ ...symbol, hash: hashOf(symbol.name) }))
    .sort((a, b) => (a.hash % buckets) - (b.hash % buckets))
  const words = 2 ** Math.ceil(Math.log2(Math.max(1, offered.length / 8)))
  const shift = 6
  const filter = new BigUint64Array(words)
  const firsts = new Uint32Array(buckets)
  const chain = new Uint32Array(offered.length)
  for (const [i, { hash }] of offered.entries()) {
    filter[Math.floor(hash / 64) % words] |= (1n << BigInt(hash % 64)) | (1n << BigInt((hash >>> shift) % 64))
    firsts[hash % buckets] ||= wanted.length + i
    const isLast = i + 1 === offered.length || offered[i + 1].hash % buckets !== hash % buckets
    chain[i] = ((hash & ~1) | Number(isLast)) >>> 0
  }
  const head = Uint32Array.of(buckets, wanted.length, words, shift)
  const hash = Buffer.concat([head, filter, firsts, chain].map(({ buffer }) => Buffer.from(buffer)))
  return { hash, order: [...wanted, ...offered] }
}

function hashOf(name) {
  let hash = 5381
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 33) + name.charCodeAt(i)) >>> 0
  return hash
}

function symbolTable(octets, order, names) {
  return Buffer.concat(
    order.map(({ at, name }) => {
      const symbol = Buffer.from(octets.subarray(at, at + SYMBOL))
      symbol.writeUInt32LE(names.add(name), 0)
      return symbol
    }),
  )
}

/** The list of wanted versions; what it says of libraries and versions is names, too. */
function movedNeeds(octets, from, count, strings, names) {
  let end = from
  const places = []
  for (let i = 0, at = from; i < count; i++) {
    places.push(at + 4)
    let version = at + octets.readUInt32LE(at + 8)
    for (let j = 0; j < octets.readUInt16LE(at + 2); j++) {
      places.push(version + 8)
      end = Math.max(end, version + 16)
      version += octets.readUInt32LE(version + 12)
    }
    at += octets.readUInt32LE(at + 12)
  }
  const needs = Buffer.from(octets.subarray(from, end))
  for (const at of places) {
    needs.writeUInt32LE(names.add(text(octets, strings + octets.readUInt32LE(at))), at - from)
  }
  return needs
}

function movedRelocations(octets, { from, octets: length }, order) {
  const places = new Map(order.map(({ index }, place) => [index, place]))
  const moved = Buffer.from(octets.subarray(from, from + length))
  for (let at = 0; at < length; at += RELOCATION) {
    const place = places.get(moved.readUInt32LE(at + 12))
    if (place === undefined) throw new Error('exports: one that is dropped is used')
    moved.writeUInt32LE(place, at + 12)
  }
  return moved
}

/** Writes the tables where the old ones began, says so in all headers, and takes out the pages that are left over. */
function put(octets, parts, { begin, end, dynamic, libraries, libraryNames }) {
  const out = Buffer.from(octets)
  const { segments, sections } = readElf(out)
  const first = segments.find(({ type }) => type === PT_LOAD)
  out.fill(0, begin, end)
  let at = begin
  for (const [tag, part] of parts) {
    at = (at + 7) & ~7
    part.copy(out, at)
    const entry = dynamic.find((each) => each.tag === tag)
    const section = sections.find(
      ({ address, octets: length }) => entry.value >= address && entry.value < address + length,
    )
    for (const [field, value] of [
      [16, at + first.address],
      [24, at],
      [32, part.length],
    ]) {
      if (section !== undefined) out.writeBigUInt64LE(BigInt(value), section.at + field)
    }
    out.writeBigUInt64LE(BigInt(at + first.address), entry.at + 8)
    if (tag === DT_VERNEED && section !== undefined) {
      out.writeUInt32LE(dynamic.find((each) => each.tag === DT_VERNEEDNUM).value, section.at + 44)
    }
    if (tag === DT.strings) {
      const size = dynamic.find((each) => each.tag === DT.stringsSize)
      out.writeBigUInt64LE(BigInt(part.length), size.at + 8)
    }
    at += part.length
  }
  for (const [i, library] of libraries.entries()) {
    out.writeBigUInt64LE(BigInt(libraryNames[i]), library.at + 8)
  }
  for (const field of [32, 40]) out.writeBigUInt64LE(BigInt(at), first.at + field)
  return withoutPages(out, Math.ceil(at / PAGE) * PAGE, Math.floor(end / PAGE) * PAGE)
}
