import { CUT_SHORT, Fault } from './fault.ts'
import { OctetReader } from './octet-reader.ts'
import { readIpfixOptions, readNetflow9Options, readTemplates } from './template-sets.ts'
import {
  DataTemplate,
  SourceTemplates,
  type Template,
  type TemplateField,
  type TemplateStore,
  templateKey,
} from './templates.ts'

export class Netflow9Packet {
  version = 9
  count = 0
  'system-uptime' = 0
  'unix-seconds' = 0
  'sequence-number' = 0
  'source-id' = 0
  'flow-sets': FlowSet[] | null = null
}

export class IpfixPacket {
  version = 10
  length = 0
  'export-time' = 0
  'sequence-number' = 0
  'observation-domain-id' = 0
  'flow-sets': FlowSet[] | null = null
}

/** A value of a record; null where goflow2 never came to read it. */
export interface DataField {
  'pen-provided': boolean
  type: number
  pen: number
  value: Uint8Array | null
}

export interface OptionsRecord {
  'scope-values': DataField[]
  'option-values': DataField[]
}

export class TemplateSet {
  id = 0
  length = 0
  records: Template[] | null = null
}

export class DataSet {
  id = 0
  length = 0
  records: { values: DataField[] }[] | null = null
}

export class OptionsSet {
  id = 0
  length = 0
  records: OptionsRecord[] | null = null
}

export type FlowSet = TemplateSet | DataSet | OptionsSet

/** Values that one datagram may yield: fields of no octets could make one of 65,507 octets yield a thousand million. */
const MAX_VALUES = 262_144

/** Missing templates that one fault names; a datagram has room for 16,000. */
const MAX_TOLD = 100

const VARIABLE_LENGTH = 0xffff

/** Decodes NetFlow v9 and IPFIX as goflow2 does, templates of one exporter at a time. */
export class NetflowReader {
  readonly #store: TemplateStore
  #templates = new SourceTemplates()
  #version = 0
  #domain = 0
  #values = 0

  constructor(store: TemplateStore) {
    this.#store = store
  }

  /** The packet behind the version word; learns its templates even where the rest is lost. */
  netflow9(reader: OctetReader, templates: SourceTemplates): Netflow9Packet | Fault {
    const packet = new Netflow9Packet()
    packet.count = reader.u16()
    packet['system-uptime'] = reader.u32()
    packet['unix-seconds'] = reader.u32()
    packet['sequence-number'] = reader.u32()
    packet['source-id'] = reader.u32()
    if (reader.isShort) return new Fault('decode', `NetFlowV9 header ${CUT_SHORT}`)
    const sets = this.#sets(reader, templates, 9, packet['source-id'], packet.count)
    if (sets instanceof Fault) return sets.within('NetFlowV9 ')
    packet['flow-sets'] = sets
    return packet
  }

  /** As `netflow9`. */
  ipfix(reader: OctetReader, templates: SourceTemplates): IpfixPacket | Fault {
    const packet = new IpfixPacket()
    packet.length = reader.u16()
    packet['export-time'] = reader.u32()
    packet['sequence-number'] = reader.u32()
    packet['observation-domain-id'] = reader.u32()
    if (reader.isShort) return new Fault('decode', `IPFIX header ${CUT_SHORT}`)
    // A length below that of the header wraps, as in goflow2.
    const octets = (packet.length - 16) & 0xffff
    const sets = this.#sets(reader, templates, 10, packet['observation-domain-id'], octets)
    if (sets instanceof Fault) return sets.within('IPFIX ')
    packet['flow-sets'] = sets
    return packet
  }

