import type { CapturedColumn } from './captured.ts'
import { type LineColumns, SLOT_COUNT } from './line-columns.ts'
import { LINE_FIELDS, type LineField, type LineKind, type Renderer } from './line-fields.ts'
import type { LineItem } from './line-items.ts'
import {
  CAPTURE_CUSTOM,
  CAPTURE_LITTLE,
  CAPTURE_NUMBER,
  CONTROL,
  type Label,
  type LineProgram,
  LineProgramBuilder,
  RENDER,
} from './line-program.ts'
import { numberRender, octetsRender, tagOf } from './line-renders.ts'
import { FROM, type Shape, type Source } from './line-sources.ts'
import { etypeName, flowTypeName, type NamesOf, protoName } from './names.ts'
import { capturedIndex, ownIndex } from './record-order.ts'

/** What does not change from batch to batch. */
export interface LineStyle {
  readonly format: 'json' | 'text' | 'bin'
  readonly compat: NamesOf
  readonly items: readonly LineItem[]
  readonly captured: readonly CapturedColumn[]
  readonly separator: Uint8Array
}

/** What sourceOf calls the value of an item: a network that is rendered as a number is its prefix length. */
export function itemName({ name, field, renderer }: LineItem): string {
  return field?.kind === 'network' && renderer !== 'network' ? `${name}_bits` : name
}

export function messageName({ name, kind }: LineField): string {
  return kind === 'network' ? `${name}_bits` : name
}

const NOTHING: Source = { from: FROM.nothing, a: 0, b: 0, c: 0 }

/** Emits the steps for one shape; `sources` says where the values come from. */
export class LineEmitter {
  readonly #style: LineStyle
  readonly #shape: Shape
  readonly #columns: LineColumns
  readonly #sources: ReadonlyMap<string, Source>
  readonly out = new LineProgramBuilder()
  readonly #quote: string
  readonly #isJson: boolean

  constructor(style: LineStyle, shape: Shape, columns: LineColumns, sources: ReadonlyMap<string, Source>) {
    this.#style = style
    this.#shape = shape
    this.#columns = columns
    this.#sources = sources
    this.#isJson = style.format === 'json'
    this.#quote = this.#isJson ? '"' : ''
  }

  /** What all that is emitted depends on, in one string. */
  key(): string {
    let key = ''
    for (const { from, a, b, c, slots } of this.#sources.values()) {
      key += `${from},${a},${b},${c},${slots === undefined ? '' : slots.join('+')};`
    }
    for (const column of this.#style.captured) {
      const { builtin } = column.destination
      const own = builtin === null ? '' : this.#ownIndex(builtin)
      key += `${this.#columns.has(this.#slotOf(column)) ? capturedIndex(column, this.#shape) : 'x'},${own};`
    }
    return key
  }

  emit(): LineProgram {
    if (this.#style.format === 'bin') {
      this.message()
    } else {
      this.line()
      this.out.octets(this.#style.separator)
    }
    return this.out.finish()
  }

  #sourceOf(name: string): Source {
    return this.#sources.get(name) ?? NOTHING
  }

