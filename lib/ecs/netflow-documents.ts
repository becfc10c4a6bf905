import type { FixedColumn, FlowBatch } from '../flow/batch.ts'
import type { DocumentPage, DocumentWriter } from '../flow/documents.ts'
import { F, PROTOCOL } from '../flow/fields.ts'
import type { GeoSource } from '../flow/geo.ts'
import type { Layout } from '../flow/layout.ts'
import type { Locality } from '../flow/locality.ts'
import { ColumnSlots } from './column-slots.ts'
import type { Definitions } from './definitions.ts'
import type { DocumentForm } from './document-form.ts'
import { DocumentPrinter } from './document-printer.ts'
import type { DocumentStep } from './document-steps.ts'
import { type FieldValue, layoutValues } from './layout-values.ts'
import { LineLayouts } from './line-layouts.ts'
import { compileNetflow, type NetflowDocumentSettings } from './netflow-document.ts'
import { RowFacts } from './row-facts.ts'
import type { CompiledDocument } from './row-plan.ts'

export interface NetflowDocumentOptions {
  readonly form: DocumentForm
  readonly locality: Locality
  /** Null where nobody gave a database. */
  readonly geo: GeoSource | null
  /** Written as they are; none where empty. */
  readonly tags: readonly string[]
  /** What every document holds beside: `agent`, `data_stream` and the like, as plain data. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly definitions: Definitions | null
  readonly steps: readonly DocumentStep[]
  /** Copies Elastic where it is plainly wrong (DIFFERENCES.md). */
  readonly isStrict: boolean
}

/** Makes documents of Elastic's `netflow.log` from rows of flows and of options records. */
export function newNetflowDocuments(options: NetflowDocumentOptions): DocumentWriter {
  return new NetflowDocuments(options)
}

/** Programs of one layout; rows of one layout can hold different values, which an exporter may drive to any number. */
const MOST_VARIANTS = 256
/** Octets of programs of all layouts, after which they are made anew. */
const MOST_PROGRAM_OCTETS = 64 << 20
/** Names whose presence changes more of a document than a field of its own. */
const KEY_NAMES = new Set([
  ...['flowStartSysUpTime', 'flowEndSysUpTime', 'flowDurationMilliseconds', 'flowDirection', 'staMacAddress'],
  ...['wtpMacAddress', 'staIPv4Address', 'sourceIPv4Address', 'sourceIPv6Address', 'destinationIPv4Address'],
  ...['destinationIPv6Address', 'sourceTransportPort', 'destinationTransportPort', 'sourceMacAddress'],
  ...['destinationMacAddress', 'protocolIdentifier', 'octetDeltaCount', 'octetTotalCount', 'initiatorOctets'],
  ...['packetDeltaCount', 'packetTotalCount', 'initiatorPackets', 'reverseOctetDeltaCount'],
  ...['reverseOctetTotalCount', 'responderOctets', 'reversePacketDeltaCount', 'reversePacketTotalCount'],
  ...['responderPackets', 'biflowDirection', 'wlanSSID', 'tcpControlBits', 'icmpTypeCodeIPv6'],
])

/** Bits of a row's key above those of its key values, of which there are fewer than 50. */
const EGRESS = 2 ** 50
const REVERSE = 2 ** 51

/** A layout's values, and the programs made for it so far. */
interface LayoutDocuments {
  readonly layout: Layout
  readonly values: readonly FieldValue[]
  /** Values that every row either holds or not, told by the first. */
  readonly steady: readonly FieldValue[]
  /** Values that decide about the program row by row. */
  readonly keys: readonly FieldValue[]
  /** Slots of biflowDirection, and of flowDirection in a WLAN's records, or -1. */
  readonly biflow: number
  readonly wlan: number
  readonly programs: Map<string, CompiledDocument>
}

class NetflowDocuments implements DocumentWriter {
  readonly #slots = new ColumnSlots()
  readonly #printer: DocumentPrinter
  readonly #settings: NetflowDocumentSettings
  readonly #definitions: Definitions | null
  #layouts = new WeakMap<Layout, LayoutDocuments>()
  /** Octets of all programs kept. */
  #programOctets = 0
  readonly #half = this.#slots.slotOf(F.biflowHalf)
  readonly #exportTime = this.#slots.slotOf(F.exportTime)
  readonly #lineLayouts = new LineLayouts(this.#slots)

  constructor(options: NetflowDocumentOptions) {
    const { form, tags, fields, geo, locality, isStrict, steps } = options
    this.#settings = { form, tags, fields, steps, hasGeo: geo !== null }
    this.#definitions = options.definitions
    this.#printer = new DocumentPrinter(this.#slots, new RowFacts(this.#slots, { locality, geo, isStrict }))
  }

