// Octets per flow of the same seeded flows: our archive, nfdump's files (from nfcapd, if it is installed) and goflow2's
// JSON. nfdump's own zstd is not in Debian's build: its uncompressed file is compressed by the megabyte as it would.
import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { ARCHIVE_CALLS } from '../../lib/archive/archive-calls.ts'
import { FileWriter } from '../../lib/archive/file-writer.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { FlowBatch } from '../../lib/flow/batch.ts'
import { newLineSink } from '../../lib/goflow2/line-sink.ts'
import { FlowGenerator } from '../../lib/testing/flow-generator.ts'
import { datagrams } from './datagrams.mjs'

const ROWS = Number(process.env.ROWS ?? 400_000)
const PORT = 29_955

const directory = mkdtempSync(join(tmpdir(), 'weir-sizes-'))
const hasNfdump = spawnSync('nfcapd', ['-V']).status === 0
const peers = [
  ['nfdump, uncompressed', []],
  ['nfdump, lz4', ['-y']],
  ['nfdump, bz2', ['-j']],
].map(([name, flags], i) => ({ name, folder: join(directory, `n${i}`), port: PORT + i, flags }))
const children = []
try {
  if (hasNfdump) {
    for (const { folder, port, flags } of peers) {
      mkdirSync(folder)
      const args = [
        '-w',
        folder,
        '-p',
        String(port),
        '-b',
        '127.0.0.1',
        '-B',
        '16000000',
        '-t',
        '3600',
        ...flags,
      ]
      children.push(spawn('nfcapd', args, { stdio: 'ignore' }))
    }
    await sleep(700)
  } else {
    console.log('nfcapd is not installed: only our own sizes')
  }
  const socket = createSocket('udp4')
  const path = join(directory, 'flows.weir')
  const limits = { blockRows: 131_072, mostAddresses: 2_000_000 }
  const writer = new FileWriter({
    path,
    stream: 's',
    createdNs: 0n,
    ...limits,
    calls: ARCHIVE_CALLS,
    log: SILENT,
  })
  const generator = new FlowGenerator(1)
  const sink = newLineSink({
    format: 'json',
    compat: '2.2',
    mapping: null,
    separator: Uint8Array.of(10),
    write: (octets, from, to) => {
      json += to - from
      gzip += gzipSync(octets.subarray(from, to), { level: 6 }).length
    },
  })
  let json = 0
  let gzip = 0
  let rows = 0
  let jsonRows = 0
  const batch = new FlowBatch()
  while (rows < ROWS) {
    batch.reset()
    generator.fill(batch)
    writer.append(batch)
    rows += batch.rowCount
    // Lines compress the same everywhere: some of them are enough.
    if (jsonRows < 60_000) {
      sink.write(batch)
      jsonRows += batch.rowCount
    }
    if (!hasNfdump) continue
    let sent = 0
    for (const octets of datagrams(batch)) {
      for (const { port } of peers) socket.send(octets, port, '127.0.0.1')
      if (++sent % 40 === 0) await sleep(2)
    }
  }
  writer.close()
  const ours = statSync(path).size / rows
  const report = (name, octets, note = '') =>
    console.log(
      `${name.padEnd(26)} ${octets.toFixed(2).padStart(8)} octets/flow, ours is ${(ours / octets).toFixed(2)} of it${note}`,
    )
  console.log(`${'archive'.padEnd(26)} ${ours.toFixed(2).padStart(8)} octets/flow, ${rows} flows in one file`)
  await sleep(800)
  socket.close()
  for (const child of children) child.kill('SIGTERM')
  await Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve))))
  for (const { name, folder } of hasNfdump ? peers : []) {
    const [file] = readdirSync(folder).filter((entry) => entry.startsWith('nfcapd.'))
    const { stdout } = spawnSync('nfdump', ['-r', join(folder, file), '-I'], { encoding: 'utf8' })
    const flows = Number(/^Flows: (\d+)/m.exec(stdout)?.[1])
    const octets = readFileSync(join(folder, file))
    const note = flows === rows ? '' : ` (${flows} of ${rows} flows arrived)`
    report(name, octets.length / flows, note)
    if (name !== 'nfdump, uncompressed') continue
    let squeezed = 0
    for (let at = 0; at < octets.length; at += 2 ** 20)
      squeezed += zstdCompressSync(octets.subarray(at, at + 2 ** 20), {
        params: { [constants.ZSTD_c_compressionLevel]: 3 },
      }).length
    report('nfdump, zstd by megabyte', squeezed / flows, note)
  }
  report('goflow2 JSON', json / jsonRows)
  report('goflow2 JSON, gzip', gzip / jsonRows)
} finally {
  for (const child of children) child.kill('SIGTERM')
  rmSync(directory, { recursive: true, force: true })
}
