import { FlowError } from '../../diagnostics/flow-error.ts'
import type { MappingEntry, MappingField, MappingLayer } from '../mapping-types.ts'
import { Fault } from './fault.ts'
import {
  type FlowMessage,
  HIDDEN_NAMES,
  type MessageField,
  messageField,
  type WideKey,
  type WordKey,
} from './message.ts'
import { oddWidth, toUint32, toUint64 } from './numbers.ts'

/** Where a mapping puts the octets that it found. */
export interface Destination {
  readonly target:
    | { readonly kind: 'field'; readonly field: MessageField }
    | { readonly kind: 'extra'; readonly index: number; readonly isVarint: boolean }
    | { readonly kind: 'nothing' }
    | { readonly kind: 'panic'; readonly message: string }
  readonly isLittle: boolean
}

/**
 * What a mapping's destination means: a field by its Go name, else a declared extra field, else nothing.
 * Throws where goflow2 would not start.
 */
export function destinationOf(
  entry: Pick<MappingEntry | MappingLayer, 'destination' | 'endianness'>,
  declared: ReadonlyMap<string, MappingField>,
): Destination {
  const isLittle = entry.endianness === 'little'
  const { destination } = entry
  const extra = declared.get(destination)
  if (extra !== undefined && !['string', 'varint', 'bytes'].includes(extra.type)) {
    throw new FlowError('MAPPING_INVALID', `could not map ${extra.type} to a ProtoType`)
  }
  const field = messageField(destination)
  if (field !== undefined) return { target: { kind: 'field', field }, isLittle }
  const hidden = HIDDEN_NAMES.get(destination)
  if (hidden?.set) return { target: { kind: 'panic', message: hidden.set }, isLittle }
  if (hidden !== undefined || extra === undefined || extra.index <= 0) {
    return { target: { kind: 'nothing' }, isLittle }
  }
  return { target: { kind: 'extra', index: extra.index, isVarint: extra.type === 'varint' }, isLittle }
}

/** Puts octets at their destination; null if all went well. */
export function putOctets(message: FlowMessage, octets: Uint8Array, destination: Destination): Fault | null {
  const { target, isLittle } = destination
  switch (target.kind) {
    case 'nothing':
      return null
    case 'panic':
      return new Fault('panic', target.message)
    case 'field':
      return putField(message, octets, target.field, isLittle)
    case 'extra': {
      const value = target.isVarint ? toUint64(octets, isLittle) : octets
      if (value === -1n) return oddWidth(octets)
      message.extra.push({ index: target.index, value })
      return null
    }
  }
}

function putField(
  message: FlowMessage,
  octets: Uint8Array,
  field: MessageField,
  isLittle: boolean,
): Fault | null {
  switch (field.kind) {
    case 'octets':
      message[field.key as 'srcAddr'] = octets
      return null
    case 'octets-list':
      // goflow2 appends an empty item and forgets the octets.
      message[field.key as 'mplsIp'].push(octets.subarray(0, 0))
      return null
    case 'enum':
    case 'enums':
      if (octets.length > 8) return oddWidth(octets)
      return new Fault('produce', 'the parameter is not a pointer to a int8/int16/int32/int64 structure')
    case 'u64': {
      const value = toUint64(octets, isLittle)
      if (value < 0n) return oddWidth(octets)
      message[field.key as WideKey] = value
      return null
    }
    default: {
      const value = toUint32(octets, isLittle)
      if (value < 0) return oddWidth(octets)
      if (field.kind === 'u32') message[field.key as WordKey] = value
      else message[field.key as 'asPath'].push(value)
      return null
    }
  }
}
