import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  dataSet,
  ipv4,
  netflow5Datagram,
  netflow9Datagram,
  templateSet,
  u32,
  zeros,
} from '../lib/testing/datagrams.ts'
import { ethernet, ipUdp, pcap } from '../lib/testing/pcap.ts'
import { projectRoot } from '../lib/testing/project.ts'
import { counterSample, discardSample, sflow5Datagram, structure } from '../lib/testing/sflow-datagrams.ts'

// The command from its source, as a process of its own, on loopback.

const main = join(projectRoot, 'cmd/main.ts')
let cache = ''
let folder = ''
const running = new Set<ChildProcess>()

test.before(() => {
  cache = mkdtempSync(join(tmpdir(), 'weir-cache-'))
})
test.after(() => rmSync(cache, { recursive: true }))
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-collect-'))
})
test.after.each(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

interface Collector {
  readonly child: ChildProcess
  readonly stderr: () => string
  readonly exit: Promise<number | null>
  /** UDP ports in the order of the listen URLs. */
  ports(): Promise<number[]>
  httpPort(): Promise<number>
  stop(): Promise<number | null>
}

function start(...args: string[]): Collector {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'collect', ...args], {
    cwd: folder,
    env: { HOME: folder, NODE_COMPILE_CACHE: cache },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const exit = new Promise<number | null>((resolve) =>
    child.once('close', (status) => {
      running.delete(child)
      resolve(status)
    }),
  )
  const said = async (pattern: RegExp): Promise<RegExpExecArray> => {
    await until(() => pattern.test(stderr) || child.exitCode !== null, `${pattern} in the log`)
    const match = pattern.exec(stderr)
    if (match === null) throw new Error(`ended early: ${stderr}`)
    return match
  }
  return {
    child,
    stderr: () => stderr,
    exit,
    async ports() {
      const [, places] = await said(/msg=receiving by=recvmmsg at="?([^"\n]*?)"? threads/)
      return places!.split(' ').map((place) => Number(/:(\d+)$/.exec(place)![1]))
    },
    async httpPort() {
      return Number((await said(/msg="serving HTTP" .*port=(\d+)/))[1])
    },
    stop() {
      child.kill('SIGTERM')
      return exit
    },
  }
}

async function until(isSo: () => boolean, what: string, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`waited too long for ${what}`)
    await wait(5)
  }
}

/** Sends from one socket, so that the collector sees one exporter. */
function exporter(port: number, address = '127.0.0.1') {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  return {
    send: (octets: Uint8Array) =>
      new Promise<void>((resolve, reject) =>
        socket.send(octets, port, address, (error) => (error === null ? resolve() : reject(error))),
      ),
    close: () => socket.close(),
  }
}

const at = (name: string) => join(folder, name)
const linesOf = (name: string) =>
  existsSync(at(name)) ? readFileSync(at(name), 'utf8').split('\n').slice(0, -1) : []

