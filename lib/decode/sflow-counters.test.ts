import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { hex, join, mac, type Octets, text, u16, u32, u64, zeros } from '../testing/datagrams.ts'
import {
  counterSample,
  discardSample,
  expandedCounterSample,
  opaque,
  sflow5Datagram,
  structure,
} from '../testing/sflow-datagrams.ts'
import { fieldOf } from './elements/registry.ts'
import { SFLOW_SAMPLE_KINDS } from './sflow-context.ts'
import { COUNTER_STRUCTURES } from './sflow-counters.ts'
import { FLOW_STRUCTURES } from './sflow-extensions.ts'
import { structureFields } from './sflow-structures.ts'
import { type Row, SflowBench } from './testing/sflow-bench.ts'

function countersOf(...records: Octets[]): Row {
  const bench = new SflowBench()
  assert.is(bench.decode(sflow5Datagram({ samples: [counterSample({ records })] })), 0)
  assert.equal(bench.issues.entries(), [])
  return bench.rows.counters[0]!
}

test('counter samples are rows of their own kind, named as the structures', () => {
  const generic = join(u32(7), u32(6), u64(10_000_000_000), u32(1), u32(3), u64(2n ** 63n), zeros(24), u64(5))
  const row = countersOf(
    structure(1, join(generic, zeros(24))),
    structure(2, join(u32(1), u32(2), zeros(44))),
    structure(1001, join(u32(0xffffffff), u32(150), u32(250), u64(2n ** 34n), u64(2n ** 33n))),
    structure(
      7,
      join(mac('020000000001'), u16(0), mac('020000000002'), u16(0), u32(9), hex('01020304'), zeros(32)),
    ),
  )
  assert.is(row['ifIndex'], 7)
  assert.is(row['ifSpeed'], 10_000_000_000n)
  assert.is(row['ifInOctets'], 2n ** 63n)
  assert.is(row['ifOutOctets'], 5n)
  assert.is(row['dot3StatsFCSErrors'], 2)
  assert.is(row['processorCpu5s'], undefined)
  assert.is(row['processorCpu1m'], 150)
  assert.is(row['processorTotalMemory'], 2n ** 34n)
  assert.is(row['dot3adAggPortPartnerOperSystemID'], '02:00:00:00:00:02')
  assert.is(row['dot3adAggPortPartnerOperState'], 4)
  assert.is(row['sampleSequenceNumber'], 1)
  assert.is(row['agentAddress'], '192.0.2.9')
  assert.is(row['flowStart'], undefined)
  assert.is(row['samplingSource'], undefined)
})

test('host structures: text, floats, lists of MAC addresses, an older and shorter form', () => {
  const cpu = Buffer.alloc(68)
  cpu.writeFloatBE(1.5, 0)
  cpu.writeUInt32BE(99, 64)
  const adapter = (index: number, ...macs: string[]) =>
    join(u32(index), u32(macs.length), ...macs.map((address) => join(mac(address), u16(0))))
  const row = countersOf(
    structure(
      2000,
      join(
        opaque(text('leaf1')),
        hex('00112233445566778899aabbccddeeff'),
        u32(3),
        u32(2),
        opaque(text('6.1')),
      ),
    ),
    structure(2001, join(u32(2), adapter(1, '020000000001', '020000000002'), adapter(2, '020000000003'))),
    structure(2003, cpu),
    structure(
      10,
      join(
        u32(1),
        u32(4),
        u32(3300),
        u32(0xffffd8f0),
        u32(2),
        ...[1, 2].map((lane) => join(u32(lane), zeros(36))),
      ),
    ),
    structure(1003, join(u32(1), zeros(48))),
    structure(1003, join(u32(2), zeros(44), u32(6))),
  )
  assert.is(row['hostName'], 'leaf1')
  assert.is(row['hostUuid'], '00112233445566778899aabbccddeeff')
  assert.is(row['hostOsRelease'], '6.1')
  assert.equal(row['hostAdapterIfIndex'], [1, 2])
  assert.equal(row['hostAdapterMacs'], ['020000000001', '020000000002', '020000000003'])
  assert.is(row['hostCpuLoadOne'], 1.5)
  assert.is(row['hostCpuContexts'], 99)
  assert.is(row['hostCpuSteal'], undefined)
  assert.is(row['sfpModuleTemperature'], -10_000n)
  assert.equal(row['sfpLaneIndex'], [1, 2])
  assert.equal(row['queueIndex'], [1, 2])
  assert.equal(row['queueDropped'], [0, 6])
})

test('expanded counter samples keep their source; without a writer counters and discards are skipped', () => {
  const counters = expandedCounterSample({ sourceClass: 2, source: 5, records: [structure(1002, zeros(12))] })
  const payload = sflow5Datagram({ samples: [counters, discardSample({ records: [] })] })
  const bench = new SflowBench()
  bench.decode(payload)
  assert.is(bench.rows.counters[0]!['sourceId'], 0x02000005)
  assert.is(bench.rows.counters[0]!['radioElapsedTime'], 0)
  const bare = new SflowBench([])
  assert.is(bare.decode(payload), 0)
  assert.equal(bare.issues.entries(), [])
  assert.is(bare.reader.records[SFLOW_SAMPLE_KINDS.indexOf('ExpandedCounterSample')], 1)
})

test('no column of a structure has the name of another with a different kind', () => {
  for (let element = 1; element < 600; element++) fieldOf(0, element)
  const names = [...structureFields(COUNTER_STRUCTURES), ...structureFields(FLOW_STRUCTURES)].map(
    ({ name }) => name,
  )
  assert.ok(names.length > 400)
  const shared = names.filter(
    (name, i) => names.indexOf(name) !== i && !/^(tunnel|socket|proxySocket)/.test(name),
  )
  assert.equal(shared, [])
})

test.run()
