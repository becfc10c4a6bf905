import { NETFLOW_ELEMENTS } from './netflow-elements.ts'
import { snakeCase } from './snake-case.ts'

/** How Elastic's documents show an element's values: letters of `netflow-elements.ts`. */
export type ValueType =
  | 'o'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'i8'
  | 'i16'
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'
  | 'b'
  | 'm'
  | 's'
  | 'ts'
  | 'tm'
  | 'tu'
  | 'tn'
  | '4'
  | '6'
  | 'a'

/** An element that has a field under `netflow`. */
export interface NetflowElement {
  /** IANA's or the vendor's name: what ECS fields are derived from. */
  readonly name: string
  /** The field's name. */
  readonly field: string
  readonly type: ValueType
}

const tables = new Map<number, ReadonlyMap<number, NetflowElement>>()
const NONE: ReadonlyMap<number, NetflowElement> = new Map()

/** Elements of an enterprise that have a field, by number. */
export function netflowElements(enterprise: number): ReadonlyMap<number, NetflowElement> {
  const packed = NETFLOW_ELEMENTS[enterprise]
  if (packed === undefined) return NONE
  let table = tables.get(enterprise)
  if (table === undefined) {
    table = parse(packed)
    tables.set(enterprise, table)
  }
  return table
}

function parse(packed: string): ReadonlyMap<number, NetflowElement> {
  const table = new Map<number, NetflowElement>()
  for (const line of packed.split('\n')) {
    if (line === '') continue
    const [id, name, type] = line.split(' ')
    table.set(Number(id), { name: name!, field: snakeCase(name!), type: type as ValueType })
  }
  return table
}

/** Enterprises that have elements with fields. */
export function netflowEnterprises(): number[] {
  return Object.keys(NETFLOW_ELEMENTS).map(Number)
}
