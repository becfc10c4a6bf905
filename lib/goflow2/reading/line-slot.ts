import type { FlowBatch } from '../../flow/batch.ts'
import type { KeyEntry } from './key-entry.ts'
import { OP } from './known-keys.ts'
import type { TextMemo } from './text-memo.ts'

const NO_OCTETS = new Uint8Array(0)
export const UNBOUND = { u8: NO_OCTETS, u16: new Uint16Array(0), u32: new Uint32Array(0), present: NO_OCTETS }

/** Keys that say something of a datagram, which `copySlot` copies. */
export const COPIED: ReadonlySet<number> = new Set([OP.type, OP.time, OP.u32, OP.address])
const BOUND: ReadonlySet<number> = new Set([OP.u64, OP.time, OP.u32, OP.u16, OP.u8, OP.address, OP.proto])

/** A value of a template that may differ in each line, and what stands before it. */
export interface Slot {
  readonly entry: KeyEntry
  readonly op: number
  /** Where the octets before it begin in the template's text, and how many they are. */
  readonly from: number
  readonly octets: number
  readonly isZeroKept: boolean
  readonly memo: TextMemo | null
  u8: Uint8Array
  u16: Uint16Array
  u32: Uint32Array
  present: Uint8Array
}

/** Finds the slot's column in the batch that has this serial number. */
export function bindSlot(slot: Slot, batch: FlowBatch, serial: number): void {
  const { entry, op } = slot
  if (!BOUND.has(op)) return
  entry.bind(batch, serial)
  slot.u8 = entry.u8
  slot.u16 = entry.u16
  slot.u32 = entry.u32
  slot.present = entry.present
}

/** Copies what the slot left in the row before. */
export function copySlot({ op, u32, present }: Slot, row: number): void {
  const before = row - 1
  if (!BOUND.has(op) || present[before] === 0) return
  if (op === OP.u64 || op === OP.time) {
    u32[row * 2] = u32[before * 2]!
    u32[row * 2 + 1] = u32[before * 2 + 1]!
  } else if (op === OP.u32) {
    u32[row] = u32[before]!
  } else if (op === OP.address) {
    for (let i = row * 4; i < row * 4 + 4; i++) u32[i] = u32[i - 4]!
  }
  present[row] = 1
}
