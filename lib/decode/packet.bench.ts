import { FlowBatch } from '../flow/batch.ts'
import { NO_CAPTURES } from '../flow/captures.ts'
import { hex } from '../testing/datagrams.ts'
import { Issues } from './issues.ts'
import { FrameReader } from './packet.ts'

// Ethernet, IPv4 and TCP in a header of 128 octets, as sFlow agents send it.
const octets = Uint8Array.from([
  ...hex('005300000001 005300000002 0800'),
  ...hex('45000578 abab4000 4006aaaa 0a000001 0a000002'),
  ...hex('01bbd5a2 00000001 00000002 80180200 00000000 0101080a0000000100000002'),
  ...new Array<number>(62).fill(0),
])
const view = new DataView(octets.buffer)
const reader = new FrameReader(NO_CAPTURES, new Issues())
const batch = new FlowBatch()

function round(): number {
  const started = process.hrtime.bigint()
  let count = 0
  for (let turn = 0; turn < 100; turn++) {
    for (let row = 0; row < 4096; row++) reader.read(octets, view, 0, octets.length, 1, batch, row)
    count += 4096
    batch.rowCount = 4096
    batch.reset()
  }
  return Number(process.hrtime.bigint() - started) / count
}

let best = Number.POSITIVE_INFINITY
for (let i = 0; i < 10; i++) best = Math.min(best, round())
console.log(`decode/packet: ${best.toFixed(0)} ns per Ethernet, IPv4 and TCP header`)
