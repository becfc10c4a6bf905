import * as assert from 'uvu/assert'
import { type Captures, NO_CAPTURES } from '../../flow/captures.ts'
import { PROTOCOL } from '../../flow/fields.ts'
import { type Octets, received, type Specifier, specifiers } from '../../testing/datagrams.ts'
import { type Row, RowCollector } from '../../testing/rows.ts'
import { Issues } from '../issues.ts'
import { fillOrigin, newOrigin } from '../origin.ts'
import { FrameReader } from '../packet.ts'
import { RecordReader } from '../records.ts'
import { TemplateCompiler } from '../template.ts'

/** When the test datagrams were sent. */
export const EXPORT_NS = 1_700_000_000_000_000_000n

export interface DecodeOptions {
  readonly protocol?: number
  readonly scopeCount?: number
  readonly captures?: Captures
  readonly keepUnknown?: boolean
  readonly uptime?: number
}

/** Decodes a set of records under a template; the rows without their origin columns. */
export function decode(fields: readonly Specifier[], body: Octets, options: DecodeOptions = {}) {
  const protocol = options.protocol ?? PROTOCOL.ipfix
  const captures = options.captures ?? NO_CAPTURES
  const issues = new Issues()
  const compiler = new TemplateCompiler(captures, options.keepUnknown ?? false)
  const latin1 = Buffer.from(specifiers(fields)).toString('latin1')
  const template = compiler.compile(protocol, 256, options.scopeCount ?? 0, latin1, issues, 1024)
  if (template === null) return { rows: [] as Row[], issues, count: 0, records: 0, batches: [], template }
  const datagram = received(body)
  const origin = newOrigin(datagram)
  origin.protocol = protocol
  origin.exportTime[0] = EXPORT_NS
  origin.systemUptime = protocol === PROTOCOL.ipfix ? -1 : (options.uptime ?? 1_000_000)
  origin.layout = template.layout
  const collector = new RowCollector()
  const reader = new RecordReader(new FrameReader(captures, issues))
  let finished = 0
  const finisher = {
    finish(...[batch, from, to, what]: Parameters<typeof fillOrigin>) {
      finished += to - from
      fillOrigin(batch, from, to, what)
    },
  }
  const { from, to } = datagram
  const count = reader.read(template, from, to, origin, collector.writer, finisher, issues)
  const rows = collector.rows().map((row) => {
    for (const name of ORIGIN) delete row[name]
    return row
  })
  assert.is(rows.length, count)
  assert.is(finished, count)
  return { rows, issues, count, records: reader.recordCount, batches: collector.batches, template }
}

const ORIGIN = [
  'exportProtocol',
  'timeReceived',
  'exportTime',
  'exporterAddress',
  'exporterPort',
  'sequenceNumber',
  'systemUptime',
  'layout',
]

/** The only row of a record of one element. */
export function value(specifier: Specifier, octets: Octets, options: DecodeOptions = {}): Row {
  const { rows } = decode([specifier], octets, options)
  assert.is(rows.length, 1)
  return rows[0]!
}
