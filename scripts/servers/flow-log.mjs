// A log that is written and rotated as by goflow2 and logrotate: numbered flows, some of which a server must refuse.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** Every so many lines one does not fit the types of its data stream: numbers that no `long` holds, objects for words. */
const REFUSED_EVERY = 5000
const FIRST_NS = 1_795_165_300_000_000_000n

export const isRefused = (number) => number % REFUSED_EVERY === REFUSED_EVERY - 1

/** One line; its number is its octets, and every fourth is NetFlow's. */
function lineOf(number) {
  const type = number % 4 === 1 ? 'NETFLOW_V9' : 'SFLOW_5'
  const sequence = isRefused(number) ? '18446744073709551615' : number
  return (
    `{"type":"${type}","time_flow_start_ns":${FIRST_NS + BigInt(number) * 1_000_000n},"sampler_address":"192.0.2.9",` +
    `"sequence_num":${sequence},"in_if":1,"out_if":2,"src_addr":"10.0.${(number >> 8) & 255}.${number & 255}",` +
    `"dst_addr":"198.51.100.7","etype":"IPv4","proto":"UDP","src_port":${1024 + (number % 60_000)},"dst_port":53,` +
    `"sampling_rate":1,"bytes":${number},"odd":${isRefused(number) ? '{"a":1}' : '"text"'}}\n`
  )
}

export class FlowLog {
  written = 0
  rotations = 0

  constructor(folder) {
    this.folder = folder
    mkdirSync(folder)
  }

  /** What to ship. */
  get pattern() {
    return join(this.folder, 'flows.log*')
  }

  get #path() {
    return join(this.folder, 'flows.log')
  }

  write(count) {
    for (let left = count; left > 0; left -= 1000) {
      const lines = Array.from({ length: Math.min(1000, left) }, () => lineOf(this.written++))
      appendFileSync(this.#path, lines.join(''))
    }
  }

  /** Gives the log a new name, which may be that of its packed copy. */
  rotate(isPacked) {
    if (!existsSync(this.#path)) return
    const old = `${this.#path}.${++this.rotations}`
    renameSync(this.#path, old)
    if (!isPacked) return
    const draft = join(this.folder, 'draft')
    writeFileSync(draft, gzipSync(readFileSync(old), { level: 1 }))
    renameSync(draft, `${old}.gz`)
    rmSync(old)
  }
}
