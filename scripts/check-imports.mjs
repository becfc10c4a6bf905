// Holds the rooms to their doors: every import must be allowed by these tables.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

const GROUND = ['lib/bytes', 'lib/diagnostics']
const FLOW = ['lib/flow', ...GROUND]
const ALLOWED = {
  'lib/bytes': [],
  'lib/diagnostics': [],
  'lib/flow': GROUND,
  'lib/receive': FLOW,
  'lib/decode': FLOW,
  'lib/goflow2': FLOW,
  'lib/pipeline': FLOW,
  'lib/archive': FLOW,
  'lib/export': FLOW,
  'lib/enrich': FLOW,
  'lib/filter': FLOW,
  'lib/report': FLOW,
  'lib/ecs': FLOW,
  'lib/track': FLOW,
  'lib/elastic': GROUND,
  'lib/tail': GROUND,
  'lib/http': GROUND,
  'lib/rotate': GROUND,
  'lib/testing': FLOW,
  cmd: ['lib/'],
}
/** Outside packages and node modules that only some files may import. */
const DOORS = {
  cac: /^cmd\//,
  yaml: /^(lib\/goflow2\/mapping|cmd\/(config|packetbeat-config|document-flags|ecs-|analyze-file))/,
  'node:ffi': /^lib\/(receive\/ffi|rotate\/run-lock|archive\/zstd|bytes\/crc32)\.ts$/,
  'node:dgram': /^lib\/receive\//,
  undici: /^(cmd|lib\/elastic)\//,
  re2js: /^(cmd|lib\/(filter|tail))\//,
  'csv-stringify/sync': /^lib\/(report|export)\//,
  'hyparquet-writer': /^lib\/export\//,
  'date-fns': /^(cmd|lib\/report)\//,
  'node:fs':
    /^(lib\/receive\/|lib\/enrich\/|lib\/report\/|lib\/export\/|lib\/elastic\/|lib\/tail\/|cmd\/|lib\/testing\/|lib\/pipeline\/|lib\/archive\/|lib\/rotate\/|lib\/decode\/state-file)/,
  'node:http': /^lib\/http\//,
  'node:zlib': /^(cmd\/|lib\/bytes\/crc32|lib\/(receive|rotate|archive|export|elastic|tail|enrich|report)\/)/,
  '@msgpack/msgpack': /^lib\/archive\//,
  'node:child_process': /^(cmd|lib\/rotate)\//,
  'node:worker_threads': /^(cmd|lib\/(pipeline|receive|report|elastic|export))\//,
}
const room = (file) => (file.startsWith('cmd') ? 'cmd' : file.split('/').slice(0, 2).join('/'))

let bad = 0
function complain(text) {
  console.error(text)
  bad++
}
for (const root of ['cmd', 'lib']) {
  for (const name of readdirSync(root, { recursive: true })) {
    if (!name.endsWith('.ts')) continue
    const file = join(root, name)
    const isTest = /\.(test|bench)\.ts$|\/testing\//.test(file)
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'([^']+)'/g)) {
      const from = room(file)
      if (!target.startsWith('.')) {
        if (!isTest && from !== 'lib/testing' && DOORS[target] !== undefined && !DOORS[target].test(file)) {
          complain(`${file}: ${target} may not be imported here`)
        }
        continue
      }
      const to = room(normalize(join(dirname(file), target)))
      const fine =
        to === from || ALLOWED[from]?.some((door) => to.startsWith(door)) || (isTest && to === 'lib/testing')
      if (!fine) complain(`${file}: ${from} may not import ${to}`)
    }
  }
}
process.exitCode = bad ? 1 : 0
