import { Script } from 'node:vm'
import type { Parts } from './program.ts'

// Compiling all of the program takes longer than most commands run. So the executable holds, beside its text, what V8
// made of it while a command ran at build time (scripts/warm-code.mjs), and compiles only what that run did not touch.

/** Which command a compiled form was made for, or which command's threads; `rest` is for all others. */
export type Compiled = 'analyze' | 'analyze-thread' | 'collect' | 'ship' | 'rest'

type Require = (name: string) => object

/** Built-in modules that many commands name and few use, in the order of what they cost. */
const LATE_MODULES: ReadonlySet<string> = new Set(
  (
    'tls http2 http net zlib child_process worker_threads v8 crypto fs/promises stream stream/promises stream/web ' +
    'timers/promises dgram perf_hooks dns dns/promises console querystring url os sqlite ffi'
  )
    .split(' ')
    .map((name) => `node:${name}`),
)

/** The program's parts; for the executable only. */
export function loadProgram(compiled: Compiled): Parts {
  const sea = process.getBuiltinModule('node:sea')
  const text = Buffer.from(sea.getRawAsset('program.js') as ArrayBuffer).toString('latin1')
  const cachedData = Buffer.from(sea.getRawAsset(`${compiled}.code`) as ArrayBuffer)
  // Should V8 not want what was compiled, it compiles the text, and all is as it would be, later.
  const script = new Script(text, { filename: 'weir', cachedData })
  const module = { exports: {} as { PARTS: Parts } }
  ;(script.runInThisContext() as (require: Require, module: object) => void)(builtIn, module)
  return module.exports.PARTS
}

/** A built-in module as programs get it; those that cost much are loaded when something of them is first touched. */
export function builtIn(name: string): object {
  if (name === 'node:assert') return lateAssert
  return LATE_MODULES.has(name) ? whenTouched(name) : process.getBuiltinModule(name)!
}

/** node:assert, which undici calls all the time, is needed when something is wrong. */
function lateAssert(value: unknown, ...rest: unknown[]): void {
  if (!value) (process.getBuiltinModule('node:assert') as (...all: unknown[]) => void)(value, ...rest)
}

/** A built-in module that is loaded when something of it is first used. */
function whenTouched(name: string): object {
  let loaded: object | undefined
  const load = () => (loaded ??= process.getBuiltinModule(name)!)
  return new Proxy(
    {},
    {
      // Whether it is an ES module is asked of every module, and none of these is.
      get: (_, key) => (key === '__esModule' ? undefined : Reflect.get(load(), key)),
      has: (_, key) => Reflect.has(load(), key),
      ownKeys: () => Reflect.ownKeys(load()),
      getOwnPropertyDescriptor(_, key) {
        const found = Reflect.getOwnPropertyDescriptor(load(), key)
        return found && { ...found, configurable: true }
      },
    },
  )
}
