import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { projectRoot } from '../lib/testing/project.ts'
import { COMMANDS } from './commands.ts'

// Every command line of the README and of the help is run in a folder that looks like the project, with the sources in
// the executable's place, and a program that writes goflow2.log. What listens does so in a network namespace of its own, and is ended when it is ready.

const node = `${process.execPath} --disable-warning=ExperimentalWarning`
const WRAPPER = `#!/bin/sh
case $0 in
  *goflow2) main=$ROOT/goflow2 ;;
  *) main=${join(projectRoot, 'cmd/main.ts')} ;;
esac
case "$*" in *listen* | *--interface*) ;; *) exec ${node} "$main" "$@" ;; esac
: >"$ROOT/log"
${node} "$main" "$@" 2>"$ROOT/log" &
pid=$!
until grep -q 'starting collection\\|tracking packets' "$ROOT/log"; do
  kill -0 $pid || break
  sleep 0.02
done
kill -TERM $pid
wait $pid
status=$?
cat "$ROOT/log" >&2
exit $status
`

let folder = ''
let writer: ChildProcess
test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-examples-'))
  mkdirSync(join(folder, 'dist'))
  writeFileSync(join(folder, 'dist/weir'), WRAPPER)
  chmodSync(join(folder, 'dist/weir'), 0o755)
  symlinkSync(join(projectRoot, 'cmd/main.ts'), join(folder, 'goflow2'))
  for (const name of ['testdata', 'packaging']) symlinkSync(join(projectRoot, name), join(folder, name))
  copyFileSync(join(projectRoot, 'packaging/weir.yaml'), join(folder, 'weir.yaml'))
  writeFileSync(join(folder, 'asked.txt'), '198.51.100.7 40231 2026-01-01T12:03:07Z tcp\n')
  writeFileSync(join(folder, 'app.log'), 'a line\n')
  writeFileSync(join(folder, 'packetbeat.yml'), 'packetbeat.flows:\n  timeout: 30s\n')
  writeFileSync(join(folder, 'networks.txt'), '10.0.0.0/8 office customer=Acme site=north\n')
  writeFileSync(join(folder, 'interfaces.csv'), '*,1,uplink,1G\n')
  writeFileSync(join(folder, 'old.log'), '{"type":"NETFLOW_V5","src_addr":"192.0.2.1","bytes":1500}\n')
  mkdirSync(join(folder, 'flows/2026/01/01'), { recursive: true })
  const archive = join(folder, 'flows/2026/01/01/test-20260101T000000Z-0.weir')
  copyFileSync(join(projectRoot, 'testdata/archive/v1/flows.weir'), archive)
  const [log, pidFile] = [join(folder, 'goflow2.log'), join(folder, 'goflow2.pid')]
  const program = join(projectRoot, 'lib/rotate/testing/numbered-writer.ts')
  writer = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, log, pidFile, 'flows'],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  while (!existsSync(pidFile)) await sleep(5)
})
test.after(() => {
  writer.kill()
  rmSync(folder, { recursive: true })
})

const hasNamespaces = spawnSync('unshare', ['--map-root-user', '--net', 'true']).status === 0

/** Whether a line goes on until it is ended. */
function isLiveLine(line: string): boolean {
  return line.includes('listen') || line.includes('--interface')
}

function run(line: string): { status: number | null; stderr: string } {
  // The namespace has no network of its own.
  const devices = line.includes('eth0') ? 'ip link add eth0 type veth peer name eth1; ' : ''
  const words = ['bash', '-o', 'pipefail', '-c', `${devices}${line}`]
  const isLive = isLiveLine(line)
  const { status, stderr } = spawnSync(
    isLive ? 'unshare' : 'bash',
    isLive ? ['--map-root-user', '--net', ...words] : words.slice(1),
    {
      cwd: folder,
      env: {
        ROOT: folder,
        HOME: folder,
        PATH: `${join(folder, 'dist')}:${process.env['PATH']}`,
        NODE_COMPILE_CACHE: join(folder, 'cache'),
      },
      encoding: 'utf8',
      // Who prints more than this is ended by a signal, which is no fault of the example.
      maxBuffer: 64 << 20,
      timeout: 20_000,
    },
  )
  return { status, stderr }
}

function check(name: string, line: string): void {
  const isLive = isLiveLine(line)
  const missing = /\| (man|groff) /.exec(line)?.[1]
  const canRun = missing === undefined || spawnSync('sh', ['-c', `command -v ${missing}`]).status === 0
  // Servers are not part of the folder.
  const isRemote = /--(to|ship) http/.test(line)
  const define = (isLive && !hasNamespaces) || !canRun || isRemote ? test.skip : test
  define(name, () => {
    const { status, stderr } = run(line)
    assert.is(status, 0, `status ${status}: ${line}\n${stderr}`)
  })
}

const shell = readFileSync(join(projectRoot, 'README.md'), 'utf8')
  .split('```')
  .filter((part) => part.startsWith('sh\n'))
  .flatMap((part) => part.split('\n').slice(1))
for (const line of shell) {
  // The other two are npm's: this is one of them, and CI runs the demo.
  if (line === '' || line.startsWith('#') || line.startsWith('npm ')) continue
  check(`the README's line works: ${line}`, line)
}
for (const command of COMMANDS) {
  for (const { line } of command.examples) check(`an example of ${command.name} works: ${line}`, line)
}

test.run()
