// Node 26's official binary asks for libatomic.so.1, which a minimal Debian does not have, for one function:
// __atomic_compare_exchange, and always for eight octets. x86-64 has an instruction for that: so the function is put
// into the unused end of the text segment's last page, its PLT entry jumps there, and the library is no longer asked
// for. Every assumption is checked; a binary that is made otherwise is refused with a sentence.
//
//   node scripts/delibatomic.mjs FILE     patches FILE in place
import { readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { number, offsetsOf, PF_R_X, PT_DYNAMIC, PT_LOAD, readDynamic, readElf, text } from './elf.mjs'

const LIBRARY = 'libatomic.so.1'
const FUNCTION = '__atomic_compare_exchange'
const DT = { needed: 1, pltRelSize: 2, strings: 5, symbols: 6, rela: 7, relaSize: 8, jumpRel: 23 }
const DT_VERNEED = 0x6ffffffe
const DT_VERNEEDNUM = 0x6fffffff
const R_X86_64_JUMP_SLOT = 7
const PAGE = 4096

// bool f(size: edi, object: rsi, expected: rdx, desired: rcx, two memory orders); System V AMD64 ABI.
const CODE = Buffer.from(
  [
    '83ff08', //     cmp  edi, 8
    '7402', //       je   +2
    '0f0b', //       ud2                    any other size ends the process instead of doing half the work
    '488b02', //     mov  rax, [rdx]
    '4c8b11', //     mov  r10, [rcx]
    'f04c0fb116', // lock cmpxchg [rsi], r10
    '7506', //       jne  +6
    'b801000000', // mov  eax, 1
    'c3', //         ret
    '488902', //     mov  [rdx], rax        what was there instead
    '31c0', //       xor  eax, eax
    'c3', //         ret
  ].join(''),
  'hex',
)

/** Patches the binary in `octets` in place. Returns the number of call sites, or 0 when it does not need the library. */
export function removeLibatomic(octets) {
  const { segments } = readElf(octets)
  const loads = segments.filter((segment) => segment.type === PT_LOAD)
  const offsetOf = offsetsOf(octets)
  const dynamic = readDynamic(octets, segments.find((segment) => segment.type === PT_DYNAMIC).from)
  const value = (tag) => dynamic.find((entry) => entry.tag === tag)?.value
  const strings = offsetOf(value(DT.strings))
  const needed = dynamic.findIndex(
    (entry) => entry.tag === DT.needed && text(octets, strings + entry.value) === LIBRARY,
  )
  if (needed < 0) return 0

  const relocation = findRelocation(octets, {
    symbols: offsetOf(value(DT.symbols)),
    strings,
    tables: [
      { from: offsetOf(value(DT.jumpRel)), octets: value(DT.pltRelSize) },
      { from: offsetOf(value(DT.rela)), octets: value(DT.relaSize) },
    ],
  })
  const textSegments = loads.filter((segment) => segment.flags === PF_R_X)
  must(textSegments.length === 1, 'more than one text segment')
  const code = textSegments[0]
  const stub = findStub(octets, code, number(octets, relocation))
  const calls = checkCalls(octets, code, stub)
  const cave = findCave(octets, code, loads)

  CODE.copy(octets, cave)
  const length = BigInt(cave + CODE.length - code.from)
  octets.writeBigUInt64LE(length, code.at + 32)
  octets.writeBigUInt64LE(length, code.at + 40)
  // jmp cave; nop: the stub is six octets long.
  octets[stub] = 0xe9
  octets.writeInt32LE(cave - (stub + 5), stub + 1)
  octets[stub + 5] = 0x90
  // R_X86_64_NONE: the loader no longer looks for the symbol.
  octets.fill(0, relocation + 8, relocation + 24)
  dropVersions(octets, dynamic, offsetOf, strings)
  for (let i = needed; i < dynamic.length - 1; i++) {
    octets.writeBigUInt64LE(BigInt(dynamic[i + 1].tag), dynamic[i].at)
    octets.writeBigUInt64LE(BigInt(dynamic[i + 1].value), dynamic[i].at + 8)
  }
  return calls
}

function must(condition, what) {
  if (!condition) throw new Error(`${LIBRARY} cannot be removed: ${what}`)
}

/** The one relocation for the function. Another __atomic_ function, or its address taken, would need the library. */
function findRelocation(octets, { symbols, strings, tables }) {
  let found
  for (const table of tables) {
    for (let at = table.from; at < table.from + table.octets; at += 24) {
      const symbol = symbols + octets.readUInt32LE(at + 12) * 24
      const name = text(octets, strings + octets.readUInt32LE(symbol))
      if (!name.startsWith('__atomic_')) continue
      must(name === FUNCTION, `${name} is used too`)
      must(
        octets.readUInt32LE(at + 8) === R_X86_64_JUMP_SLOT && found === undefined,
        `${name} is not only called`,
      )
      // A symbol with a value would be the function's own address, as seen by other libraries.
      must(number(octets, symbol + 8) === 0, `the address of ${name} is taken`)
      found = at
    }
  }
  must(found !== undefined, `no relocation of ${FUNCTION}`)
  return found
}

/** Offset of the PLT entry `jmp [rip + slot]` of the function; no other instruction may use the slot. */
function findStub(octets, code, slot) {
  const stubs = []
  for (let at = code.from; at < code.from + code.octets - 6; at++) {
    if (octets[at] !== 0xff || (octets[at + 1] !== 0x25 && octets[at + 1] !== 0x15)) continue
    const next = at - code.from + code.address + 6
    if (next + octets.readInt32LE(at + 2) === slot) stubs.push(at)
  }
  must(
    stubs.length === 1 && octets[stubs[0] + 1] === 0x25,
    `${stubs.length} uses of the function's slot, want 1`,
  )
  return stubs[0]
}

/** Counts the calls and jumps to the stub; each must load the size 8 shortly before. */
function checkCalls(octets, code, stub) {
  const movEdi8 = Buffer.from('bf08000000', 'hex')
  let calls = 0
  for (let at = code.from; at < code.from + code.octets - 5; at++) {
    if ((octets[at] !== 0xe8 && octets[at] !== 0xe9) || at + 5 + octets.readInt32LE(at + 1) !== stub) continue
    must(
      octets.subarray(at - 64, at).includes(movEdi8),
      `the call at ${at.toString(16)} does not have the size 8`,
    )
    calls++
  }
  must(calls > 0 && calls < 64, `${calls} calls, want a few`)
  return calls
}

/** Offset of empty room for the code behind the text segment, in its last page, which is mapped anyway. */
function findCave(octets, code, loads) {
  const end = code.from + code.octets
  const cave = (end + 15) & ~15
  const next = Math.min(...loads.filter((load) => load.from > code.from).map((load) => load.from))
  must(cave + CODE.length <= Math.min(next, Math.ceil(end / PAGE) * PAGE), 'no room behind the text segment')
  must(
    octets.subarray(end, cave + CODE.length).every((octet) => octet === 0),
    'the room behind the text segment is not empty',
  )
  return cave
}

/** Takes the library out of the list of wanted symbol versions, which names libraries too. */
function dropVersions(octets, dynamic, offsetOf, strings) {
  const first = dynamic.find((entry) => entry.tag === DT_VERNEED)
  const count = dynamic.find((entry) => entry.tag === DT_VERNEEDNUM)
  let at = offsetOf(first.value)
  let before
  for (let i = 0; i < count.value; i++) {
    const step = octets.readUInt32LE(at + 12)
    if (text(octets, strings + octets.readUInt32LE(at + 4)) === LIBRARY) {
      if (before === undefined) first.value += step
      else octets.writeUInt32LE(step === 0 ? 0 : octets.readUInt32LE(before + 12) + step, before + 12)
      count.value--
      octets.writeBigUInt64LE(BigInt(first.value), first.at + 8)
      octets.writeBigUInt64LE(BigInt(count.value), count.at + 8)
      return
    }
    before = at
    at += step
  }
  must(false, 'it is not in the list of versions')
}

/** Patches a file, replacing it in one step: a running copy keeps its own. */
export function removeLibatomicFrom(file) {
  const octets = readFileSync(file)
  if (removeLibatomic(octets) === 0) return
  const target = realpathSync(file)
  writeFileSync(`${target}.new`, octets, { mode: 0o755 })
  renameSync(`${target}.new`, target)
}

if (process.argv[1] === import.meta.filename) removeLibatomicFrom(process.argv[2])