test('flows become lines, pages tell of them, and SIGTERM ends with 0', async () => {
  const collector = start(
    ...['--listen', 'netflow://127.0.0.1:0,flow://[::1]:0'],
    ...['--output', 'flows', '--state', 'none', '--addr', '127.0.0.1:0'],
    ...['--counters', 'counters', '--drops', 'drops'],
  )
  const [port4, port6] = await collector.ports()
  const pages = `http://127.0.0.1:${await collector.httpPort()}`
  const one = exporter(port4!)
  const other = exporter(port6!, '::1')
  await one.send(netflow5Datagram([{ source: '192.0.2.1', octets: 100 }, { octets: 200 }]))
  await other.send(
    netflow9Datagram({
      sets: [
        templateSet(9, [
          [
            256,
            [
              [8, 4],
              [1, 4],
            ],
          ],
        ]),
      ],
    }),
  )
  await other.send(
    netflow9Datagram({ sets: [dataSet(256, [[...ipv4('192.0.2.9'), ...u32(7)]])], sequence: 2 }),
  )
  await until(() => linesOf('flows').length === 3, 'three lines')
  const flows = linesOf('flows').map((line) => JSON.parse(line))
  const v5 = flows.filter((flow) => flow.type === 'NETFLOW_V5')
  const v9 = flows.find((flow) => flow.type === 'NETFLOW_V9')
  assert.equal(
    v5.map((flow) => [flow.sampler_address, flow.bytes]),
    [
      ['127.0.0.1', 100],
      ['127.0.0.1', 200],
    ],
  )
  assert.equal([v9.sampler_address, v9.src_addr, v9.bytes], ['::1', '192.0.2.9', 7])

  const samples = [
    counterSample({ sequence: 1, records: [structure(1, zeros(88))] }),
    discardSample({ sequence: 2, records: [] }),
  ]
  await other.send(sflow5Datagram({ agent: ipv4('192.0.2.77'), samples }))
  await until(
    () => linesOf('counters').length === 1 && linesOf('drops').length === 1,
    'counters and discards',
  )
  assert.match(linesOf('counters')[0]!, /^\{"exportProtocol":"sflow5",.*"agentAddress":"192.0.2.77"/)

  const get = async (path: string) => (await fetch(pages + path)).text()
  assert.is(await get('/__health'), 'OK\n')
  assert.is(await get('/readyz'), 'OK\n')
  const metrics = await get('/metrics')
  assert.match(metrics, /^weir_output_rows_total\{output="flows"\} 3$/m)
  assert.match(metrics, /^goflow2_flow_traffic_packets_total\{.*remote_ip="127.0.0.1".*\} 1$/m)
  assert.match(metrics, /^weir_silent_workers 0$/m)
  assert.match(metrics, /^process_resident_memory_bytes \d+$/m)
  const templates = JSON.parse(await get('/templates'))
  assert.match(Object.keys(templates)[0] ?? '', /^\[::1\]:\d+$/)

  one.close()
  other.close()
  assert.is(await collector.stop(), 0)
  for (const said of ['starting weir', 'starting collection', 'closed receiver', 'transporter closed'])
    assert.match(collector.stderr(), `msg="${said}"`)
})

test('under renames and SIGHUP every line is written once and none is cut', async () => {
  const collector = start(
    ...['--listen', 'netflow://127.0.0.1:0?count=2', '--output', 'flows', '--state', 'none', '--addr', ''],
  )
  const [port] = await collector.ports()
  const senders = [exporter(port!), exporter(port!)]
  const records = 10
  let sent = 0
  let rotations = 0
  const end = performance.now() + 1500
  for (let next = 0; performance.now() < end; ) {
    for (const sender of senders) {
      await sender.send(
        netflow5Datagram(
          Array.from({ length: records }, () => ({ octets: ++sent })),
          { sequence: sent },
        ),
      )
    }
    if (performance.now() < next) continue
    next = performance.now() + 50
    if (existsSync(at('flows'))) renameSync(at('flows'), at(`flows.${rotations++}`))
    collector.child.kill('SIGHUP')
  }
  for (const sender of senders) sender.close()
  assert.is(await collector.stop(), 0)
  const seen = new Uint8Array(sent + 1)
  for (const name of readdirSync(folder).filter((file) => file.startsWith('flows'))) {
    assert.ok(readFileSync(at(name), 'utf8').endsWith('\n') || linesOf(name).length === 0)
    for (const line of linesOf(name)) seen[JSON.parse(line).bytes]!++
  }
  assert.ok(rotations > 10)
  const wrong = seen.findIndex((times, number) => number > 0 && times !== 1)
  assert.is(wrong, -1, `flow ${wrong} of ${sent} is there ${seen[wrong]} times`)
})

test('a restart forgets no template, and SIGHUP changes the mapping', async () => {
  writeFileSync(at('map.yaml'), 'formatter:\n  fields: [src_addr, bytes]\n')
  const args = [
    ...['--listen', 'netflow://127.0.0.1:0', '--state', 'kept', '--addr', ''],
    ...['--output', 'flows', '--mapping', 'map.yaml'],
  ]
  const first = start(...args)
  const port = (await first.ports())[0]!
  let socket = exporter(port)
  await socket.send(
    netflow9Datagram({
      sets: [
        templateSet(9, [
          [
            256,
            [
              [8, 4],
              [1, 4],
            ],
          ],
        ]),
      ],
    }),
  )
  const data = (octets: number) =>
    netflow9Datagram({ sets: [dataSet(256, [[...ipv4('192.0.2.9'), ...u32(octets)]])], sequence: octets })
  await socket.send(data(1))
  await until(() => linesOf('flows').length === 1, 'a line')
  writeFileSync(at('map.yaml'), 'formatter:\n  fields: [bytes\n')
  first.child.kill('SIGHUP')
  await until(() => first.stderr().includes('the old one stays'), 'a complaint')
  writeFileSync(at('map.yaml'), 'formatter:\n  fields: [bytes]\n')
  first.child.kill('SIGHUP')
  await until(() => first.stderr().includes('mapping read anew'), 'the new mapping')
  await socket.send(data(2))
  await until(() => linesOf('flows').length === 2, 'another line')
  assert.is(await first.stop(), 0)
  socket.close()

  const second = start(...args)
  socket = exporter((await second.ports())[0]!)
  await socket.send(data(3))
  await until(() => linesOf('flows').length === 3, 'the last line')
  socket.close()
  assert.is(await second.stop(), 0)
  assert.equal(linesOf('flows'), ['{"src_addr":"192.0.2.9","bytes":1}', '{"bytes":2}', '{"bytes":3}'])
})

test('a reader who has enough ends the collector quietly with 0, and SIGHUP does not', async () => {
  const collector = start('--listen', 'netflow://127.0.0.1:0', '--state', 'none', '--addr', '')
  const socket = exporter((await collector.ports())[0]!)
  collector.child.kill('SIGHUP')
  await until(() => collector.stderr().includes('no file to reopen'), 'a word')
  let text = ''
  collector.child.stdout!.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  await socket.send(netflow5Datagram([{ octets: 1 }]))
  await until(() => text.endsWith('\n'), 'a line on stdout')
  assert.is(JSON.parse(text).bytes, 1)
  collector.child.stdout!.destroy()
  const nagging = setInterval(() => void socket.send(netflow5Datagram([{ octets: 2 }])), 20)
  const status = await collector.exit
  clearInterval(nagging)
  socket.close()
  assert.is(status, 0)
  assert.not.match(collector.stderr(), /level=(WARN|ERROR)/)
})

test("Node's own sockets serve where recvmmsg cannot be had", async () => {
  const port = await freePort()
  const args = ['--listen', `netflow://127.0.0.1:${port}?count=2`, '--receiver', 'dgram']
  const more = ['--output', 'flows', '--state', 'none', '--addr', '']
  const collector = start(...args, ...more)
  await until(() => collector.stderr().includes('by=dgram'), 'the receiver')
  const second = start(...args, ...more)
  assert.is(await second.exit, 1)
  assert.match(second.stderr(), /cannot listen on .*EADDRINUSE|in use/)
  const socket = exporter(port)
  for (let i = 0; i < 100; i++) await socket.send(netflow5Datagram([{ octets: i }, { octets: i }]))
  await until(() => linesOf('flows').length === 200, 'all lines')
  socket.close()
  assert.is(await collector.stop(), 0)
})

async function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(() => resolve()))
  return port
}

