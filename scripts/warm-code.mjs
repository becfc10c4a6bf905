// Runs commands of the bundled program, as the executable would, and writes what V8 compiled for them. Called by
// build.mjs with the binary that the executable is made of: V8 takes compiled code from its own version only.
//
//   node warm-code.mjs '{"name": …, "assets": …, "capture": …, "folder": …}' FILE
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'

const [job, output] = process.argv.slice(2)
const { name, assets, capture, folder } = JSON.parse(job)
const flows = join(folder, 'flows')
const lines = join(folder, 'lines')

// The program asks for what is inside the executable; here that is files.
const ownModule = process.getBuiltinModule
const inside = {
  isSea: () => true,
  getAsset: (asset) => readFileSync(assets[asset], 'utf8'),
  getRawAsset: (asset) => new Uint8Array(readFileSync(assets[asset])).buffer,
}
process.getBuiltinModule = (id) => (id === 'node:sea' ? inside : ownModule(id))

/** A server that says of all documents that they are there. */
async function startSink() {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      const count = Number(request.headers['x-elastic-event-count'] ?? 0)
      const items = Array(count).fill('{"create":{"status":201}}').join(',')
      response.setHeader('content-type', 'application/json')
      response.end(`{"errors":false,"items":[${items}]}`)
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
}

const REPORTS = ['top', 'local', 'as', 'series', 'combo', 'quality', 'list']
const FORMATS = ['table', 'csv', 'json', 'tsv']

/** What is run for each form: the commands that people and their scripts start most. */
const SESSIONS = {
  async analyze(run) {
    for (const report of REPORTS) {
      for (const format of FORMATS) await run('analyze', report, '--format', format, '--in', flows)
    }
    await run('analyze', '--by', 'src.ip,dst.port', '--sum', 'bytes', '--top', '10', '--in', flows)
    await run('analyze', 'proto tcp and dst port 443 or host 10.0.0.1', '--sum', 'bytes', '--in', flows)
    await run('analyze', 'net 10.0.0.0/8 and bytes > 1000', '--by', 'time', '--bin', '1m', '--in', flows)
    await run('analyze', 'top', '--in', lines)
  },
  async collect(run) {
    await run('collect', '--read', capture)
    await run('collect', '--read', capture, '--format', 'text')
    await run('collect', '--read', capture, '-transport', 'file', '-transport.file', lines)
    await run('collect', '--read', capture, '--archive', flows)
  },
  async ship(run) {
    const sink = await startSink()
    for (const from of [flows, lines]) await run('ship', from, '--to', sink.url, '--state', 'none')
    await run('ship', lines, '--to', sink.url, '--state', join(folder, 'state'), '--compression-level', '0')
    sink.close()
  },
  async rest(run) {
    await run('help')
    await run('collect', '--help')
    await run('archive', 'list', flows)
    await run('archive', 'export', flows, '--format', 'csv')
  },
}

const text = readFileSync(assets['program.js'], 'latin1')
const script = new Script(text, { filename: 'weir' })
// Nothing is forgotten while the commands run; V8 wants the flags of the executable around what it takes.
setFlagsFromString('--no-flush-bytecode')
const module = { exports: {} }
script.runInThisContext()(ownModule, module)
const { dispatch } = await module.exports.PARTS.dispatch()
await SESSIONS[name]((...words) => dispatch(words))
setFlagsFromString('--flush-bytecode')
setFlagsFromString('--maglev-inlining')
setFlagsFromString('--no-optimize-for-size')
writeFileSync(output, script.createCachedData())
process.exit(0)
