import { isIpv4 } from '../bytes/address.ts'

// xxHash64 (Yann Collet's specification, version 0.1.1) of at most 37 octets, in 32-bit halves.

// The primes, upper and lower half, as 32-bit integers.
const P1_HIGH = 0x9e3779b1 | 0
const P1_LOW = 0x85ebca87 | 0
const P2_HIGH = 0xc2b2ae3d | 0
const P2_LOW = 0x27d4eb4f
const P3_HIGH = 0x165667b1
const P3_LOW = 0x9e3779f9 | 0
const P4_HIGH = 0x85ebca77 | 0
const P4_LOW = 0xc2b2ae63 | 0
const P5_HIGH = 0x27d4eb2f
const P5_LOW = 0x165667c5

/** The number being worked on: upper and lower half. */
let high = 0
let low = 0

function set(upper: number, lower: number): void {
  high = upper | 0
  low = lower | 0
}

function add(upper: number, lower: number): void {
  const sum = (low + lower) | 0
  high = (high + upper + (sum >>> 0 < low >>> 0 ? 1 : 0)) | 0
  low = sum
}

/** Multiplies by a constant of two halves. */
function multiply(upper: number, lower: number): void {
  const a0 = low & 0xffff
  const a1 = low >>> 16
  const b0 = lower & 0xffff
  const b1 = lower >>> 16
  const cross = Math.imul(a1, b0)
  const other = Math.imul(a0, b1)
  const middle = (Math.imul(a0, b0) >>> 16) + (cross & 0xffff) + (other & 0xffff)
  // The upper half of low * lower.
  const carry = (Math.imul(a1, b1) + (cross >>> 16) + (other >>> 16) + (middle >>> 16)) | 0
  high = (carry + Math.imul(high, lower) + Math.imul(low, upper)) | 0
  low = Math.imul(low, lower)
}

/** Rotates left by 1 to 31 bits. */
function rotate(bits: number): void {
  const upper = (high << bits) | (low >>> (32 - bits))
  low = (low << bits) | (high >>> (32 - bits))
  high = upper
}

function xor(upper: number, lower: number): void {
  high ^= upper
  low ^= lower
}

function shiftXor(bits: number): void {
  if (bits >= 32) {
    low ^= high >>> (bits - 32)
    return
  }
  const upper = high >>> bits
  low ^= (low >>> bits) | (high << (32 - bits))
  high ^= upper
}

/** One lane: rotates what is added up to it. */
function round(upper: number, lower: number): void {
  const h = high
  const l = low
  set(upper, lower)
  multiply(P2_HIGH, P2_LOW)
  add(h, l)
  rotate(31)
  multiply(P1_HIGH, P1_LOW)
}

const message = new Uint8Array(40)
const words = new DataView(message.buffer)
/** The four lanes of long messages, upper half first. */
const lanes = new Int32Array(8)

/** Hashes `length` octets of `message` into high and low. */
function hash(length: number): void {
  let at = 0
  if (length >= 32) {
    startLanes()
    for (let lane = 0; lane < 4; lane++, at += 8) {
      set(lanes[lane * 2]!, lanes[lane * 2 + 1]!)
      round(words.getInt32(at + 4, true), words.getInt32(at, true))
      lanes[lane * 2] = high
      lanes[lane * 2 + 1] = low
    }
    joinLanes()
  } else set(P5_HIGH, P5_LOW)
  add(0, length)
  for (; at + 8 <= length; at += 8) {
    const h = high
    const l = low
    set(0, 0)
    round(words.getInt32(at + 4, true), words.getInt32(at, true))
    xor(h, l)
    rotate(27)
    multiply(P1_HIGH, P1_LOW)
    add(P4_HIGH, P4_LOW)
  }
  if (at + 4 <= length) {
    const h = high
    const l = low
    set(0, words.getInt32(at, true))
    multiply(P1_HIGH, P1_LOW)
    xor(h, l)
    rotate(23)
    multiply(P2_HIGH, P2_LOW)
    add(P3_HIGH, P3_LOW)
    at += 4
  }
  for (; at < length; at++) {
    const h = high
    const l = low
    set(0, message[at]!)
    multiply(P5_HIGH, P5_LOW)
    xor(h, l)
    rotate(11)
    multiply(P1_HIGH, P1_LOW)
  }
  shiftXor(33)
  multiply(P2_HIGH, P2_LOW)
  shiftXor(29)
  multiply(P3_HIGH, P3_LOW)
  shiftXor(32)
}

function startLanes(): void {
  set(P1_HIGH, P1_LOW)
  add(P2_HIGH, P2_LOW)
  lanes[0] = high
  lanes[1] = low
  lanes[2] = P2_HIGH
  lanes[3] = P2_LOW
  lanes[4] = 0
  lanes[5] = 0
  // 0 - P1.
  lanes[6] = ~P1_HIGH
  lanes[7] = -P1_LOW
}

function joinLanes(): void {
  let h = 0
  let l = 0
  for (let lane = 0; lane < 4; lane++) {
    set(lanes[lane * 2]!, lanes[lane * 2 + 1]!)
    rotate([1, 7, 12, 18][lane]!)
    add(h, l)
    h = high
    l = low
  }
  for (let lane = 0; lane < 4; lane++) {
    set(0, 0)
    round(lanes[lane * 2]!, lanes[lane * 2 + 1]!)
    xor(h, l)
    multiply(P1_HIGH, P1_LOW)
    add(P4_HIGH, P4_LOW)
    h = high
    l = low
  }
}

function putAddress(at: number, source: Uint32Array, from: number): number {
  for (let i = isIpv4(source, from) ? 3 : 0; i < 4; i++, at += 4) words.setUint32(at, source[from + i]!)
  return at
}

const BASE64URL = new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')

/**
 * Prints Elastic's `flow.id`: base64 without padding of xxHash64 over addresses, ports and protocol, the end with the
 * higher port first. The two directions get one id unless their ports are equal.
 */
export function putFlowId(
  out: Uint8Array,
  position: number,
  source: Uint32Array,
  sourceAt: number,
  destination: Uint32Array,
  destinationAt: number,
  sourcePort: number,
  destinationPort: number,
  protocol: number,
): number {
  const forward = sourcePort >= destinationPort
  let at = forward ? putAddress(0, source, sourceAt) : putAddress(0, destination, destinationAt)
  words.setUint16(at, forward ? sourcePort : destinationPort)
  at = forward ? putAddress(at + 2, destination, destinationAt) : putAddress(at + 2, source, sourceAt)
  words.setUint16(at, forward ? destinationPort : sourcePort)
  message[at + 2] = protocol
  hash(at + 3)
  for (let shift = 26; shift >= 2; shift -= 6) out[position++] = BASE64URL[(high >>> shift) & 63]!
  out[position++] = BASE64URL[((high & 3) << 4) | (low >>> 28)]!
  for (let shift = 22; shift >= 4; shift -= 6) out[position++] = BASE64URL[(low >>> shift) & 63]!
  out[position++] = BASE64URL[(low & 15) << 2]!
  return position
}