  /** The whole line, without separator. */
  line(): void {
    const between = this.#isJson ? ',' : ' '
    const items = this.#style.items.filter((item) => this.#canAppear(item))
    // Before the first field that is always there each one brings its comma behind itself, after it before itself.
    const fixed = items.findIndex((item) => !item.isOptional)
    if (this.#isJson) this.out.text('{')
    items.forEach((item, i) => {
      const isLeading = fixed < 0 || i < fixed
      const absent: Label = []
      if (item.isOptional) this.#jumpIfMissing(item, absent)
      if (i > 0 && !isLeading && i !== fixed) this.out.text(between)
      this.out.text(this.#key(item.key))
      this.item(item)
      if (isLeading) this.out.text(between)
      this.out.place(absent)
    })
    if (fixed < 0 && items.length > 0) this.out.value(CONTROL.trim, between.charCodeAt(0), 0, 0, 0)
    if (this.#isJson) this.out.text('}')
  }

  /** goflow2's protobuf message: fields in order of number, then those of the mapping in order of the record. */
  message(): void {
    for (const field of BY_NUMBER) {
      const end: Label = []
      this.#captures(field, field.kind, 'none', end)
      this.#source(this.#sourceOf(messageName(field)), tagOf(field.number, field.kind))
      this.out.place(end)
    }
    const customs = this.#style.captured.filter(
      (column) => column.destination.custom !== null && column.destination.custom.index > 0,
    )
    const held = customs.filter((column) => this.#columns.has(this.#slotOf(column)))
    held.sort((x, y) => capturedIndex(x, this.#shape) - capturedIndex(y, this.#shape))
    for (const column of held) {
      const { index, type } = column.destination.custom!
      const isNumber = type === 'varint'
      this.#capture(column, isNumber, index * 8 + (isNumber ? 0 : 2))
    }
  }

  #key(key: string): string {
    if (!this.#isJson) return `${key}=`
    return `${escapeHtml(JSON.stringify(key))}:`
  }

  /** Whether any row of this shape can print the item. */
  #canAppear(item: LineItem): boolean {
    if (!item.isOptional) return true
    if (item.custom !== null) return this.#customColumns(item).length > 0
    const { from } = this.#sourceOf(item.name)
    return from !== FROM.nothing
  }

  /** The columns of a declared field that rows may hold, the last in the record first. */
  #customColumns(item: LineItem): CapturedColumn[] {
    const held = this.#style.captured.filter(
      (column) => column.destination.custom === item.custom && this.#columns.has(this.#slotOf(column)),
    )
    return held.sort((x, y) => capturedIndex(y, this.#shape) - capturedIndex(x, this.#shape))
  }

  #jumpIfMissing(item: LineItem, absent: Label): void {
    if (item.custom === null) {
      const source = this.#sourceOf(item.name)
      this.out.jump(CONTROL.jumpIfAbsent, source.a, absent)
      return
    }
    const columns = this.#customColumns(item)
    if (columns.length === 1) {
      this.out.jump(CONTROL.jumpIfAbsent, this.#slotOf(columns[0]!), absent)
      return
    }
    // Any of several columns will do.
    const found: Label = []
    for (const column of columns) {
      const next: Label = []
      this.out.jump(CONTROL.jumpIfAbsent, this.#slotOf(column), next)
      this.out.jump(CONTROL.jump, 0, found)
      this.out.place(next)
    }
    this.out.jump(CONTROL.jump, 0, absent)
    this.out.place(found)
  }

  /** The value of an item, with its quotes. */
  item(item: LineItem): void {
    if (item.custom !== null) {
      this.#custom(item)
      return
    }
    if (item.field === null) {
      if (item.name !== 'icmp_name') {
        this.#quoted(item.missing ?? '')
        return
      }
      this.out.text(this.#quote)
      this.out.value(FROM.icmpName, 0, 0, 0, 0)
      this.out.text(this.#quote)
      return
    }
    const { kind } = item.field
    const isList = kind.endsWith('-list')
    const end: Label = []
    if (isList) this.out.text('[')
    else this.#captures(item.field, kind, item.renderer, end)
    this.#builtin(item, kind)
    if (isList) {
      this.#captures(item.field, kind, item.renderer, end)
      this.out.text(']')
    }
    this.out.place(end)
  }

  /** A declared field: octets as they were captured. */
  #custom(item: LineItem): void {
    const { type, array } = item.custom!
    const isNumber = type === 'varint'
    const render = isNumber ? numberRender('u64', item.renderer) : octetsRender(item.renderer)
    const columns = this.#customColumns(item)
    if (array) {
      this.out.text('[')
      for (const column of [...columns].reverse()) this.#capture(column, isNumber, render)
      this.out.text(']')
      return
    }
    const end: Label = []
    columns.forEach((column, i) => {
      const next: Label = []
      const isSure = i === columns.length - 1 && item.missing === null
      if (!isSure) this.out.jump(CONTROL.jumpIfAbsent, this.#slotOf(column), next)
      this.#capture(column, isNumber, render)
      if (!isSure) this.out.jump(CONTROL.jump, 0, end)
      this.out.place(next)
    })
    if (item.missing !== null) this.#quoted(item.missing)
    this.out.place(end)
  }

  /** Steps for what a mapping puts into a built-in field, where that comes later in the record than the field's own. */
  #captures(field: LineField, kind: LineKind, renderer: Renderer, end: Label): void {
    const own = this.#ownIndex(field)
    const isList = kind.endsWith('-list')
    const isNumber = kind !== 'bytes' && kind !== 'bytes-list'
    for (const column of [...this.#style.captured].sort(
      (x, y) => capturedIndex(y, this.#shape) - capturedIndex(x, this.#shape),
    )) {
      if (column.destination.builtin !== field || !this.#columns.has(this.#slotOf(column))) continue
      const index = capturedIndex(column, this.#shape)
      if (index < 0 || (!isList && index < own)) continue
      const render =
        this.#style.format === 'bin'
          ? tagOf(field.number, kind)
          : kind === 'type'
            ? RENDER.flowType
            : kind === 'layer-list'
              ? RENDER.layer
              : isNumber
                ? numberRender(kind, renderer)
                : octetsRender(renderer)
      if (isList) {
        this.#capture(column, isNumber, render)
        continue
      }
      const next: Label = []
      this.out.jump(CONTROL.jumpIfAbsent, this.#slotOf(column), next)
      if (field.name === 'sampling_rate') this.out.jump(CONTROL.jumpIfRateIsSure, 0, next)
      if (kind === 'network' && renderer === 'network') this.#capturedNetwork(column, field)
      else this.#capture(column, isNumber, render)
      this.out.jump(CONTROL.jump, 0, end)
      this.out.place(next)
    }
  }

  #capture(column: CapturedColumn, isNumber: boolean, render: number): void {
    const slot = this.#slotOf(column)
    const flags =
      (isNumber ? CAPTURE_NUMBER : 0) |
      (column.isLittleEndian ? CAPTURE_LITTLE : 0) |
      (column.destination.custom !== null ? CAPTURE_CUSTOM : 0)
    this.out.variable(slot, 6)
    this.out.value(column.isList ? FROM.captures : FROM.capture, slot, flags, 0, render)
  }

  #capturedNetwork(column: CapturedColumn, field: LineField): void {
    const { from, a, c } = this.#sourceOf(field.name)
    if (from === FROM.nothing) {
      this.#quoted('invalid Prefix')
      return
    }
    const flags = CAPTURE_NUMBER | (column.isLittleEndian ? CAPTURE_LITTLE : 0)
    this.out.text(this.#quote)
    this.out.value(FROM.capturedNetwork, a, this.#slotOf(column), c + 8 * flags, 0)
    this.out.text(this.#quote)
  }

  #builtin(item: LineItem, kind: LineKind): void {
    const number = this.#sourceOf(itemName(item))
    if (kind === 'type') {
      const isUnknown = item.renderer === 'etype' || item.renderer === 'proto'
      this.#quoted(isUnknown ? 'unknown' : flowTypeName(number.a))
      return
    }
    if (kind === 'bytes') {
      this.#bytes(number, item.renderer)
      return
    }
    if (kind === 'network' && item.renderer === 'network') {
      if (number.from === FROM.nothing) {
        this.#quoted('invalid Prefix')
        return
      }
      this.#inQuotes(number, RENDER.ip)
      return
    }
    if (kind.endsWith('-list')) {
      this.#list(number, kind, item.renderer)
      return
    }
    const render = numberRender(kind, item.renderer)
    if (number.from === FROM.nothing) {
      this.#fixedNumber(0, render)
      return
    }
    if (number.from === FROM.constant) {
      this.#fixedNumber(number.a, render)
      return
    }
    if (render === RENDER.decimal) this.#source(number, render)
    else this.#inQuotes(number, render)
  }

  #bytes(source: Source, renderer: Renderer): void {
    const render = octetsRender(renderer)
    if (render === RENDER.unknown) {
      this.#quoted('unknown')
      return
    }
    if (source.from === FROM.nothing) {
      this.#quoted('')
      return
    }
    this.#inQuotes(source, render)
  }

  #list(source: Source, kind: LineKind, renderer: Renderer): void {
    if (source.from === FROM.nothing) return
    if (kind === 'u32-list') {
      this.#source(source, numberRender('u32', renderer))
      return
    }
    if (kind === 'bytes-list') {
      const asHex = this.#style.compat === '2.1' && renderer === 'ip'
      this.#source(source, asHex ? RENDER.hex : octetsRender(renderer))
      return
    }
    const isUnknown = renderer === 'etype' || renderer === 'proto'
    this.#source(source, isUnknown ? RENDER.unknown : RENDER.layer)
  }

  #source(source: Source, render: number): void {
    if (source.from === FROM.nothing && this.#style.format === 'bin') return
    if (source.from === FROM.words || source.from === FROM.layers || source.from === FROM.addresses) {
      this.out.variable(source.a, 64)
    }
    const a = source.from === FROM.first ? this.out.list(source.slots!) : source.a
    this.out.value(source.from, a, source.b, source.c, render)
  }

  #inQuotes(source: Source, render: number): void {
    this.out.text(this.#quote)
    this.#source(source, render)
    this.out.text(this.#quote)
  }

  #quoted(text: string): void {
    this.out.text(`${this.#quote}${text}${this.#quote}`)
  }

  #fixedNumber(value: number, render: number): void {
    if (render === RENDER.decimal) {
      this.out.text(String(value))
      return
    }
    if (render === RENDER.etype) {
      this.#quoted(etypeName(value))
      return
    }
    if (render === RENDER.proto) {
      this.#quoted(protoName(value, this.#style.compat))
      return
    }
    this.#inQuotes({ from: FROM.constant, a: value, b: 0, c: 0 }, render)
  }

  #ownIndex(field: LineField): number {
    const source = this.#sources.get(field.name) ?? this.#sources.get(`${field.name}_bits`)
    return ownIndex(source ?? NOTHING, this.#shape, this.#columns)
  }

  #slotOf(column: CapturedColumn): number {
    return SLOT_COUNT + this.#style.captured.indexOf(column)
  }
}

const BY_NUMBER = [...LINE_FIELDS].sort((x, y) => x.number - y.number)

function escapeHtml(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
