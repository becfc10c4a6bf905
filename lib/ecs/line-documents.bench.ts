import { clearPage, newDocumentPage } from '../flow/documents.ts'
import { newRandom } from '../testing/workload.ts'
import { LineDocuments } from './line-documents.ts'

// Lines of goflow2 per second of one thread that become documents in memory, without databases.

const LINES = 20_000
const random = newRandom(7)

function line(): string {
  const address = () => `${11 + random(200)}.${random(256)}.${random(256)}.${random(256)}`
  return (
    `{"type":"SFLOW_5","time_flow_start_ns":${1_767_225_600 + random(60)}${String(random(1e9)).padStart(9, '0')},` +
    `"sampler_address":"192.0.2.1","sequence_num":${random(1e6)},"in_if":${random(600)},"out_if":${random(600)},` +
    `"src_addr":"${address()}","dst_addr":"${address()}","etype":"IPv4","proto":"TCP","src_port":${random(65_536)},` +
    `"dst_port":443,"src_vlan":1500,"dst_vlan":1500,"sampling_rate":1000,"bytes":${64 + random(1400)}}\n`
  )
}

const text = new TextEncoder().encode(Array.from({ length: LINES }, line).join(''))
for (const tags of [
  ['sflow', 'forwarded'],
  ['sflow', 'forwarded', 'preserve_original_event'],
]) {
  const writer = new LineDocuments({
    form: 'final',
    tags,
    geo: null,
    timezone: '+00:00',
    fields: {},
    hasCommunityId: false,
    steps: [],
    isStrict: false,
    now: Date.now,
  })
  const page = newDocumentPage()
  let octets = 0
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 10; round++) {
    octets = 0
    const start = cpuMs()
    for (let i = 0; i < 3; i++) {
      for (let at = 0; at < text.length; ) {
        at = writer.writeLines(text, at, text.length, page)
        octets += page.used
        clearPage(page)
      }
    }
    best = Math.min(best, cpuMs() - start)
  }
  const lines = LINES * 3
  console.log(
    `${tags.join(',')}: ${((lines / best) * 1000).toFixed(0)} lines/s, ${((best * 1e6) / lines).toFixed(0)} ns each, ` +
      `${(octets / lines).toFixed(0)} octets`,
  )
}

/** Milliseconds of processor that this thread has used: other programs are not measured. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
