// `npm install` leaves packages of other platforms out of package-lock.json where its registry does not have them, and
// `npm ci` then refuses the lock, also where nobody needs them. This names them in the lock, so that npm skips them.
//
//   node scripts/complete-lock.mjs        after every npm install
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const file = join(import.meta.dirname, '../package-lock.json')

/** Optional dependencies that the lock speaks of and does not have: [name, version, who wants it]. */
export function missingFrom(lock) {
  return Object.values(lock.packages).flatMap((manifest) =>
    Object.entries(manifest.optionalDependencies ?? {})
      .filter(([name]) => lock.packages[`node_modules/${name}`] === undefined)
      .map(([name, version]) => [name, version, manifest]),
  )
}

export function readLock() {
  return JSON.parse(readFileSync(file, 'utf8'))
}

function complete(lock) {
  for (const [name, version, wanting] of missingFrom(lock)) {
    // biome's and esbuild's names end in the platform: cli-linux-arm64-musl, win32-x64.
    const match = /(android|darwin|linux|win32)-(arm64|x64)(-musl)?$/.exec(name)
    if (match === null) throw new Error(`${name}: the name does not say for which platform it is`)
    const [, os, cpu, musl] = match
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      ...(wanting.dev === true ? { dev: true } : {}),
      ...(musl === undefined ? {} : { libc: ['musl'] }),
      optional: true,
      os: [os],
    }
  }
  const [root, ...others] = Object.entries(lock.packages)
  lock.packages = Object.fromEntries([root, ...others.sort(([a], [b]) => (a < b ? -1 : 1))])
}

if (process.argv[1] === import.meta.filename) {
  const lock = readLock()
  complete(lock)
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
}
