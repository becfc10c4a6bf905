import type { KeyEntry } from './key-entry.ts'
import { OP } from './known-keys.ts'

/** The form (`WrittenKey.form`) of the value that stands at `p`; empty where it is the one that goflow2 prints by default. */
export function valueForm(entry: KeyEntry, octets: Uint8Array, p: number): string {
  const isQuoted = octets[p] === 0x22
  switch (entry.op) {
    case OP.u64:
    case OP.u32:
    case OP.u16:
    case OP.u8:
      if (!isQuoted) return ''
      return entry.isHexadecimal ? `hex${(quotedEnd(octets, p) - p - 1) >> 1}` : 'quoted'
    case OP.time:
      return isQuoted ? 'datetimenano' : ''
    case OP.etype:
    case OP.proto:
    case OP.mac:
    case OP.network:
      return isQuoted ? '' : 'none'
    case OP.address:
      return isHex(octets, p) ? 'none' : ''
    case OP.oneAddress:
    case OP.addressList:
      return octets[p] === 0x5b && isHex(octets, p + 1) ? 'none' : ''
    case OP.captured: {
      const first = octets[p] === 0x5b ? p + 1 : p
      if (octets[first] !== 0x22) return 'number'
      return entry.octetsAs === 'address' ? 'ip' : entry.octetsAs
    }
    default:
      return ''
  }
}

function quotedEnd(octets: Uint8Array, p: number): number {
  const end = octets.indexOf(0x22, p + 1)
  return end < 0 ? p + 1 : end
}

/** Whether a text in quotes has neither dots nor colons, which addresses have; an empty one tells nothing. */
function isHex(octets: Uint8Array, p: number): boolean {
  if (octets[p] !== 0x22) return false
  const end = quotedEnd(octets, p)
  for (let i = p + 1; i < end; i++) if (octets[i] === 0x2e || octets[i] === 0x3a) return false
  return end > p + 1
}
