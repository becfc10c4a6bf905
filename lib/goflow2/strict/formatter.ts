import { FlowError } from '../../diagnostics/flow-error.ts'
import type { Mapping, MappingField } from '../mapping-types.ts'
import { flowTypeName, layerName } from '../names.ts'
import { Fault } from './fault.ts'
import { compactJson } from './go-json.ts'
import { type FlowMessage, HIDDEN_NAMES, MESSAGE_FIELDS, type MessageField, messageField } from './message.ts'
import { DEFAULT_RENDERERS, isFreeText, RENDERERS, type Renderer, renderPlain, type Value } from './render.ts'

/** One field of the output, ready to print. */
interface OutputField {
  /** Printed name, one character per octet, and the same in quotes with what follows. */
  readonly name: string
  readonly textHead: string
  readonly jsonHead: string
  /** By which an extra field is found. */
  readonly sourceName: string
  readonly field: MessageField | undefined
  /** The words of the panic that printing it ends in. */
  readonly panic: string | undefined
  readonly renderer: Renderer
  /** A field that a renderer alone brings to life. */
  readonly isVirtual: boolean
  readonly isList: boolean
}

/** Prints messages as text and as JSON, with the fields, names and renderers of a mapping. */
export class Formatter {
  readonly #fields: readonly OutputField[]
  /** Extra fields by number; the last declaration of a number holds. */
  readonly #extras = new Map<number, MappingField>()
  /** Nothing printed can break JSON. */
  readonly #isSafe: boolean

  /** Throws where goflow2 would not start. */
  constructor(mapping: Mapping | null) {
    const goNames = new Map(MESSAGE_FIELDS.map(({ jsonName, goName }) => [jsonName, goName]))
    const lists = new Map<string, boolean>()
    for (const { goName, kind } of MESSAGE_FIELDS) {
      if (kind === 'u32s' || kind === 'enums' || kind === 'octets-list') lists.set(goName, true)
    }
    const renderers = new Map(DEFAULT_RENDERERS)
    for (const extra of mapping?.formatter.protobuf ?? []) {
      goNames.set(extra.name, '')
      lists.set(extra.name, extra.array)
      this.#extras.set(extra.index, extra)
    }
    for (const key of mapping?.formatter.key ?? []) {
      if (!goNames.has(key)) throw new FlowError('MAPPING_INVALID', `key field ${key} does not exist`)
    }
    for (const [name, rendererName] of Object.entries(mapping?.formatter.render ?? {})) {
      const renderer = RENDERERS.get(rendererName)
      if (renderer === undefined)
        throw new FlowError('MAPPING_INVALID', `field ${rendererName} is not a renderer`)
      renderers.set(goNames.get(name) || name, renderer)
    }
    const named = mapping?.formatter.fields ?? []
    for (const name of named) {
      if (!goNames.has(name) && !renderers.has(name)) {
        throw new FlowError('MAPPING_INVALID', `field ${name} in config not found in protobuf`)
      }
    }
    const rename = mapping?.formatter.rename ?? {}
    const names = named.length > 0 ? named : MESSAGE_FIELDS.map(({ jsonName }) => jsonName)
    this.#fields = names.map((sourceName) => {
      const goName = goNames.get(sourceName) || sourceName
      const renamed = Object.hasOwn(rename, sourceName) ? rename[sourceName] : ''
      const name = Buffer.from(renamed || sourceName).toString('latin1')
      return {
        name,
        textHead: `${name}=`,
        jsonHead: `"${name}":`,
        sourceName,
        field: messageField(goName),
        panic: HIDDEN_NAMES.get(goName)?.read,
        renderer: renderers.get(goName) ?? renderPlain,
        isVirtual: renderers.has(goName),
        isList: lists.get(goName) ?? false,
      }
    })
    this.#isSafe = this.#fields.every(
      ({ name, renderer, field, isList }) =>
        /^[\w.-]*$/.test(name) &&
        !isFreeText(renderer) &&
        (field === undefined || isList === ['u32s', 'enums', 'octets-list'].includes(field.kind)),
    )
  }

  /** `key=value …`, one character per octet. */
  text(message: FlowMessage): string | Fault {
    return this.#join(message, '', ' ')
  }

  /** A JSON object, one character per octet; a fault where text that came with the flow breaks it. */
  json(message: FlowMessage): string | Fault {
    const members = this.#join(message, '"', ',')
    if (members instanceof Fault) return members
    const json = `{${members}}`
    if (this.#isSafe) return json
    return compactJson(json) ?? new Fault('format', BROKEN_JSON)
  }

  #join(message: FlowMessage, quote: string, separator: string): string | Fault {
    const extras = message.extra.length > 0 ? this.#collect(message) : NO_EXTRAS
    if (extras === null) return new Fault('panic', '')
    let text = ''
    let isFirst = true
    for (const output of this.#fields) {
      let value: Value = null
      if (output.panic !== undefined) return new Fault('panic', output.panic)
      if (output.field !== undefined) value = fieldValue(message, output.field)
      else if (extras.has(output.sourceName)) value = extras.get(output.sourceName)!
      else if (!output.isVirtual) continue
      const printed = output.isList
        ? printList(output.renderer, value, message, quote)
        : printOne(output.renderer(value, message), quote)
      if (printed === null) continue
      if (printed instanceof Fault) return printed
      if (!isFirst) text += separator
      isFirst = false
      text += (quote === '' ? output.textHead : output.jsonHead) + printed
    }
    return text
  }

  /** Extra fields of a message by name: of several values the last, or all in a list. null where goflow2 panics. */
  #collect(message: FlowMessage): Map<string, Value> | null {
    const extras = new Map<string, Value>()
    for (const { index, value } of message.extra) {
      const declared = this.#extras.get(index)
      if (declared === undefined) continue
      if (!declared.array) {
        extras.set(declared.name, value)
        continue
      }
      const known = extras.get(declared.name)
      if (known !== undefined && !Array.isArray(known)) return null
      if (known === undefined) extras.set(declared.name, [value])
      else (known as Value[]).push(value)
    }
    return extras
  }
}

const NO_EXTRAS: ReadonlyMap<string, Value> = new Map()

const BROKEN_JSON =
  'json: error calling MarshalJSON for type *protoproducer.ProtoProducerMessage: invalid JSON for json format'

function fieldValue(message: FlowMessage, field: MessageField): Value {
  const value = message[field.key] as Value
  if (field.kind === 'enum') return flowTypeName(value as number)
  return field.kind === 'enums' ? (value as number[]).map(layerName) : value
}

/** Go's `%v` of a value; strings in quotes. */
function printOne(value: Value, quote: string): string | null {
  if (value === null) return null
  return typeof value === 'string' ? quote + value + quote : bare(value)
}

function bare(value: Value): string {
  if (Array.isArray(value) || value instanceof Uint8Array) {
    return `[${Array.from(value as Iterable<Value>, bare).join(' ')}]`
  }
  return String(value)
}

function printList(renderer: Renderer, list: Value, message: FlowMessage, quote: string): string | Fault {
  if (list === null) return '[]'
  // Go asks anything else for its length, which panics.
  if (!Array.isArray(list) && !(list instanceof Uint8Array)) return new Fault('panic', '')
  let text = ''
  for (let i = 0; i < list.length; i++) {
    const printed = printOne(renderer(list[i]!, message), quote)
    if (printed === null) continue
    text += printed
    if (i < list.length - 1) text += ','
  }
  return `[${text}]`
}
