import { ProgramShapes } from './document-shapes.ts'
import type { Condition, ConstantValue, DocumentObject, DocumentValue, RowValue } from './document-tree.ts'

/** Numbers in a step: what it does, literal (first double word, octets), two numbers, where a skip goes or a value's place. */
export const STEP = 6
export const STEP_TARGET = 5
/** Below 0 for what is no value, above where it is printed again from there. */
export const STEP_PLACE = 5

/** What a step prints after its literal. */
export const PRINT = {
  nothing: 0,
  /** Columns of these kinds; `a` is the slot. */
  u8: 1,
  u16: 2,
  u32: 3,
  u64: 4,
  i64: 5,
  /** `b` is 1 for 32-bit values. */
  f64: 6,
  mac: 7,
  text: 8,
  octets: 9,
  /** Nanoseconds as a time; `b` is 1 where zero stands for 1900. */
  time: 10,
  /** Nanoseconds as the integer that was sent; `b` is a TICKS. */
  ticks: 11,
  /** The row's fact `a`: an integer. */
  fact: 12,
  /** 1 is true, 2 is false. */
  boolean: 13,
  /** The bits of a slot of 16 bits from `b` on, eight of them. */
  octetOfU16: 14,
  /** Octets as an unsigned or (`b` 1) signed integer; `b` 2: as a float. */
  integerOctets: 15,
  /** An integer as an array of its `b` octets. */
  octetsOfInteger: 16,
  aclId: 17,
  /** Entry `b` of a label stack as three octets. */
  label: 18,
  /** The row's address `a`. */
  address: 19,
  /** The exporter's address and port. */
  exporter: 20,
  sum: 21,
  tcpFlags: 22,
  related: 23,
  flowId: 24,
  communityId: 25,
  transport: 26,
  /** `unknown (N)`, inbound, outbound. */
  flowDirection: 27,
  /** By the localities of addresses `a` and `b`. */
  localDirection: 28,
  locality: 29,
  flowLocality: 30,
  geo: 31,
  as: 32,
  /** Ends an object whose values were all optional; takes `a` octets back if none came, else puts a comma behind if `b`. */
  close: 34,
  /** The name that dictionary `b` (WORDS) has for an integer. */
  word: 35,
  macOctets: 37,
  /** Microseconds before the export time. */
  beforeExport: 38,
  /** Address `a` alone in an array. */
  addressList: 39,
  /** A time in slot `a` as the exporter's uptime in milliseconds. */
  uptime: 40,
  /** Fact `a` as a time. */
  factTime: 41,
  /** Values of a line: value `a` as it stands there, without its quotes, in lower case. */
  span: 42,
  spanText: 43,
  spanLower: 44,
  lineTime: 45,
  lineProduct: 46,
  /** What no other field took, as an object. */
  leftovers: 47,
  /** The whole line, escaped. */
  line: 48,
  /** The message of what went wrong, escaped. */
  lineError: 49,
  lineRelated: 50,
  /** Value `a` as it stands there, alone in an array. */
  spanList: 52,
  /** When the record of a line was received; else when it ended or started. */
  clock: 53,
  /** Lists of integers and of MAC addresses; octets in hexadecimal; an address that is printed once. */
  list: 54,
  macList: 55,
  hex: 56,
  formatted: 57,
  /** When the line was read. */
  readTime: 51,
  /** What was printed at place `a`. */
  again: 58,
} as const

/** What takes longer to print than to copy from where the document has it already. */
const COPIED: ReadonlySet<number> = new Set([
  ...[PRINT.u32, PRINT.u64, PRINT.sum, PRINT.time, PRINT.factTime, PRINT.uptime, PRINT.clock, PRINT.mac],
])

/** Conditions under which a value is left out; numbers go on where PRINT ends. */
export const SKIP = {
  /** Numbers from here on are conditions. */
  first: 64,
  /** Slot `a` holds nothing in this row. */
  ifAbsent: 65,
  /** Fact `a` is not known. */
  ifUnknown: 66,
  /** Slot `a` has none of the flags in its low octet. */
  ifNoFlags: 67,
  /** Nothing is known of address `a`. */
  ifNoGeo: 68,
  ifNoAs: 69,
  /** Slot `a` is neither true nor false. */
  ifNoBoolean: 70,
  /** The octets of slot `a` are no integer of at most eight octets. */
  ifNoInteger: 71,
  /** As ifAbsent, or not twelve octets. */
  ifNoAcl: 72,
  /** As ifAbsent, or not six octets. */
  ifNoMac: 74,
} as const

/** Facts of a row that are computed before it is printed: PRINT.fact and SKIP.ifUnknown. */
export const FACT = {
  duration: 2,
  /** Printed as times; their nanoseconds stand in the facts' words. */
  start: 3,
  end: 4,
} as const

/** What a printer runs for each row. */
export interface DocumentProgram {
  readonly steps: Int32Array
  /** Literals, each beginning at a double word and followed by a spare one. */
  readonly literals: BigUint64Array
  /** Places of values that are printed again. */
  readonly places: number
  readonly shapes: ProgramShapes
  /** How often a line's whole text is printed. */
  readonly lines: number
  /** Most octets of a document, values of any length aside. */
  readonly room: number
  /** Slots whose values have any length, which take up to `factor` octets for each of theirs. */
  readonly variable: readonly { readonly slot: number; readonly factor: number }[]
}

