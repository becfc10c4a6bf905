import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { builtIn } from './load-program.ts'

const test = suite('load-program')

test('a late module has what the module has', () => {
  const stream = builtIn('node:stream') as { PassThrough: typeof PassThrough }
  assert.is(stream.PassThrough, PassThrough)
  assert.ok('Readable' in stream)
  assert.ok(Object.keys({ ...stream }).includes('Readable'))
  class Own extends stream.PassThrough {}
  assert.ok(new Own() instanceof PassThrough)
})

test('a late module is loaded when something of it is touched, not before', () => {
  const code = `
    const { builtIn } = await import(${JSON.stringify(join(import.meta.dirname, 'load-program.ts'))})
    const isLoaded = () => process.moduleLoadList.includes('NativeModule sqlite')
    const module = builtIn('node:sqlite')
    const before = isLoaded() || module.__esModule !== undefined
    console.log(before, typeof module.DatabaseSync, isLoaded())`
  const words = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code]
  const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  assert.is(`${stdout}${stderr}`, 'false function true\n')
})

test('the late assert says nothing of what is right, and what node:assert says of what is wrong', () => {
  const check = builtIn('node:assert') as (value: unknown, message?: string) => void
  check(1)
  assert.throws(() => check(0, 'not so'), /^not so$/)
})

test.run()
