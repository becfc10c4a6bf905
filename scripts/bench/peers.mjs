// The collectors that `npm run bench collect` compares: how each is started, how many flows it says it has taken.
// Peers that are not installed are named as absent.
import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** The first of the places where a peer may lie, or undefined. */
function find(name, ...more) {
  const places = [...(process.env.PATH ?? '').split(':').map((dir) => join(dir, name)), ...more]
  return places.find((place) => existsSync(place))
}

export const goflow2 = find('goflow2', join(homedir(), 'go/bin/goflow2'))
export const nfcapd = find('nfcapd')
export const cargo = find('cargo')
export const weir = existsSync(join(root, 'dist/weir')) ? join(root, 'dist/weir') : undefined
/** How weir is called: the executable, or with `--sources` what lies in the work tree. */
export const weirCommand =
  weir === undefined || process.argv.includes('--sources')
    ? [process.execPath, '--disable-warning=ExperimentalWarning', join(root, 'cmd/main.ts')]
    : [weir]

/** Elastic's GoFlow2 integration asks for these 16 fields. */
const ELASTIC_MAPPING = `formatter:
  fields: [type, time_flow_start_ns, sampler_address, sequence_num, in_if, out_if, src_addr, dst_addr,
           etype, proto, src_port, dst_port, src_vlan, dst_vlan, sampling_rate, bytes]
`

export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** CPU seconds (user and system, all threads) and resident megabytes of a process so far. */
export function usage(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    rssMegabytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
  }
}

/** Lines of a file, counted without reading it into memory. */
export function countLines(path) {
  if (!existsSync(path)) return 0
  return Number(spawnSync('wc', ['-l', path], { encoding: 'utf8' }).stdout.trim().split(' ')[0])
}

async function waitFor(condition, seconds, what) {
  const end = performance.now() + seconds * 1000
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what}: not ready after ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A UDP port that nobody has, nor, most probably, the one behind it. */
export async function freePort() {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}

function isBound(port) {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return ['/proc/net/udp', '/proc/net/udp6'].some(
    (file) => existsSync(file) && readFileSync(file, 'utf8').includes(`:${hex} `),
  )
}

/** What the kernel says of the sockets bound to `port`: a line's words for each. */
function socketLines(port) {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return ['/proc/net/udp', '/proc/net/udp6']
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hex}`))
}

/** Datagrams that the kernel dropped at the socket bound to `port`. */
export function kernelDrops(port) {
  return socketLines(port).reduce((sum, fields) => sum + Number(fields.at(-1)), 0)
}

/** Octets, as the kernel counts them, that wait at the socket bound to `port`. */
export function waitingOctets(port) {
  return socketLines(port).reduce((sum, fields) => sum + Number.parseInt(fields[4].split(':')[1], 16), 0)
}

/** The sum of a counter's samples on the metrics page at `port`. */
export async function metric(port, name) {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith(name) && !/^\w/.test(line.slice(name.length)))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

/**
 * Starts a collector on a loopback UDP port. `output`: 'default' (goflow2's line), 'elastic' (16 fields), 'archive' (with
 * `rotate`, how long a file is; nfcapd writes lz4), 'ship' (weir, with the flags `ship`) or 'none' (receive and decode only). The result has pid, done() = flows written or taken so far, and stop().
 */
export async function startCollector(
  name,
  { protocol, port, output = 'default', folder, toNull = false, rotate = '1h', ship = [] },
) {
  const scheme = protocol === 'sflow' ? 'sflow' : 'netflow'
  const file = toNull ? '/dev/null' : join(folder, `${name}-${port}.out`)
  const mapping = join(folder, 'elastic.yaml')
  writeFileSync(mapping, ELASTIC_MAPPING)
  const more = output === 'elastic' ? ['-mapping', mapping] : []
  let command
  let args
  let cwd = folder
  if (name === 'goflow2') {
    command = goflow2
    args = [
      '-listen',
      `${scheme}://127.0.0.1:${port}?count=1&workers=1`,
      '-transport.file',
      file,
      '-addr',
      `127.0.0.1:${port + 1}`,
      ...more,
    ]
  } else if (name === 'weir') {
    command = weirCommand[0]
    args = [
      ...weirCommand.slice(1),
      'collect',
      '--listen',
      `${scheme}://127.0.0.1:${port}`,
      '--state',
      output === 'ship' ? file : 'none',
      '--addr',
      `127.0.0.1:${port + 1}`,
    ]
    if (output === 'ship') args.push(...ship)
    else if (output === 'archive')
      args.push('--archive', file, '--rotate-every', rotate, '--receive-buffer', '4MiB')
    else args.push(...(output === 'none' ? ['--format', 'none'] : ['--output', file]), ...more)
  } else if (name === 'nfcapd') {
    const dir = join(folder, `nfcapd-${port}`)
    mkdirSync(dir, { recursive: true })
    command = nfcapd
    args = ['-b', '127.0.0.1', '-p', String(port), '-w', dir, '-B', '4194304', '-t', '3600', '-e']
    if (output === 'archive') args.push('-y')
    cwd = dir
  }
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr = (stderr + chunk).slice(-4000)
  })
  let ended = false
  const exited = new Promise((resolve) => child.on('exit', resolve)).then(() => {
    ended = true
  })
  await waitFor(() => ended || isBound(port), 10, name)
  if (ended) throw new Error(`${name} ended at once: ${stderr}`)
  await new Promise((resolve) => setTimeout(resolve, 200))
  return {
    name,
    pid: child.pid,
    file,
    lines: () => countLines(file),
    /** Removes what was written, so that runs do not fill the disk. */
    remove() {
      if (!toNull) rmSync(file, { force: true, recursive: true })
    },
    async stop() {
      child.kill('SIGTERM')
      await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 5000))])
      if (!ended) child.kill('SIGKILL')
      return stderr
    },
  }
}

/** CPU seconds that a process needs until it has been idle for 300 ms, read against `before`. */
export async function settle(pid, limitSeconds = 60) {
  const end = performance.now() + limitSeconds * 1000
  let last = usage(pid).cpuSeconds
  let quiet = 0
  while (quiet < 3 && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 150))
    const now = usage(pid).cpuSeconds
    quiet = now - last < 0.015 ? quiet + 1 : 0
    last = now
  }
  return last
}

/** Runs the sender as a process of its own; resolves to what it says it sent. */
export function runSender(kind, to, datagrams, perSecond) {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        join(import.meta.dirname, 'send.mjs'),
        kind,
        to,
        datagrams,
        perSecond,
      ].map(String),
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let text = ''
    child.stdout.on('data', (chunk) => {
      text += chunk
    })
    child.on('exit', (status) =>
      status === 0 ? resolve(JSON.parse(text)) : reject(new Error('sender failed')),
    )
  })
}
