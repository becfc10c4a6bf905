import { Fault } from './fault.ts'

/** The fault of a number of more than eight octets, the only width goflow2 refuses. */
export function oddWidth(octets: Uint8Array): Fault {
  return new Fault('produce', `non-regular number of bytes for a number: ${octets.length}`)
}

/** The low 32 bits of a number of 0 to 8 octets, or -1 where goflow2 refuses the width. */
export function toUint32(octets: Uint8Array, isLittle = false): number {
  const { length } = octets
  if (length > 8) return -1
  let value = 0
  if (isLittle) for (let i = Math.min(length, 4) - 1; i >= 0; i--) value = value * 256 + octets[i]!
  else for (let i = Math.max(0, length - 4); i < length; i++) value = value * 256 + octets[i]!
  return value
}

/** A number of 0 to 8 octets, or -1n where goflow2 refuses the width. */
export function toUint64(octets: Uint8Array, isLittle = false): bigint {
  const { length } = octets
  if (length > 8) return -1n
  if (length <= 4) return BigInt(toUint32(octets, isLittle))
  const low = isLittle ? octets.subarray(0, 4) : octets.subarray(length - 4)
  const high = isLittle ? octets.subarray(4) : octets.subarray(0, length - 4)
  return BigInt(toUint32(high, isLittle)) * 4294967296n + BigInt(toUint32(low, isLittle))
}
