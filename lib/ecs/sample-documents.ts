import type { FlowBatch } from '../flow/batch.ts'
import type { DocumentPage, DocumentWriter } from '../flow/documents.ts'
import { F, type Field } from '../flow/fields.ts'
import type { Locality } from '../flow/locality.ts'
import { ColumnSlots } from './column-slots.ts'
import { ECS_VERSION } from './document-form.ts'
import { DocumentPrinter } from './document-printer.ts'
import { compileDocument, PRINT, SKIP } from './document-program.ts'
import type { DocumentStep } from './document-steps.ts'
import { addFields, constant, type DocumentObject, emptyObject, rowValue, setValue } from './document-tree.ts'
import { WORDS } from './octet-values.ts'
import { RowFacts } from './row-facts.ts'
import type { CompiledDocument, RowPlan } from './row-plan.ts'
import { snakeCase } from './snake-case.ts'

export interface SampleDocumentOptions {
  readonly locality: Locality
  readonly tags: readonly string[]
  readonly fields: Readonly<Record<string, unknown>>
  readonly steps: readonly DocumentStep[]
}

/** Makes documents of sFlow's counter samples and discard notifications (FIELDS.md); rows of other kinds have none. */
export function newSampleDocuments(options: SampleDocumentOptions): DocumentWriter {
  return new SampleDocuments(options)
}

/** Addresses of a row: the agent, and the ends of a packet that was dropped. */
const AGENT = 0
const SOURCE = 1
const DESTINATION = 2
const MOST_PROGRAMS = 64

class SampleDocuments implements DocumentWriter {
  readonly #slots = new ColumnSlots()
  readonly #printer: DocumentPrinter
  readonly #options: SampleDocumentOptions
  /** By kind and columns that a batch has. */
  readonly #programs = new Map<string, CompiledDocument>()

  constructor(options: SampleDocumentOptions) {
    this.#options = options
    const around = { locality: options.locality, geo: null, isStrict: false }
    this.#printer = new DocumentPrinter(this.#slots, new RowFacts(this.#slots, around))
  }

  write(batch: FlowBatch, from: number, to: number, page: DocumentPage): number {
    if (batch.kind !== 'counters' && batch.kind !== 'discard') return to
    this.#slots.bind(batch)
    const compiled = this.#compiledOf(batch)
    for (let row = from; row < to; row++) if (!this.#printer.print(compiled, row, page)) return row
    return to
  }

  #compiledOf(batch: FlowBatch): CompiledDocument {
    const fields = batch.columns().map(({ field }) => field)
    const key = `${batch.kind} ${fields.map(({ index }) => index).join(' ')}`
    let compiled = this.#programs.get(key)
    if (compiled === undefined) {
      compiled = batch.kind === 'counters' ? this.#counters(fields) : this.#discard()
      if (this.#programs.size >= MOST_PROGRAMS) this.#programs.clear()
      this.#programs.set(key, compiled)
    }
    return compiled
  }

  #counters(fields: readonly Field[]): CompiledDocument {
    const root = this.#common('sflow_counters', 'metric', ['info'])
    this.#put(root, 'observer.interface.id', findByName(fields, 'ifIndex'), PRINT.u32, true)
    for (const field of fields) {
      if (COMMON.has(field)) continue
      const [print, isQuoted] = printOf(field)
      this.#put(root, `sflow.counters.${snakeCase(field.name)}`, field, print, isQuoted)
    }
    return this.#finish(root, false)
  }

