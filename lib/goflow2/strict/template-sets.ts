import { CUT_SHORT, Fault } from './fault.ts'
import type { OctetReader } from './octet-reader.ts'
import {
  DataTemplate,
  IpfixOptionsTemplate,
  Netflow9OptionsTemplate,
  type TemplateField,
} from './templates.ts'

const ENTERPRISE_BIT = 0x8000

/** The records of a Template Set; null where it holds none, as goflow2 prints it. */
export function readTemplates(version: number, reader: OctetReader): DataTemplate[] | null | Fault {
  let records: DataTemplate[] | null = null
  while (reader.left >= 4) {
    const record = new DataTemplate()
    record['template-id'] = reader.u16()
    record['field-count'] = reader.u16()
    for (let i = 0; i < record['field-count']; i++) {
      const field = newField(reader)
      if (reader.isShort) return new Fault('decode', `TemplateSet: reading field [${CUT_SHORT}]`)
      if (version === 10 && (field.type & ENTERPRISE_BIT) !== 0) {
        field['pen-provided'] = true
        field.type ^= ENTERPRISE_BIT
        field.pen = reader.u32()
        if (reader.isShort) return new Fault('decode', `TemplateSet: reading enterprise field [${CUT_SHORT}]`)
      }
      record.fields.push(field)
    }
    records ??= []
    records.push(record)
  }
  return records
}

/** The records of a NetFlow v9 Options Template FlowSet, as `readTemplates`. */
export function readNetflow9Options(reader: OctetReader): Netflow9OptionsTemplate[] | null | Fault {
  let records: Netflow9OptionsTemplate[] | null = null
  while (reader.left >= 4) {
    const record = new Netflow9OptionsTemplate()
    record['template-id'] = reader.u16()
    record['scope-length'] = reader.u16()
    record['option-length'] = reader.u16()
    if (reader.isShort) return new Fault('decode', CUT_SHORT)
    const scopes = readFields(reader, record['scope-length'] >> 2, false)
    if (typeof scopes === 'number') return shortField('NFv9OptionsTemplateSet: scope', scopes)
    const options = readFields(reader, record['option-length'] >> 2, false)
    if (typeof options === 'number') return shortField('NFv9OptionsTemplateSet: option', options)
    record.scopes = scopes
    record.options = options
    records ??= []
    records.push(record)
  }
  return records
}

/** The records of an IPFIX Options Template Set, as `readTemplates`; enterprise bits stay in the types. */
export function readIpfixOptions(reader: OctetReader): IpfixOptionsTemplate[] | null | Fault {
  let records: IpfixOptionsTemplate[] | null = null
  while (reader.left >= 4) {
    const record = new IpfixOptionsTemplate()
    record['template-id'] = reader.u16()
    record['field-count'] = reader.u16()
    record['scope-field-count'] = reader.u16()
    if (reader.isShort) return new Fault('decode', `IPFIXOptionsTemplateSet: header [${CUT_SHORT}]`)
    const scopes = readFields(reader, record['scope-field-count'], true)
    if (typeof scopes === 'number') return shortField('IPFIXOptionsTemplateSet: scope', scopes)
    const count = record['field-count'] - record['scope-field-count']
    if (count < 0) return new Fault('decode', 'IPFIXOptionsTemplateSet: negative length')
    const options = readFields(reader, count, true)
    if (typeof options === 'number') return shortField('IPFIXOptionsTemplateSet: option', options)
    record.scopes = scopes
    record.options = options
    records ??= []
    records.push(record)
  }
  return records
}

/** `count` specifiers, or the number of the one that is cut short. */
function readFields(reader: OctetReader, count: number, hasEnterprises: boolean): TemplateField[] | number {
  const fields: TemplateField[] = []
  for (let i = 0; i < count; i++) {
    const field = newField(reader)
    if (hasEnterprises && (field.type & ENTERPRISE_BIT) !== 0) {
      field['pen-provided'] = true
      field.pen = reader.u32()
    }
    if (reader.isShort) return i
    fields.push(field)
  }
  return fields
}

function newField(reader: OctetReader): TemplateField {
  return { 'pen-provided': false, type: reader.u16(), length: reader.u16(), pen: 0 }
}

function shortField(where: string, index: number): Fault {
  return new Fault('decode', `${where}:${index} [${CUT_SHORT}]`)
}
