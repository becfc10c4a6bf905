import { NO_CAPTURES } from '../flow/captures.ts'
import { PROTOCOL } from '../flow/fields.ts'
import {
  ipv4,
  join,
  received,
  type Specifier,
  specifiers,
  text,
  u8,
  u16,
  u32,
  variable,
} from '../testing/datagrams.ts'
import { discardingWriter } from '../testing/rows.ts'
import { newRandom, V4_FIELDS } from '../testing/workload.ts'
import { Issues } from './issues.ts'
import { fillOrigin, newOrigin } from './origin.ts'
import { RecordReader } from './records.ts'
import { TemplateCompiler } from './template.ts'

// Sets of records from memory into rows, with origin columns and batch turnover: a router's 19 fields in NetFlow
// v9's clothes, the same with a variable-length name at the end.

/** Nanoseconds of this thread: other work on the machine does not count. */
function cpuNs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) * 1000
}

const random = newRandom(7)

function record(): Uint8Array {
  return join(
    ipv4(`10.0.${random(256)}.${random(256)}`),
    ipv4(`192.0.2.${random(256)}`),
    ipv4('10.255.0.1'),
    join(u32(random(16)), u32(random(16)), u32(random(1000)), u32(random(1_000_000))),
    join(u32(900_000 + random(1000)), u32(901_000 + random(1000))),
    join(u16(random(65_536)), u16(443), u8(6), u8(0), u8(27), u8(0)),
    join(u32(64_512), u32(random(400_000)), u8(24), u8(20)),
  )
}

function measure(
  name: string,
  fields: readonly Specifier[],
  records: () => Uint8Array,
  perSet: number,
  protocol: number = PROTOCOL.netflow9,
): void {
  const compiler = new TemplateCompiler(NO_CAPTURES, false)
  const issues = new Issues()
  const latin1 = Buffer.from(specifiers(fields)).toString('latin1')
  const template = compiler.compile(protocol, 256, 0, latin1, issues, 1024)!
  const sets = Array.from({ length: 256 }, () => received(join(...Array.from({ length: perSet }, records))))
  const reader = new RecordReader(null)
  const writer = discardingWriter()
  const finisher = { finish: fillOrigin }
  const origin = newOrigin(sets[0]!)
  origin.systemUptime = 1_000_000
  origin.domain = 7
  origin.templateId = 256
  origin.layout = template.layout
  let best = 0
  for (let round = 0; round < 8; round++) {
    let rows = 0
    const started = cpuNs()
    while (rows < 1_000_000) {
      for (const set of sets) {
        origin.datagram = set
        rows += reader.read(template, set.from, set.to, origin, writer, finisher, issues)
      }
    }
    best = Math.max(best, (rows / (cpuNs() - started)) * 1000)
  }
  console.log(`decode/records: ${best.toFixed(1)} M rows/s of ${name}, ${(1000 / best).toFixed(0)} ns each`)
}

measure('19 fields, 24 records a set', V4_FIELDS, record, 24)
measure('19 fields, 1 record a set', V4_FIELDS, record, 1)
measure(
  '19 fields and a variable-length name, 24 records a set',
  [...V4_FIELDS, [96, 65535]],
  () => join(record(), variable(text('https'))),
  24,
)
measure(
  '19 fields and reverse counters: two rows a record',
  [...V4_FIELDS, [2, 4, 29305], [1, 4, 29305]],
  () => join(record(), u32(5), u32(500)),
  24,
  PROTOCOL.ipfix,
)
