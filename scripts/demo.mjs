// npm run demo: builds the executable and shows what it does with a capture that ships with the project. Each stage is
// one function below; later commands add theirs to STAGES.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const weir = join(root, 'dist/weir')
const CAPTURE = 'testdata/demo/office.pcap'
const SHOWN = 12

const STAGES = [build, decode, archive, analyze, page]
const NEXT = [
  ['dist/weir collect --listen netflow://:2055,sflow://:6343', 'collect from your routers; Ctrl-C ends it'],
  [`dist/weir collect --read ${CAPTURE} --format text`, "the same flows as goflow2's text"],
  ['dist/weir collect --listen netflow://:2055 --archive flows', 'the same into an archive'],
  ['dist/weir analyze --help', 'the reports, and questions of your own'],
  ['dist/weir collect --help', 'all flags, with examples'],
  ['ln -s weir dist/goflow2 && dist/goflow2 -h', "in goflow2's place, with its flags"],
  ['npm test', 'every test of the project'],
]

function heading(text) {
  console.log(`\n${text}\n${'-'.repeat(text.length)}`)
}

function fail(what) {
  console.error(`demo: ${what}`)
  process.exit(1)
}

function run(...args) {
  console.log(`$ dist/weir ${args.join(' ')}`)
  const { status, stdout, stderr } = spawnSync(weir, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  })
  if (status !== 0) fail(`dist/weir ended with ${status}: ${stderr.trim()}`)
  return stdout
}

function build() {
  heading('One executable')
  const { status } = spawnSync(process.execPath, [join(root, 'build.mjs')], { cwd: root, stdio: 'inherit' })
  if (status !== 0 || !existsSync(weir)) fail('the build failed')
}

/** `cells` of one row, padded to the widths; numbers to the right. */
function row(cells, widths) {
  return cells
    .map((cell, i) => (typeof cell === 'number' ? String(cell).padStart(widths[i]) : cell.padEnd(widths[i])))
    .join('  ')
    .trimEnd()
}

function table(head, rows) {
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((cells) => String(cells[i]).length)))
  const aligned = head.map((name, i) => (typeof rows[0][i] === 'number' ? name.padStart(widths[i]) : name))
  for (const cells of [aligned, ...rows]) console.log(row(cells, widths))
}

function endpoint(address, port) {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function decode() {
  heading('NetFlow v5, v9 and IPFIX of three exporters, as recorded in a capture')
  const flows = run('collect', '--read', CAPTURE)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const largest = flows.toSorted((a, b) => b.bytes - a.bytes).slice(0, SHOWN)
  table(
    ['exporter', 'version', 'start', 'protocol', 'source', 'destination', 'packets', 'bytes'],
    largest.map((flow) => [
      flow.sampler_address,
      flow.type,
      new Date(flow.time_flow_start_ns / 1e6).toISOString().slice(11, 23),
      flow.proto,
      endpoint(flow.src_addr, flow.src_port),
      endpoint(flow.dst_addr, flow.dst_port),
      flow.packets,
      flow.bytes,
    ]),
  )
  console.log(`\nThese are the ${SHOWN} largest of ${flows.length} flows. By exporter:\n`)
  const totals = new Map()
  for (const { sampler_address: exporter, type, packets, bytes } of flows) {
    const sum = totals.get(exporter) ?? [exporter, type, 0, 0, 0]
    totals.set(exporter, [exporter, type, sum[2] + 1, sum[3] + packets, sum[4] + bytes])
  }
  table(['exporter', 'version', 'flows', 'packets', 'bytes'], [...totals.values()].sort())
}

function archive() {
  heading('The same flows in an archive')
  const folder = mkdtempSync(join(tmpdir(), 'weir-demo-'))
  try {
    run('archive', 'write', CAPTURE, '--archive', folder)
    process.stdout.write(run('archive', 'list', folder))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function analyze() {
  heading('What do local networks access, and when?')
  const known = [
    '--local',
    'testdata/demo/networks.txt',
    '--as',
    'testdata/demo/systems.csv',
    '--format',
    'table',
  ]
  for (const report of [['local'], ['as'], ['series', '--by', 'direction', '--bin', '10s', '--sparkline']]) {
    process.stdout.write(run('analyze', ...report, '--in', CAPTURE, ...known))
    console.log('')
  }
}

function page() {
  heading('The same as a page for a browser, readable without a network')
  const file = join(mkdtempSync(join(tmpdir(), 'weir-demo-')), 'local.html')
  const known = ['--local', 'testdata/demo/networks.txt', '--as', 'testdata/demo/systems.csv']
  run('analyze', 'local', '--in', CAPTURE, '--bin', '10s', ...known, '--format', 'html', '--output', file)
  console.log(file)
}

for (const stage of STAGES) stage()
heading('Try next')
const width = Math.max(...NEXT.map(([command]) => command.length))
for (const [command, what] of NEXT) console.log(`${command.padEnd(width)}  # ${what}`)
