// Mutated capture files, plain and compressed, through the capture reader.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { FlowError } from '../../lib/diagnostics/flow-error.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { readCapture } from '../../lib/receive/capture.ts'
import { concat, ethernet, fragments, ipUdp, PcapngSection, pcap } from '../../lib/testing/pcap.ts'
import { makeWorkload } from '../../lib/testing/workload.ts'
import { mutate } from './mutate.mjs'

function makeCorpus() {
  const packets = []
  for (const [i, octets] of makeWorkload('v5', 6).datagrams.entries()) {
    const packet = {
      source: i % 2 === 0 ? '192.0.2.1' : '2001:db8::1',
      sourcePort: 50_000,
      payload: octets.slice(0, 24 + 96),
    }
    packet.destination = i % 2 === 0 ? '192.0.2.9' : '2001:db8::9'
    packet.destinationPort = 2055
    packets.push(ethernet(ipUdp(packet), i === 3 ? { tags: [0x88a8, 0x8100] } : {}))
    if (i < 2) packets.push(...fragments(packet, 64, 7 + i).map((piece) => ethernet(piece)))
  }
  const captured = packets.map((octets, i) => ({
    timeNs: 1_767_225_600_000_000_000n + BigInt(i) * 1000n,
    octets,
  }))
  const corpus = [
    pcap(captured),
    pcap(captured, { littleEndian: false, nanoseconds: true }),
    pcap(captured.slice(0, 3), { link: 113 }),
    pcap(captured.slice(0, 3), { link: 276 }),
    pcap(captured.slice(0, 3), { link: 0 }),
  ]
  for (const little of [true, false]) {
    const section = new PcapngSection(little)
    corpus.push(
      concat(
        section.header(),
        section.interface(1, { resolution: 9 }),
        section.interface(101, { resolution: 0x86, offsetS: 5n }),
        ...captured.map(({ timeNs, octets }) => section.enhanced(0, timeNs, octets)),
        section.old(0, captured[0].timeNs, captured[0].octets),
        section.simple(captured[0].octets),
        section.block(0x0bad, captured[1].octets),
      ),
    )
  }
  return corpus
}

export function newTarget(random) {
  const corpus = makeCorpus()
  const folder = mkdtempSync(join(tmpdir(), 'weir-fuzz-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'input.pcap')
  return {
    next() {
      const octets = mutate(corpus, random)
      const wrap = random(8)
      if (wrap === 0) return mutate([gzipSync(octets)], random)
      if (wrap === 1) return mutate([zstdCompressSync(octets)], random)
      return octets
    },
    async run(octets) {
      writeFileSync(file, octets)
      let given = 0
      try {
        await readCapture(file, {
          log: SILENT,
          onDatagram(datagram) {
            if (datagram.from > datagram.to || datagram.to > datagram.octets.length)
              throw new Error('bad bounds')
            given++
          },
        })
      } catch (error) {
        if (!(error instanceof FlowError)) throw error
      }
      if (given > 100_000) throw new Error(`${given} datagrams out of ${octets.length} octets`)
    },
  }
}