  write(batch: FlowBatch, from: number, to: number, page: DocumentPage): number {
    this.#slots.bind(batch)
    const { layouts } = batch
    const numbers = (batch.fixed(F.layout) as FixedColumn).values
    const protocols = (batch.fixed(F.exportProtocol) as FixedColumn).values
    const exported = this.#slots.present[this.#exportTime]!
    const half = this.#slots.present[this.#half]!
    const halves = this.#slots.u8[this.#half]!
    let last = -1
    let documents: LayoutDocuments | null = null
    let steady = ''
    let compiled: CompiledDocument | null = null
    let lastKey = 0
    for (let row = from; row < to; row++) {
      if (half[row] === 1 && halves[row] === 1) continue
      const number = numbers[row]!
      // Only what comes from a line of goflow2's log has no export time.
      const isLine = exported[row] === 0
      if (isLine || number !== last) {
        last = isLine ? -1 : number
        const protocol = protocols[row]!
        const isNetflow = protocol > 0 && protocol < PROTOCOL.sflow2
        const sent = isLine ? this.#lineLayouts.layoutOf(row, protocol) : layouts[number - 1]
        if (!isNetflow || sent === undefined) documents = null
        else if (documents?.layout !== sent || !isLine) {
          compiled = null
          documents = this.#documentsOf(sent)
          steady = this.#steadyKey(documents, row)
        }
      }
      if (documents === null) continue
      const key = this.#rowKey(documents, row)
      if (compiled === null || key !== lastKey) {
        lastKey = key
        compiled = this.#compiledOf(documents, steady, key, batch.kind === 'options', isLine)
      }
      if (!this.#printer.print(compiled, row, page)) return row
    }
    return to
  }

  #documentsOf(layout: Layout): LayoutDocuments {
    let documents = this.#layouts.get(layout)
    if (documents === undefined) {
      documents = this.#newDocuments(layout)
      this.#layouts.set(layout, documents)
    }
    return documents
  }

  #newDocuments(layout: Layout): LayoutDocuments {
    const values = layoutValues(layout, this.#slots, this.#definitions)
    const slotOf = (name: string) => values.find(({ element }) => element.name === name)?.slot ?? -1
    const isWlan = slotOf('staMacAddress') >= 0 && slotOf('wtpMacAddress') >= 0
    return {
      layout,
      values,
      steady: values.filter((value) => !value.isVariable),
      keys: values.filter((value) => value.isVariable && KEY_NAMES.has(value.element.name)),
      biflow: slotOf('biflowDirection'),
      wlan: isWlan ? slotOf('flowDirection') : -1,
      programs: new Map(),
    }
  }

  /** Which of the values of fixed length the rows hold: a digit each. */
  #steadyKey({ steady }: LayoutDocuments, row: number): string {
    let key = ''
    for (const { slot } of steady) key += slot < 0 ? 1 : this.#slots.present[slot]![row]
    return key
  }

  /** What differs between rows of one layout, a bit each: two directions, and which key values they hold. */
  #rowKey({ keys, biflow, wlan }: LayoutDocuments, row: number): number {
    const { u8, present } = this.#slots
    let key = 0
    for (let i = 0; i < keys.length; i++) key = key * 2 + present[keys[i]!.slot]![row]!
    if (biflow >= 0 && u8[biflow]![row] === 2) key += REVERSE
    if (wlan >= 0 && u8[wlan]![row] === 1) key += EGRESS
    return key
  }

  #compiledOf(
    documents: LayoutDocuments,
    steadyKey: string,
    rowKey: number,
    isOptions: boolean,
    isLine: boolean,
  ): CompiledDocument {
    const whole = `${isOptions ? 'o' : isLine ? 'l' : 'f'}${steadyKey} ${rowKey}`
    let compiled = documents.programs.get(whole)
    if (compiled !== undefined) return compiled
    const { layout, values, steady, keys } = documents
    const digits = new Map<FieldValue, boolean>()
    for (let i = 0; i < steady.length; i++) digits.set(steady[i]!, steadyKey[i] === '1')
    const held = rowKey % EGRESS
    for (let i = 0; i < keys.length; i++) {
      digits.set(keys[i]!, Math.floor(held / 2 ** (keys.length - 1 - i)) % 2 === 1)
    }
    const variant = {
      presence: (value: FieldValue) => {
        const digit = digits.get(value)
        return digit === undefined ? 'maybe' : digit ? 'yes' : 'no'
      },
      isOptions,
      isLine,
      isReverse: rowKey >= REVERSE,
      isEgress: rowKey % REVERSE >= EGRESS,
    } as const
    compiled = compileNetflow(layout, values, variant, this.#slots, this.#settings)
    const { steps: program, literals } = compiled.program
    this.#programOctets += program.byteLength + literals.byteLength
    // Exporters choose what there is to compile: what they no longer send is made again when it comes.
    if (this.#programOctets > MOST_PROGRAM_OCTETS) {
      this.#programOctets = 0
      this.#layouts = new WeakMap()
    }
    if (documents.programs.size >= MOST_VARIANTS) documents.programs.clear()
    documents.programs.set(whole, compiled)
    return compiled
  }
}
