import { findField } from '../flow/fields.ts'
import { type LineColumns, SLOT, SLOT_COUNT } from './line-columns.ts'
import { itemName, LineEmitter } from './line-emitter.ts'
import { extraNames } from './line-extras.ts'
import type { Renderer } from './line-fields.ts'
import { plainItem } from './line-items.ts'
import {
  CAPTURE_NUMBER,
  CAPTURE_VERBATIM,
  CONTROL,
  type Label,
  type LineProgram,
  type LineProgramBuilder,
  RENDER,
} from './line-program.ts'
import { FROM, isSflow, numberOf, type Shape, type Source, sourceOf } from './line-sources.ts'
import type { WrittenKey, WrittenShape } from './written-shape.ts'

/** Names of keys that goflow2 1.x has beside ours, with the column and the unit of their times. */
const OLD_TIMES: ReadonlyMap<string, readonly [name: string, render: number]> = new Map(
  Object.entries({
    TimeReceived: ['time_received_ns', RENDER.seconds],
    TimeFlowStart: ['time_flow_start_ns', RENDER.seconds],
    TimeFlowEnd: ['time_flow_end_ns', RENDER.seconds],
    TimeFlowStartMs: ['time_flow_start_ns', RENDER.milliseconds],
    TimeFlowEndMs: ['time_flow_end_ns', RENDER.milliseconds],
    time_received: ['time_received_ns', RENDER.seconds],
    time_flow_start: ['time_flow_start_ns', RENDER.seconds],
    time_flow_end: ['time_flow_end_ns', RENDER.seconds],
    time_flow_start_ms: ['time_flow_start_ns', RENDER.milliseconds],
    time_flow_end_ms: ['time_flow_end_ns', RENDER.milliseconds],
  } as const),
)

/** Columns of other keys that are not goflow2's own. */
const OTHER_COLUMNS: ReadonlyMap<string, string> = new Map([['flow_direction', 'flowDirection']])

/** Names of the columns that the shape's lines need beside goflow2's: slots from SLOT_COUNT on are given in this order. */
export function writtenColumns({ keys }: WrittenShape): string[] {
  const names = keys.flatMap((key) => {
    const { number, text, json } = extraNames(key.key)
    const column = columnOf(key)
    return [number, text, json, ...(column === null ? [] : [column])]
  })
  return [...new Set(names)]
}

function columnOf({ name, column }: WrittenKey): string | null {
  return name === null ? column : (OTHER_COLUMNS.get(name) ?? null)
}

export interface WrittenStyle {
  readonly format: 'json' | 'text'
  readonly shape: WrittenShape
  /** As `writtenColumns` gives them. */
  readonly columnNames: readonly string[]
  readonly separator: Uint8Array
}

/** The program that prints rows as `style.shape` says; `rows` is what they and `columns.mask` look like. */
export function emitWritten(style: WrittenStyle, rows: Shape, columns: LineColumns): LineProgram {
  const emission = new Emission(style, rows, columns)
  style.shape.keys.forEach((key, i) => {
    emission.key(key, i === 0)
  })
  return emission.finish()
}

class Emission {
  readonly #style: WrittenStyle
  readonly #rows: Shape
  readonly #columns: LineColumns
  readonly #emitter: LineEmitter
  readonly #out: LineProgramBuilder
  readonly #isJson: boolean

  constructor(style: WrittenStyle, rows: Shape, columns: LineColumns) {
    const { format, separator, shape } = style
    const sources = new Map<string, Source>()
    for (const { name } of shape.keys) {
      const item = name === null ? undefined : plainItem(name, null)
      if (item === undefined) continue
      sources.set(itemName(item), sourceOf(itemName(item), rows, columns))
      sources.set(`${item.name}_bits`, sourceOf(`${item.name}_bits`, rows, columns))
    }
    const lineStyle = { format, compat: shape.compat, items: [], captured: [], separator }
    this.#style = style
    this.#rows = rows
    this.#columns = columns
    this.#emitter = new LineEmitter(lineStyle, rows, columns, sources)
    this.#out = this.#emitter.out
    this.#isJson = format === 'json'
  }

