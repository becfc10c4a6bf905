import { type Column, FlowBatch, type NumberValues, type RecordKind } from '../flow/batch.ts'
import { defineField, type Field, type Kind, type Semantics } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'

/** A field, as it crosses threads: each thread numbers its fields by itself. */
type PlainField = readonly [
  name: string,
  kind: Kind,
  semantics: Semantics,
  enterprise: number,
  element: number,
]

/** A layout whose columns are numbers of fields, -1 for none. */
interface PlainLayout extends Omit<Layout, 'fields'> {
  readonly fields: readonly {
    readonly enterprise: number
    readonly element: number
    readonly octets: number
    readonly field: number
  }[]
}

/** The rows of a batch in one buffer that can be moved to another thread. */
export interface Parcel {
  readonly rows: number
  readonly kind: RecordKind
  readonly buffer: ArrayBuffer
  /** For each column its field's number and where its arrays begin, as the packer and the unpacker agree. */
  readonly columns: readonly number[]
  readonly layouts: readonly number[]
  /** Fields and layouts that come for the first time; they have the next numbers. */
  readonly newFields: readonly PlainField[]
  readonly newLayouts: readonly PlainLayout[]
}

const LEAST_OCTETS = 1 << 16
/** Layouts remembered; a flood of templates makes the packer forget them and send them again. */
const MOST_LAYOUTS = 65_536

const padded = (octets: number): number => (octets + 7) & ~7

/** Packs batches for one unpacker. */
export class ParcelPacker {
  readonly #fields = new Map<Field, number>()
  readonly #layouts = new Map<Layout, number>()
  #layoutCount = 0
  #newFields: PlainField[] = []
  #newLayouts: PlainLayout[] = []
  readonly #free: ArrayBuffer[] = []

  /** Copies the rows of a batch into a buffer, one that came back if there is one. */
  pack(batch: FlowBatch): Parcel {
    const { rowCount: rows, kind } = batch
    const held = batch.columns().filter(({ present }) => {
      const first = present.indexOf(1)
      return first >= 0 && first < rows
    })
    let octets = 0
    for (const column of held) octets += sizeOf(column, rows)
    const buffer = this.#buffer(octets)
    const out = new Uint8Array(buffer)
    const columns: number[] = []
    let at = 0
    const put = (view: ArrayBufferView) => {
      out.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), at)
      at += padded(view.byteLength)
    }
    for (const column of held) {
      columns.push(this.#fieldNumber(column.field), at)
      put(column.present.subarray(0, rows))
      if (column.shape === 'fixed') {
        put(column.values.subarray(0, rows * column.stride))
        continue
      }
      put(column.starts.subarray(0, rows))
      put(column.lengths.subarray(0, rows))
      columns.push(column.used)
      if (column.shape === 'octets-list') {
        columns.push(column.items)
        put(column.itemStarts.subarray(0, column.items))
        put(column.itemLengths.subarray(0, column.items))
      }
      put(column.data.subarray(0, column.used * (column.shape === 'list' ? column.stride : 1)))
    }
    if (this.#layouts.size > MOST_LAYOUTS) this.#layouts.clear()
    const layouts = batch.layouts.map((layout) => this.#layoutNumber(layout))
    const parcel: Parcel = {
      rows,
      kind,
      buffer,
      columns,
      layouts,
      newFields: this.#newFields,
      newLayouts: this.#newLayouts,
    }
    this.#newFields = []
    this.#newLayouts = []
    return parcel
  }

  /** Takes a buffer back that the unpacker is done with. */
  giveBack(buffer: ArrayBuffer): void {
    this.#free.push(buffer)
  }

  #buffer(octets: number): ArrayBuffer {
    const at = this.#free.findIndex((buffer) => buffer.byteLength >= octets)
    if (at >= 0) return this.#free.splice(at, 1)[0]!
    // One that is too small for today's batches would lie here for ever.
    this.#free.pop()
    let size = LEAST_OCTETS
    while (size < octets) size *= 2
    return new ArrayBuffer(size)
  }

  #fieldNumber(field: Field): number {
    let number = this.#fields.get(field)
    if (number === undefined) {
      number = this.#fields.size
      this.#fields.set(field, number)
      this.#newFields.push([field.name, field.kind, field.semantics, field.enterprise, field.element])
    }
    return number
  }

  #layoutNumber(layout: Layout): number {
    let number = this.#layouts.get(layout)
    if (number === undefined) {
      const fields = layout.fields.map(({ enterprise, element, octets, field }) => {
        return { enterprise, element, octets, field: field === null ? -1 : this.#fieldNumber(field) }
      })
      this.#newLayouts.push({ protocol: layout.protocol, scopeCount: layout.scopeCount, fields })
      number = this.#layoutCount++
      this.#layouts.set(layout, number)
    }
    return number
  }
}