/** More than any value of fixed size takes, the list of related addresses aside. */
const VALUE_ROOM = 96
const encoder = new TextEncoder()

/** Compiles a document into steps: names in order, those that are always there first, constant text joined. */
export function compileDocument(root: DocumentObject, extraRoom: number): DocumentProgram {
  const builder = new ProgramBuilder()
  builder.object(root)
  return builder.finish(extraRoom)
}

/** Whether a value is there in every row; an object is where one of its values is, or if it has none. */
function isSteady(value: DocumentValue): boolean {
  if (value.kind !== 'object') return value.unless === null
  return value.entries.size === 0 || [...value.entries.values()].some(isSteady)
}

class ProgramBuilder {
  readonly #steps: number[] = []
  readonly #variable: { slot: number; factor: number }[] = []
  #octets: number[] = []
  readonly #literals: number[] = []
  #room = 0
  #lines = 0
  #conditions = 0
  #isOptional = false
  #places = 0
  /** Steps of values that every document has, by what they print. */
  readonly #printed = new Map<string, number>()

  /** Prints an object; one whose values are all missing is `{}`. */
  object(object: DocumentObject): void {
    this.#text('{')
    this.#entries(object)
    if (isSteady(object)) this.#text('}')
    else this.#step(PRINT.close, 0, 0)
  }

  /** Values that are always there first; without any of them the comma comes behind each value. */
  #entries({ entries }: DocumentObject): void {
    const all = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
    const steady = all.filter(([, value]) => isSteady(value))
    steady.forEach(([name, value], i) => {
      this.#text(`${i > 0 ? ',' : ''}${JSON.stringify(name)}:`)
      this.#value(value)
    })
    const isLeading = steady.length > 0
    for (const [name, value] of all) {
      if (isSteady(value)) continue
      const label = `${isLeading ? ',' : ''}${JSON.stringify(name)}:`
      if (value.kind === 'object') this.#droppable(label, value, isLeading)
      else this.#optional(label, value, isLeading)
    }
  }

  #optional(label: string, value: ConstantValue | RowValue, isLeading: boolean): void {
    const open = this.#skip(value.unless!)
    this.#text(label)
    this.#isOptional = true
    this.#value(value)
    this.#isOptional = false
    if (!isLeading) this.#text(',')
    this.#flushText()
    this.#steps[open + STEP_TARGET] = this.#steps.length
  }

  /** An object that is taken back where it stays empty. */
  #droppable(label: string, object: DocumentObject, isLeading: boolean): void {
    const start = encoder.encode(`${label}{`)
    this.#octets.push(...start)
    this.#entries(object)
    this.#step(PRINT.close, start.length, isLeading ? 0 : 1)
  }

  finish(extraRoom: number): DocumentProgram {
    this.#flushText()
    const literals = new BigUint64Array(this.#literals.length / 8 + 2)
    new Uint8Array(literals.buffer).set(this.#literals)
    return {
      steps: Int32Array.from(this.#steps),
      literals,
      places: this.#places,
      shapes: new ProgramShapes(this.#conditions),
      lines: this.#lines,
      room: this.#room + extraRoom,
      variable: this.#variable,
    }
  }

  #value(value: DocumentValue): void {
    if (value.kind === 'object') {
      this.object(value)
      return
    }
    if (value.kind === 'constant') {
      this.#text(value.json)
      return
    }
    const { print, a, b, isQuoted } = value
    if (isQuoted) this.#text('"')
    this.#print(print, a, b)
    if (print === PRINT.text) this.#variable.push({ slot: a, factor: 6 })
    if (print === PRINT.line) this.#lines++
    if (print === PRINT.octets) {
      this.#variable.push({ slot: a, factor: 4 })
      // Zeros of padding.
      this.#room += b * 2
    }
    if (print === PRINT.hex) this.#variable.push({ slot: a, factor: 2 })
    if (print === PRINT.list) this.#variable.push({ slot: a, factor: 11 })
    if (print === PRINT.macList) this.#variable.push({ slot: a, factor: 20 })
    if (isQuoted) this.#text('"')
  }

  #print(print: number, a: number, b: number): void {
    const key = `${print} ${a} ${b}`
    const before = COPIED.has(print) ? this.#printed.get(key) : undefined
    if (before !== undefined) {
      const place = this.#steps[before + STEP_PLACE]! || ++this.#places
      this.#steps[before + STEP_PLACE] = place
      this.#step(PRINT.again, place, 0, 0)
      return
    }
    if (!this.#isOptional) this.#printed.set(key, this.#steps.length)
    this.#step(print, a, b, 0)
  }

  #text(text: string): void {
    this.#octets.push(...encoder.encode(text))
  }

  /** Appends a step that leaves something out, and returns where its target is to be set. */
  #skip({ skip, a }: Condition): number {
    const at = this.#steps.length
    this.#conditions++
    this.#step(skip, a, 0)
    return at
  }

  #flushText(): void {
    if (this.#octets.length > 0) this.#step(PRINT.nothing, 0, 0)
  }

  #step(what: number, a: number, b: number, place = -1): void {
    const literals = this.#literals
    const { length } = this.#octets
    this.#steps.push(what, literals.length / 8, length, a, b, place)
    for (const octet of this.#octets) literals.push(octet)
    while (literals.length % 8 !== 0) literals.push(0)
    this.#octets = []
    this.#room += length + VALUE_ROOM
  }
}
