import { SILENT } from '../diagnostics/log.ts'
import { NO_CAPTURES } from '../flow/captures.ts'
import { received } from '../testing/datagrams.ts'
import { discardingWriter } from '../testing/rows.ts'
import { makeWorkload, WORKLOAD_KINDS } from '../testing/workload.ts'
import { newDecoder } from './decoder.ts'
import { DEFAULT_LIMITS } from './settings.ts'

// Whole datagrams of every protocol through the decoder, sessions, sequence, sampling and origin columns included.

function cpuNs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) * 1000
}

for (const kind of WORKLOAD_KINDS) {
  const { templates, datagrams, flowsPerDatagram } = makeWorkload(kind, 256)
  const decoder = newDecoder({
    writers: { flow: discardingWriter() },
    captures: NO_CAPTURES,
    keepUnknown: false,
    sampling: { overrides: [], default: 0 },
    limits: DEFAULT_LIMITS,
    log: SILENT,
  })
  for (const octets of templates) decoder.decode(received(octets), 'flow')
  const payloads = datagrams.map((octets) => received(octets))
  const repeats = flowsPerDatagram === 1 ? 1600 : 160
  let best = 0
  for (let round = 0; round < 8; round++) {
    const started = cpuNs()
    for (let repeat = 0; repeat < repeats; repeat++)
      for (const payload of payloads) decoder.decode(payload, 'flow')
    best = Math.max(best, ((repeats * payloads.length) / (cpuNs() - started)) * 1000)
  }
  const rows = best * flowsPerDatagram
  console.log(
    `decode/decoder: ${rows.toFixed(2)} M rows/s of ${kind}, ${(1000 / rows).toFixed(0)} ns each; ` +
      `${(1000 / best).toFixed(0)} ns a datagram`,
  )
}
