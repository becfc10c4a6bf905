import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
// @ts-expect-error: build scripts have no types
import { removeLibatomic } from './delibatomic.mjs'
// @ts-expect-error
import { dropExports } from './drop-exports.mjs'
// @ts-expect-error
import { dropUnwindTables } from './drop-unwind-tables.mjs'
// @ts-expect-error
import { strip } from './strip.mjs'

// The binary that runs this test is the one that the executable is made of.
let base: Buffer
test.before(() => {
  base = strip(readFileSync(process.execPath))
})

test('stripping drops a fifth of the binary and keeps its loaded part octet for octet', () => {
  const whole = readFileSync(process.execPath)
  assert.ok(base.length < whole.length * 0.8)
  // The ELF header says where the sections are, which moves; the rest does not.
  const loaded = 0x6f00000
  assert.ok(base.subarray(64, loaded).equals(whole.subarray(64, loaded)))
  assert.ok(strip(base).equals(base))
})

test('unwind tables go once, and what is behind them moves by whole pages', () => {
  const less: Buffer = dropUnwindTables(base)
  assert.ok(base.length - less.length > 5e6)
  assert.is((base.length - less.length) % 4096, 0)
  assert.ok(less.subarray(64 * 1024, 0x680_0000).equals(base.subarray(64 * 1024, 0x680_0000)))
  assert.ok(dropUnwindTables(less).equals(less))
})

test('of the symbols that it offers only those stay that the C and C++ libraries know', () => {
  const less: Buffer = dropExports(base)
  assert.ok(base.length - less.length > 3.5e6)
  assert.is((base.length - less.length) % 4096, 0)
  // A copy of the library's variable, its alias, what we call, and a name that is for add-ons only.
  const has = (octets: Buffer, name: string) => octets.includes(`\0${name}\0`)
  for (const name of ['__environ', 'environ', '_ZSt4cout', 'crc32', 'ZSTD_decompressDCtx'])
    assert.ok(has(less, name), name)
  assert.ok(has(base, 'napi_create_object') && !has(less, 'napi_create_object'))
  const file = join(mkdtempSync(join(tmpdir(), 'weir-base-')), 'node')
  writeFileSync(file, less, { mode: 0o755 })
  const call = `({ crc32: { arguments: ['uint32', 'buffer', 'uint32'], return: 'uint32' } })`
  const script = `require('node:ffi').dlopen(null, ${call}).functions.crc32(0, Buffer.from('123456789'), 9)`
  const { stdout, stderr } = spawnSync(file, ['--disable-warning=ExperimentalWarning', '-p', script], {
    encoding: 'utf8',
  })
  rmSync(dirname(file), { recursive: true })
  assert.is(`${stdout}${stderr}`, `${0xcbf4_3926}\n`)
})

test('removing libatomic finds the calls, and does nothing the second time', () => {
  const patched = Buffer.from(base)
  const calls = removeLibatomic(patched)
  // A machine without libatomic runs a binary that is patched already.
  if (calls === 0) return
  assert.is(calls, 8)
  assert.is(removeLibatomic(patched), 0)
  let different = 0
  for (let at = 0; at < base.length; at += 4096) {
    if (!patched.subarray(at, at + 4096).equals(base.subarray(at, at + 4096))) different++
  }
  assert.ok(different < 12, `${different} pages differ`)
})

test('a binary that is made otherwise is refused with a sentence', () => {
  assert.throws(() => removeLibatomic(Buffer.from('#!/bin/sh\n'.repeat(10))), /not an x86-64 ELF executable/)
  const sized = Buffer.from(base)
  if (removeLibatomic(Buffer.from(base)) === 0) return
  const movEdi8 = Buffer.from('bf08000000', 'hex')
  for (let at = sized.indexOf(movEdi8); at >= 0; at = sized.indexOf(movEdi8, at + 1)) sized[at + 1] = 4
  assert.throws(() => removeLibatomic(sized), /libatomic.so.1 cannot be removed: the call at .* size 8/)
})

test.run()
