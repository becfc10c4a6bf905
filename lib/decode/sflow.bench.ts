import { BatchWriter } from '../flow/batch-writer.ts'
import { NO_CAPTURES } from '../flow/captures.ts'
import { hex, received, zeros } from '../testing/datagrams.ts'
import { flowSample, rawHeader, sflow5Datagram } from '../testing/sflow-datagrams.ts'
import { Issues } from './issues.ts'
import { fillOrigin, type Origin } from './origin.ts'
import { FrameReader } from './packet.ts'
import type { RowFinisher } from './records.ts'
import { SflowReader } from './sflow.ts'

// Seven samples with headers of 128 octets: what fits a datagram of 1,500.
const frame = [
  ...hex('005300000001 005300000002 0800'),
  ...hex('45000578 abab4000 4006aaaa 0a000001 0a000002'),
  ...hex('01bbd5a2 00000001 00000002 80180200 00000000 0101080a0000000100000002'),
  ...zeros(62),
]
const samples = Array.from({ length: 7 }, (_, i) =>
  flowSample({ sequence: i, records: [rawHeader(frame, { frameLength: 1418 })] }),
)
const datagram = received(sflow5Datagram({ samples }))
const issues = new Issues()
const writer = new BatchWriter('flow', (full) => {
  full.reset()
  return full
})
const reader = new SflowReader(new FrameReader(NO_CAPTURES, issues), { flow: writer })
const finisher: RowFinisher = { finish: fillOrigin }
const origin: Origin = {
  protocol: 0,
  datagram,
  exportTime: new BigUint64Array(1),
  systemUptime: 0,
  sequenceNumber: 0,
  domain: -1,
  engineType: -1,
  engineId: -1,
  samplingWord: -1,
  aggregation: -1,
  aggregationVersion: -1,
  templateId: 0,
  layout: null,
  samplingRate: 0,
  samplingSource: 0,
}

let best = 0
for (let round = 0; round < 10; round++) {
  const started = process.hrtime.bigint()
  let rows = 0
  for (let i = 0; i < 30_000; i++) rows += reader.decode(datagram, origin, finisher, issues)
  best = Math.max(best, (rows * 1e9) / Number(process.hrtime.bigint() - started))
}
console.log(`decode/sflow: ${(best / 1e6).toFixed(2)} M rows/s`)