  key(key: WrittenKey, isFirst: boolean): void {
    const out = this.#out
    if (this.#isJson) out.text(`${isFirst ? '{' : ','}${JSON.stringify(key.key)}:`)
    else out.text(`${isFirst ? '' : ' '}${key.key}=`)
    const end: Label = []
    this.#extras(key, end)
    this.#known(key)
    out.place(end)
  }

  finish(): LineProgram {
    if (this.#isJson) this.#out.text('}')
    this.#out.octets(this.#style.separator)
    return this.#out.finish()
  }

  /** Values that were kept as they stood. */
  #extras(key: WrittenKey, end: Label): void {
    const out = this.#out
    const { number, text, json } = extraNames(key.key)
    for (const [name, flags] of [
      [text, 0],
      [json, CAPTURE_VERBATIM],
      [number, -1],
    ] as const) {
      const slot = this.#slotOf(name)
      // An archive may call columns of other kinds so.
      const isOurs = findField(name)?.kind === (flags < 0 ? 'u64' : 'text')
      if (!isOurs || !this.#columns.has(slot)) continue
      const next: Label = []
      out.jump(CONTROL.jumpIfAbsent, slot, next)
      if (flags < 0) {
        out.value(FROM.u64, slot, 0, 0, RENDER.decimal)
      } else {
        out.variable(slot, 6)
        out.value(FROM.capture, slot, flags, 0, RENDER.text)
      }
      out.jump(CONTROL.jump, 0, end)
      out.place(next)
    }
  }

  #known(key: WrittenKey): void {
    const { name, form } = key
    const column = columnOf(key)
    if (column !== null) {
      this.#column(column, form)
      return
    }
    const old = name === null ? undefined : OLD_TIMES.get(name)
    if (old !== undefined) {
      const { from, a, b, c } = sourceOf(old[0], this.#rows, this.#columns)
      if (from === FROM.nothing) this.#out.text('0')
      else this.#out.value(from, a, b, c, old[1])
      return
    }
    const item = name === null ? undefined : plainItem(name, RENDERERS.has(form) ? (form as Renderer) : null)
    if (item === undefined) {
      this.#out.text(this.#isJson ? 'null' : '')
      return
    }
    const isNumber = (item.field?.kind === 'u32' || item.field?.kind === 'u64') && item.renderer === 'none'
    const quote = form === 'quoted' && isNumber && this.#isJson ? '"' : ''
    this.#out.text(quote)
    if (name === 'vlan_id') this.#vlan()
    else this.#emitter.item(item)
    this.#out.text(quote)
  }

  /**
   * The row's tag, or, of rows that are not sampled frames and have none, its VLAN. Each row decides for itself: other
   * rows may have stood around it when it was read.
   */
  #vlan(): void {
    const out = this.#out
    const end: Label = []
    if (this.#columns.has(SLOT.dot1qTci)) {
      const next: Label = []
      out.jump(CONTROL.jumpIfAbsent, SLOT.dot1qTci, next)
      out.value(FROM.u16Vlan, SLOT.dot1qTci, 0, 0, RENDER.decimal)
      out.jump(CONTROL.jump, 0, end)
      out.place(next)
    }
    if (isSflow(this.#rows.protocol) || !this.#columns.has(SLOT.vlanId)) out.text('0')
    else out.value(FROM.u16, SLOT.vlanId, 0, 0, RENDER.decimal)
    out.place(end)
  }

  /** A column by itself. */
  #column(name: string, form: string): void {
    const out = this.#out
    const slot = this.#slotOf(name)
    const field = findField(name)
    const isHeld = this.#columns.has(slot)
    const quote = this.#isJson ? '"' : ''
    if (field === undefined) {
      out.text(this.#isJson ? 'null' : '')
      return
    }
    switch (field.kind) {
      case 'octets':
      case 'text':
        if (!isHeld) out.text(form === 'number' ? '0' : quote + quote)
        else this.#captured(slot, FROM.capture, form)
        return
      case 'octets-list':
        out.text('[')
        if (isHeld) this.#captured(slot, FROM.captures, form)
        out.text(']')
        return
      case 'address':
        out.text(quote)
        if (isHeld) out.value(FROM.address, slot, 0, 0, form === 'none' ? RENDER.hex : RENDER.ip)
        out.text(quote)
        return
    }
    const digits = /^hex([1-8])$/.exec(form)
    const isMac = field.kind === 'mac' && form !== 'none'
    const isQuoted = digits !== null || form === 'quoted' || isMac
    const render =
      digits !== null ? RENDER.hexNumber + Number(digits[1]) : isMac ? RENDER.mac : RENDER.decimal
    if (isQuoted) out.text(quote)
    const { from, a, b, c } = numberOf(slot, this.#columns)
    if (isHeld && from !== FROM.nothing) out.value(from, a, b, c, render)
    else out.value(FROM.constant, 0, 0, 0, render)
    if (isQuoted) out.text(quote)
  }

  #captured(slot: number, from: number, form: string): void {
    const isNumber = form === 'number'
    const render = isNumber
      ? RENDER.decimal
      : form === 'text'
        ? RENDER.text
        : form === 'ip'
          ? RENDER.ip
          : RENDER.hex
    this.#out.variable(slot, 6)
    this.#out.value(from, slot, isNumber ? CAPTURE_NUMBER : 0, 0, render)
  }

  #slotOf(name: string): number {
    return SLOT_COUNT + this.#style.columnNames.indexOf(name)
  }
}

const RENDERERS = new Set<string>([
  'none',
  'datetime',
  'datetimenano',
  'string',
  'ip',
  'mac',
  'etype',
  'proto',
])
