import { formatAddress } from '../bytes/address.ts'
import type { Column } from '../flow/batch.ts'
import type { ExporterFacts } from '../flow/exporter-facts.ts'
import { F, type Field } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import { protocolName } from '../flow/protocol-names.ts'
import { serviceName } from '../flow/service-names.ts'
import type { FlowBlock, Problem } from '../flow/source.ts'
import { readTableLines, refuseBadLines, shown } from './table-lines.ts'

/** Names that are remembered of all exporters, and their octets with what each costs; what comes later is left out. */
const MOST_NAMES = 1_000_000
const MOST_OCTETS = 2 ** 28
const NAME_OCTETS = 128
const MOST_TEXT = 256
/** C0, DEL, C1, and what turns the direction of text around: a name must not steer a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
/** Pseudo enterprise of NetFlow v9's scope types (RFC 3954 §6.1), as layouts have them; type 2 is the interface. */
const V9_SCOPE = -2

interface InterfaceNames {
  readonly name: string
  /** Bits per second, 0 unknown. */
  readonly speed: number
}

/** A name that an exporter said, and when: what is said later counts. */
interface SaidName {
  readonly name: string
  readonly atNs: number
}

/** Names by exporter and number: plain data for other threads. */
export interface ExporterNamesState {
  readonly given: ReadonlyMap<string, InterfaceNames>
  readonly interfaces: ReadonlyMap<string, SaidName>
  readonly applications: ReadonlyMap<string, SaidName>
}

/** Where one layout of options records holds names. */
interface NamePlan {
  readonly index: readonly Field[]
  readonly interfaceName: Field | null
  readonly interfaceDescription: Field | null
  readonly application: Field | null
  readonly applicationName: Field | null
  readonly applicationDescription: Field | null
}

/** What exporters call their interfaces and applications: the user's file first, then what the exporters said. */
export class ExporterNames {
  readonly #given: Map<string, InterfaceNames>
  readonly #interfaces: Map<string, SaidName>
  readonly #speeds = new Map<string, number>()
  readonly #applications: Map<string, SaidName>
  readonly #mostOctets: number
  #octets = 0
  /** Names that were left out for lack of room. */
  leftOut = 0

  /** `state`: what another one knows. Names that exporters said take at most `mostOctets`. */
  constructor(state: ExporterNamesState | null = null, mostOctets: number = MOST_OCTETS) {
    this.#mostOctets = mostOctets
    this.#given = new Map(state?.given)
    this.#interfaces = new Map(state?.interfaces)
    this.#applications = new Map(state?.applications)
  }

