// One run of rotate that ends itself with SIGKILL before its Nth call of the file system; for tests.
// Arguments: LOG PID_FILE none|zstd|gzip COPYTRUNCATE N; it prints how many calls it made when N is beyond them.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { SILENT } from '../../diagnostics/log.ts'
import type { Compression } from '../pack.ts'

const [log, pidFile, compression, copies, last] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
]
// Loading the sources does not count.
let calls = Number.NEGATIVE_INFINITY
const calling = `openSync closeSync renameSync unlinkSync writeSync fsyncSync fdatasyncSync ftruncateSync
  chmodSync utimesSync mkdirSync write open close readSync`.split(/\s+/)
const functions = fs as unknown as Record<string, (...args: unknown[]) => unknown>
for (const name of calling) {
  const real = functions[name]!
  functions[name] = function (this: unknown, ...args: unknown[]) {
    if (++calls === Number(last)) process.kill(process.pid, 'SIGKILL')
    return real.apply(this, args)
  }
}
syncBuiltinESMExports()
const { rotateLogs } = await import('../rotate.ts')
const { parseNamePattern } = await import('../name-pattern.ts')
calls = 0
const names = parseNamePattern('{name}_%Y%m%d_%H%M{ext}', 'UTC')
if (typeof names === 'string') throw new Error(names)
await rotateLogs({
  logs: [log],
  names,
  writer: copies === 'true' ? null : { by: 'pid-file', path: pidFile },
  signal: 'SIGHUP',
  isUntold: false,
  waitMs: 5000,
  isCopyTruncate: copies === 'true',
  archiver: null,
  compression: compression as Compression,
  command: null,
  keep: { ageMs: null, octets: null, free: null },
  stateFolder: null,
  waitsForLock: true,
  isDryRun: false,
  now: () => new Date(),
  log: SILENT,
  say: () => {},
})
fs.writeSync(1, `${calls}\n`)
