// One run of weir rotate that ends itself with SIGKILL before its Nth call of the file system; for tests.
// Arguments: N, then rotate's own; it prints how many calls it made when N is beyond them.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const [last, ...words] = process.argv.slice(2)
// Loading the sources does not count, be it before the work or within.
let calls = 0
const calling =
  `openSync closeSync renameSync unlinkSync linkSync writeSync fsyncSync fdatasyncSync ftruncateSync
  rmSync mkdirSync write open close`.split(/\s+/)
const functions = fs as unknown as Record<string, (...args: unknown[]) => unknown>
for (const name of calling) {
  const real = functions[name]!
  functions[name] = function (this: unknown, ...args: unknown[]) {
    if (++calls === Number(last)) process.kill(process.pid, 'SIGKILL')
    return real.apply(this, args)
  }
}
syncBuiltinESMExports()
const { dispatch } = await import('../dispatch.ts')
process.exitCode = await dispatch(['rotate', ...words])
fs.writeSync(1, `${calls}\n`)