test('what cannot be had at the start is one line and status 1', async () => {
  const udp = createSocket('udp4')
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve))
  const http = createServer()
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const free = 'netflow://127.0.0.1:0'
  const taken = udp.address().port
  const attempts: [string[], RegExp][] = [
    [['--listen', `netflow://127.0.0.1:${taken}`, '--addr', ''], new RegExp(`cannot listen on .*${taken}`)],
    [['--listen', free, '--addr', '', '--mapping', '/dev/zero'], /cannot read mapping .* longer than 1 MiB/],
    [['--listen', free, '--addr', 'no-such-host.invalid:80'], /HTTP on .*: the name (has no|cannot)/],
    [
      ['--listen', free, '--addr', '', '--state', join(projectRoot, 'LICENSE')],
      /state in .*LICENSE: it is a file/,
    ],
    [
      ['--listen', free, '--addr', `127.0.0.1:${(http.address() as AddressInfo).port}`],
      /cannot serve HTTP on 127.0.0.1:\d+: the port is in use/,
    ],
    [
      ['--listen', free, '--addr', '', '--output', 'no/where'],
      /cannot write to no\/where: its directory does not exist/,
    ],
    [['--listen', free, '--addr', '', '--mapping', 'none.yaml'], /cannot read mapping none.yaml/],
    [
      ['--listen', free, '--addr', '', '--state', 'no/state'],
      /cannot keep state in no\/state: there is no such file/,
    ],
  ]
  await Promise.all(
    attempts.map(async ([args, pattern]) => {
      const collector = start(...(args.includes('--state') ? args : [...args, '--state', 'none']))
      assert.is(await collector.exit, 1)
      const lines = collector
        .stderr()
        .trimEnd()
        .split('\n')
        .filter((line) => !/level=INFO/.test(line))
      assert.is(lines.length, 1, lines.join('\n'))
      assert.match(lines[0]!, pattern)
    }),
  )
  udp.close()
  http.close()
})

test('captures are read in order, and what is missing is the status', async () => {
  const packet = (octets: number) =>
    ethernet(
      ipUdp({
        source: '192.0.2.1',
        destination: '192.0.2.2',
        sourcePort: 9,
        destinationPort: 2055,
        payload: netflow5Datagram([{ octets }]),
      }),
    )
  const capture = pcap([{ octets: packet(1), timeNs: 1_700_000_000_000_000_000n }])
  writeFileSync(at('good'), capture)
  writeFileSync(at('cut'), capture.subarray(0, capture.length - 10))
  const runs = [
    ['--read', 'good', '--output', 'a'],
    ['--read', 'good', 'cut', '--output', 'b'],
    ['--read', 'good', 'missing', '--output', 'c'],
    ['--read', 'missing', '--output', 'd'],
    ['--read', 'good', '--read-port', '9', '--output', 'e'],
  ]
  assert.equal(await Promise.all(runs.map((args) => start(...args).exit)), [0, 3, 3, 1, 0])
  assert.equal(
    linesOf('a').map((line) => JSON.parse(line).time_received_ns),
    [1_700_000_000_000_000_000],
  )
  assert.is(linesOf('c').length, 1)
  assert.is(linesOf('e').length, 0)
})

test.run()
