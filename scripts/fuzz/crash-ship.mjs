// Runs of `weir ship --follow` killed with SIGKILL at random while a log is written and rotated in every way, and a server
// that now and then loses its answers; after every 20 kills each line must be at the server exactly once.
// 500 kills: npm run fuzz -- ship --seconds 400
import { spawn } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { startBulkServer } from '../../lib/elastic/testing/bulk-server.ts'

const PER_CHECK = 20
const WAIT_MS = 60_000
const main = join(import.meta.dirname, '../../cmd/main.ts')

const line = (i) =>
  `{"type":"SFLOW_5","time_flow_start_ns":1795165300000000000,"bytes":${i},"sampling_rate":1,"src_addr":"192.0.2.1"}\n`

export async function newTarget(random) {
  const root = mkdtempSync(join(tmpdir(), 'weir-crash-ship-'))
  const log = join(root, 'a.log')
  const server = await startBulkServer()
  server.unref?.()
  server.mood = () => ['swallow', 'reset', 503, null, null, null, null, null][random(8)]
  let written = 0
  let rotations = 0
  let kills = 0
  let inputs = 0
  let first = 0

  /** Every way of rotation that loses nothing; between two calls the log has lines, so that files can be told apart. */
  function rotate() {
    if (!existsSync(log)) return
    const old = `${log}.${++rotations}`
    const way = random(3)
    if (way === 0) renameSync(log, old)
    else if (way === 1) {
      writeFileSync(`${root}/draft`, gzipSync(readFileSync(log)))
      renameSync(`${root}/draft`, `${old}.gz`)
      rmSync(log)
    } else {
      copyFileSync(log, `${root}/draft`)
      renameSync(`${root}/draft`, old)
      truncateSync(log)
    }
  }

  function write() {
    const lines = 1 + random(30)
    let text = ''
    for (let i = 0; i < lines; i++) text += line(written++)
    appendFileSync(log, text)
  }

  function start() {
    const words = ['ship', `${log}*`, '--to', server.url, '--follow', '--state', join(root, 'state')]
    const fast =
      '--scan-interval 50ms --flush-timeout 5ms --bulk-max-size 25 --backoff-init 5ms --backoff-max 20ms'
    const more = [...fast.split(' '), '--ignore-older', '0', '--workers', '3', '--log-level', 'error']
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', main, ...words, ...more],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, NODE_COMPILE_CACHE: join(root, '../weir-cache') },
      },
    )
    const ended = new Promise((resolve) => child.on('exit', resolve))
    return { child, ended }
  }

  async function check() {
    const { child, ended } = start()
    for (const end = Date.now() + WAIT_MS; server.documents.size < written - first && Date.now() < end; )
      await sleep(20)
    child.kill('SIGTERM')
    await ended
    const seen = new Set()
    for (const text of server.documents.values()) {
      const { bytes } = JSON.parse(text).network
      if (seen.has(bytes)) throw new Error(`line ${bytes} is there twice; ${root} is kept`)
      seen.add(bytes)
    }
    for (let i = first; i < written; i++) {
      if (!seen.has(i)) throw new Error(`line ${i} is missing; ${root} is kept`)
    }
    server.documents.clear()
    first = written
    rotate()
    for (let i = 1; i <= rotations; i++) {
      rmSync(`${log}.${i}`, { force: true })
      rmSync(`${log}.${i}.gz`, { force: true })
    }
  }

  process.on('exit', () => {
    console.log(
      `${kills} kills; ${first} lines were found exactly once, ${server.duplicates} were sent again`,
    )
    if (first === written) rmSync(root, { recursive: true })
  })
  return {
    mostMs: WAIT_MS + 10_000,
    /** Looks at what was not looked at yet. */
    async finish() {
      if (first < written) await check()
    },
    /** An octet for the time until the kill. */
    next: () => Uint8Array.of(random(256)),
    async run([time]) {
      const { child, ended } = start()
      const before = server.requests
      const endMs = Date.now() + WAIT_MS
      // Not before it works, and then at any time.
      for (let left = -1; left !== 0; left--) {
        // A slow start must not find a thousand files.
        if (left > 0 || left > -100) write()
        if (random(40) === 0 && left > -100) rotate()
        if (left < 0 && server.requests > before) left = 1 + (time >> 2)
        if (Date.now() > endMs) throw new Error(`nothing is sent; ${root} is kept`)
        await sleep(2)
      }
      child.kill('SIGKILL')
      await ended
      kills++
      if (++inputs % PER_CHECK === 0) await check()
    },
  }
}
