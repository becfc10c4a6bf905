// goflow2 under load whose log `weir rotate --archive` turns every second: each line that it wrote must be in the archive,
// once, in the same octets. npm run bench goflow2-rotation -- --seconds=120 --rate=200 (datagrams a second of each kind).
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { goflow2, temporaryFolder, weir } from './peers.mjs'

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** A port that nobody has now. */
async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** How often each line's object occurs, by its hash. */
async function countLines(stream, counts) {
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    // goflow2's threads write lines and their ends apart: some lines hold two objects, and others none.
    for (const object of line.replaceAll('}{"type"', '}\n{"type"').split('\n')) {
      if (object === '') continue
      const key = createHash('md5').update(object).digest('latin1')
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }
}

async function main(seconds, perSecond) {
  if (weir === undefined) throw new Error('dist/weir is missing; run npm run build first')
  if (goflow2 === undefined) {
    console.log('skipped: goflow2 is not installed')
    return
  }
  const folder = temporaryFolder()
  const log = join(folder, 'goflow2.log')
  const ports = { v9: await freePort(), sflow: await freePort() }
  const listen = `netflow://127.0.0.1:${ports.v9},sflow://127.0.0.1:${ports.sflow}`
  const writer = spawn(
    goflow2,
    ['-listen', listen, '-transport', 'file', '-transport.file', log, '-format', 'json', '-addr', ''],
    { stdio: 'ignore' },
  )
  const ended = new Promise((resolve) => writer.on('exit', resolve))
  await sleep(1500)
  const senders = Object.entries(ports).map(([kind, port]) =>
    spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        join(import.meta.dirname, 'send.mjs'),
        ...[kind, port, seconds * perSecond, perSecond].map(String),
      ],
      { stdio: 'ignore' },
    ),
  )
  let sending = senders.length
  for (const sender of senders) sender.on('exit', () => sending--)

  const archive = join(folder, 'flows')
  const rotate = () => {
    const args = ['rotate', '--log', log, '--signal-pid', String(writer.pid), '--archive', archive]
    return spawnSync(
      weir,
      [...args, '--name', '{name}_%Y%m%d_%H%M%S{ext}', '--wait-lock', '--log-level', 'warn'],
      {
        encoding: 'utf8',
      },
    )
  }
  let rotations = 0
  const failures = []
  while (sending > 0) {
    const started = performance.now()
    const { status, stderr } = rotate()
    rotations++
    if (status !== 0) failures.push(`${status}: ${stderr.trim()}`)
    await sleep(Math.max(0, 1000 - (performance.now() - started)))
  }
  await sleep(1000)
  const last = rotate()
  if (last.status !== 0) failures.push(`last: ${last.status}: ${last.stderr.trim()}`)
  writer.kill('SIGTERM')
  await ended

  const written = new Map()
  const logs = readdirSync(folder).filter((name) => name.startsWith('goflow2_'))
  for (const name of logs) await countLines(createReadStream(join(folder, name)), written)
  const late = readFileSync(log, 'utf8').length
  const found = new Map()
  const reader = spawn(weir, ['archive', 'export', archive], { stdio: ['ignore', 'pipe', 'inherit'] })
  await countLines(reader.stdout, found)
  let missing = 0
  let twice = 0
  let other = 0
  let lines = 0
  for (const [key, count] of written) {
    lines += count
    const have = found.get(key) ?? 0
    missing += Math.max(0, count - have)
    twice += Math.max(0, have - count)
  }
  for (const [key, count] of found) if (!written.has(key)) other += count
  console.log(
    `goflow2 wrote ${lines} lines in ${logs.length} logs, ${rotations} rotations in ${seconds} s: ${missing} not in the archive, ${twice} there too often, ${other} that it never wrote, ${late} octets behind the last rotation`,
  )
  for (const failure of failures.slice(0, 5)) console.log(`rotate: ${failure}`)
  process.exitCode = missing + twice + other + late + failures.length === 0 && lines > 0 ? 0 : 1
}

const numberOf = (name, otherwise) =>
  Number(process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? otherwise)
await main(numberOf('seconds', 20), numberOf('rate', 100))
