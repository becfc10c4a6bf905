// Mutated packets through the tracker: counters add up, documents are JSON, and memory has its bound. One tracker takes all
// inputs; each is 64 packets, so that a million of them take some minutes at most.
import { newTrafficDocuments } from '../../lib/ecs/traffic-documents.ts'
import { BatchWriter } from '../../lib/flow/batch-writer.ts'
import { clearPage, newDocumentPage } from '../../lib/flow/documents.ts'
import { F } from '../../lib/flow/fields.ts'
import { frame, packet, transport, udp } from '../../lib/track/testing/packets.ts'
import { Tracker } from '../../lib/track/tracker.ts'
import { mutate } from './mutate.mjs'

const PACKETS = 64
const MOST_FLOWS = 500
const MOST_MEGABYTES = 600
/** Link types that are known, and one that is not. */
const LINKS = [1, 1, 1, 1, 1, 1, 101, 113, 276, 0, 108, 228, 229, 12, 147]

function makeCorpus() {
  const v6 = { from: '2001:db8::1', to: '2001:db8::2' }
  const inner = packet(17, udp([1000, 53], new Uint8Array(30)))
  const inner6 = packet(17, udp([1000, 53], new Uint8Array(30)), v6)
  const whole = udp([5353, 53], new Uint8Array(200))
  const fragment6 = (from, to, more) =>
    frame(
      0x86dd,
      packet(44, Uint8Array.of(17, 0, 0, from | more, 0, 0, 0, 7, ...whole.subarray(from, to)), v6),
    )
  return [
    transport({ ports: [40_000, 53] }),
    transport({ ports: [40_000, 443], protocol: 6 }),
    transport({ ...v6, protocol: 6 }),
    transport({ vlans: [10, 20], ports: [1, 2] }),
    frame(0x0800, packet(1, Uint8Array.of(8, 0, 0, 0, 0, 1, 0, 1))),
    frame(0x86dd, packet(58, Uint8Array.of(128, 0, 0, 0, 0, 1, 0, 1), v6)),
    frame(0x0800, packet(4, inner)),
    frame(0x0800, packet(41, inner6)),
    frame(0x86dd, packet(4, inner, v6)),
    frame(
      0x86dd,
      packet(
        0,
        Uint8Array.of(43, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0, ...udp([1, 2], new Uint8Array(4))),
        v6,
      ),
    ),
    frame(0x0806, new Uint8Array(28)),
    frame(0x0800, packet(17, whole.subarray(0, 104), {}, 0x2000)),
    frame(0x0800, packet(17, whole.subarray(104), {}, 13)),
    fragment6(0, 104, 1),
    fragment6(104, whole.length, 0),
    inner,
    inner6,
  ]
}

/** What rows and documents tell, summed. */
class Reports {
  packets = 0
  #documents = newTrafficDocuments({
    form: 'ecs',
    communityIdForm: 'specified',
    dataset: 'flow',
    members: '"tags":["x"]',
    geo: null,
  })
  #old = newTrafficDocuments({
    form: 'packetbeat6',
    communityIdForm: 'specified',
    dataset: 'flow',
    members: '',
    geo: null,
  })
  #page = newDocumentPage()

  take(batch) {
    const packets = batch.fixed(F.packetDeltaCount)
    const octets = batch.fixed(F.octetDeltaCount)
    const ids = batch.octets(F.trackedFlowId)
    let flows = 0
    for (let row = 0; row < batch.rowCount; row++) {
      this.packets += Number(packets.wide[row])
      if (octets.wide[row] >> 53n !== 0n) throw new Error(`${octets.wide[row]} octets`)
      flows += ids.present[row]
    }
    for (const writer of [this.#documents, this.#old]) {
      let count = 0
      for (let from = 0; from < batch.rowCount; ) {
        from = writer.write(batch, from, batch.rowCount, this.#page)
        for (let i = 0; i < this.#page.count; i++) {
          const { octets, starts, ends } = this.#page
          const { source } = JSON.parse(Buffer.from(octets.subarray(starts[i], ends[i])).toString())
          if (source === undefined) throw new Error('a document without a source')
        }
        count += this.#page.count
        clearPage(this.#page)
      }
      if (count !== flows) throw new Error(`${count} documents of ${flows} flows`)
    }
  }
}

export function newTarget(random) {
  const corpus = makeCorpus()
  const reports = new Reports()
  const writer = new BatchWriter('flow', (batch) => {
    reports.take(batch)
    batch.reset()
    return batch
  })
  const tracker = new Tracker({
    writer,
    observer: null,
    ingressInterface: 3,
    isReportingIdle: false,
    isDelta: false,
    timeoutMs: 3000,
    periodMs: 2000,
    alignMs: 10_000,
    mostFlows: MOST_FLOWS,
    isMacKey: true,
  })
  const timeNs = new BigUint64Array([1_700_000_000_000_000_000n])
  const timeWords = new Uint32Array(timeNs.buffer)
  let runs = 0
  return {
    next() {
      const pieces = []
      for (let i = 0; i < PACKETS; i++) {
        const octets = random(4) === 0 ? corpus[random(corpus.length)] : mutate(corpus, random)
        const kept = octets.subarray(0, 2000)
        pieces.push(
          Uint8Array.of(LINKS[random(LINKS.length)] & 255, random(256), kept.length >> 8, kept.length & 255),
          kept,
        )
      }
      return new Uint8Array(Buffer.concat(pieces))
    },
    run(octets) {
      const view = new DataView(octets.buffer)
      for (let at = 0; at + 4 <= octets.length; ) {
        const length = view.getUint16(at + 2)
        const jump = octets[at + 1]
        // Most packets come close together, some much later or earlier.
        timeNs[0] += jump === 0 ? 30_000_000_000n : jump === 1 ? -5_000_000_000n : BigInt(jump) * 100_000n
        const to = Math.min(at + 4 + length, octets.length)
        tracker.take(
          octets,
          view,
          octets[at] === 20 ? 276 : octets[at],
          at + 4,
          to,
          length,
          timeNs,
          timeWords,
        )
        at += 4 + length
      }
      if (tracker.table.count > MOST_FLOWS) throw new Error(`${tracker.table.count} flows`)
      if (++runs % 256 !== 0) return
      tracker.close(null)
      writer.flush()
      if (tracker.table.count !== 0) throw new Error('flows are left')
      if (reports.packets !== tracker.counted) {
        throw new Error(
          `${reports.packets} packets reported, ${tracker.counted} counted of ${tracker.packets}`,
        )
      }
      const megabytes = process.memoryUsage().rss / 1e6
      if (megabytes > MOST_MEGABYTES) throw new Error(`${megabytes} MB`)
    },
  }
}
