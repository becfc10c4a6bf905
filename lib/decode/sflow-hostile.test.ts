import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ipv6, join, type Octets, received, text, u32, zeros } from '../testing/datagrams.ts'
import {
  counterSample,
  discardSample,
  expandedFlowSample,
  flowSample,
  flowSample4,
  opaque,
  rawHeader,
  sflow4Datagram,
  sflow5Datagram,
  structure,
} from '../testing/sflow-datagrams.ts'
import { newRandom } from '../testing/workload.ts'
import { fillOrigin } from './origin.ts'
import type { SflowReader } from './sflow.ts'
import { FRAME, gateway, IPV4, newOrigin, SflowBench } from './testing/sflow-bench.ts'

const RICH = [
  rawHeader(FRAME),
  structure(1001, zeros(16)),
  structure(1002, join(u32(2), ipv6('2001:db8::1'), u32(64), u32(64))),
  gateway({ source: 1, segments: join(...[2, 1, 64501].map(u32)), count: 1 }),
  structure(1006, join(u32(1), zeros(4), u32(1), zeros(4), u32(1), zeros(4))),
  structure(1037, join(u32(42), opaque(text('foo!')), u32(2))),
]

const HOSTILE = sflow5Datagram({
  samples: [
    flowSample({ records: RICH }),
    counterSample({ records: [structure(2001, join(u32(1), u32(1), u32(1), zeros(8)))] }),
    expandedFlowSample({ records: RICH }),
    discardSample({ records: RICH }),
  ],
})
const HOSTILE4 = sflow4Datagram(4, {
  samples: [
    flowSample4({ packet: join(u32(1), u32(1), u32(90), opaque(FRAME)), records: [join(u32(1), zeros(16))] }),
    flowSample4({
      packet: join(u32(2), IPV4),
      records: [join(u32(4), opaque(text('ann')), opaque(text('b')))],
    }),
  ],
})

test('a datagram cut at any octet gives no more rows than it has samples', () => {
  for (const whole of [HOSTILE, HOSTILE4]) {
    let most = 0
    for (let length = 0; length <= whole.length; length++) {
      const bench = new SflowBench()
      const flows = bench.decode(whole.subarray(0, length))
      assert.ok(flows >= most && flows <= 2, `${length}`)
      most = flows
      assert.is(bench.rows.flow.length, flows)
      assert.ok(bench.rows.counters.length <= 1 && bench.rows.discard.length <= 1)
    }
    assert.is(most, 2)
  }
})

test('any word of a datagram may be 0, 65535 or all ones', () => {
  for (const whole of [HOSTILE, HOSTILE4]) {
    const bench = new SflowBench()
    for (let at = 0; at + 4 <= whole.length; at += 4) {
      for (const value of [0, 65535, 0xffffffff]) {
        const broken = Uint8Array.from(whole)
        broken.set(u32(value), at)
        bench.rows.flow = []
        const flows = bench.decode(broken)
        assert.ok(flows <= 4, `${at} ${value}`)
        assert.is(bench.rows.flow.length, flows)
      }
    }
  }
})

test('counts larger than the payload cost no time', () => {
  const bench = new SflowBench()
  const count = 0xffffffff
  bench.decode(sflow5Datagram({ count, samples: [] }))
  bench.decode(sflow5Datagram({ samples: [flowSample({ count, records: [] })] }))
  bench.decode(
    sflow5Datagram({ samples: [counterSample({ count, records: [structure(2001, u32(count))] })] }),
  )
  bench.decode(sflow5Datagram({ samples: [flowSample({ records: [structure(1012, u32(count))] })] }))
  bench.decode(sflow4Datagram(4, { count, samples: [] }))
  assert.is(bench.issues.count('sampleTruncated'), 4)
  assert.is(bench.issues.count('badLength'), 2)
})

test('more samples than a batch has rows keep their facts', () => {
  const bench = new SflowBench()
  const samples = Array.from({ length: 1000 }, () => flowSample({ records: [] }))
  for (let i = 0; i < 6; i++)
    bench.reader.decode(...argumentsOf(sflow5Datagram({ sequence: i, samples }), bench))
  bench.decode(sflow5Datagram({ samples: [] }))
  assert.is(bench.rows.flow.length, 6000)
  for (let i = 0; i < 6000; i++) {
    const row = bench.rows.flow[i]!
    assert.is(row['sequenceNumber'], Math.floor(i / 1000))
    assert.is(row['agentAddress'], '192.0.2.9')
  }
})

function argumentsOf(payload: Octets, bench: SflowBench): Parameters<SflowReader['decode']> {
  const datagram = received(payload)
  return [datagram, newOrigin(datagram), { finish: fillOrigin }, bench.issues]
}

test('octets around a datagram change nothing, however broken it is', () => {
  const random = newRandom(2026)
  const bench = new SflowBench()
  for (let i = 0; i < 400; i++) {
    const broken = Uint8Array.from(i % 2 === 0 ? HOSTILE : HOSTILE4)
    for (let change = random(4); change >= 0; change--) broken[random(broken.length)] = random(256)
    const cut = broken.subarray(0, random(3) === 0 ? random(broken.length) : broken.length)
    const [first, second] = [0x00, 0xff].map((fill) => {
      bench.rows.flow = []
      bench.rows.counters = []
      bench.rows.discard = []
      const datagram = received(cut)
      const around = new Uint8Array(datagram.to + 256).fill(fill)
      around.set(cut, datagram.from)
      datagram.octets = around
      datagram.view = new DataView(around.buffer)
      bench.decodeDatagram(datagram)
      return { ...bench.rows }
    })
    assert.equal(first, second, Buffer.from(cut).toString('hex'))
  }
})

test.run()
