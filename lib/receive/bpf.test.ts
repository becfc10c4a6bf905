import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ethernet, ipUdp } from '../testing/pcap.ts'
import { compilePacketFilter, PacketFilter } from './bpf.ts'
import { openLibpcap } from './ffi.ts'

const test = suite('bpf')

const ETHERNET = 1

function frameOf(
  source: string,
  sourcePort: number,
  destination: string,
  destinationPort: number,
): Uint8Array {
  return ethernet(
    ipUdp({ source, sourcePort, destination, destinationPort, payload: new Uint8Array([1, 2, 3, 4]) }),
  )
}

const isMatched = (filter: PacketFilter, frame: Uint8Array) =>
  filter.matches(
    new DataView(frame.buffer, frame.byteOffset, frame.byteLength),
    0,
    frame.length,
    frame.length,
  )

if (openLibpcap() === null) console.log('skipped: there is no libpcap')
else {
  test('expressions choose packets as pcap-filter says', () => {
    const v4 = frameOf('10.0.0.1', 4000, '10.0.0.2', 53)
    const v6 = frameOf('2001:db8::1', 4000, '2001:db8::2', 53)
    for (const [expression, ofV4, ofV6] of [
      ['ip', true, false],
      ['ip6', false, true],
      ['udp', true, true],
      ['tcp', false, false],
      ['port 53', true, true],
      ['src port 53', false, false],
      ['host 10.0.0.2', true, false],
      ['net 10.0.0.0/24 and not port 54', true, false],
      ['src net 2001:db8::/32', false, true],
      ['greater 1000', false, false],
      ['less 1000', true, true],
      ['udp[4:2] = 12', true, false],
      ['ip[8] * 2 > 100 and ip[2:2] - 4 = 28', true, false],
    ] as const) {
      const filter = compilePacketFilter(expression, ETHERNET)
      assert.is(isMatched(filter, v4), ofV4, `${expression} on IPv4`)
      assert.is(isMatched(filter, v6), ofV6, `${expression} on IPv6`)
      for (let cut = 0; cut < v4.length; cut++) isMatched(filter, v4.slice(0, cut))
    }
  })

  test('a wrong expression is refused with what is wrong', () => {
    assert.throws(() => compilePacketFilter('prot 53', ETHERNET), /--bpf prot 53: .*syntax error/)
  })
}

test('any program ends, whatever it says', () => {
  let state = 1
  for (let round = 0; round < 3000; round++) {
    const octets = new Uint8Array(8 * 40)
    for (let i = 0; i < octets.length; i++) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      octets[i] = state >>> 16
    }
    isMatched(new PacketFilter(octets), frameOf('10.0.0.1', 1, '10.0.0.2', 2))
  }
})

test.run()
