// Runs commands of the bundled program, as the executable would, and writes what V8 compiled for them. Called by
// build.mjs with the binary that the executable is made of: V8 takes compiled code from its own version only.
//
//   node warm-code.mjs '{"name": …, "assets": …, "capture": …, "folder": …}' FILE write     writes FILE
//   node warm-code.mjs '{"name": …, "assets": …}' FILE check     asks V8 whether it takes it
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'

const [job, output, task] = process.argv.slice(2)
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

/** What V8 is told while threads of the form start (cmd/analyze-tuning.ts); elsewhere it has its own mind. */
const THREAD_FLAGS = '--no-maglev-inlining'

/** What is run for each form: the commands that people and their scripts start most. */
const SESSIONS = {
  async analyze(run) {
    for (const report of REPORTS) {
      for (const format of FORMATS) await run('analyze', report, '--format', format, '--in', flows)
    }
    await run('analyze', '--by', 'src.ip,dst.port', '--sum', 'bytes', '--top', '10', '--in', flows)
    await run('analyze', 'proto tcp and dst port 443 or host 10.0.0.1', '--sum', 'bytes', '--in', flows)
    await run('analyze', 'net 10.0.0.0/8 and bytes > 1000', '--by', 'time', '--bin', '1m', '--in', flows)
  },
  async collect(run) {
    await run('collect', '--read', capture)
    await run('collect', '--read', capture, '--format', 'text')
    await run('collect', '--read', capture, '-transport', 'file', '-transport.file', lines)
    await run('collect', '--read', capture, '--archive', flows)
  },
  async 'analyze-thread'(run) {
    for (const keys of ['src.ip,dst.port', 'time,src.ip/24', 'proto']) {
      await run('analyze', '--by', keys, '--sum', 'bytes,flows', '--bin', '5m', '--in', flows)
    }
    await run('analyze', 'port 443 or net 10.0.0.0/8', '--sum', 'bytes,uniq(src.ip)', '--in', flows)
    await run('analyze', 'top', '--in', lines)
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
  },
}

const text = readFileSync(assets['program.js'], 'latin1')
if (task === 'check') {
  if (name === 'analyze-thread') setFlagsFromString(THREAD_FLAGS)
  const { cachedDataRejected } = new Script(text, { filename: 'weir', cachedData: readFileSync(output) })
  if (cachedDataRejected) throw new Error(`V8 refuses ${output}: which flags were set while it was made?`)
  process.exit(0)
}
const script = new Script(text, { filename: 'weir' })
// Nothing is forgotten while the commands run; V8 wants the flags of the executable around what it takes.
setFlagsFromString('--no-flush-bytecode')
const module = { exports: {} }
script.runInThisContext()(ownModule, module)
const { dispatch } = await module.exports.PARTS.dispatch()
await SESSIONS[name](async (...words) => {
  const status = await dispatch(words)
  if (status !== 0) throw new Error(`${words.join(' ')} ends with ${status}`)
})
setFlagsFromString('--flush-bytecode')
setFlagsFromString('--no-optimize-for-size')
setFlagsFromString(name === 'analyze-thread' ? THREAD_FLAGS : '--maglev-inlining')
writeFileSync(output, script.createCachedData())
process.exit(0)
