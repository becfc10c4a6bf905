import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FlowError } from '../diagnostics/flow-error.ts'
import { type Log, SILENT } from '../diagnostics/log.ts'
import { dataSet, ipfixMessage, optionsTemplateSet, templateSet, u32 } from '../testing/datagrams.ts'
import { type CollectorState, loadState, saveState } from './state-file.ts'
import { newSubject } from './testing/subject.ts'

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-state-'))
  try {
    await use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A state of two exporters, with octets above 127 in a template and a rate. */
function someState(): CollectorState {
  const subject = newSubject()
  const sets = [
    optionsTemplateSet(10, 256, [[149, 4]], [[34, 4]]),
    dataSet(256, [[...u32(0), ...u32(64)]]),
    templateSet(10, [
      [
        300,
        [
          [1, 8],
          [200, 65535, 0xfefefefe],
        ],
      ],
    ]),
  ]
  subject.take(ipfixMessage({ sets }))
  subject.take(ipfixMessage({ sets }), { address: '2001:db8::1', port: 9 })
  return subject.decoder.saveState()
}

/** A log that gathers warnings. */
function gather(): Log & { readonly warnings: string[] } {
  const warnings: string[] = []
  return { ...SILENT, warnings, warn: (message) => warnings.push(message) }
}

test('a state that is saved comes back as it was, from several decoders', () =>
  inFolder(async (folder) => {
    const state = someState()
    const log = gather()
    await saveState(join(folder, 'made'), [state, { sessions: [] }])
    assert.equal(await loadState(join(folder, 'made'), log), state)
    assert.equal(log.warnings, [])
    assert.equal(readdirSync(join(folder, 'made')).length, 1)
  }))

test('no state is no trouble', () =>
  inFolder(async (folder) => {
    const log = gather()
    assert.equal(await loadState(folder, log), { sessions: [] })
    assert.equal(log.warnings, [])
  }))

test('a damaged, cut or foreign file never stops the start, is reported, and its good part is used', () =>
  inFolder(async (folder) => {
    await saveState(folder, [someState()])
    const file = join(folder, readdirSync(folder)[0]!)
    const whole = readFileSync(file)
    const load = async (octets: Uint8Array | string) => {
      writeFileSync(file, octets)
      const log = gather()
      const { sessions } = await loadState(folder, log)
      newSubject().decoder.restoreState({ sessions })
      return [sessions.length, log.warnings.length]
    }
    assert.equal(await load(whole), [2, 0])
    assert.equal(await load(''), [0, 1])
    assert.equal(await load('{"some":"json"}\n'), [0, 1])
    assert.equal(await load(whole.subarray(0, whole.length - 5)), [2, 1])
    const bent = Buffer.from(whole)
    bent[whole.indexOf(10) + 60]! ^= 1
    assert.equal(await load(bent), [1, 1])
    for (let end = 0; end < whole.length; end += 37) {
      const [found, warned] = await load(whole.subarray(0, end))
      assert.ok(found! <= 2 && warned === 1, String(end))
    }
  }))

test('what cannot be a state file is not read: a pipe, a folder, a file without end', () =>
  inFolder(async (folder) => {
    const file = join(folder, 'collect-state.jsonl')
    const makers = [
      () => spawnSync('mkfifo', [file]),
      () => mkdirSync(file),
      () => {
        writeFileSync(file, '')
        truncateSync(file, 2 ** 31)
      },
    ]
    for (const make of makers) {
      make()
      const log = gather()
      assert.equal(await loadState(folder, log), { sessions: [] })
      assert.is(log.warnings.length, 1)
      rmSync(file, { recursive: true, force: true })
    }
  }))

test('what a killed process left half saved is removed, that of a living one is not', () =>
  inFolder(async (folder) => {
    const dead = spawnSync('true').pid
    for (const name of [`${dead}.tmp`, `${process.ppid}.tmp`, 'tmp'])
      writeFileSync(join(folder, `collect-state.jsonl.${name}`), 'x')
    await loadState(folder, SILENT)
    const left = [`collect-state.jsonl.${process.ppid}.tmp`, 'collect-state.jsonl.tmp']
    assert.equal(readdirSync(folder), left.sort())
  }))

test('a folder that cannot be written is an error that says where', () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, 'file'), '')
    try {
      await saveState(join(folder, 'file', 'below'), [])
      assert.unreachable()
    } catch (error) {
      assert.instance(error, FlowError)
      assert.is((error as FlowError).code, 'STATE_UNWRITABLE')
      assert.match((error as FlowError).message, folder)
    }
  }))

test.run()