  /** What is known, for the names of another thread; not to be changed. */
  get state(): ExporterNamesState {
    return { given: this.#given, interfaces: this.#interfaces, applications: this.#applications }
  }

  /** How many interfaces and applications exporters have named. */
  get counts(): { interfaces: number; applications: number } {
    return { interfaces: this.#interfaces.size, applications: this.#applications.size }
  }

  /** The name of interface `index` of the exporter (its address as text), or the empty text. */
  interfaceName(exporter: string, index: number): string {
    const given = this.#given.get(`${exporter} ${index}`) ?? this.#given.get(`* ${index}`)
    return given?.name || (this.#interfaces.get(`${exporter} ${index}`)?.name ?? '')
  }

  /** The speed of an interface in bits per second, as the user's file or sFlow counters have it; 0 unknown. */
  interfaceSpeed(exporter: string, index: number): number {
    const given = this.#given.get(`${exporter} ${index}`) ?? this.#given.get(`* ${index}`)
    return given?.speed || (this.#speeds.get(`${exporter} ${index}`) ?? 0)
  }

  /** The name of an application id (element 95, lower-case hexadecimal), or what `applicationText` says of it. */
  applicationName(exporter: string, id: string): string {
    return this.#applications.get(`${exporter} ${shortened(id)}`)?.name ?? applicationText(id)
  }

  /**
   * Adds the interfaces of a table of `exporter,ifindex,name[,speed]`; `*` is every exporter, speeds may end in k, M, G, T.
   * A FlowError names the first bad line of `path`.
   */
  addFile(text: string, path: string): void {
    let isFirst = true
    const bad = readTableLines(text, ({ fields }) => {
      const wasFirst = isFirst
      isFirst = false
      const [exporter, index, name, speed] = fields
      if (wasFirst && exporter!.toLowerCase() === 'exporter') return null
      if (fields.length < 3) return 'want exporter,ifindex,name or exporter,ifindex,name,speed'
      if (!/^\d{1,10}$/.test(index!) || Number(index) > 0xffffffff)
        return `${shown(index!)} is no interface index`
      const bits = speed === undefined || speed === '' ? 0 : parseSpeed(speed)
      if (bits < 0) return `${shown(speed!)} is no speed; want bits per second, as 1000000000 or 10G`
      this.#given.set(`${exporter} ${Number(index)}`, { name: name!, speed: bits })
      return null
    })
    refuseBadLines(path, bad)
  }

  /** Takes what a decoder has learnt of an exporter up to a moment in nanoseconds. */
  addFacts(facts: ExporterFacts, atNs = 0): void {
    const { address, interfaces, applications } = facts
    for (const [index, { name, description }] of interfaces)
      this.#put(this.#interfaces, `${address} ${index}`, safeText(name) || safeText(description), atNs)
    for (const [id, { name, description }] of applications)
      this.#put(
        this.#applications,
        `${address} ${shortened(id)}`,
        safeText(name) || safeText(description),
        atNs,
      )
  }

  #put(names: Map<string, SaidName>, key: string, name: string, atNs: number): void {
    if (name === '') return
    const known = names.get(key)
    if (known !== undefined && (known.name === name || known.atNs > atNs)) {
      if (known.atNs < atNs) names.set(key, { name, atNs })
      return
    }
    const octets =
      known === undefined ? NAME_OCTETS + key.length + name.length : name.length - known.name.length
    const count = this.#interfaces.size + this.#applications.size
    if (this.#octets + octets > this.#mostOctets || (known === undefined && count >= MOST_NAMES))
      this.leftOut++
    else {
      this.#octets += octets
      names.set(key, { name, atNs })
    }
  }

  /** Learns from the rows of a block of options records or sFlow counters; blocks of other kinds say nothing. */
  learn(block: FlowBlock, problems: Problem[]): void {
    if (block.info.kind === 'options') this.#learnOptions(block, problems)
    else if (block.info.kind === 'counters') this.#learnCounters(block, problems)
  }

  /** Structures 1 (interface) and 1005 (port name) of sFlow counter samples. */
  #learnCounters(block: FlowBlock, problems: Problem[]): void {
    const column = (name: string): Column | null => {
      const field = block.columns.find((facts) => facts.name === name)?.field ?? null
      return field === null ? null : (block.read(field, problems)?.column ?? null)
    }
    const indexes = column('ifIndex')
    const exporters = column(F.exporterAddress.name)
    if (indexes === null || exporters?.shape !== 'fixed') return
    const speeds = column('ifSpeed')
    const names = column('portName')
    const received = column(F.timeReceived.name)
    for (let row = 0; row < block.info.rows; row++) {
      const index = numberAt(indexes, row)
      if (index <= 0) continue
      const key = `${formatAddress(exporters.words, row * 4)} ${index}`
      this.#put(this.#interfaces, key, textAt(names, row), momentAt(received, row))
      const speed = numberAt(speeds, row)
      if (speed > 0 && (this.#speeds.size < MOST_NAMES || this.#speeds.has(key))) this.#speeds.set(key, speed)
    }
  }

  #learnOptions(block: FlowBlock, problems: Problem[]): void {
    const columns = new Map<Field, Column | null>()
    const column = (field: Field): Column | null => {
      let known = columns.get(field)
      if (known === undefined) {
        known = block.read(field, problems)?.column ?? null
        columns.set(field, known)
      }
      return known
    }
    const layouts = column(F.layout)
    const exporters = column(F.exporterAddress)
    if (layouts?.shape !== 'fixed' || exporters?.shape !== 'fixed') return
    const received = column(F.timeReceived)
    const plans = new Map<number, NamePlan | null>()
    for (let row = 0; row < block.info.rows; row++) {
      const number = layouts.values[row]!
      let plan = plans.get(number)
      if (plan === undefined) {
        const layout = number === 0 ? null : block.layout(number)
        plan = layout === null ? null : planOf(layout)
        plans.set(number, plan)
      }
      if (plan === null) continue
      const exporter = formatAddress(exporters.words, row * 4)
      this.#learnRow(row, plan, { exporter, atNs: momentAt(received, row) }, column)
    }
  }

  #learnRow(
    row: number,
    plan: NamePlan,
    { exporter, atNs }: { exporter: string; atNs: number },
    column: (field: Field) => Column | null,
  ): void {
    const text = (field: Field | null) => (field === null ? '' : textAt(column(field), row))
    const name = text(plan.interfaceName) || text(plan.interfaceDescription)
    if (name !== '') {
      for (const field of plan.index) {
        const index = numberAt(column(field), row)
        if (index <= 0) continue
        this.#put(this.#interfaces, `${exporter} ${index}`, name, atNs)
        break
      }
    }
    if (plan.application === null) return
    const id = hexAt(column(plan.application), row)
    const application = text(plan.applicationName) || text(plan.applicationDescription)
    if (id !== '') this.#put(this.#applications, `${exporter} ${shortened(id)}`, application, atNs)
  }
}

/** Null where the layout names nothing. */
function planOf(layout: Layout): NamePlan | null {
  const find = (enterprise: number, element: number): Field | null =>
    layout.fields.find((field) => field.enterprise === enterprise && field.element === element)?.field ?? null
  const index = [find(V9_SCOPE, 2), find(0, 10), find(0, 252), find(0, 14), find(0, 253)]
  const plan = {
    index: index.filter((field) => field !== null),
    interfaceName: find(0, 82),
    interfaceDescription: find(0, 83),
    application: find(0, 95),
    applicationName: find(0, 96),
    applicationDescription: find(0, 94),
  }
  const namesInterfaces = (plan.interfaceName ?? plan.interfaceDescription) !== null && plan.index.length > 0
  const namesApplications =
    plan.application !== null && (plan.applicationName ?? plan.applicationDescription) !== null
  return namesInterfaces || namesApplications ? plan : null
}

function textAt(column: Column | null, row: number): string {
  if (column?.shape !== 'octets' || column.present[row] === 0) return ''
  const from = column.starts[row]!
  const to = from + Math.min(column.lengths[row]!, MOST_TEXT)
  const octets = Buffer.from(column.data.subarray(from, to))
  const end = octets.indexOf(0)
  return safeText(octets.toString('utf8', 0, end < 0 ? octets.length : end))
}

/** A name as terminals and pages may show it: what would steer them is U+FFFD, as octets are that are no UTF-8. */
function safeText(text: string): string {
  return text.slice(0, MOST_TEXT).trim().replace(UNSAFE, '\ufffd')
}

/** When a row was received, in nanoseconds: near enough to tell which of two came later. */
function momentAt(column: Column | null, row: number): number {
  return column?.shape === 'fixed' && column.present[row] === 1 ? Number(column.wide[row]!) : 0
}

/** The number of a row, exact to 2^53; -1 where it has none. */
function numberAt(column: Column | null, row: number): number {
  if (column === null || column.present[row] === 0) return -1
  if (column.shape === 'fixed') {
    if (column.stride === 1) return column.values[row]!
    return column.words[row * 2 + 1]! * 2 ** 32 + column.words[row * 2]!
  }
  if (column.shape !== 'octets') return -1
  const from = column.starts[row]!
  const octets = Math.min(column.lengths[row]!, 6)
  return octets === 0 ? -1 : Buffer.from(column.data.subarray(from, from + octets)).readUIntBE(0, octets)
}

function hexAt(column: Column | null, row: number): string {
  if (column === null || column.present[row] === 0) return ''
  if (column.shape === 'fixed') return column.values[row]!.toString(16).padStart(8, '0')
  if (column.shape !== 'octets') return ''
  const from = column.starts[row]!
  return Buffer.from(column.data.subarray(from, from + Math.min(column.lengths[row]!, 32))).toString('hex')
}

/** An application id without zeros before its selector: it may be sent in fewer octets than the table has (RFC 6759 §4.1). */
function shortened(id: string): string {
  return id.slice(0, 2) + id.slice(2).replace(/^(?:00)+(?=..)/, '')
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 }

/** Bits per second of `1000000000`, `10G`, `2.5 Gbit/s`; -1 for other texts. */
function parseSpeed(text: string): number {
  const match = /^(\d{1,15}(?:\.\d{1,3})?)\s*([kmgt]?)(?:b(?:ps|it\/s)?)?$/i.exec(text)
  return match === null ? -1 : Number(match[1]) * UNITS[match[2]!.toLowerCase()]!
}

// Classification engines, RFC 6759 §4.1.
const IANA_L3 = 1
const IANA_L4 = 3

/**
 * An application id (RFC 6759: an engine's octet and a selector) in words: the protocol or service of IANA's engines, else
 * `engine:selector`; the empty text for an id of less than two octets.
 */
export function applicationText(id: string): string {
  if (!/^(?:[0-9a-f]{2}){2,16}$/.test(id)) return ''
  const engine = Number.parseInt(id.slice(0, 2), 16)
  const selector = BigInt(`0x${id.slice(2)}`)
  if (engine === IANA_L3 && selector < 256n) return protocolName(Number(selector))
  if (engine === IANA_L4 && selector < 65_536n) {
    const name = serviceName(6, Number(selector)) || serviceName(17, Number(selector))
    if (name !== '') return name
  }
  return `${engine}:${selector}`
}