  /** Reads up to `size` sets (v9) or octets (IPFIX). One set without a template loses the packet, but only at its end. */
  #sets(
    reader: OctetReader,
    templates: SourceTemplates,
    version: number,
    domain: number,
    size: number,
  ): FlowSet[] | null | Fault {
    this.#templates = templates
    this.#version = version
    this.#domain = domain
    this.#values = 0
    let sets: FlowSet[] | null = null
    const missing: string[] = []
    const start = reader.left
    for (let i = 0; reader.left > 0 && (version === 9 ? i < size : start - reader.left < size); i++) {
      const set = this.#set(reader)
      if (!(set instanceof Fault)) {
        sets ??= []
        sets.push(set)
      } else if (set.kind === 'template') {
        if (missing.length < MAX_TOLD) missing.push(set.message)
      } else {
        return set
      }
    }
    return missing.length > 0 ? new Fault('template', missing.join('\n')) : sets
  }

  #set(reader: OctetReader): FlowSet | Fault {
    const id = reader.u16()
    const length = reader.u16()
    if (reader.isShort) return new Fault('decode', `header [${CUT_SHORT}]`)
    if (length < 4) return new Fault('decode', 'negative length')
    if (this.#version === 9 && id === 0) return this.#templateSet(reader, id, length, 'FlowSet')
    if (this.#version === 9 && id === 1) {
      return this.#templateSet(reader, id, length, 'NetFlow OptionsTemplateSet')
    }
    if (this.#version === 10 && id === 2) return this.#templateSet(reader, id, length, 'IPFIX TemplateSet')
    if (this.#version === 10 && id === 3) {
      return this.#templateSet(reader, id, length, 'IPFIX OptionsTemplateSet')
    }
    if (id < 256) return new Fault('decode', 'ID error').within(this.#context('Decode', id))
    return this.#dataSet(new OctetReader(reader.upTo(length - 4)), id, length)
  }

  #templateSet(reader: OctetReader, id: number, length: number, name: string): TemplateSet | Fault {
    const body = new OctetReader(reader.upTo(length - 4))
    const records =
      id === 0 || id === 2
        ? readTemplates(this.#version, body)
        : id === 1
          ? readNetflow9Options(body)
          : readIpfixOptions(body)
    if (records instanceof Fault) return records.within(this.#context(name, id))
    for (const record of records ?? []) {
      this.#store.add(
        this.#templates,
        templateKey(this.#version, this.#domain, record['template-id']),
        record,
      )
    }
    const set = new TemplateSet()
    set.id = id
    set.length = length
    set.records = records
    return set
  }

  #dataSet(reader: OctetReader, id: number, length: number): FlowSet | Fault {
    const template = this.#templates.byKey.get(templateKey(this.#version, this.#domain, id))
    if (template === undefined) {
      return new Fault('template', 'Error template not found').within(this.#context('Decode', id))
    }
    if (template instanceof DataTemplate) {
      const set = new DataSet()
      set.id = id
      set.length = length
      const fault = this.#readRecords(reader, template.fields, set)
      return fault === null ? set : fault.within(this.#context('DataSet', id))
    }
    const set = new OptionsSet()
    set.id = id
    set.length = length
    const fault = this.#readOptions(reader, template.scopes, template.options, set)
    const name = this.#version === 9 ? 'OptionDataSet' : 'DataSet'
    return fault === null ? set : fault.within(this.#context(name, id))
  }

  #readRecords(reader: OctetReader, fields: TemplateField[], set: DataSet): Fault | null {
    const smallest = fixedOctets(fields)
    while (reader.left >= smallest) {
      const before = reader.left
      const values = this.#readValues(reader, fields, smallest)
      if (values instanceof Fault) return values.within('DataSet: fields ')
      // goflow2 would go round for ever.
      if (reader.left === before) return new Fault('decode', 'record of no octets')
      set.records ??= []
      set.records.push({ values })
    }
    return null
  }

  #readOptions(
    reader: OctetReader,
    scopes: TemplateField[],
    options: TemplateField[],
    set: OptionsSet,
  ): Fault | null {
    const scopeOctets = fixedOctets(scopes)
    const optionOctets = fixedOctets(options)
    while (reader.left >= scopeOctets + optionOctets) {
      const before = reader.left
      const scopeValues = this.#readValues(reader, scopes, scopeOctets)
      if (scopeValues instanceof Fault) return scopeValues.within('OptionsDataSet: scope ')
      const optionValues = this.#readValues(reader, options, optionOctets)
      if (optionValues instanceof Fault) return optionValues.within('OptionsDataSet: options ')
      if (reader.left === before) return new Fault('decode', 'record of no octets')
      set.records ??= []
      set.records.push({ 'scope-values': scopeValues, 'option-values': optionValues })
    }
    return null
  }

  /** The values of one record; all empty where fewer octets are left than the fixed fields need. */
  #readValues(reader: OctetReader, fields: TemplateField[], smallest: number): DataField[] | Fault {
    this.#values += fields.length
    if (this.#values > MAX_VALUES) return new Fault('decode', 'too many values')
    if (reader.left < smallest) return fields.map(() => NO_VALUE)
    const values: DataField[] = []
    for (const field of fields) {
      let { length } = field
      if (length === VARIABLE_LENGTH) {
        // RFC 7011 §7: one octet of length, or 255 and two octets.
        length = reader.u8()
        if (length === 0xff) length = reader.u16()
        if (reader.isShort) return new Fault('decode', `[${CUT_SHORT}]`)
      }
      values.push({
        'pen-provided': field['pen-provided'],
        type: field.type,
        pen: field.pen,
        value: reader.upTo(length),
      })
    }
    return values
  }

  #context(name: string, id: number): string {
    return `[version:${this.#version} type:${name} obsDomainId:${this.#domain}: templateId:${id}] `
  }
}

const NO_VALUE: DataField = { 'pen-provided': false, type: 0, pen: 0, value: null }

/** Octets that the fields of fixed length take. */
function fixedOctets(fields: TemplateField[]): number {
  let octets = 0
  for (const field of fields) if (field.length !== VARIABLE_LENGTH) octets += field.length
  return octets
}
