import { appendOctets, appendWord, type FlowBatch, setOctets } from '../flow/batch.ts'
import { defineField, type Field, type Kind } from '../flow/fields.ts'
import { put, putIpv4, putIpv6, putMac, putWide } from './frame.ts'
import type { Xdr } from './xdr.ts'

/**
 * Types of a structure's members: u32 unless told. `percent` is hundredths of a percent with -1 for unknown; `each`
 * and `eachMac` append to a list; `[` … `]` enclose the members of a counted list.
 */
type MemberType =
  | 'u8'
  | 'u32'
  | 'u64'
  | 'i32'
  | 'f32'
  | 'percent'
  | 'mac'
  | 'ipv4'
  | 'ipv6'
  | 'uuid'
  | 'text'
  | 'each'
  | 'eachMac'

const KIND: Record<MemberType, Kind> = {
  u8: 'u8',
  u32: 'u32',
  u64: 'u64',
  i32: 'i64',
  f32: 'f64',
  percent: 'u32',
  mac: 'mac',
  ipv4: 'address',
  ipv6: 'address',
  uuid: 'octets',
  text: 'text',
  each: 'u32-list',
  eachMac: 'octets-list',
}

type Member =
  | { readonly type: MemberType; readonly field: Field }
  | { readonly type: 'list'; readonly members: readonly Member[] }

/** Structures by data format, each a line of `name` or `name:type` words. */
export type StructureTable = Readonly<Record<number, string>>

/** Reads the structures of a table into columns that are named as their members. */
export class StructureReader {
  readonly #table: StructureTable
  /** Compiled when first met, so that columns nobody sends are not defined. */
  readonly #compiled = new Map<number, readonly Member[]>()

  constructor(table: StructureTable) {
    this.#table = table
  }

  /**
   * Reads the structure of `format` that `xdr` stands at; false if the table lacks it. A structure may end early:
   * some grew over the years.
   */
  read(format: number, xdr: Xdr, batch: FlowBatch, row: number): boolean {
    let members = this.#compiled.get(format)
    if (members === undefined) {
      const line = this.#table[format]
      if (line === undefined) return false
      members = compile(line)
      this.#compiled.set(format, members)
    }
    readMembers(members, xdr, batch, row)
    return true
  }
}

/** Names of all columns of a table and their kinds, for tests and documents. */
export function structureFields(table: StructureTable): Field[] {
  const fields = (members: readonly Member[]): Field[] =>
    members.flatMap((member) => (member.type === 'list' ? fields(member.members) : [member.field]))
  return Object.values(table).flatMap((line) => fields(compile(line)))
}

function compile(line: string): Member[] {
  const words = line.trim().split(/\s+/)
  const members = (): Member[] => {
    const found: Member[] = []
    for (let word = words.shift(); word !== undefined && word !== ']'; word = words.shift()) {
      if (word === '[') {
        found.push({ type: 'list', members: members() })
        continue
      }
      const [name, type = 'u32'] = word.split(':')
      const memberType = type as MemberType
      found.push({ type: memberType, field: defineField(name!, KIND[memberType]) })
    }
    return found
  }
  return members()
}

function readMembers(members: readonly Member[], xdr: Xdr, batch: FlowBatch, row: number): void {
  for (let i = 0; i < members.length; i++) {
    const member = members[i]!
    if (xdr.left === 0) return
    if (member.type === 'list') {
      // Each item has a word at least, so the count is bounded by the record.
      const count = xdr.count(4)
      for (let item = 0; item < count && !xdr.isBroken; item++) readMembers(member.members, xdr, batch, row)
    } else {
      readMember(member.type, member.field, xdr, batch, row)
    }
    if (xdr.isBroken) return
  }
}

const OCTETS: Record<MemberType, number> = {
  u8: 1,
  u32: 4,
  u64: 8,
  i32: 4,
  f32: 4,
  percent: 4,
  mac: 8,
  ipv4: 4,
  ipv6: 16,
  uuid: 16,
  text: 0,
  each: 4,
  eachMac: 8,
}

function readMember(type: MemberType, field: Field, xdr: Xdr, batch: FlowBatch, row: number): void {
  if (type === 'text') {
    xdr.text(batch.octets(field), row)
    return
  }
  const at = xdr.skip(OCTETS[type])
  if (at < 0) return
  const { view, octets } = xdr
  switch (type) {
    case 'u8':
      put(batch.fixed(field), row, octets[at]!)
      break
    case 'u32':
      put(batch.fixed(field), row, view.getUint32(at))
      break
    case 'percent': {
      const value = view.getUint32(at)
      if (value !== 0xffffffff) put(batch.fixed(field), row, value)
      break
    }
    case 'u64':
      putWide(batch.fixed(field), row, view.getUint32(at), view.getUint32(at + 4))
      break
    case 'i32': {
      const value = view.getInt32(at)
      putWide(batch.fixed(field), row, value >> 31, value)
      break
    }
    case 'f32':
      put(batch.fixed(field), row, view.getFloat32(at))
      break
    case 'mac':
      // A MAC address is opaque[6]: two octets of padding follow (RFC 4506 §4.9).
      putMac(batch.fixed(field), row, view.getUint16(at), view.getUint32(at + 2))
      break
    case 'ipv4':
      putIpv4(batch.fixed(field), row, view.getUint32(at))
      break
    case 'ipv6':
      putIpv6(batch.fixed(field), row, view, at)
      break
    case 'uuid':
      setOctets(batch.octets(field), row, octets, at, at + 16)
      break
    case 'each':
      appendWord(batch.list(field), row, view.getUint32(at))
      break
    case 'eachMac':
      appendOctets(batch.octetsList(field), row, octets, at, at + 6)
      break
  }
}