  #discard(): CompiledDocument {
    const root = this.#common('sflow_discard', 'event', ['denied'])
    const word = (path: string, field: Field, words: number) => {
      const a = this.#slots.slotOf(field)
      setValue(root, path, rowValue(PRINT.word, a, words, true, { skip: SKIP.ifAbsent, a }))
    }
    word('event.reason', F.dropReason, WORDS.dropReason)
    this.#put(root, 'sflow.drop.reason', F.dropReason, PRINT.u32)
    this.#put(root, 'sflow.drop.count', F.sampleDrops, PRINT.u32)
    this.#put(root, 'sflow.bytes', F.frameOctets, PRINT.u32)
    this.#put(root, 'observer.ingress.interface.id', F.ingressInterface, PRINT.u32, true)
    this.#put(root, 'observer.egress.interface.id', F.egressInterface, PRINT.u32, true)
    this.#put(root, 'observer.ingress.vlan.id', F.vlanId, PRINT.u16, true)
    this.#put(root, 'observer.egress.vlan.id', F.postVlanId, PRINT.u16, true)
    word('network.type', F.ethernetType, WORDS.ethernetType)
    word('network.transport', F.protocolIdentifier, WORDS.protocol)
    this.#put(root, 'network.iana_number', F.protocolIdentifier, PRINT.u8, true)
    this.#end(root, 'source', SOURCE, F.sourceAddress, F.sourceTransportPort, F.sourceMacAddress)
    this.#end(
      root,
      'destination',
      DESTINATION,
      F.destinationAddress,
      F.destinationTransportPort,
      F.destinationMacAddress,
    )
    const a = this.#slots.slotOf(F.sourceAddress)
    const unless = { skip: SKIP.ifAbsent, a }
    setValue(root, 'network.community_id', rowValue(PRINT.communityId, 0, 0, true, unless))
    setValue(root, 'related.ip', rowValue(PRINT.related, 0, 0, false, unless))
    return this.#finish(root, true)
  }

  #end(root: DocumentObject, name: string, number: number, address: Field, port: Field, mac: Field): void {
    const unless = { skip: SKIP.ifAbsent, a: this.#slots.slotOf(address) }
    setValue(root, `${name}.ip`, rowValue(PRINT.address, number, 0, true, unless))
    setValue(root, `${name}.locality`, rowValue(PRINT.locality, number, 0, true, unless))
    this.#put(root, `${name}.port`, port, PRINT.u16)
    this.#put(root, `${name}.mac`, mac, PRINT.mac, true)
  }

  #common(action: string, kind: string, type: readonly string[]): DocumentObject {
    const root = emptyObject()
    setValue(root, '@timestamp', rowValue(PRINT.time, this.#slots.slotOf(F.timeReceived), 0, true))
    setValue(root, 'ecs.version', constant(ECS_VERSION))
    setValue(root, 'event.action', constant(action))
    setValue(root, 'event.category', constant(['network']))
    setValue(root, 'event.kind', constant(kind))
    setValue(root, 'event.type', constant(type))
    setValue(root, 'observer.ip', rowValue(PRINT.addressList, AGENT))
    this.#put(root, 'sflow.sequence_num', F.sequenceNumber, PRINT.u32)
    this.#put(root, 'sflow.sub_agent_id', F.subAgentId, PRINT.u32)
    this.#put(root, 'sflow.source_id', F.sourceId, PRINT.u32)
    this.#put(root, 'sflow.sample_sequence_num', F.sampleSequenceNumber, PRINT.u32)
    this.#put(root, 'sflow.uptime_millis', F.systemUptime, PRINT.u32)
    return root
  }

  /** A column's value where a row holds it. */
  #put(root: DocumentObject, path: string, field: Field | undefined, print: number, isQuoted = false): void {
    if (field === undefined) return
    const a = this.#slots.slotOf(field)
    setValue(root, path, rowValue(print, a, 0, isQuoted, { skip: SKIP.ifAbsent, a }))
  }

  #finish(root: DocumentObject, isFlow: boolean): CompiledDocument {
    const { tags, fields, steps } = this.#options
    if (tags.length > 0) setValue(root, 'tags', constant(tags))
    addFields(root, fields)
    for (const step of steps) step(root)
    const slot = (field: Field) => this.#slots.slotOf(field)
    const address = (field: Field) => ({ slot: slot(field), octetsSlot: -1, isV6: false, own: -1, other: -1 })
    const rows: RowPlan = {
      addresses: [F.agentAddress, F.sourceAddress, F.destinationAddress].map(address),
      related: isFlow ? [SOURCE, DESTINATION] : [],
      isSortedAsText: true,
      located: isFlow ? [SOURCE, DESTINATION] : [],
      placed: [],
      source: SOURCE,
      destination: DESTINATION,
      sourcePort: slot(F.sourceTransportPort),
      destinationPort: slot(F.destinationTransportPort),
      protocol: slot(F.protocolIdentifier),
      icmpTypeCode: slot(F.icmpTypeCode),
      isFlow,
      isLine: false,
      systemUptime: -1,
      startUptime: -1,
      endUptime: -1,
      isStartTime: false,
      isEndTime: false,
      durationMs: -1,
      flowStart: -1,
      flowEnd: -1,
      merged: [],
    }
    return { program: compileDocument(root, 3 * 48), rows }
  }
}

/** Columns that every sFlow row has, or that stand elsewhere in its document. */
const COMMON: ReadonlySet<Field> = new Set<Field>([
  F.exportProtocol,
  F.timeReceived,
  F.exporterAddress,
  F.exporterPort,
  F.exportTime,
  F.systemUptime,
  F.sequenceNumber,
  F.observationDomainId,
  F.layout,
  F.agentAddress,
  F.subAgentId,
  F.samplingRate,
  F.samplingSource,
  F.sourceId,
  F.sampleSequenceNumber,
])

function findByName(fields: readonly Field[], name: string): Field | undefined {
  return fields.find((field) => field.name === name)
}

/** How a column of a kind is printed, and whether in quotes. */
function printOf({ kind }: Field): [print: number, isQuoted: boolean] {
  switch (kind) {
    case 'u8':
      return [PRINT.u8, false]
    case 'u16':
      return [PRINT.u16, false]
    case 'u32':
      return [PRINT.u32, false]
    case 'u64':
      return [PRINT.u64, false]
    case 'i64':
      return [PRINT.i64, false]
    case 'f64':
      return [PRINT.f64, false]
    case 'mac':
      return [PRINT.mac, true]
    case 'text':
      return [PRINT.text, true]
    case 'octets':
      return [PRINT.hex, true]
    case 'address':
      return [PRINT.formatted, true]
    case 'octets-list':
      return [PRINT.macList, false]
    default:
      return [PRINT.list, false]
  }
}
