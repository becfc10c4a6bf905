import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { SILENT } from '../diagnostics/log.ts'
import { ethernet, ipUdp, join as joinOctets, PcapngSection, pcap } from '../testing/pcap.ts'
import { readCapture } from './capture.ts'

// Reading captures of small datagrams, from a file in the page cache to the last field of the Datagram.

const count = 300_000
const frames = Array.from({ length: 16 }, (_, i) =>
  ethernet(
    ipUdp({
      source: `192.0.2.${i}`,
      sourcePort: 40000 + i,
      destination: '198.51.100.2',
      destinationPort: 2055,
      payload: new Uint8Array(72).fill(i),
    }),
  ),
)
const packets = Array.from({ length: count }, (_, i) => ({
  timeNs: 1_700_000_000_000_000_000n + BigInt(i) * 1000n,
  octets: frames[i % 16]!,
}))
const section = new PcapngSection()
const files = {
  pcap: pcap(packets),
  pcapng: joinOctets([
    section.header(),
    section.interface(1, { resolution: 9 }),
    ...packets.map(({ timeNs, octets }) => section.enhanced(0, timeNs, octets)),
  ]),
}
const folder = mkdtempSync(join(tmpdir(), 'capture-'))
for (const [name, octets] of Object.entries({
  ...files,
  'pcap.gz': gzipSync(files.pcap, { level: 1 }),
  'pcap.zst': zstdCompressSync(files.pcap),
})) {
  const path = join(folder, name)
  writeFileSync(path, octets)
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 7; round++) {
    let seen = 0
    const started = performance.now()
    await readCapture(path, {
      log: SILENT,
      onDatagram(datagram) {
        seen += datagram.to - datagram.from
      },
    })
    best = Math.min(best, performance.now() - started)
    if (seen !== count * 72) throw new Error(`${seen} octets`)
  }
  console.log(`receive/capture: ${name}: ${(count / best / 1000).toFixed(2)} M packets/s`)
}
rmSync(folder, { recursive: true })
