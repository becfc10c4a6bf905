// Starts dist/weir in a Debian 12 "minbase" root: glibc, libstdc++, libgcc_s, and no libatomic. The root is made by
// debootstrap from the mirror that this machine's apt uses, and kept in the temporary folder for the next run. Without
// root rights, Debian's apt or debootstrap the test is skipped with the reason.
//
//   node scripts/run.mjs minbase-test
import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const project = join(import.meta.dirname, '..')
const SUITE = 'bookworm'
const PORT = 29_055
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin'
const root = join(tmpdir(), `weir-minbase-${SUITE}`)
const finished = join(root, '.finished')
let passed = 0
let failed = 0

function skip(why) {
  console.log(`skipped: bare root: ${why}`)
  console.log('0 passed, 0 failed, 1 skipped')
  process.exit(0)
}

function run(command, args, options = {}) {
  return spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20, ...options })
}

function isThere(command) {
  return run('sh', ['-c', `command -v ${command}`]).status === 0
}

/** The archive that apt takes the suite from: one-line and deb822 sources. */
function mirror() {
  const folder = '/etc/apt/sources.list.d'
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
  for (const file of ['/etc/apt/sources.list', ...files].filter((name) => existsSync(name))) {
    for (const paragraph of readFileSync(file, 'utf8').split(/\n\s*\n/)) {
      const fields = new Map(
        [...paragraph.matchAll(/^([\w-]+):\s*(.*)$/gm)].map(([, key, value]) => [
          key,
          value.trim().split(/\s+/),
        ]),
      )
      if (fields.get('Types')?.includes('deb') && fields.get('Suites')?.includes(SUITE))
        return fields.get('URIs')?.[0]
    }
    const line = new RegExp(`^deb\\s+(?:\\[.*?\\]\\s+)?(\\S+)\\s+${SUITE}\\s.*\\bmain\\b`, 'm')
    const match = line.exec(readFileSync(file, 'utf8'))
    if (match !== null) return match[1]
  }
  return undefined
}

function makeRoot() {
  if (existsSync(finished)) return
  const from = mirror()
  if (from === undefined) skip(`apt has no source of Debian ${SUITE}`)
  if (!isThere('debootstrap')) {
    run('apt-get', ['install', '-y', '--no-install-recommends', 'debootstrap'])
    if (!isThere('debootstrap')) skip('debootstrap is not installed and apt-get cannot install it')
  }
  rmSync(root, { recursive: true, force: true })
  mkdirSync(root, { recursive: true })
  const { status, stdout } = run('debootstrap', ['--variant=minbase', SUITE, root, from])
  if (status !== 0) {
    rmSync(root, { recursive: true, force: true })
    skip(`debootstrap failed: ${stdout.trim().split('\n').at(-1)}`)
  }
  writeFileSync(finished, '')
}

function check(what, isGood, detail) {
  if (isGood) passed++
  else failed++
  console.log(`${isGood ? 'good' : 'FAILED'}: ${what}${isGood ? '' : `: ${detail}`}`)
}

function chroot(...args) {
  const result = run('chroot', [root, '/weir', ...args], { env: { PATH } })
  if (result.error !== undefined) throw result.error
  return { ...result, detail: `status ${result.status}: ${result.stderr.trim().split('\n')[0]}` }
}

if (process.getuid() !== 0) skip('not root')
if (!existsSync(join(project, 'dist/weir'))) {
  console.error('dist/weir is missing: npm run build')
  process.exit(1)
}
makeRoot()
copyFileSync(join(project, 'dist/weir'), join(root, 'weir'))
chmodSync(join(root, 'weir'), 0o755)
copyFileSync(join(project, 'testdata/demo/office.pcap'), join(root, 'office.pcap'))

const { stdout: found } = run('find', [root, '-name', 'libatomic*'])
check('the root has no libatomic', found === '', found)
const version = chroot('--version')
check('weir --version', version.status === 0 && version.stdout.startsWith('weir '), version.detail)
const help = chroot('collect', '--help')
check('weir collect --help', help.status === 0 && help.stdout.includes('--listen'), help.detail)
const collect = chroot('collect', '--read', '/office.pcap')
const lines = collect.stdout.trim().split('\n')
const isJson =
  collect.status === 0 && lines.length > 300 && lines.every((line) => JSON.parse(line).src_addr !== '')
check('weir collect --read office.pcap', isJson, `${collect.detail}; ${lines.length} lines`)

// Live: its worker thread comes out of the executable.
const child = spawn(
  'chroot',
  [root, '/weir', 'collect', '-listen', `netflow://127.0.0.1:${PORT}`, '-addr', ''],
  {
    env: { PATH },
  },
)
const heard = { stdout: '', stderr: '' }
for (const name of ['stdout', 'stderr']) {
  child[name].on('data', (octets) => {
    heard[name] += octets
  })
}
const ended = once(child, 'exit')
const until = async (condition) => {
  for (let i = 0; i < 500 && child.exitCode === null && !condition(); i++) await setTimeout(20)
}
await until(() => heard.stderr.includes('starting collection'))
const capture = readFileSync(join(project, 'testdata/captures/softflowd-v5.pcap'))
// The first packet: behind the headers of file, record, Ethernet, IPv4 and UDP; 24 octets and 30 records of 48.
const from = 24 + 16 + 14 + 20 + 8
const socket = createSocket('udp4')
socket.send(capture.subarray(from, from + 24 + 30 * 48), PORT, '127.0.0.1', () => socket.close())
const lineCount = () => heard.stdout.split('\n').length - 1
await until(() => lineCount() === 30)
child.kill('SIGTERM')
const [status] = await ended
check(
  'weir collect, live, and SIGTERM',
  status === 0 && lineCount() === 30,
  `status ${status}; ${heard.stderr}`,
)

console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
