// Mutated datagrams through goflow2's emulation, in every format.
import { newDatagram } from '../../lib/flow/datagram.ts'
import { StrictCollector } from '../../lib/goflow2/strict/collector.ts'
import { fuzzCorpus } from './decode.mjs'
import { mutate } from './mutate.mjs'

const SHAPES = [
  ['sample', 'json'],
  ['sample', 'text'],
  ['sample', 'bin'],
  ['raw', 'json'],
  ['raw', 'text'],
]

export function newTarget(random) {
  const corpus = fuzzCorpus()
  let age = 0
  let collectors = []
  const datagram = newDatagram()
  datagram.address.set([0, 0, 0xffff, 0xc0000201])
  return {
    next: () => mutate(corpus, random),
    run(octets) {
      if (age++ % 5000 === 0) {
        collectors = SHAPES.map(
          ([produce, format]) =>
            new StrictCollector({ produce, format, mapping: null, separator: Uint8Array.of(10), write() {} }),
        )
      }
      datagram.port = 50_000 + random(3)
      datagram.octets = octets
      datagram.view = new DataView(octets.buffer, octets.byteOffset, octets.length)
      datagram.from = 0
      datagram.to = octets.length
      datagram.receivedNs[0] = 1_767_225_600_000_000_000n
      collectors[random(collectors.length)].datagram(datagram, 'flow')
    },
  }
}