/** Octets of a column in a parcel. */
function sizeOf(column: Column, rows: number): number {
  const present = padded(rows)
  if (column.shape === 'fixed') {
    return present + padded(rows * column.stride * column.values.BYTES_PER_ELEMENT)
  }
  const ranges = present + 2 * padded(rows * 4)
  switch (column.shape) {
    case 'octets':
      return ranges + padded(column.used)
    case 'list':
      return ranges + padded(column.used * column.stride * 4)
    case 'octets-list':
      return ranges + 2 * padded(column.items * 4) + padded(column.used)
  }
}

type ValuesOf = new (buffer: ArrayBuffer, at: number, length: number) => NumberValues

const VALUES: Partial<Record<Kind, { readonly of: ValuesOf; readonly stride: number }>> = {
  u8: { of: Uint8Array, stride: 1 },
  u16: { of: Uint16Array, stride: 1 },
  u32: { of: Uint32Array, stride: 1 },
  u64: { of: Uint32Array, stride: 2 },
  i64: { of: Uint32Array, stride: 2 },
  f64: { of: Float64Array, stride: 1 },
  address: { of: Uint32Array, stride: 4 },
  mac: { of: Uint32Array, stride: 2 },
}

const NO_WORDS = new Uint32Array(0)

/** Unpacks the parcels of one packer, in their order. */
export class ParcelUnpacker {
  readonly #fields: Field[] = []
  readonly #layouts: Layout[] = []

  /** The rows of a parcel, as a batch whose columns lie in the parcel's buffer and which nobody may add to. */
  unpack(parcel: Parcel): FlowBatch {
    for (const field of parcel.newFields) this.#fields.push(defineField(...field))
    for (const { protocol, scopeCount, fields } of parcel.newLayouts) {
      this.#layouts.push({
        protocol,
        scopeCount,
        fields: fields.map((one) => ({ ...one, field: this.#fields[one.field] ?? null })),
      })
    }
    const { rows, buffer, columns } = parcel
    const batch = new FlowBatch()
    batch.rowCount = rows
    batch.kind = parcel.kind
    for (const number of parcel.layouts) batch.layoutNumber(this.#layouts[number]!)
    for (let i = 0; i < columns.length; ) {
      const field = this.#fields[columns[i++]!]!
      let at = columns[i++]!
      const present = new Uint8Array(buffer, at, rows)
      at += padded(rows)
      const fixed = VALUES[field.kind]
      if (fixed !== undefined) {
        batch.adopt(fixedColumn(field, fixed, buffer, at, rows, present))
        continue
      }
      const words = (count: number) => {
        const view = new Uint32Array(buffer, at, count)
        at += padded(count * 4)
        return view
      }
      const common = { field, starts: words(rows), lengths: words(rows), present }
      const used = columns[i++]!
      if (field.kind === 'octets-list') {
        const items = columns[i++]!
        const itemStarts = words(items)
        const itemLengths = words(items)
        const data = new Uint8Array(buffer, at, used)
        batch.adopt({ ...common, shape: 'octets-list', itemStarts, itemLengths, items, data, used })
      } else if (field.kind === 'octets' || field.kind === 'text') {
        batch.adopt({ ...common, shape: 'octets', data: new Uint8Array(buffer, at, used), used })
      } else {
        const stride = field.kind === 'address-list' ? 4 : 1
        batch.adopt({ ...common, shape: 'list', data: words(used * stride), used, stride })
      }
    }
    return batch
  }
}

function fixedColumn(
  field: Field,
  { of, stride }: { readonly of: ValuesOf; readonly stride: number },
  buffer: ArrayBuffer,
  at: number,
  rows: number,
  present: Uint8Array,
): Column {
  const values = new of(buffer, at, rows * stride)
  const isWide = field.kind === 'u64' || field.kind === 'i64'
  const words = field.kind === 'f64' ? new Uint32Array(buffer, at, rows * 2) : values
  return {
    field,
    shape: 'fixed',
    values,
    wide: new BigUint64Array(buffer, at, isWide ? rows : 0),
    signed: new BigInt64Array(buffer, at, isWide ? rows : 0),
    words: words instanceof Uint32Array ? words : NO_WORDS,
    stride,
    present,
  }
}
