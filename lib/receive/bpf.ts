import { FlowError } from '../diagnostics/flow-error.ts'
import { openLibpcap } from './ffi.ts'

/** Packets are looked at as far as this. */
const SNAP_OCTETS = 262_144
const MEMORY_WORDS = 16

// Classic BPF (McCanne and Jacobson 1993; the numbers are those of linux/bpf_common.h).
const CLASS = { ld: 0, ldx: 1, st: 2, stx: 3, alu: 4, jmp: 5, ret: 6, misc: 7 }
const MODE = { imm: 0x00, abs: 0x20, ind: 0x40, mem: 0x60, len: 0x80, msh: 0xa0 }
const OPERATION = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  neg: 0x80,
  mod: 0x90,
  xor: 0xa0,
}
const JUMP = { always: 0x00, equal: 0x10, greater: 0x20, greaterOrEqual: 0x30, set: 0x40 }
const INDEX_REGISTER = 0x08

/** A compiled filter expression: the kernel's form, which `matches` also runs on packets of capture files. */
export class PacketFilter {
  readonly octets: Uint8Array
  readonly #codes: Uint16Array
  readonly #ifTrue: Uint8Array
  readonly #ifFalse: Uint8Array
  readonly #operands: Uint32Array
  readonly #memory = new Uint32Array(MEMORY_WORDS)

  constructor(octets: Uint8Array) {
    this.octets = octets
    const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
    const count = octets.length >> 3
    this.#codes = new Uint16Array(count)
    this.#ifTrue = new Uint8Array(count)
    this.#ifFalse = new Uint8Array(count)
    this.#operands = new Uint32Array(count)
    for (let i = 0; i < count; i++) {
      this.#codes[i] = view.getUint16(i * 8, true)
      this.#ifTrue[i] = view.getUint8(i * 8 + 2)
      this.#ifFalse[i] = view.getUint8(i * 8 + 3)
      this.#operands[i] = view.getUint32(i * 8 + 4, true)
    }
  }

  /** Whether the packet `[from, to)`, which had `wireOctets` on the wire, is wanted. Loads beyond its end say no. */
  matches(view: DataView, from: number, to: number, wireOctets: number): boolean {
    const codes = this.#codes
    const memory = this.#memory
    const octets = to - from
    let a = 0
    let x = 0
    // Jumps only lead forward, so this ends.
    for (let at = 0; at < codes.length; at++) {
      const code = codes[at]!
      const k = this.#operands[at]!
      switch (code & 7) {
        case CLASS.ld:
        case CLASS.ldx: {
          let value: number
          const mode = code & 0xe0
          const isIndex = (code & 7) === CLASS.ldx
          if (mode === MODE.imm) value = k
          else if (mode === MODE.len) value = wireOctets
          else if (mode === MODE.mem) value = memory[k & (MEMORY_WORDS - 1)]!
          else if (mode === MODE.msh) {
            if (k >= octets) return false
            value = (view.getUint8(from + k) & 15) * 4
          } else {
            const size = (code & 0x18) === 0 ? 4 : (code & 0x18) === 8 ? 2 : 1
            const offset = mode === MODE.ind ? x + k : k
            if (offset + size > octets) return false
            const place = from + offset
            value =
              size === 4 ? view.getUint32(place) : size === 2 ? view.getUint16(place) : view.getUint8(place)
          }
          if (isIndex) x = value
          else a = value
          break
        }
        case CLASS.st:
          memory[k & (MEMORY_WORDS - 1)] = a
          break
        case CLASS.stx:
          memory[k & (MEMORY_WORDS - 1)] = x
          break
        case CLASS.alu: {
          const operand = (code & INDEX_REGISTER) !== 0 ? x : k
          const result = compute(code & 0xf0, a, operand)
          if (result < 0) return false
          a = result
          break
        }
        case CLASS.jmp: {
          const operation = code & 0xf0
          if (operation === JUMP.always) {
            at += k
            break
          }
          const operand = (code & INDEX_REGISTER) !== 0 ? x : k
          at += isTaken(operation, a, operand) ? this.#ifTrue[at]! : this.#ifFalse[at]!
          break
        }
        case CLASS.ret:
          return ((code & 0x18) === 0x10 ? a : k) !== 0
        default:
          if ((code & 0xf8) === 0x80) a = x
          else x = a
      }
    }
    return false
  }
}

function isTaken(operation: number, a: number, operand: number): boolean {
  if (operation === JUMP.equal) return a === operand
  if (operation === JUMP.greater) return a > operand
  if (operation === JUMP.greaterOrEqual) return a >= operand
  return (a & operand) !== 0
}

/** 32-bit arithmetic; -1 where it is divided by zero. */
function compute(operation: number, a: number, operand: number): number {
  switch (operation) {
    case OPERATION.add:
      return (a + operand) >>> 0
    case OPERATION.sub:
      return (a - operand) >>> 0
    case OPERATION.mul:
      return Math.imul(a, operand) >>> 0
    case OPERATION.div:
      return operand === 0 ? -1 : Math.floor(a / operand)
    case OPERATION.mod:
      return operand === 0 ? -1 : a % operand
    case OPERATION.or:
      return (a | operand) >>> 0
    case OPERATION.and:
      return (a & operand) >>> 0
    case OPERATION.lsh:
      return operand > 31 ? 0 : (a << operand) >>> 0
    case OPERATION.rsh:
      return operand > 31 ? 0 : a >>> operand
    case OPERATION.xor:
      return (a ^ operand) >>> 0
    default:
      return -a >>> 0
  }
}

/**
 * Compiles a filter expression in pcap-filter's language for packets of a link type; throws FILTER_INVALID where the
 * expression is wrong, or libpcap, which knows the language, is not on this machine.
 */
export function compilePacketFilter(expression: string, linkType: number): PacketFilter {
  const libpcap = openLibpcap()
  if (libpcap === null) {
    throw new FlowError(
      'FILTER_INVALID',
      'cannot compile --bpf: libpcap is not on this machine; install it (Debian: libpcap0.8) or leave the filter out',
    )
  }
  const program = libpcap.compile(expression, linkType, SNAP_OCTETS)
  if (typeof program === 'string') throw new FlowError('FILTER_INVALID', `--bpf ${expression}: ${program}`)
  return new PacketFilter(program)
}
