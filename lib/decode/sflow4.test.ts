import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ipv4, ipv6, join, text, u32, u64, zeros } from '../testing/datagrams.ts'
import { flowSample4, opaque, sflow4Datagram } from '../testing/sflow-datagrams.ts'
import { FRAME, IPV4, SflowBench } from './testing/sflow-bench.ts'

test('versions 2 and 4 are decoded: header, IPv4 and IPv6 packets with extended data', () => {
  for (const version of [2, 4] as const) {
    const bench = new SflowBench()
    const path =
      version === 2
        ? join(u32(2), u32(64501), u32(64502))
        : join(u32(1), u32(2), u32(2), u32(64501), u32(64502), u32(1), u32(0xfde80001), u32(100))
    const extended = [
      join(u32(1), u32(30), u32(0), u32(31), u32(0)),
      join(u32(2), u32(1), ipv4('192.0.2.7'), u32(24), u32(16)),
      join(u32(3), u32(65000), u32(64777), u32(64999), path),
      join(u32(4), opaque(text('ann')), opaque(text('bert'))),
      join(u32(5), u32(1), opaque(text('/a'))),
    ]
    const header = join(u32(1), u32(1), u32(1418), opaque(FRAME))
    const addresses = join(ipv6('2001:db8::1'), ipv6('2001:db8::2'))
    const packet6 = join(u32(3), u32(100), u32(17), addresses, u32(1), u32(2), u32(0), u32(0))
    const samples = [
      flowSample4({ packet: header, records: extended, rate: 256 }),
      flowSample4({ packet: join(u32(2), IPV4), records: [], output: 0x80000003 }),
      join(...[2, 1, 3, 30, 2].map(u32), u32(7), zeros(84), u32(11), zeros(48)),
      flowSample4({ packet: packet6, records: [] }),
      join(...[2, 1, 3, 30, 7].map(u32), u32(100), u64(12345), zeros(16)),
    ]
    assert.is(bench.decode(sflow4Datagram(version, { samples })), 3, `version ${version}`)
    assert.equal(bench.issues.entries(), [])
    const [first, second, third] = bench.rows.flow
    assert.is(first!['exportProtocol'], 200 + version)
    assert.is(first!['subAgentId'], undefined)
    assert.is(first!['samplingRate'], 256)
    assert.is(first!['octetDeltaCount'], 1418n)
    assert.is(first!['sourceTransportPort'], 443)
    assert.is(first!['vlanId'], 30)
    assert.is(first!['postVlanId'], 31)
    assert.is(first!['nextHopAddress'], '192.0.2.7')
    assert.equal(first!['asPath'], [64501, 64502])
    assert.is(first!['bgpDestinationAsNumber'], 64502)
    assert.is(first!['bgpLocalPreference'], version === 4 ? 100 : undefined)
    assert.is(first!['destinationUser'], 'bert')
    assert.is(first!['url'], '/a')
    assert.is(second!['octetDeltaCount'], 1344n)
    assert.is(second!['egressInterface'], 0)
    assert.is(second!['egressInterfaceRaw'], 0x80000003)
    assert.is(third!['sourceAddress'], '2001:db8::1')
    assert.is(bench.rows.counters[0]!['ifIndex'], 7)
    assert.is(bench.rows.counters[0]!['dot3StatsAlignmentErrors'], 11)
    assert.is(bench.rows.counters[1]!['vlanCountersOctets'], 12345n)
  }
})

test('version 4 ends at what it does not know, and the rows before it stand', () => {
  const bench = new SflowBench()
  const good = flowSample4({ packet: join(u32(2), IPV4), records: [] })
  assert.is(bench.decode(sflow4Datagram(4, { samples: [good, u32(9), good] })), 1)
  assert.is(bench.rows.flow.length, 1)
  assert.equal(bench.issues.entries(), [['unknownSample', 1]])
})

test.run()
