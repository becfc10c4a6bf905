import { FlowError } from '../diagnostics/flow-error.ts'
import type { ElementCapture } from '../flow/captures.ts'
import { defineField } from '../flow/fields.ts'
import type { NetflowElement, ValueType } from './element-table.ts'
import { snakeCase } from './snake-case.ts'

/** Elements that the user defines: Elastic's option `custom_definitions`. */
export interface Definitions {
  /** Null for one of a type that is accepted and never decoded: documents do not have it then, whatever it was before. */
  find(enterprise: number, element: number): NetflowElement | null | undefined
  /** The column that holds the octets of a defined element, if the decoder was given `captures`. */
  columnName(enterprise: number, element: number): string
  readonly captures: readonly ElementCapture[]
}

/** Type words of Logstash's codec; null for those that are accepted and never decoded. */
const TYPES: Readonly<Record<string, ValueType | null>> = {
  int8: 'i8',
  int15: 'i64',
  int16: 'i16',
  int24: 'i64',
  int32: 'i32',
  int64: 'i64',
  uint8: 'u8',
  uint15: 'u64',
  uint16: 'u16',
  uint24: 'u64',
  uint32: 'u32',
  uint64: 'u64',
  float: 'f32',
  double: 'f64',
  ip4_addr: '4',
  ip4addr: '4',
  ip6_addr: '6',
  ip6addr: '6',
  mac_addr: 'm',
  macaddr: 'm',
  string: 's',
  octet_array: 'o',
  octetarray: 'o',
  acl_id_asa: 'a',
  mpls_label_stack_octets: null,
  application_id: null,
  forwarding_status: null,
}
/** Of unsigned integers given by their default length. */
const BY_LENGTH: readonly (ValueType | undefined)[] = [
  'u32',
  'u8',
  'u16',
  'u64',
  'u32',
  undefined,
  undefined,
  undefined,
  'u64',
]

function fail(path: string, what: string): never {
  throw new FlowError('MAPPING_INVALID', `${path}: ${what}`)
}

/**
 * The definitions of files in the form of Logstash's codec, already parsed from YAML; later files win. Throws FlowError
 * for what Elastic refuses: an unknown type, numbers out of range, both forms in one file.
 */
export function readDefinitions(
  files: readonly { readonly path: string; readonly value: unknown }[],
): Definitions {
  const elements = new Map<string, NetflowElement | null>()
  for (const { path, value } of files) {
    if (!isRecord(value)) fail(path, 'the definitions must be a map of field numbers')
    const entries = Object.entries(value)
    const isByEnterprise = entries.length > 0 && entries.every(([, entry]) => isRecord(entry))
    if (!isByEnterprise && entries.some(([, entry]) => isRecord(entry))) {
      fail(path, 'either all keys are enterprise numbers or none is')
    }
    const tables: [number, [string, unknown][]][] = isByEnterprise
      ? entries.map(([key, entry]) => [numberOf(path, key, 2 ** 32 - 1), Object.entries(entry as object)])
      : [[0, entries]]
    const own = new Set<string>()
    for (const [enterprise, table] of tables) {
      for (const [key, entry] of table) {
        const id = numberOf(path, key, 65_535)
        const element = elementOf(path, key, entry)
        if (element === undefined) continue
        const place = `${enterprise}.${id}`
        if (own.has(place)) fail(path, `${key} is there twice`)
        own.add(place)
        elements.set(place, element)
      }
    }
  }
  const columnName = (enterprise: number, element: number) => `custom.${enterprise}.${element}`
  const captures = [...elements.keys()].flatMap((key): ElementCapture[] => {
    const [enterprise, element] = key.split('.').map(Number) as [number, number]
    const field = defineField(columnName(enterprise, element), 'octets')
    return (['netflow9', 'ipfix'] as const).map((protocol) => ({ protocol, enterprise, element, field }))
  })
  return { find: (enterprise, element) => elements.get(`${enterprise}.${element}`), columnName, captures }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function numberOf(path: string, key: string, most: number): number {
  const number = Number(key)
  if (!Number.isInteger(number) || number < 0 || number > most)
    fail(path, `${key} is no number up to ${most}`)
  return number
}

/** Undefined for an entry that skips its element: what it was before stays. */
function elementOf(path: string, key: string, entry: unknown): NetflowElement | null | undefined {
  if (!Array.isArray(entry)) fail(path, `${key} must be a list of type and name`)
  const plain = (value: unknown) => String(value).replace(/^:/, '')
  if (entry.length === 1 && plain(entry[0]) === 'skip') return undefined
  if (entry.length !== 2) fail(path, `${key} must be a list of type and name, or :skip`)
  const word = plain(entry[0])
  const name = plain(entry[1])
  const type = typeof entry[0] === 'number' ? BY_LENGTH[entry[0]] : TYPES[word]
  if (type === undefined) fail(path, `${key} has the unknown type ${word}`)
  if (name === '') fail(path, `${key} has no name`)
  return type === null ? null : { name, field: snakeCase(name), type }
}
